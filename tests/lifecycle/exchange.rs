//! A whole exchange, from its first callback to the collector's acknowledgement.

use crate::{
    drive::Vm,
    stream::{REQUEST, RESPONSE},
};
use serde_json::json;

#[test]
fn a_whole_exchange_is_one_post_and_then_the_filter_sleeps() {
    let vm = Vm::start("{}");
    assert_eq!(vm.timer(), None);
    vm.stream().whole();
    assert_eq!(vm.calls().len(), 0, "a stream cannot send");
    assert_eq!(vm.timer(), Some(1));
    vm.tick();
    let [call] = vm.calls().try_into().expect("one call");
    assert_eq!((call.cluster.as_str(), call.context, call.timeout_ms), ("trace_analyzer", vm.root(), 5000));
    let expected = [
        (":method", "POST"),
        (":path", "/publish"),
        (":authority", "trace_analyzer"),
        ("content-type", "application/json"),
        ("x-http-trace-filter-export", "1"),
    ];
    assert_eq!(call.headers, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    assert_eq!(
        vm.records(),
        [json!({
            "request_id": "id-1",
            "scheme": "http",
            "destination_address": "10.4.0.12:8080",
            "source_address": "10.4.0.7:51932",
            "scnt_request": {
                "method": "POST", "path": "/orders?x=1", "host": "orders", "version": "HTTP/1.1",
                "headers": [["host", "orders"], ["x-request-id", "id-1"], ["content-type", "application/json"]],
                "body": "eyJhIjoxfQ==", "truncated_body": false
            },
            "scnt_response": {
                "status_code": "201", "version": "HTTP/1.1", "headers": [["content-type", "text/plain"]],
                "body": "ZG9uZQ==", "truncated_body": false
            }
        })]
    );
    vm.expect(&[("streams", 1), ("in_flight", 1), ("export_requests", 1)]);
    assert_eq!(vm.timer(), None, "nothing to do before the answer");
    vm.answer(call.token, "200");
    vm.expect(&[("streams", 1), ("exported", 1), ("export_requests", 1)]);
    assert_eq!(vm.metric("exported_bytes"), call.body.len() as i64);
    assert_eq!(vm.metric("queued_bytes"), 0);
    assert_eq!(vm.timer(), None);
    assert_eq!(vm.timer_changes(), 2, "on, and off");
}

#[test]
fn the_collector_s_configuration_reaches_the_request() {
    let vm = Vm::start(
        r#"{"format": "apiclarity", "collector": {"cluster": "outbound|9000||api.clarity", "timeout_ms": 70,
            "headers": {"X-Trace-Source-Token": "t"}}}"#,
    );
    vm.stream().whole();
    vm.tick();
    let [call] = vm.calls().try_into().expect("one call");
    assert_eq!((call.cluster.as_str(), call.timeout_ms), ("outbound|9000||api.clarity", 70));
    let header = |name: &str| call.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.clone());
    assert_eq!(header(":authority").as_deref(), Some("api.clarity:9000"));
    assert_eq!(header(":path").as_deref(), Some("/api/telemetry"));
    assert_eq!(header("x-trace-source-token").as_deref(), Some("t"));
    assert_eq!(vm.records()[0]["response"]["statusCode"], "201");
}

#[test]
fn a_body_in_chunks_is_one_body() {
    let vm = Vm::start("{}");
    let stream = vm.stream();
    stream.request_headers(REQUEST).request_body(b"{\"a\"", false).request_body(b"", false).request_body(b":1}", true);
    stream.response_headers(RESPONSE).response_body(b"do", false).response_body(b"ne", false).response_body(b"", true);
    stream.end();
    vm.tick();
    let record = &vm.records()[0];
    assert_eq!(record["scnt_request"]["body"], "eyJhIjoxfQ==");
    assert_eq!(record["scnt_response"]["body"], "ZG9uZQ==");
}

#[test]
fn every_metric_is_defined_once_per_vm() {
    let vm = Vm::start("{}");
    let before = vm.metrics();
    assert_eq!(before.len(), http_trace_filter::stats::COUNT);
    assert!(vm.configure("{}"));
    assert_eq!(vm.metrics(), before);
    assert_eq!(crate::host::host(|host| host.metrics.len()), before.len());
}

#[test]
fn the_version_and_the_configuration_are_logged_once() {
    let vm = Vm::start("{}");
    vm.stream().whole();
    vm.tick();
    let [line] = vm.log().try_into().expect("one line");
    assert!(line.starts_with(&format!("Info http-trace-filter {}: ", http_trace_filter::VERSION)), "{line}");
}
