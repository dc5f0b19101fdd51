//! Connections that stop being HTTP: what flows after the switch is no body.

use std::net::SocketAddr;

use futures_util::{SinkExt, StreamExt};
use http_trace_e2e::case::{Case, Exchange};
use http_trace_e2e::client::Protocol::H1;
use http_trace_e2e::client::{Connection, head};
use http_trace_e2e::diff;
use http_trace_e2e::expect::Expected;
use http_trace_e2e::message::{End, Message, Shared};
use http_trace_e2e::reply::Reply;
use http_trace_e2e::request::Request;
use http_trace_e2e::stage::Stage;
use http_trace_e2e::wire::{Kind, Reader};
use http_trace_e2e::{wait, websocket};
use tokio::io::AsyncWriteExt;
use tokio_tungstenite::tungstenite::Message as Frame;

const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";

/// Opens a WebSocket, sends frames and gets them back, and closes it.
async fn talk(stage: &Stage, case: &Case, to: SocketAddr) -> Exchange {
    let id = &case.request.id;
    stage.upstream.forget(id);
    stage.upstream.reply(id, case.reply.clone());
    let connection = Connection::open(to).await.expect("a connection");
    let source = connection.source;
    let mut handshake = hyper::Request::get(format!("ws://{}/socket", case.request.host));
    for (name, value) in case.request.fields() {
        handshake = handshake.header(&name[..], &value[..]);
    }
    let handshake = handshake.header("host", &case.request.host).body(()).expect("a handshake");
    let opened = tokio_tungstenite::client_async(handshake, connection.into_stream()).await;
    let (mut socket, response) = opened.expect("a WebSocket");
    let mut body = Vec::new();
    for frame in [Frame::text("say \"hi\""), Frame::binary(vec![0xff; 70_000]), Frame::text("")] {
        socket.send(frame.clone()).await.expect("to send a frame");
        let echoed = socket.next().await.expect("a frame").expect("a frame");
        assert_eq!(echoed, frame);
        body.extend(echoed.into_data());
    }
    socket.close(None).await.expect("to close");
    while socket.next().await.is_some() {}
    let mut answer = Message {
        start: format!("HTTP/1.1 {}", response.status().as_u16()).into(),
        body,
        end: End::Complete,
        ..Message::default()
    };
    answer.headers =
        response.headers().iter().map(|(name, value)| (name.as_str().into(), value.as_bytes().into())).collect();
    let seen = stage.upstream.seen(id).map(|seen| seen.lock().clone());
    Exchange { source, answer, seen }
}

#[tokio::test]
async fn websocket() {
    let stage = Stage::start().await;
    let mut request = Request::get("/socket")
        .header("connection", "Upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-key", KEY);
    request.id = stage.id();
    let case = Case::new("WebSocket", H1, request, websocket::accept(KEY));
    let plain = talk(&stage, &case, stage.envoy.plain()).await;
    let filtered = talk(&stage, &case, stage.envoy.filtered()).await;
    let mut differences = diff::messages("the client saw", &plain.answer, &filtered.answer);
    let (Some(plain), Some(seen)) = (&plain.seen, &filtered.seen) else { panic!("the upstream saw nothing") };
    differences.extend(diff::messages("the upstream saw", plain, seen));
    assert!(differences.is_empty(), "{differences:?}");
    let mut expected = Expected::of(&case, &filtered, stage.envoy.filtered());
    // The client writes these headers in an order of its own; the upstream saw it.
    expected.request.headers.clone_from(&seen.headers);
    expected.request.headers.retain(|(name, _)| name != b"host" && !name.starts_with(b"x-envoy-"));
    expected.response.headers = case.reply.fields();
    (expected.request.body, expected.response.body) = (Vec::new(), Vec::new());
    stage.expect_record("WebSocket", &expected).await;
    stage.finish().await;
}

#[tokio::test]
async fn websocket_refused() {
    let stage = Stage::start().await;
    let request = Request::get("/socket")
        .header("connection", "Upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-key", KEY);
    let reply = Reply::status(403).with_body("no sockets here");
    let (exchange, _) = stage.check(Case::new("refused", H1, request, reply)).await;
    assert_eq!(exchange.answer.status(), 403);
    stage.finish().await;
}

/// Opens a tunnel to the upstream, and sends a request through it.
async fn tunnel(case: &Case, to: SocketAddr) -> Exchange {
    let connection = Connection::open(to).await.expect("a connection");
    let source = connection.source;
    let mut reader = Reader::new(connection.into_stream());
    reader.stream().write_all(&head(&case.request)).await.expect("to send");
    let (answer, inner) = (Shared::default(), Shared::default());
    reader.final_head(&answer).await.expect("an answer");
    reader
        .stream()
        .write_all(b"POST /inside HTTP/1.1\r\nhost: inside\r\ncontent-length: 6\r\n\r\nsecret")
        .await
        .expect("to send");
    reader.final_head(&inner).await.expect("an answer from within");
    reader.body(Kind::Response { to_head: false }, &inner).await;
    assert_eq!(inner.lock().body, b"secret");
    let answer = answer.lock().clone();
    Exchange { source, answer, seen: None }
}

#[tokio::test]
async fn connect() {
    let stage = Stage::start().await;
    let mut request = Request::new("CONNECT", "inside:80");
    request.host = "inside:80".into();
    request.id = stage.id();
    let case = Case::new("CONNECT", H1, request, Reply::status(200));
    let plain = tunnel(&case, stage.envoy.plain()).await;
    let filtered = tunnel(&case, stage.envoy.filtered()).await;
    assert_eq!(diff::messages("the client saw", &plain.answer, &filtered.answer), [""; 0]);
    let mut expected = Expected::of(&case, &filtered, stage.envoy.filtered());
    // A CONNECT has no path, and its target is its host.
    expected.path.clear();
    stage.expect_record("CONNECT", &expected).await;
    wait::until("one stream", || (stage.metric("streams") == Some(1)).then_some(())).await;
    stage.finish().await;
}
