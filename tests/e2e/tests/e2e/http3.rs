//! HTTP/3. A completed exchange is logged when the client's acknowledgement came, after Envoy deleted the filter: none is lost for
//! that, and none is told twice.

use std::time::Duration;

use bytes::Bytes;
use http_trace_e2e::bootstrap::NOWHERE;
use http_trace_e2e::case::{Abort, Case};
use http_trace_e2e::client::Protocol::H3;
use http_trace_e2e::client_h3::H3 as Client;
use http_trace_e2e::message::{End, Headers, Shared};
use http_trace_e2e::reply::{Finish, Reply};
use http_trace_e2e::request::{Framing, Request};
use http_trace_e2e::stage::Stage;
use http_trace_e2e::tunnel_h3::Tunnel;
use http_trace_e2e::{http3, wait, websocket};

async fn start() -> Stage {
    Stage::serving(None, |_| Reply::echo(), |given| http3::listen(&mut given.bootstrap)).await
}

/// Ends the test after this many exchanges with the filter, once Envoy had the time to log each again.
async fn finish(stage: Stage, exchanges: u64) {
    stage.settle(exchanges).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(stage.metric("streams"), Some(exchanges));
    stage.finish().await;
}

#[tokio::test]
async fn completed() {
    let stage = start().await;
    let exchanges = [
        ("GET", Request::get("/hello?a=1"), Reply::ok("hello")),
        ("HEAD", Request::new("HEAD", "/file"), Reply::ok("seven b")),
        ("POST", Request::post("/orders", "{}"), Reply::echo()),
        ("204", Request::new("DELETE", "/orders/1"), Reply::status(204)),
        ("304", Request::get("/file").header("if-none-match", "\"1\""), Reply::status(304)),
        ("to HTTP/2", Request::post("/h2/orders", "over h2"), Reply::echo()),
        ("by Envoy", Request::get("/local"), Reply::ok("never asked")),
        ("a redirect by Envoy", Request::get("/redirect-by-envoy"), Reply::ok("never asked")),
        ("no route", Request::get("/").host(NOWHERE), Reply::ok("never asked")),
        ("no upstream", Request::get("/refused"), Reply::ok("never asked")),
        ("no hosts", Request::get("/empty-cluster"), Reply::ok("never asked")),
    ];
    let count = exchanges.len() as u64;
    for (name, request, reply) in exchanges {
        stage.check(Case::new(name, H3, request, reply)).await;
    }
    finish(stage, count).await;
}

#[tokio::test]
async fn with_trailers() {
    let stage = start().await;
    for target in ["/", "/h2/"] {
        let request =
            Request::post_chunks(target, &[Bytes::from("in")]).header("te", "trailers").trailer("x-digest", "1");
        let reply = Reply::chunks(&[Bytes::from("out")]).trailer("x-sum", "42");
        let (exchange, _) = stage.check(Case::new(target, H3, request, reply.clone())).await;
        assert_eq!(exchange.answer.trailers, reply.trailers);
    }
    finish(stage, 2).await;
}

#[tokio::test]
async fn uploads_and_downloads() {
    let stage = start().await;
    let large = Bytes::from(vec![b'u'; 1_500_000]);
    for framing in [Framing::Length, Framing::Chunked] {
        let request = Request { framing, ..Request::post("/upload", large.clone()) };
        let (exchange, _) = stage.check(Case::new(format!("{framing:?}"), H3, request, Reply::echo())).await;
        assert_eq!(exchange.answer.body, large);
    }
    finish(stage, 2).await;
}

#[tokio::test]
async fn reset_by_the_client() {
    let stage = start().await;
    let upload = Request { framing: Framing::Chunked, ..Request::post("/upload", vec![b'u'; 100_000]) };
    let case = Case::new("mid request", H3, upload, Reply::ok("never sent")).abort(Abort::UpstreamHas(5000));
    let (exchange, record) = stage.check(case).await;
    assert_eq!(exchange.seen.map(|seen| (seen.body.len(), seen.end)), Some((5000, End::Cut)));
    assert_eq!(record["scnt_response"]["status_code"], "0", "no response was sent");
    let waits = Reply::ok("").finish(Finish::HangUnanswered);
    let case = Case::new("waiting", H3, Request::post("/slow", "whole"), waits);
    stage.check(case.abort(Abort::UpstreamHas(5))).await;
    let stalls = Reply::ok(vec![b'd'; 100_000]).finish(Finish::HangAfter(5000));
    let case = Case::new("mid response", H3, Request::get("/download"), stalls);
    stage.check(case.abort(Abort::ClientHas(5000))).await;
    finish(stage, 3).await;
}

