//! Clients that go away.

use bytes::Bytes;
use http_trace_e2e::case::{Abort, Case};
use http_trace_e2e::client::Protocol::{H1, H2};
use http_trace_e2e::message::End;
use http_trace_e2e::reply::{Finish, Reply};
use http_trace_e2e::request::{Framing, Request};
use http_trace_e2e::stage::Stage;

#[tokio::test]
async fn mid_request() {
    let stage = Stage::start().await;
    for protocol in [H1, H2] {
        for framing in [Framing::Length, Framing::Chunked] {
            let request = Request { framing, ..Request::post("/upload", vec![b'u'; 100_000]) };
            let case = Case::new(format!("{framing:?}"), protocol, request, Reply::ok("never sent"));
            let (exchange, record) = stage.check(case.abort(Abort::UpstreamHas(5000))).await;
            assert_eq!(exchange.seen.map(|seen| (seen.body.len(), seen.end)), Some((5000, End::Cut)));
            assert_eq!(record["scnt_response"]["status_code"], "0", "no response was sent");
        }
    }
    stage.finish().await;
}

#[tokio::test]
async fn before_the_response() {
    let stage = Stage::start().await;
    for protocol in [H1, H2] {
        let case = Case::new(
            "waiting",
            protocol,
            Request::post("/slow", "whole"),
            Reply::ok("").finish(Finish::HangUnanswered),
        );
        let (_, record) = stage.check(case.abort(Abort::UpstreamHas(5))).await;
        assert_eq!(record["scnt_response"]["status_code"], "0");
    }
    stage.finish().await;
}

#[tokio::test]
async fn mid_response() {
    let stage = Stage::start().await;
    for protocol in [H1, H2] {
        for reply in [
            Reply::ok(vec![b'd'; 100_000]),
            Reply::chunks(&[Bytes::from(vec![b'd'; 3000]), Bytes::from(vec![b'e'; 9000])]),
        ] {
            let case = Case::new(
                format!("{:?}", reply.framing),
                protocol,
                Request::get("/download"),
                reply.finish(Finish::HangAfter(5000)),
            );
            let (exchange, record) = stage.check(case.abort(Abort::ClientHas(5000))).await;
            assert_eq!((exchange.answer.body.len(), exchange.answer.end), (5000, End::Cut));
            assert_eq!(record["scnt_response"]["status_code"], "200");
        }
    }
    stage.finish().await;
}

#[tokio::test]
async fn after_the_head_of_the_response() {
    let stage = Stage::start().await;
    for protocol in [H1, H2] {
        let reply = Reply::ok(vec![b'd'; 100_000]).finish(Finish::HangAfter(0));
        let case = Case::new("head only", protocol, Request::get("/download"), reply);
        let (exchange, record) = stage.check(case.abort(Abort::ClientHas(0))).await;
        assert_eq!(exchange.answer.status(), 200);
        assert_eq!(record["scnt_response"]["body"], "");
    }
    stage.finish().await;
}
