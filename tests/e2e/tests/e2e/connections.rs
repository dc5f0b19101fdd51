//! Several exchanges on one connection.

use http_trace_e2e::case::{Case, Exchange};
use http_trace_e2e::client::Protocol::H1;
use http_trace_e2e::client::{Connection, head};
use http_trace_e2e::diff;
use http_trace_e2e::expect::Expected;
use http_trace_e2e::message::Shared;
use http_trace_e2e::reply::Reply;
use http_trace_e2e::request::Request;
use http_trace_e2e::stage::Stage;
use http_trace_e2e::wait;
use http_trace_e2e::wire::{Kind, Reader};
use std::net::SocketAddr;
use tokio::io::AsyncWriteExt;

/// Sends all requests at once over one HTTP/1.1 connection.
async fn pipeline(stage: &Stage, cases: &[Case], to: SocketAddr) -> Vec<Exchange> {
    let mut bytes = Vec::new();
    for case in cases {
        stage.upstream.forget(&case.request.id);
        stage.upstream.reply(&case.request.id, case.reply.clone());
        bytes.extend([head(&case.request), case.request.whole_body()].concat());
    }
    let connection = Connection::open(to).await.expect("a connection");
    let source = connection.source;
    let mut reader = Reader::new(connection.into_stream());
    reader.stream().write_all(&bytes).await.expect("to send");
    let mut exchanges = Vec::new();
    for case in cases {
        let answer = Shared::default();
        reader.final_head(&answer).await.expect("an answer");
        reader.body(Kind::Response { to_head: false }, &answer).await;
        let seen = wait::until("the request", || stage.upstream.seen(&case.request.id)).await;
        let (answer, seen) = (answer.lock().clone(), Some(seen.lock().clone()));
        exchanges.push(Exchange { source, answer, seen });
    }
    exchanges
}

#[tokio::test]
async fn pipelined_requests() {
    let stage = Stage::start().await;
    let mut cases = Vec::new();
    for at in 0..20 {
        let mut request = Request::post(&format!("/orders/{at}"), format!("body {at}"));
        request.id = stage.id();
        cases.push(Case::new(format!("number {at}"), H1, request, Reply::echo().header("x-number", at.to_string())));
    }
    let plain = pipeline(&stage, &cases, stage.envoy.plain()).await;
    let filtered = pipeline(&stage, &cases, stage.envoy.filtered()).await;
    for ((case, plain), filtered) in cases.iter().zip(&plain).zip(&filtered) {
        let mut differences = diff::messages("the client saw", &plain.answer, &filtered.answer);
        if let (Some(plain), Some(filtered)) = (&plain.seen, &filtered.seen) {
            differences.extend(diff::messages("the upstream saw", plain, filtered));
        }
        assert!(differences.is_empty(), "{}: {differences:?}", case.name);
        assert_eq!(filtered.answer.body, case.request.whole_body());
        let expected = Expected::of(case, filtered, stage.envoy.filtered());
        stage.expect_record(&case.name, &expected).await;
    }
    stage.finish().await;
}
