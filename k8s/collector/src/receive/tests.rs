use serde_json::json;

use super::Format;
use super::otlp::message::{AnyValue, ArrayValue, Value};
use super::otlp::tests::{encoded, string};
use crate::exchange::Exchange;

fn read(format: Format, body: &[u8]) -> Exchange {
    let read = format.read(body).unwrap_or_else(|error| panic!("{format:?}: {error}"));
    let [exchange] = read.as_slice() else { panic!("one was expected: {read:?}") };
    let mut exchange = exchange.clone();
    // The formats differ in whether the filter decodes bodies.
    (exchange.request.decoded, exchange.response.decoded) = (false, false);
    exchange
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
