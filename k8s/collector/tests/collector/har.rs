//! HAR 1.2, of exchanges of every kind.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use boon::{Compiler, Schemas};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use std::io::Write as _;

use crate::program::{Program, record};

/// Fails unless it is HAR 1.2.
pub(crate) fn validate(har: &Value) {
    let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
    compiler.enable_format_assertions();
    let schema = serde_json::from_str(include_str!("../../../../tests/schemas/har/har-1.2.schema.json")).expect("JSON");
    compiler.add_resource("har.schema.json", schema).expect("a schema");
    let index = compiler.compile("har.schema.json", &mut schemas).expect("a schema");
    schemas.validate(har, index).unwrap_or_else(|error| panic!("{error:#}"));
}

/// The record of an exchange with this response's body.
fn answered(id: &str, content_type: &str, body: &[u8]) -> Value {
    let mut record = record(id);
    record["scnt_response"]["headers"] = json!([["content-type", content_type]]);
    record["scnt_response"]["body"] = json!(STANDARD.encode(body));
    record
}

fn odd() -> Vec<Value> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(br#"{"coded":true}"#).expect("memory");
    let mut coded = answered("coded", "application/json", &gzip.finish().expect("memory"));
    coded["scnt_response"]["headers"] = json!([["content-type", "application/json"], ["content-encoding", "gzip"]]);
    let mut none = record("none");
    none["scnt_response"] =
        json!({"status_code": "0", "version": "HTTP/1.1", "headers": null, "body": null, "time": 1});
    none["scnt_request"]["body"] = json!(STANDARD.encode([0, 255]));
    let mut cut = answered("cut", "text/plain", b"only the beg");
    cut["scnt_response"]["truncated_body"] = json!(true);
    let mut grpc = answered("grpc", "application/grpc", &[0, 0, 0, 0, 2, 8, 1]);
    grpc["scnt_response"]["trailers"] = json!([["grpc-status", "0"]]);
    let mut hostile = answered("hostile", "text/html", b"<script>alert(1)</script>");
    hostile["scnt_request"]["path"] = json!("/<é \"%zz\u{0}?a=<b>&&=");
    hostile["scnt_request"]["host"] = json!("<host>");
    hostile["scnt_request"]["method"] = json!("<b>");
    vec![coded, none, cut, grpc, hostile, json!({})]
}

#[tokio::test]
async fn is_valid_whatever_was_recorded() {
    let program = Program::start(&[]);
    let records = odd().iter().map(Value::to_string).collect::<Vec<_>>().join("\n");
    let (status, answer) = program.post("/publish", records).await;
    assert_eq!(status, 200, "{}", String::from_utf8_lossy(&answer));
    let har = program.json("/api/har").await;
    validate(&har);
    let entries = har["log"]["entries"].as_array().expect("entries");
    let [coded, none, cut, grpc, hostile, empty] = entries.as_slice() else { panic!("six were expected: {entries:?}") };
    assert_eq!(coded["response"]["content"]["text"], r#"{"coded":true}"#);
    assert_eq!(coded["response"]["content"]["size"], 14);
    assert_eq!(none["response"]["_error"], "no response was sent to the client");
    assert_eq!(none["request"]["postData"]["text"], "AP8=");
    assert_eq!(
        [&cut["response"]["content"]["comment"], &cut["response"]["bodySize"]],
        [&json!("truncated"), &json!(-1)]
    );
    assert_eq!(grpc["response"]["_trailers"], json!([{"name": "grpc-status", "value": "0"}]));
    assert_eq!(hostile["request"]["url"], "http://10.4.0.12:8080/%3C%C3%A9%20%22%25zz%00?a=%3Cb%3E&&=");
    assert_eq!(hostile["response"]["content"]["text"], "<script>alert(1)</script>");
    assert_eq!(empty["request"]["url"], "http://invalid/");
}

#[tokio::test]
async fn has_those_that_were_asked_for() {
    let program = Program::start(&[]);
    let records: Vec<Value> = ["one", "two", "three"].map(record).to_vec();
    program.post("/publish", json!(records).to_string()).await;
    let (status, body) = program.post("/api/har", "[3, 1, 9]").await;
    assert_eq!(status, 200);
    let har: Value = serde_json::from_slice(&body).expect("JSON");
    validate(&har);
    let entries = har["log"]["entries"].as_array().expect("entries");
    assert_eq!(entries.iter().map(|entry| &entry["_requestId"]).collect::<Vec<_>>(), ["three", "one"]);
    assert_eq!(program.post("/api/har", "no numbers").await.0, 400);
}

#[test]
#[should_panic(expected = "bodySize")]
fn the_schema_refuses() {
    let mut entry = http_trace_collector::har::entry(&http_trace_collector::exchange::Exchange::default());
    entry["request"].as_object_mut().expect("an object").remove("bodySize");
    validate(&json!({"log": {"version": "1.2", "creator": {"name": "a", "version": "b"}, "entries": [entry]}}));
}

/// A date that is none, or in a year with five digits, would make readers refuse the whole file.
#[tokio::test]
async fn is_valid_whenever_it_was_recorded() {
    let program = Program::start(&[]);
    let times = [0, 1, 253_402_300_799_999, 253_402_300_800_000, 8_640_000_000_000_001, u64::MAX];
    for time in times {
        let mut record = record("one");
        record["scnt_request"]["time"] = json!(time);
        record["scnt_response"]["time"] = json!(0);
        assert_eq!(program.post("/publish", record.to_string()).await.0, 200, "{time}");
    }
    let har = program.json("/api/har").await;
    validate(&har);
    let entries = har["log"]["entries"].as_array().expect("entries");
    let started = |at: usize| entries[at]["startedDateTime"].as_str().expect("a date");
    assert_eq!(
        [started(0), started(2), started(5)],
        ["1970-01-01T00:00:00.000Z", "9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z"]
    );
}
