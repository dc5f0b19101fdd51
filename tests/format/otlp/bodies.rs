//! Bodies: text or bytes, cut or whole, and how large they were.

use super::Exchange;
use flate2::{Compression, write::GzEncoder};
use serde_json::{Value, json};
use std::io::Write;

/// A response of this type with a body of these chunks.
fn response(content_type: &str, chunks: &[&[u8]]) -> Exchange {
    let mut exchange = Exchange::of(&[]);
    if !content_type.is_empty() {
        exchange.headers[1].push(("content-type", content_type.into()));
    }
    exchange.bodies[1] = chunks.iter().map(|chunk| chunk.to_vec()).collect();
    exchange
}

fn content(exchange: &Exchange) -> Value {
    exchange.attribute("http.response.body.content")
}

#[test]
fn a_text_is_a_string_and_all_else_is_bytes() {
    for textual in [
        "text/plain",
        "TEXT/HTML; x=y",
        "application/json",
        "application/problem+json;a",
        "application/xml",
        "image/svg+xml",
        "application/x-ndjson",
        "application/yaml",
        "application/javascript",
        "Application/X-WWW-Form-Urlencoded",
        "application/x-thing; charset=utf-8",
        "x/y;Charset=\"utf-8\"",
    ] {
        assert_eq!(content(&response(textual, &["grün".as_bytes()])), "grün", "{textual}");
        assert_eq!(content(&response(textual, &[b"gr\xfcn"])), json!({ "bytes": b"gr\xfcn" }), "{textual}");
    }
    for other in ["", "application/octet-stream", "application/grpc", "image/png", "application/pdf"] {
        assert_eq!(content(&response(other, &[b"abc"])), json!({ "bytes": b"abc" }), "{other:?}");
    }
}

/// Chunks may end anywhere.
#[test]
fn a_character_may_lie_in_two_chunks() {
    let text = "aä€😀".repeat(3_000);
    let chunks: Vec<_> = text.as_bytes().chunks(4_097).collect();
    let exchange = response("text/plain", &chunks);
    assert_eq!(content(&exchange), text);
    assert_eq!(exchange.attribute("http.response.body.size"), text.len());
}

#[test]
fn a_string_that_was_cut_ends_with_a_whole_character() {
    for (limit, kept) in
        [(1, "a"), (2, "a"), (3, "aä"), (4, "aä"), (5, "aä"), (6, "aä€"), (7, "aä€"), (9, "aä€"), (10, "aä€😀")]
    {
        let mut exchange = response("text/plain", &["aä€😀!".as_bytes()]);
        exchange.configuration = [
            "",
            r#"{"capture":{"max_body_bytes":1}}"#,
            r#"{"capture":{"max_body_bytes":2}}"#,
            r#"{"capture":{"max_body_bytes":3}}"#,
            r#"{"capture":{"max_body_bytes":4}}"#,
            r#"{"capture":{"max_body_bytes":5}}"#,
            r#"{"capture":{"max_body_bytes":6}}"#,
            r#"{"capture":{"max_body_bytes":7}}"#,
            r#"{"capture":{"max_body_bytes":8}}"#,
            r#"{"capture":{"max_body_bytes":9}}"#,
            r#"{"capture":{"max_body_bytes":10}}"#,
        ][limit];
        assert_eq!(content(&exchange), kept, "{limit}");
        assert_eq!(exchange.attribute("http_trace_filter.response.body.truncated"), true);
    }
    // Of a whole body that ends so it is not known what it should be.
    let whole = response("text/plain", &[b"a\xe2\x82"]);
    assert_eq!(content(&whole), json!({ "bytes": b"a\xe2\x82" }));
    // Nor of one that was cut and has a fault before.
    let fault = Exchange { cut: true, ..response("text/plain", &[b"a\xffb\xe2"]) };
    assert_eq!(content(&fault), json!({ "bytes": b"a\xffb\xe2" }));
    let nothing = Exchange { cut: true, ..response("text/plain", &[b"\xe2\x82"]) };
    assert_eq!(content(&nothing), "");
}

#[test]
fn a_body_that_is_not_whole_is_marked() {
    let mut exchange = Exchange::of(&[]);
    for name in ["request", "response"] {
        assert_eq!(exchange.attribute(&format!("http_trace_filter.{name}.body.truncated")), Value::Null);
    }
    exchange.cut = true;
    for name in ["request", "response"] {
        assert_eq!(exchange.attribute(&format!("http_trace_filter.{name}.body.truncated")), true);
    }
}

#[test]
fn the_size_is_what_passed_where_that_is_known() {
    let with_length = |mut exchange: Exchange, length: &str| {
        exchange.headers[1].push(("content-length", length.into()));
        exchange
    };
    let size = |exchange: &Exchange| exchange.attribute("http.response.body.size");
    let body = || response("text/plain", &[b"abc", b"de"]);
    assert_eq!(size(&body()), 5);
    assert_eq!(size(&with_length(body(), "7")), 7);
    assert_eq!(size(&with_length(body(), "4000000000")), 4_000_000_000_u64);
    for wrong in ["", "x", "-1", "+5", "1 ", "99999999999999999999999999"] {
        assert_eq!(size(&with_length(body(), wrong)), 5, "{wrong:?}");
    }
    assert_eq!(size(&Exchange { cut: true, ..body() }), Value::Null);
    assert_eq!(size(&with_length(Exchange { cut: true, ..body() }, "9")), 9);
    // There was none, or it was not kept.
    assert_eq!(size(&response("", &[])), Value::Null);
    assert_eq!(size(&with_length(response("", &[]), "0")), 0);
}

#[test]
fn a_content_coding_is_removed() {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(br#"{"a":"b"}"#).expect("memory");
    let gzip = encoder.finish().expect("memory");
    let mut exchange = response("application/json", &[&gzip]);
    exchange.headers[1].push(("content-encoding", b"gzip".to_vec()));
    assert_eq!(content(&exchange), r#"{"a":"b"}"#);
    assert_eq!(exchange.attribute("http.response.header.content-encoding"), json!(["gzip"]));
    // What passed had another size.
    assert_eq!(exchange.attribute("http.response.body.size"), Value::Null);
    exchange.configuration = r#"{"capture":{"content_encoding":"keep"}}"#;
    assert_eq!(content(&exchange), json!({ "bytes": gzip }));
    exchange.configuration = "";
    exchange.headers[1].pop();
    exchange.headers[1].push(("content-encoding", b"br".to_vec()));
    assert_eq!(content(&exchange), Value::Null);
    assert_eq!(exchange.attribute("http_trace_filter.response.body.truncated"), true);
}

#[test]
fn fields_of_bodies_are_hidden() {
    let mut exchange = response("application/json", &[br#"{"a":"h1dden"}"#]);
    exchange.configuration = r#"{"redact":{"body_fields":["a"]}}"#;
    assert_eq!(content(&exchange), r#"{"a":"[redacted]"}"#);
}

/// Lengths of every number of digits.
#[test]
fn any_length_is_right() {
    for length in [0, 1, 100, 126, 127, 128, 129, 16_300, 16_383, 16_384, 2_097_100, 2_097_152, 3_000_000] {
        let mut exchange = response("text/plain", &[&vec![b'x'; length]]);
        exchange.configuration = r#"{"capture":{"max_body_bytes":4000000}}"#;
        let found = content(&exchange);
        assert_eq!(found.as_str().map_or(0, str::len), length);
    }
}
