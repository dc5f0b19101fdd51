//! Bodies of 1 byte to 5 MB, by length and in chunks, both ways; records hold the first 1,000,000 bytes.

use bytes::Bytes;
use http_trace_e2e::case::Case;
use http_trace_e2e::client::Protocol::{self, H1, H2};
use http_trace_e2e::reply::Reply;
use http_trace_e2e::request::{Framing, Request};
use http_trace_e2e::stage::Stage;
use serde_json::json;

const SIZES: [usize; 8] = [1, 999, 16 << 10, 65_536, 999_999, 1_000_000, 1_000_001, 5_000_000];

/// Bytes of every value, which repeat at no power of two.
fn bytes(size: usize) -> Bytes {
    (0..size).map(|at| (at % 251) as u8 ^ (at >> 16) as u8).collect()
}

/// Pieces of uneven size.
fn pieces(size: usize) -> Vec<Bytes> {
    let whole = bytes(size);
    let step = (size / 7).clamp(1, 100_000);
    (0..size).step_by(step).map(|at| whole.slice(at..size.min(at + step))).collect()
}

async fn both_ways(protocol: Protocol, request_framing: Framing, reply_framing: Framing, prefix: &str) {
    let stage = Stage::start().await;
    for size in SIZES {
        let request = Request { body: pieces(size), framing: request_framing, ..Request::new("POST", prefix) };
        let name = format!("{size} bytes, {request_framing:?} to {prefix}, {reply_framing:?} back");
        let case = Case::new(name, protocol, request, Reply::echo().framed(reply_framing));
        let (exchange, record) = stage.check(case).await;
        assert_eq!(exchange.answer.body, bytes(size), "{size} bytes did not come back");
        assert_eq!(record["scnt_request"]["truncated_body"], json!(size > 1_000_000));
        assert_eq!(record["scnt_response"]["truncated_body"], json!(size > 1_000_000));
    }
    stage.finish().await;
}

#[tokio::test]
async fn by_length() {
    both_ways(H1, Framing::Length, Framing::Length, "/").await;
}

#[tokio::test]
async fn in_chunks() {
    both_ways(H1, Framing::Chunked, Framing::Chunked, "/").await;
}

#[tokio::test]
async fn chunks_there_and_length_back() {
    both_ways(H1, Framing::Chunked, Framing::Length, "/").await;
}

#[tokio::test]
async fn until_the_connection_ends() {
    both_ways(H1, Framing::Length, Framing::UntilClose, "/").await;
}

#[tokio::test]
async fn h2_by_length() {
    both_ways(H2, Framing::Length, Framing::Length, "/").await;
}

#[tokio::test]
async fn h2_in_chunks() {
    both_ways(H2, Framing::Chunked, Framing::Chunked, "/").await;
}

#[tokio::test]
async fn h2_on_both_sides() {
    both_ways(H2, Framing::Chunked, Framing::Length, "/h2/").await;
}

#[tokio::test]
async fn one_way_only() {
    let stage = Stage::start().await;
    for protocol in [H1, H2] {
        let upload = Request::post("/upload", bytes(3_000_000));
        stage.check(Case::new("upload", protocol, upload, Reply::status(204))).await;
        let download = Reply::chunks(&pieces(3_000_000));
        stage.check(Case::new("download", protocol, Request::get("/download"), download)).await;
    }
    stage.finish().await;
}

#[tokio::test]
async fn one_byte_chunks() {
    let stage = Stage::start().await;
    let pieces: Vec<Bytes> = (0..=255u8).map(|byte| Bytes::from(vec![byte])).collect();
    for protocol in [H1, H2] {
        let request = Request::post_chunks("/", &pieces);
        stage.check(Case::new("one byte a chunk", protocol, request, Reply::chunks(&pieces))).await;
    }
    stage.finish().await;
}
