//! Bodies that are slow, endless, or a thousand times as large as they look.

use std::io::{Read, Write};
use std::net::SocketAddr;

use bytes::Bytes;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use http_trace_e2e::case::{Abort, Case};
use http_trace_e2e::client::Protocol::{H1, H2};
use http_trace_e2e::client::{Connection, head};
use http_trace_e2e::diff;
use http_trace_e2e::message::{End, Message, Shared};
use http_trace_e2e::reply::Reply;
use http_trace_e2e::request::{Framing, Request};
use http_trace_e2e::wire::{Kind, Reader};
use tokio::io::AsyncWriteExt;

use crate::hostile::siege::Siege;

const MIB: usize = 1 << 20;

/// Sends the request byte by byte, and lets the other side read each.
async fn trickle(to: SocketAddr, bytes: &[u8]) -> Message {
    let stream = Connection::open(to).await.expect("a connection").into_stream();
    let (read, mut write) = stream.into_split();
    let (mut reader, answer) = (Reader::new(read), Shared::default());
    let send = async {
        for byte in bytes {
            write.write_all(&[*byte]).await.expect("to send");
            tokio::task::yield_now().await;
        }
    };
    let receive = async {
        reader.final_head(&answer).await.expect("an answer");
        reader.body(Kind::Response { to_head: false }, &answer).await;
    };
    tokio::join!(send, receive);
    answer.lock().clone()
}

#[tokio::test]
async fn a_byte_at_a_time() {
    let siege = Siege::start(|_| {}).await;
    let body: String = ('a'..='z').cycle().take(600).collect();
    let chunks: Vec<Bytes> = body.bytes().map(|byte| Bytes::from(vec![byte])).collect();
    for mut request in [Request::post("/slow", body.clone()), Request::post_chunks("/slow", &chunks)] {
        request.id = siege.stage.id();
        let mut bytes = head(&request);
        if request.framing == Framing::Chunked {
            bytes.extend(body.bytes().flat_map(|byte| [b'1', b'\r', b'\n', byte, b'\r', b'\n']));
            bytes.extend(b"0\r\n\r\n");
        } else {
            bytes.extend(body.bytes());
        }
        let plain = trickle(siege.stage.envoy.plain(), &bytes).await;
        let filtered = trickle(siege.stage.envoy.filtered(), &bytes).await;
        assert_eq!(diff::messages("the client saw", &plain, &filtered), [""; 0]);
        assert_eq!((filtered.status(), &filtered.body[..]), (200, body.as_bytes()));
    }
    // In frames of one byte each.
    for framing in [Framing::Length, Framing::Chunked] {
        let request = Request { framing, ..Request::post_chunks("/slow", &chunks) };
        siege.stage.check(Case::new("frames of a byte", H2, request, Reply::chunks(&chunks))).await;
    }
    siege.finish().await;
}

/// The client sends without end until it is cut off after 64 MiB: the filter keeps the first megabyte, and no memory.
#[tokio::test]
async fn endless_chunks() {
    let siege = Siege::start(|_| {}).await;
    let pieces = vec![Bytes::from(vec![b'e'; MIB]); 64];
    let total = pieces.len() * MIB;
    let resident = || siege.stage.envoy.resident().expect("/proc tells");
    let mut grown = 0;
    for protocol in [H1, H2] {
        let before = resident();
        let request = Request { framing: Framing::Chunked, body: pieces.clone(), ..Request::new("POST", "/endless") };
        let case = Case::new("endless", protocol, request, Reply::ok("never sent"));
        let (exchange, record) = siege.stage.check(case.abort(Abort::UpstreamHas(total))).await;
        grown = grown.max(resident().saturating_sub(before));
        assert_eq!(exchange.seen.map(|seen| (seen.body.len(), seen.end)), Some((total, End::Cut)));
        assert_eq!(record["scnt_request"]["truncated_body"], true);
    }
    println!("resident: {grown} bytes more after {total} bytes of a body");
    assert!(grown < 48 << 20, "{grown} bytes more after {total} bytes of a body");
    siege.finish().await;
}

/// 128 MiB of zeros, compressed.
fn bomb() -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    let zeros = vec![0; MIB];
    for _ in 0..128 {
        encoder.write_all(&zeros).expect("memory");
    }
    encoder.finish().expect("memory")
}

/// They are recorded as they pass: compressed.
#[tokio::test]
async fn decompression_bombs() {
    let bomb = bomb();
    let mut hidden = 0;
    let mut decoder = GzDecoder::new(&bomb[..]);
    let mut buffer = vec![0; MIB];
    while let Ok(size @ 1..) = decoder.read(&mut buffer) {
        hidden += size;
    }
    assert!(hidden > 500 * bomb.len(), "{hidden} bytes in {}", bomb.len());
    let siege = Siege::start(|_| {}).await;
    let before = siege.stage.envoy.resident().expect("/proc tells");
    for protocol in [H1, H2] {
        for coding in ["gzip", "gzip, gzip", "br", "zstd"] {
            let request = Request::post("/bomb", bomb.clone()).header("content-encoding", coding);
            let reply = Reply::ok(bomb.clone()).header("content-encoding", coding);
            let (_, record) = siege.stage.check(Case::new(coding, protocol, request, reply)).await;
            assert_eq!(record["scnt_request"]["body"], record["scnt_response"]["body"]);
            assert_eq!(record["scnt_response"]["truncated_body"], false);
        }
    }
    let grown = siege.stage.envoy.resident().expect("/proc tells").saturating_sub(before);
    println!("resident: {grown} bytes more after bombs of {} bytes that hold {hidden}", bomb.len());
    assert!(grown < 48 << 20, "{grown} bytes more");
    siege.finish().await;
}
