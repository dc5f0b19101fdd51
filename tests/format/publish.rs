//! The `publish` format: what Go's `encoding/json` makes of the seed's structs, valid JSON for any bytes.

use http_trace_filter::{
    capture::{Capture, Direction, Facts, headers::Headers},
    config::Config,
    format::publish,
};
use serde_json::{Value, json};

fn headers(pairs: &[(&str, &[u8])]) -> Headers {
    Headers::from(pairs.iter().map(|(n, v)| (n.to_string(), v.to_vec())).collect::<Vec<_>>())
}

fn keep(capture: &mut Capture, direction: Direction, bytes: &[u8]) {
    let config = Config::parse(b"").expect("the defaults are valid").capture;
    capture.keep(direction, bytes.len(), &config, usize::MAX, |wanted| bytes[..wanted].to_vec());
}

fn facts() -> Facts {
    Facts {
        source_address: b"10.4.0.7:51932".to_vec(),
        destination_address: b"10.4.0.12:8080".to_vec(),
        destination_namespace: Some(b"sock-shop".to_vec()),
        protocol: b"HTTP/1.1".to_vec(),
        status: 201,
        start_ms: 1_795_426_073_241,
        end_ms: 1_795_426_073_244,
        ..Facts::default()
    }
}

fn encode(capture: &Capture, facts: &Facts) -> Value {
    let redact = Config::parse(b"").expect("the defaults are valid").redact;
    let json = publish::SPEC.encode(&capture.record(facts, &redact));
    serde_json::from_slice(&json).unwrap_or_else(|e| panic!("not JSON: {e}: {}", String::from_utf8_lossy(&json)))
}

