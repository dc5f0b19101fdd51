//! The `apiclarity` format: the example of its documentation, field by field.

use http_trace_filter::{
    capture::{Capture, Direction, Facts, headers::Headers},
    config::Config,
};
use serde_json::{Value, json};

fn headers(pairs: &[(&str, &str)]) -> Headers {
    Headers::from(pairs.iter().map(|(n, v)| (n.to_string(), v.as_bytes().to_vec())).collect::<Vec<_>>())
}

#[test]
fn an_exchange_is_apiclarity_s_telemetry() {
    let config = Config::parse(br#"{"format":"apiclarity"}"#).expect("valid");
    let mut capture = Capture::default();
    let request = [(":method", "POST"), (":path", "/orders?x=1"), (":authority", "orders"), (":scheme", "http")];
    capture.request_headers(headers(&[&request[..], &[("x-request-id", "id-1"), ("cookie", "s3cret")]].concat()));
    capture.keep(Direction::Request, 7, &config.capture, usize::MAX, |_| br#"{"a":1}"#.to_vec());
    capture.response_headers(headers(&[(":status", "201"), ("content-type", "application/json")]));
    capture.keep(Direction::Response, 2, &config.capture, usize::MAX, |_| b"{}".to_vec());
    // It has no place for them.
    capture.trailers(Direction::Response, headers(&[("x-sum", "1")]));
    let facts = Facts {
        source_address: b"10.4.0.7:51932".to_vec(),
        destination_address: b"10.4.0.12:8080".to_vec(),
        destination_namespace: Some(b"sock-shop".to_vec()),
        protocol: b"HTTP/1.1".to_vec(),
        start_ms: 1_795_426_073_241,
        end_ms: 1_795_426_073_244,
        status: 201,
        ..Facts::default()
    };
    let json = config.format.encode(&capture.record(&facts, &config.redact));
    let expected = json!({
        "requestID": "id-1", "scheme": "http", "destinationAddress": "10.4.0.12:8080",
        "destinationNamespace": "sock-shop", "sourceAddress": "10.4.0.7:51932",
        "request": {
            "method": "POST", "path": "/orders?x=1", "host": "orders.sock-shop",
            "common": {
                "version": "HTTP/1.1",
                "headers": [
                    {"key": "host", "value": "orders"}, {"key": "x-request-id", "value": "id-1"},
                    {"key": "cookie", "value": "[redacted]"}
                ],
                "body": "eyJhIjoxfQ==", "TruncatedBody": false, "time": 1_795_426_073_241_u64
            }
        },
        "response": {
            "statusCode": "201",
            "common": {
                "version": "HTTP/1.1", "headers": [{"key": "content-type", "value": "application/json"}],
                "body": "e30=", "TruncatedBody": false, "time": 1_795_426_073_244_u64
            }
        }
    });
    assert_eq!(serde_json::from_slice::<Value>(&json).expect("JSON"), expected);
    assert_eq!(config.collector.path, "/api/telemetry");
}
