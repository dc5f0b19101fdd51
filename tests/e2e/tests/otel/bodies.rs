//! Bodies as the conventions want them: text as a string, all else as bytes, without coding.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use http_trace_e2e::case::Case;
use http_trace_e2e::client::Protocol::{H1, H2, H3};
use http_trace_e2e::reply::Reply;
use http_trace_e2e::request::Request;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use serde_json::json;

use crate::log::Log;
use crate::pair::Pair;

/// The content of both bodies.
fn contents(log: &Log) -> [Option<&Value>; 2] {
    ["request", "response"].map(|side| log.attributes.get(&format!("http.{side}.body.content")))
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).and_then(|()| encoder.finish()).expect("in memory")
}

fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).and_then(|()| encoder.finish()).expect("in memory")
}

#[tokio::test]
async fn by_their_type() {
    let pair = Pair::start(json!({}), json!({}), |_| Reply::echo()).await;
    let binary: Vec<u8> = (0..=255).collect();
    for (content_type, body, is_text) in [
        ("application/json", &br#"{"a": "\u00e9"}"#[..], true),
        ("application/problem+json; charset=utf-8", "{\"a\": \"é\"}".as_bytes(), true),
        ("text/plain", "größer".as_bytes(), true),
        ("application/x-www-form-urlencoded", b"a=1&b=%20", true),
        ("text/plain", &[0xff, 0xfe, b'a'], false),
        ("application/octet-stream", &binary, false),
        ("image/png", b"\x89PNG\r\n\x1a\n", false),
        ("", b"who knows", false),
    ] {
        for protocol in [H1, H2, H3] {
            let mut request = Request::post("/orders", body.to_vec());
            let mut reply = Reply::echo();
            if !content_type.is_empty() {
                request = request.header("content-type", content_type);
                reply = reply.header("content-type", content_type);
            }
            let name = format!("{content_type} {protocol:?}");
            let (_, log) = pair.check(Case::new(&*name, protocol, request, reply)).await;
            let expected = match is_text {
                true => Value::StringValue(String::from_utf8(body.to_vec()).expect("UTF-8")),
                false => Value::BytesValue(body.to_vec()),
            };
            assert_eq!(contents(&log), [Some(&expected); 2], "{name}");
        }
    }
    pair.finish().await;
}

#[tokio::test]
async fn none_at_all() {
    let pair = Pair::start(json!({}), json!({}), |_| Reply::echo()).await;
    for protocol in [H1, H2] {
        for request in [Request::get("/"), Request::new("HEAD", "/"), Request::post("/", "")] {
            let name = format!("{} {protocol:?}", request.method);
            let (_, log) = pair.check(Case::new(&*name, protocol, request, Reply::status(204))).await;
            assert_eq!(contents(&log), [None; 2], "{name}");
        }
    }
    pair.finish().await;
}

#[tokio::test]
async fn without_their_coding() {
    let pair = Pair::start(json!({}), json!({}), |_| Reply::echo()).await;
    let text = br#"{"order": 1, "note": "twice twice twice twice"}"#;
    for (coding, body, decoded) in
        [("gzip", gzip(text), true), ("deflate", deflate(text), true), ("br", b"\x0b\x02\x80text\x03".to_vec(), false)]
    {
        for protocol in [H1, H2] {
            let request = Request::post("/orders", body.clone());
            let request = request.header("content-type", "application/json").header("content-encoding", coding);
            let reply = Reply::echo().header("content-type", "application/json").header("content-encoding", coding);
            let (_, log) = pair.check(Case::new(coding, protocol, request, reply)).await;
            let text = Value::StringValue(String::from_utf8(text.to_vec()).expect("UTF-8"));
            // What cannot be decoded is left out, and the record says that it is not whole.
            assert_eq!(contents(&log), [decoded.then_some(&text); 2], "{coding}");
            let truncated = log.attributes.get("http_trace_filter.response.body.truncated");
            assert_eq!(truncated, (!decoded).then_some(&Value::BoolValue(true)), "{coding}");
        }
    }
    pair.finish().await;
}

/// Longer than the limit of a million bytes, which lies within a character.
#[tokio::test]
async fn cut_by_the_limit() {
    let pair = Pair::start(json!({}), json!({}), |_| Reply::echo()).await;
    for (content_type, kept) in [("text/plain; charset=utf-8", 999_999), ("application/octet-stream", 1_000_000)] {
        for protocol in [H1, H2] {
            let request = Request::post("/large", "€".repeat(400_000)).header("content-type", content_type);
            let reply = Reply::echo().header("content-type", content_type);
            let (_, log) = pair.check(Case::new(content_type, protocol, request, reply)).await;
            let size = |content: Option<&Value>| match content {
                Some(Value::StringValue(text)) => text.len(),
                Some(Value::BytesValue(bytes)) => bytes.len(),
                other => panic!("{other:?}"),
            };
            assert_eq!(contents(&log).map(size), [kept; 2], "{content_type}");
            assert_eq!(log.attributes["http.request.body.size"], Value::IntValue(1_200_000));
        }
    }
    pair.finish().await;
}