#[test]
fn a_whole_exchange_is_the_seed_s_object() {
    let mut capture = Capture::default();
    capture.request_headers(headers(&[
        (":authority", b"orders"),
        (":method", b"POST"),
        (":path", b"/orders?x=1"),
        (":scheme", b"http"),
        ("content-type", b"application/json"),
        ("x-request-id", b"c859976a-1958-4f75-b985-530cb6d27d2c"),
        ("x-envoy-attempt-count", b"1"),
        ("accept", b"a"),
        ("accept", b"b"),
    ]));
    keep(&mut capture, Direction::Request, br#"{"a":1}"#);
    capture.response_headers(headers(&[
        (":status", b"201"),
        ("content-type", b"application/json"),
        ("x-envoy-upstream-service-time", b"3"),
    ]));
    keep(&mut capture, Direction::Response, b"{}");
    let expected = json!({
        "request_id": "c859976a-1958-4f75-b985-530cb6d27d2c",
        "scheme": "http",
        "destination_address": "10.4.0.12:8080",
        "destination_namespace": "sock-shop",
        "source_address": "10.4.0.7:51932",
        "scnt_request": {
            "method": "POST", "path": "/orders?x=1", "host": "orders", "version": "HTTP/1.1",
            "time": 1_795_426_073_241_u64,
            "headers": [
                ["host", "orders"], ["content-type", "application/json"],
                ["x-request-id", "c859976a-1958-4f75-b985-530cb6d27d2c"], ["accept", "a"], ["accept", "b"]
            ],
            "body": "eyJhIjoxfQ==", "truncated_body": false
        },
        "scnt_response": {
            "status_code": "201", "version": "HTTP/1.1", "time": 1_795_426_073_244_u64,
            "headers": [["content-type", "application/json"]],
            "body": "e30=", "truncated_body": false
        }
    });
    assert_eq!(encode(&capture, &facts()), expected);
}

/// Also what HTTP does not allow, and other filters make.
#[test]
fn names_and_trailers_of_any_bytes_become_valid_json() {
    let mut capture = Capture::default();
    let serialized = [&[1, 0, 0, 0, 3, 0, 0, 0, 1, 0, 0, 0][..], b"x-\xe9\0\xff\0"].concat();
    capture.request_headers(Headers::new(serialized.clone()));
    capture.trailers(Direction::Request, Headers::new(serialized));
    capture.trailers(Direction::Response, headers(&[("x-envoy-a", b"1"), (":status", b"1")]));
    let record = encode(&capture, &facts());
    let field = json!([["x-\u{fffd}", "\u{fffd}"]]);
    assert_eq!((&record["scnt_request"]["headers"], &record["scnt_request"]["trailers"]), (&field, &field));
    assert_eq!(record["scnt_response"].get("trailers"), None, "none that are shown: {record}");
}

#[test]
fn trailers_are_redacted_like_headers() {
    let mut capture = Capture::default();
    capture.trailers(Direction::Response, headers(&[("set-cookie", b"s3cret"), ("grpc-status", b"0")]));
    let record = encode(&capture, &facts());
    assert_eq!(record["scnt_response"]["trailers"], json!([["set-cookie", "[redacted]"], ["grpc-status", "0"]]));
}

#[test]
fn an_exchange_of_which_nothing_is_known_is_a_record_too() {
    let record = encode(&Capture::default(), &Facts { tls: true, ..Facts::default() });
    assert_eq!(record["scnt_response"]["status_code"], "0");
    assert_eq!(record["scheme"], "https");
    assert_eq!(record["scnt_request"]["headers"], json!([]));
    assert_eq!(record["scnt_request"]["body"], "");
    assert!(record.get("destination_namespace").is_none(), "present only when known: {record}");
}

#[test]
fn a_local_reply_that_the_filter_did_not_see_keeps_its_status() {
    let record = encode(&Capture::default(), &Facts { status: 431, ..Facts::default() });
    assert_eq!(record["scnt_response"]["status_code"], "431");
}

#[test]
fn any_bytes_become_valid_json() {
    let every_byte: Vec<u8> = (0..=255).collect();
    let mut capture = Capture::default();
    capture.request_headers(headers(&[(":path", &every_byte), ("x-bytes", &every_byte), ("x-quote", b"\"\\\n")]));
    let record = encode(&capture, &facts());
    let lossy = String::from_utf8_lossy(&every_byte);
    assert_eq!(record["scnt_request"]["path"], *lossy);
    assert_eq!(record["scnt_request"]["headers"], json!([["x-bytes", lossy], ["x-quote", "\"\\\n"]]));
}

#[test]
fn a_redacted_value_is_nowhere() {
    let mut capture = Capture::default();
    capture.request_headers(headers(&[("authorization", b"Bearer s3cret"), ("cookie", b"s3cret"), ("x", b"y")]));
    let record = encode(&capture, &facts());
    assert!(!record.to_string().contains("s3cret"), "{record}");
    assert_eq!(record["scnt_request"]["headers"][0], json!(["authorization", "[redacted]"]));
}

#[test]
fn base64_agrees_with_a_decoder_whatever_the_chunks() {
    use base64::{Engine, engine::general_purpose::STANDARD};
    let bytes: Vec<u8> = (0..20_000u32).map(|n| (n * 7 % 256) as u8).collect();
    for chunk in [1, 2, 3, 4, 5, 767, 768, 769, 4095, 4096, 9999, 20_000] {
        for length in [0, 1, 2, 3, 766, 767, 768, 769, 19_998, 19_999, 20_000] {
            let mut capture = Capture::default();
            bytes[..length].chunks(chunk).for_each(|c| keep(&mut capture, Direction::Response, c));
            let record = encode(&capture, &facts());
            let text = record["scnt_response"]["body"].as_str().expect("a string");
            assert_eq!(STANDARD.decode(text).expect("base64"), bytes[..length], "{length} bytes by {chunk}");
        }
    }
}

#[test]
fn what_flows_after_an_upgrade_is_no_body() {
    let mut capture = Capture::default();
    capture.request_headers(headers(&[(":method", b"GET"), ("upgrade", b"websocket")]));
    keep(&mut capture, Direction::Request, b"early frame");
    capture.response_headers(headers(&[(":status", b"101")]));
    keep(&mut capture, Direction::Request, b"frame");
    keep(&mut capture, Direction::Response, b"frame");
    let record = encode(&capture, &facts());
    assert_eq!((&record["scnt_request"]["body"], &record["scnt_response"]["body"]), (&json!(""), &json!("")));
    assert_eq!(record["scnt_request"]["truncated_body"], false);
    let mut without = Capture::default();
    without.request_headers(headers(&[(":method", b"GET"), ("upgrade", b"websocket")]));
    without.response_headers(headers(&[(":status", b"101")]));
    assert_eq!(capture.held(), without.held(), "no frame is held");
}

#[test]
fn a_refused_upgrade_keeps_its_bodies() {
    let mut capture = Capture::default();
    capture.request_headers(headers(&[(":method", b"GET"), ("upgrade", b"websocket")]));
    capture.response_headers(headers(&[(":status", b"403")]));
    keep(&mut capture, Direction::Response, b"no");
    assert_eq!(encode(&capture, &facts())["scnt_response"]["body"], "bm8=");
}
