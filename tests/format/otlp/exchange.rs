//! A whole exchange, as the example of the protocol has it.

use super::{Exchange, attributes, shown};
use http_trace_filter::capture::Facts;
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use serde_json::json;

fn bytes(pairs: &[(&'static str, &str)]) -> Vec<(&'static str, Vec<u8>)> {
    pairs.iter().map(|(name, value)| (*name, value.as_bytes().to_vec())).collect()
}

fn whole() -> Exchange {
    Exchange {
        facts: Facts {
            source_address: b"10.4.0.7:42138".to_vec(),
            destination_address: b"10.4.0.12:59231".to_vec(),
            destination_namespace: Some(b"sock-shop".to_vec()),
            protocol: b"HTTP/1.1".to_vec(),
            status: 201,
            start_ms: 1_795_863_758_226,
            end_ms: 1_795_863_758_286,
            ..Facts::default()
        },
        headers: [
            bytes(&[
                (":authority", "shop.example.com:8080"),
                (":method", "POST"),
                (":path", "/api/users?x=1&y=?"),
                (":scheme", "http"),
                ("x-request-id", "post-json"),
                ("content-type", "application/json"),
                ("content-length", "35"),
                ("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
                ("user-agent", "curl/8"),
                ("cookie", "s3cret"),
                ("accept", "a"),
                ("x-envoy-attempt-count", "1"),
                ("accept", "b"),
            ]),
            bytes(&[(":status", "200"), ("content-type", "application/json"), ("content-length", "10")]),
        ],
        bodies: [
            vec![br#"{"name":"bob","age":3,"tags":["a"]}"#.to_vec()],
            vec![br#"{"id""#.to_vec(), b": 18}".to_vec()],
        ],
        ..Exchange::default()
    }
}

#[test]
fn is_one_record_of_the_semantic_conventions() {
    let LogRecord {
        time_unix_nano,
        observed_time_unix_nano,
        severity_number,
        severity_text,
        body,
        attributes: list,
        dropped_attributes_count,
        flags,
        trace_id,
        span_id,
        event_name,
    } = whole().record();
    assert_eq!((time_unix_nano, observed_time_unix_nano), (1_795_863_758_226_000_000, 1_795_863_758_286_000_000));
    assert_eq!((severity_number, severity_text.as_str(), event_name.as_str()), (9, "INFO", "http.exchange"));
    assert_eq!(shown(&body.expect("a body")), "POST /api/users 201");
    assert_eq!((dropped_attributes_count, flags), (0, 1));
    let id = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
    assert_eq!(id(&trace_id), "4bf92f3577b34da6a3ce929d0e0e4736");
    assert_eq!(id(&span_id), "00f067aa0ba902b7");
    let expected = json!({
        "http.request.method": "POST",
        "url.scheme": "http",
        "url.path": "/api/users",
        "url.query": "x=1&y=?",
        "server.address": "shop.example.com",
        "server.port": 8080,
        "client.address": "10.4.0.7",
        "client.port": 42138,
        "network.peer.address": "10.4.0.7",
        "network.peer.port": 42138,
        "network.local.address": "10.4.0.12",
        "network.local.port": 59231,
        "http.response.status_code": 201,
        "network.protocol.name": "http",
        "network.protocol.version": "1.1",
        "user_agent.original": "curl/8",
        "http.request.header.host": ["shop.example.com:8080"],
        "http.request.header.x-request-id": ["post-json"],
        "http.request.header.content-type": ["application/json"],
        "http.request.header.content-length": ["35"],
        "http.request.header.traceparent": ["00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"],
        "http.request.header.user-agent": ["curl/8"],
        "http.request.header.cookie": ["[redacted]"],
        "http.request.header.accept": ["a", "b"],
        "http.request.body.content": "{\"name\":\"bob\",\"age\":3,\"tags\":[\"a\"]}",
        "http.request.body.size": 35,
        "http.response.header.content-type": ["application/json"],
        "http.response.header.content-length": ["10"],
        "http.response.body.content": "{\"id\": 18}",
        "http.response.body.size": 10,
        "http_trace_filter.destination.namespace": "sock-shop",
        "http_trace_filter.request_id": "post-json",
        "http_trace_filter.duration": 0.06,
    });
    assert_eq!(json!(attributes(&list)), expected);
}

/// Nothing is known of it but that it was.
#[test]
fn of_which_nothing_is_known_is_a_record_too() {
    let mut exchange = Exchange::default();
    exchange.facts.tls = true;
    let record = exchange.record();
    assert_eq!((record.severity_number, record.severity_text.as_str()), (17, "ERROR"));
    assert_eq!(shown(&record.body.expect("a body")), "  0");
    assert_eq!((record.trace_id.len(), record.span_id.len(), record.flags), (0, 0, 0));
    let expected = json!({
        "http.request.method": "_OTHER", "url.scheme": "https", "error.type": "_OTHER", "http_trace_filter.duration": 0.0
    });
    assert_eq!(json!(attributes(&record.attributes)), expected);
}

#[test]
fn is_smaller_than_the_json_of_the_same_exchange() {
    let exchange = whole();
    let json = serde_json::to_vec(&exchange.attributes()).expect("JSON");
    assert!(exchange.encode().len() * 10 < json.len() * 13, "{} and {} bytes", exchange.encode().len(), json.len());
}
