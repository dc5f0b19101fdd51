//! Coded bodies, and what is hidden in bodies.

use super::{recorded, with};
use flate2::{
    Compression,
    write::{DeflateEncoder, GzEncoder, ZlibEncoder},
};
use std::io::Write;

const TEXT: &str = r#"{"a":1,"token":"s3cret","b":[2]}"#;
const HIDDEN: &str = r#"{"a":1,"token":"[redacted]","b":[2]}"#;

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes()).expect("in memory");
    encoder.finish().expect("in memory")
}

fn zlib(text: &str) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes()).expect("in memory");
    encoder.finish().expect("in memory")
}

fn raw(text: &str) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes()).expect("in memory");
    encoder.finish().expect("in memory")
}

/// The body that a record of `publish` shows when it came in two chunks, the same in both directions; and its flag.
fn shown(configuration: &str, coding: &[(&str, &str)], body: &[u8]) -> (Vec<u8>, bool) {
    let apiclarity = configuration.contains("apiclarity");
    let json = [("content-type", "application/json")];
    let record = with(configuration, |root| {
        let stream = root.stream(2).request_headers(&[&[(":path", "/")], &json[..], coding].concat());
        let (first, second) = body.split_at(body.len() / 2);
        stream.request_body(first).last_of_request(second);
        stream.response_headers(&[&[(":status", "200")], &json[..], coding].concat());
        recorded(root, stream.response_body(first).last_of_response(second))
    });
    let [request, response] = match apiclarity {
        true => ["request", "response"].map(|side| record[side]["common"].clone()),
        false => ["scnt_request", "scnt_response"].map(|side| record[side].clone()),
    };
    let flag = if apiclarity { "TruncatedBody" } else { "truncated_body" };
    // One direction's bytes leave the other less memory.
    let same = (&request["body"], &request[flag]) == (&response["body"], &response[flag]);
    assert!(same || configuration.contains("memory"), "{configuration}");
    let body =
        base64::Engine::decode(&base64::engine::general_purpose::STANDARD, request["body"].as_str().expect("text"));
    (body.expect("base64"), request[flag].as_bool().expect("a flag"))
}

#[test]
fn coded_bodies_become_what_the_row_says() {
    let keep = r#"{"capture":{"content_encoding":"keep"}}"#;
    let decode = r#"{"capture":{"content_encoding":"decode"}}"#;
    let drop = r#"{"capture":{"content_encoding":"drop"}}"#;
    let publish = "";
    let apiclarity = r#"{"format":"apiclarity"}"#;
    let decoded = || (TEXT.as_bytes().to_vec(), false);
    let dropped = || (Vec::new(), true);
    for (coding, body) in [
        ("gzip", gzip(TEXT)),
        ("X-GZIP", gzip(TEXT)),
        ("deflate", zlib(TEXT)),
        ("deflate", raw(TEXT)),
        (" identity ,gzip,", gzip(TEXT)),
    ] {
        let coding = [("content-encoding", coding)];
        for (configuration, expected) in [
            (publish, (body.clone(), false)),
            (keep, (body.clone(), false)),
            (decode, decoded()),
            (apiclarity, decoded()),
            (drop, dropped()),
        ] {
            assert_eq!(shown(configuration, &coding, &body), expected, "{coding:?} {configuration}");
        }
    }
    for coding in
        [&[("content-encoding", "br")][..], &[("content-encoding", "gzip, gzip")], &[("content-encoding", "gzip"); 2]]
    {
        for (configuration, expected) in
            [(keep, (gzip(TEXT), false)), (decode, dropped()), (apiclarity, dropped()), (drop, dropped())]
        {
            assert_eq!(shown(configuration, coding, &gzip(TEXT)), expected, "{coding:?} {configuration}");
        }
    }
    for configuration in [publish, keep, decode, apiclarity, drop] {
        assert_eq!(shown(configuration, &[], TEXT.as_bytes()), decoded(), "no coding");
        assert_eq!(shown(configuration, &[("content-encoding", "identity")], TEXT.as_bytes()), decoded());
        assert_eq!(shown(configuration, &[("content-encoding", "gzip")], b""), (Vec::new(), false), "no body");
    }
}

#[test]
fn what_is_decoded_is_bounded_and_flagged() {
    let gzip_coding = [("content-encoding", "gzip")];
    let long = "0123456789".repeat(1000);
    let decode = |rows: &str| format!(r#"{{"capture":{{"content_encoding":"decode",{rows}}}}}"#);
    let shown = |configuration: &str, body: &[u8]| shown(configuration, &gzip_coding, body);
    let first = |count: usize| (long.as_bytes()[..count].to_vec(), true);
    assert_eq!(shown(&decode(r#""max_body_bytes":10000"#), &gzip(&long)), (long.as_bytes().to_vec(), false));
    assert_eq!(shown(&decode(r#""max_body_bytes":9999"#), &gzip(&long)), first(9999));
    assert_eq!(shown(&decode(r#""max_body_bytes":9999,"oversize_body":"drop""#), &gzip(&long)), (Vec::new(), true));
    let coded = gzip(&long);
    let (cut, truncated) = shown(&decode(r#""max_body_bytes":20000"#), &coded[..coded.len() - 9]);
    assert!(truncated && long.as_bytes().starts_with(&cut) && cut.len() > 9000, "{} bytes", cut.len());
    assert_eq!(shown(&decode(r#""max_body_bytes":20000"#), long.as_bytes()), (Vec::new(), true), "it is not coded");
    // The memory of one exchange is a quarter, less what it holds.
    let (body, truncated) =
        shown(r#"{"capture":{"content_encoding":"decode"},"memory":{"max_bytes":65536}}"#, &gzip(&"a".repeat(200_000)));
    assert!(truncated && !body.is_empty() && body.len() < 16_384, "{} bytes", body.len());
}

#[test]
fn members_of_bodies_are_hidden_as_the_row_says() {
    let hide = r#"{"redact":{"body_fields":["Token"]}}"#;
    let both = r#"{"redact":{"body_fields":["token"]},"capture":{"content_encoding":"decode"}}"#;
    let apiclarity = r#"{"redact":{"body_fields":["token"]},"format":"apiclarity"}"#;
    let hidden = || (HIDDEN.as_bytes().to_vec(), false);
    assert_eq!(shown("", &[], TEXT.as_bytes()), (TEXT.as_bytes().to_vec(), false));
    for configuration in [hide, both, apiclarity] {
        assert_eq!(shown(configuration, &[], TEXT.as_bytes()), hidden(), "{configuration}");
    }
    for configuration in [both, apiclarity] {
        assert_eq!(shown(configuration, &[("content-encoding", "gzip")], &gzip(TEXT)), hidden(), "{configuration}");
        let (cut, truncated) = shown(configuration, &[("content-encoding", "br")], &gzip(TEXT));
        assert_eq!((cut, truncated), (Vec::new(), true), "what cannot be read is not shown");
    }
    assert_eq!(
        shown(hide, &[("content-encoding", "gzip")], &gzip(TEXT)),
        (Vec::new(), true),
        "nor what is not decoded"
    );
    let cut = r#"{"capture":{"max_body_bytes":20},"redact":{"body_fields":["token"]}}"#;
    assert_eq!(shown(cut, &[], TEXT.as_bytes()), (br#"{"a":1,"token":"[red"#.to_vec(), true));
    let drop = r#"{"capture":{"max_body_bytes":35,"oversize_body":"drop"},"redact":{"body_fields":["token"]}}"#;
    assert_eq!(shown(drop, &[], TEXT.as_bytes()), (Vec::new(), true), "the bound is for what is shown");
}
