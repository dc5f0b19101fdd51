use serde_json::json;

use super::Format;
use super::otlp::tests::message::{AnyValue, ArrayValue, Value};
use super::otlp::tests::{encoded, string};
use crate::exchange::Exchange;

fn read(format: Format, body: &[u8]) -> Exchange {
    let read = format.read(body).unwrap_or_else(|error| panic!("{format:?}: {error}"));
    let [exchange] = read.as_slice() else { panic!("one was expected: {read:?}") };
    exchange.clone()
}

/// The same exchange is the same in each format that has a place for all of it.
#[test]
fn formats_are_alike() {
    let (start, end) = (1_795_863_758_226_u64, 1_795_863_758_286_u64);
    let publish = json!({
        "request_id": "one", "scheme": "http", "destination_address": "[::1]:80", "destination_namespace": "shop",
        "source_address": "127.0.0.1:42138",
        "scnt_request": {"method": "POST", "path": "/orders?x=1", "host": "shop.test:8080", "version": "HTTP/1.1", "time": start,
            "headers": [["host", "shop.test:8080"], ["content-type", "text/plain"]], "body": "aGk=", "truncated_body": true},
        "scnt_response": {"status_code": "201", "version": "HTTP/1.1", "time": end,
            "headers": [["set-cookie", "a"], ["set-cookie", "b"]], "body": "AP8=", "truncated_body": false},
    });
    let telemetry = json!({
        "requestID": "one", "scheme": "http", "destinationAddress": "[::1]:80", "destinationNamespace": "shop",
        "sourceAddress": "127.0.0.1:42138",
        "request": {"method": "POST", "path": "/orders?x=1", "host": "shop.test", "common": {"version": "HTTP/1.1", "time": start,
            "headers": [{"key": "host", "value": "shop.test:8080"}, {"key": "content-type", "value": "text/plain"}],
            "body": "aGk=", "TruncatedBody": true}},
        "response": {"statusCode": "201", "common": {"version": "HTTP/1.1", "time": end,
            "headers": [{"key": "set-cookie", "value": "a"}, {"key": "set-cookie", "value": "b"}], "body": "AP8=", "TruncatedBody": false}},
    });
    let list = |values: &[&str]| {
        let values = values.iter().map(|value| AnyValue { value: Some(string(value)) }).collect();
        Value::Array(ArrayValue { values })
    };
    let otlp = encoded(
        "http.exchange",
        &[
            ("http.request.method", string("POST")),
            ("url.scheme", string("http")),
            ("url.path", string("/orders")),
            ("url.query", string("x=1")),
            ("http.response.status_code", Value::Int(201)),
            ("network.protocol.name", string("http")),
            ("network.protocol.version", string("1.1")),
            ("network.peer.address", string("127.0.0.1")),
            ("network.peer.port", Value::Int(42138)),
            ("network.local.address", string("::1")),
            ("network.local.port", Value::Int(80)),
            ("http.request.header.host", list(&["shop.test:8080"])),
            ("http.request.header.content-type", list(&["text/plain"])),
            ("http.request.body.content", string("hi")),
            ("http_trace_filter.request.body.truncated", Value::Bool(true)),
            ("http.response.header.set-cookie", list(&["a", "b"])),
            ("http.response.body.content", Value::Bytes(vec![0, 255])),
            ("http_trace_filter.request_id", string("one")),
            ("http_trace_filter.destination.namespace", string("shop")),
        ],
    );
    let expected = read(Format::Publish, publish.to_string().as_bytes());
    assert_eq!(expected.duration(), end - start);
    assert_eq!(read(Format::Apiclarity, telemetry.to_string().as_bytes()), expected);
    assert_eq!(read(Format::Otlp, &otlp), expected);
}

/// What takes a few bytes in a request must not take a thousand times as many in memory.
#[test]
fn many_small_parts_are_refused() {
    let records = format!("[{}{{}}]", "{},".repeat(200_000));
    let error = Format::Publish.read(records.as_bytes()).expect_err("200,001 records");
    assert!(error.contains("exchanges of the request take more than 64 MiB of memory"), "{error}");
    let lines = "{}".repeat(200_000);
    let error = Format::Apiclarity.read(lines.as_bytes()).expect_err("200,000 records");
    assert!(error.contains("more than 64 MiB"), "{error}");
    let headers = format!(r#"{{"scnt_request":{{"headers":[{}["",""]]}}}}"#, r#"["",""],"#.repeat(20_000));
    let error = Format::Publish.read(headers.as_bytes()).expect_err("20,001 headers");
    assert!(error.contains("a message has more than 20000 fields"), "{error}");
    let values = vec![AnyValue { value: Some(string("")) }; 20_001];
    let otlp = encoded("http.exchange", &[("http.request.header.x", Value::Array(ArrayValue { values }))]);
    let error = Format::Otlp.read(&otlp).expect_err("20,001 headers");
    assert!(error.contains("a message has more than 20000 fields"), "{error}");
    // resource_logs { scope_logs { 100,000 times log_records { event_name: "http.exchange" } } }
    let records = b"\x12\x0f\x62\x0dhttp.exchange".repeat(100_000);
    let scope = [&b"\x12"[..], &varint(records.len()), &records].concat();
    let request = [&b"\x0a"[..], &varint(scope.len()), &scope].concat();
    let error = Format::Otlp.read(&request).expect_err("100,000 records");
    assert!(error.contains("more than 64 MiB"), "{error}");
}

fn varint(number: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    prost::encoding::encode_varint(number as u64, &mut bytes);
    bytes
}
