pub(crate) mod message;

use prost::Message as _;

use super::exchanges;
use message::{AnyValue, ArrayValue, ExportLogsServiceRequest, KeyValue, LogRecord, ResourceLogs, ScopeLogs, Value};

pub(crate) fn string(value: &str) -> Value {
    Value::String(value.to_owned())
}

pub(crate) fn encoded(event_name: &str, attributes: &[(&str, Value)]) -> Vec<u8> {
    let any = |value: &Value| AnyValue { value: Some(value.clone()) };
    let attributes =
        attributes.iter().map(|(key, value)| KeyValue { key: (*key).to_owned(), value: Some(any(value)) }).collect();
    let log_records = vec![LogRecord {
        time_unix_nano: 1_795_863_758_226_000_000,
        observed_time_unix_nano: 1_795_863_758_286_000_000,
        event_name: event_name.to_owned(),
        attributes,
    }];
    let scope_logs = vec![ScopeLogs { log_records }];
    ExportLogsServiceRequest { resource_logs: vec![ResourceLogs { scope_logs }] }.encode_to_vec()
}

#[test]
fn reads_an_exchange() {
    let values = ["a", "b"].map(|value| AnyValue { value: Some(string(value)) }).to_vec();
    let attributes = [
        ("http.request.method", string("_OTHER")),
        ("http.request.method_original", string("BREW")),
        ("url.path", string("/pot")),
        ("url.query", string("x=1")),
        ("server.address", string("shop.example.com")),
        ("server.port", Value::Int(8080)),
        ("http.response.status_code", Value::Int(418)),
        ("network.protocol.name", string("http")),
        ("network.protocol.version", string("2")),
        ("network.peer.address", string("2001:db8::1")),
        ("network.peer.port", Value::Int(42138)),
        ("http.request.header.accept", Value::Array(ArrayValue { values })),
        ("http.request.body.content", Value::Bytes(vec![0, 255])),
        ("http.response.body.content", string("short and stout")),
        ("http_trace_filter.response.body.truncated", Value::Bool(true)),
        ("http_trace_filter.request_id", string("one")),
        ("rpc.response.status_code", string("NOT_FOUND")),
    ];
    let read = exchanges(&encoded("http.exchange", &attributes)).expect("an exchange");
    let [exchange] = read.as_slice() else { panic!("one was expected: {read:?}") };
    let texts = [&exchange.method, &exchange.path, &exchange.host, &exchange.source, &exchange.request_id];
    assert_eq!(
        texts,
        ["BREW", "/pot?x=1", "shop.example.com:8080", "[2001:db8::1]:42138", "one"].map(String::from).each_ref()
    );
    assert_eq!((exchange.status, exchange.start, exchange.duration()), (418, 1_795_863_758_226, 60));
    assert_eq!(exchange.request.version, "HTTP/2");
    let accept = ["a", "b"].map(|value| ("accept".to_owned(), value.to_owned()));
    assert_eq!(exchange.request.headers, accept);
    assert_eq!((&*exchange.request.body, exchange.request.truncated), (&[0, 255][..], false));
    assert_eq!((&*exchange.response.body, exchange.response.truncated), (&b"short and stout"[..], true));
    assert_eq!(exchange.response.trailers, [("grpc-status".to_owned(), "5".to_owned())]);
}

#[test]
fn refuses_what_is_no_exchange() {
    let other = exchanges(&encoded("session.start", &[])).expect_err("another event");
    assert!(other.contains("log record 1 of the request: it is an event \"session.start\""), "{other}");
    assert!(exchanges(b"{}").is_err(), "JSON");
    let whole = encoded("http.exchange", &[("url.path", string("/")), ("server.port", Value::Int(-1))]);
    assert_eq!(exchanges(&whole).expect("an exchange").len(), 1);
    for end in 1..whole.len() {
        let error = exchanges(&whole[..end]).expect_err("it is cut");
        assert!(error.starts_with("the request is no ExportLogsServiceRequest in protobuf: "), "{end}: {error}");
    }
}
