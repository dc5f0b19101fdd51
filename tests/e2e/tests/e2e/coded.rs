//! Bodies with a `content-encoding`: the traffic stays coded, and records hold what `capture.content_encoding` says.

use std::io::Write;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use http_trace_e2e::case::Case;
use http_trace_e2e::client::Protocol::{self, H1, H2};
use http_trace_e2e::reply::{Finish, Reply};
use http_trace_e2e::request::Request;
use http_trace_e2e::stage::Stage;
use http_trace_e2e::wait;
use serde_json::{Value, json};

const DECODE: &str = r#"{"capture":{"content_encoding":"decode"}}"#;

/// A body of these bytes, coded by gzip.
pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).and_then(|()| encoder.finish()).expect("in memory")
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).and_then(|()| encoder.finish()).expect("in memory")
}

fn raw(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).and_then(|()| encoder.finish()).expect("in memory")
}

fn text(size: usize) -> Vec<u8> {
    (0..size).map(|at| b"{\"order\":12345,}"[(at ^ (at >> 4)) % 16]).collect()
}

/// Sends it in both directions; the record, which the caller judges.
async fn echoed(stage: &Stage, protocol: Protocol, coding: &str, body: &[u8]) -> Value {
    let mut request = Request::post("/", body.to_vec()).header("content-encoding", coding);
    request.id = stage.id();
    let id = request.id.clone();
    let case = Case::new(
        format!("{coding}, {protocol:?}"),
        protocol,
        request,
        Reply::echo().header("content-encoding", coding),
    );
    let exchange = stage.check_traffic(&case).await;
    assert!(exchange.answer.body == body, "{coding}: the traffic changed");
    let post = wait::until("its record", || {
        stage.collector.record("request_id", &id).or_else(|| stage.collector.record("requestID", &id))
    });
    post.await.json().expect("JSON")
}

/// Body and flag of both directions of a `publish` record.
fn bodies(record: &Value) -> [(Vec<u8>, bool); 2] {
    ["scnt_request", "scnt_response"].map(|side| {
        let body = record[side]["body"].as_str().expect("base64");
        let body = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, body).expect("base64");
        (body, record[side]["truncated_body"].as_bool().expect("a flag"))
    })
}

#[tokio::test]
async fn are_decoded() {
    let stage = Stage::with(Some(DECODE)).await;
    let small = text(1000);
    let large = text(200_000);
    for protocol in [H1, H2] {
        for (coding, body, decoded) in [
            ("gzip", gzip(&small), &small),
            ("x-gzip", gzip(&small), &small),
            ("GZIP", gzip(&large), &large),
            ("deflate", zlib(&small), &small),
            ("deflate", raw(&large), &large),
            ("gzip", [gzip(&small[..400]), gzip(&small[400..])].concat(), &small),
            ("identity", small.clone(), &small),
        ] {
            let record = echoed(&stage, protocol, coding, &body).await;
            assert!(bodies(&record).iter().all(|body| *body == (decoded.clone(), false)), "{coding} over {protocol:?}");
        }
        for coding in ["br", "zstd", "gzip, gzip", "gzip, br"] {
            let record = echoed(&stage, protocol, coding, &gzip(&small)).await;
            assert_eq!(bodies(&record), [(Vec::new(), true), (Vec::new(), true)], "{coding} is left out, and flagged");
        }
    }
    stage.finish().await;
}

#[tokio::test]
async fn in_chunks_and_without_a_body() {
    let stage = Stage::with(Some(DECODE)).await;
    let (plain, coded) = (text(60_000), gzip(&text(60_000)));
    for protocol in [H1, H2] {
        let pieces: Vec<Bytes> = coded.chunks(7).map(Bytes::copy_from_slice).collect();
        let request = Request::post_chunks("/", &pieces).header("content-encoding", "gzip");
        let reply = Reply::chunks(&pieces).header("content-encoding", "gzip");
        let decoded = Case::new("in chunks of seven bytes", protocol, request, reply);
        stage
            .check_with(decoded, |expected, _| {
                (expected.request.body, expected.response.body) = (plain.clone(), plain.clone())
            })
            .await;
        let none =
            Case::new("none", protocol, Request::get("/"), Reply::status(304).header("content-encoding", "gzip"));
        stage.check(none).await;
        let head = Request::new("HEAD", "/");
        let none = Case::new("HEAD", protocol, head, Reply::ok("").header("content-encoding", "gzip"));
        stage.check(none).await;
    }
    stage.finish().await;
}