/// The client closes the connection, with streams on it that are complete, under way, and waiting.
#[tokio::test]
async fn connection_closed_by_the_client() {
    let stage = start().await;
    let client = Client::open(stage.envoy.filtered_by(H3)).await.expect("a connection");
    let mut waiting = Vec::new();
    for reply in [
        Reply::ok("").finish(Finish::HangUnanswered),
        Reply::ok("0123").finish(Finish::HangAfter(2)),
        Reply::ok("whole"),
    ] {
        let mut request = Request::get("/some");
        request.id = stage.id();
        stage.upstream.reply(&request.id, reply.clone());
        let (client, answer) = (client.clone(), Shared::default());
        let seen = answer.clone();
        let id = request.id.clone();
        waiting.push(tokio::spawn(async move { client.send(&request, None, &answer).await }));
        wait::until("the request", || stage.upstream.seen(&id)).await;
        let has = |bytes: usize| (seen.lock().body.len() >= bytes).then_some(());
        wait::until("the answer", || {
            has(reply.pieces().concat().len() * usize::from(reply.finish != Finish::HangUnanswered))
        })
        .await;
    }
    client.connection().close(quinn::VarInt::from_u32(0x100), b"enough");
    futures_util::future::join_all(waiting).await;
    finish(stage, 3).await;
}

#[tokio::test]
async fn reset_by_the_upstream() {
    let stage = start().await;
    for target in ["/", "/h2/"] {
        let case =
            Case::new("before", H3, Request::post(target, "sent"), Reply::ok("").finish(Finish::ResetUnanswered));
        assert_eq!(stage.check(case).await.0.answer.status(), 503);
        let reply = Reply::ok(vec![b'd'; 50_000]).finish(Finish::ResetAfter(5000));
        let (exchange, record) = stage.check(Case::new("mid body", H3, Request::get(target), reply)).await;
        assert_eq!(exchange.answer.body.len(), 5000);
        assert_eq!(record["scnt_response"]["status_code"], "200");
    }
    finish(stage, 4).await;
}

fn fields(stage: &Stage, more: &[(&str, &str)]) -> (String, Headers) {
    let id = stage.id();
    let fields = more.iter().copied().chain([("x-request-id", &id[..])]);
    (id.clone(), fields.map(|(name, value)| (name.into(), value.into())).collect())
}

/// CONNECT, and WebSocket by extended CONNECT, each ended and reset.
#[tokio::test]
async fn tunnels() {
    let stage = start().await;
    let inside = b"POST /inside HTTP/1.1\r\nhost: inside\r\ncontent-length: 6\r\n\r\nsecret";
    let connect = [(":method", "CONNECT"), (":authority", "inside:80")];
    let websocket = [
        (":method", "CONNECT"),
        (":protocol", "websocket"),
        (":scheme", "https"),
        (":path", "/socket"),
        (":authority", "shop.test"),
        ("sec-websocket-version", "13"),
    ];
    // A frame with "hi", and one that ends the WebSocket: an upgraded HTTP/1.1 upstream sees no half-closed stream.
    let (hi, close) = ([0x82, 0x82, 0, 0, 0, 0, b'h', b'i'], [0x88, 0x80, 0, 0, 0, 0]);
    for (fields_of, first, last) in [(&connect[..], &inside[..], &[][..]), (&websocket, &hi, &close)] {
        for end in ["closed", "reset"] {
            let (id, fields) = fields(&stage, fields_of);
            stage.upstream.reply(&id, websocket::accept("dGhlIHNhbXBsZSBub25jZQ=="));
            let mut tunnel = Tunnel::open(stage.envoy.filtered_by(H3), &fields).await.expect("an answer");
            assert!(tunnel.is_open(), "{:?}", tunnel.answer);
            tunnel.send(first).await.expect("to send");
            let answer = tunnel.receive().await.expect("an answer from within");
            assert!(
                answer.starts_with(b"HTTP/1.1 200") || answer == [0x82, 2, b'h', b'i'],
                "{}",
                answer.escape_ascii()
            );
            let connection = match end {
                "closed" => tunnel.close(last).await.map(|()| None),
                _ => tunnel.reset().map(Some),
            };
            let connection = connection.expect("an end");
            let what = format!("the record of a tunnel that was {end}");
            let post = wait::until(what, || stage.collector.record("request_id", &id)).await;
            let record = post.json().expect("JSON");
            drop(connection);
            assert_eq!(record["scnt_request"]["version"], "HTTP/3");
            for half in ["scnt_request", "scnt_response"] {
                assert_eq!(
                    (&record[half]["body"], &record[half]["truncated_body"]),
                    (&"".into(), &false.into()),
                    "{record}"
                );
            }
        }
    }
    finish(stage, 4).await;
}