#[tokio::test]
async fn stay_as_they_passed_by_default_and_are_dropped_on_demand() {
    let body = gzip(&text(1000));
    for (configuration, expected) in [
        ("{}", (body.clone(), false)),
        (r#"{"capture":{"content_encoding":"keep"}}"#, (body.clone(), false)),
        (r#"{"capture":{"content_encoding":"drop"}}"#, (Vec::new(), true)),
    ] {
        let stage = Stage::with(Some(configuration)).await;
        let record = echoed(&stage, H1, "gzip", &body).await;
        assert_eq!(bodies(&record), [expected.clone(), expected], "{configuration}");
        stage.finish().await;
    }
    let stage = Stage::with(Some(r#"{"format":"apiclarity"}"#)).await;
    let record = echoed(&stage, H1, "gzip", &gzip(b"{\"a\":1}")).await;
    for side in ["request", "response"] {
        let common = &record[side]["common"];
        assert_eq!((&common["body"], &common["TruncatedBody"]), (&json!("eyJhIjoxfQ=="), &json!(false)), "{side}");
    }
    stage.finish().await;
}

/// A gigabyte of zeros in a megabyte: the record holds as much of it as of any large body, and Envoy no more.
#[tokio::test]
async fn a_bomb_costs_no_more_than_a_large_body() {
    const LIMIT: usize = 1_200_000;
    // The collector of a busy machine must not have a record sent again.
    let capture = format!(r#"{{"content_encoding":"decode","max_body_bytes":{LIMIT}}}"#);
    let configuration = format!(r#"{{"capture":{capture},"collector":{{"timeout_ms":60000}}}}"#);
    let stage = Stage::with(Some(&configuration)).await;
    let bomb = gzip(&vec![0; 16 << 20]).repeat(64);
    assert!(bomb.len() < LIMIT, "it is kept whole: {} bytes", bomb.len());
    echoed(&stage, H1, "identity", &vec![b'x'; LIMIT]).await;
    let before = stage.envoy.resident().expect("/proc tells");
    for _ in 0..3 {
        let record = echoed(&stage, H1, "gzip", &bomb).await;
        for (body, truncated) in bodies(&record) {
            assert!(truncated && body.len() == LIMIT && body.iter().all(|byte| *byte == 0), "{} bytes", body.len());
        }
    }
    let grown = stage.envoy.resident().expect("/proc tells").saturating_sub(before);
    assert!(grown < 24 << 20, "Envoy has {grown} bytes more than after a large body");
    stage.finish().await;
}

#[tokio::test]
async fn a_stream_that_is_cut_is_decoded_as_far_as_it_goes() {
    let stage = Stage::with(Some(DECODE)).await;
    let (plain, coded) = (text(300_000), gzip(&text(300_000)));
    for protocol in [H1, H2] {
        // A message that is whole, with a stream that is not.
        let record = echoed(&stage, protocol, "gzip", &coded[..coded.len() / 2]).await;
        for (body, truncated) in bodies(&record) {
            assert!(truncated && body.len() > 10_000 && plain.starts_with(&body), "{} bytes", body.len());
        }
        // A response that is reset.
        let mut request = Request::get("/");
        request.id = stage.id();
        let id = request.id.clone();
        let reply =
            Reply::ok(coded.clone()).header("content-encoding", "gzip").finish(Finish::ResetAfter(coded.len() / 2));
        let case = Case::new("reset", protocol, request, reply);
        stage.exchange(&case, stage.envoy.filtered()).await.expect("a part of an answer");
        let post = wait::until("its record", || stage.collector.record("request_id", &id)).await;
        let [_, (body, truncated)] = bodies(&post.json().expect("JSON"));
        assert!(truncated && plain.starts_with(&body), "{} bytes", body.len());
        // What says that it is coded, and is not.
        let record = echoed(&stage, protocol, "gzip", b"{\"a\":1}").await;
        assert_eq!(bodies(&record), [(Vec::new(), true), (Vec::new(), true)]);
    }
    stage.finish().await;
}
