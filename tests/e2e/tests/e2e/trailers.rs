//! Trailers pass, and are in the record.

use bytes::Bytes;
use http_trace_e2e::case::{Case, Exchange};
use http_trace_e2e::client::Protocol::{H1, H2};
use http_trace_e2e::expect::Expected;
use http_trace_e2e::reply::Reply;
use http_trace_e2e::request::Request;
use http_trace_e2e::stage::Stage;
use serde_json::json;

#[tokio::test]
async fn of_requests_and_responses() {
    let stage = Stage::start().await;
    for (protocol, target) in [(H1, "/"), (H1, "/h2/"), (H2, "/"), (H2, "/h2/")] {
        let name = format!("{} to {target}", protocol.name());
        let request = Request::post_chunks(target, &[Bytes::from("in"), Bytes::from("coming")])
            .header("te", "trailers")
            .trailer("x-digest", "\"in\\coming\"")
            .trailer("x-digest", "caf\u{e9}");
        let reply =
            Reply::chunks(&[Bytes::from("out")]).header("x-head", "1").trailer("x-sum", "42").trailer("x-odd", b"\xff");
        let (exchange, record) = stage.check(Case::new(name.clone(), protocol, request.clone(), reply.clone())).await;
        let seen = exchange.seen.map(|seen| seen.trailers);
        assert_eq!(seen.as_ref(), Some(&request.trailers), "{name}: the upstream got other trailers");
        assert_eq!(exchange.answer.trailers, reply.trailers, "{name}: the client got other trailers");
        assert_eq!(record["scnt_response"]["trailers"], json!([["x-sum", "42"], ["x-odd", "\u{fffd}"]]));
    }
    stage.finish().await;
}

#[tokio::test]
async fn after_no_body() {
    let stage = Stage::start().await;
    for protocol in [H1, H2] {
        let request = Request::post_chunks("/", &[]).header("te", "trailers").trailer("x-digest", "none");
        let reply = Reply::chunks(&[]).trailer("x-sum", "0");
        let (exchange, _) = stage.check(Case::new("no body", protocol, request, reply.clone())).await;
        assert_eq!(exchange.answer.trailers, reply.trailers);
    }
    stage.finish().await;
}

/// What is hidden in headers is hidden in trailers, and Envoy's own are left out.
#[tokio::test]
async fn redacted_and_left_out() {
    let stage = Stage::with(Some(r#"{"redact":{"headers":["x-secret"]}}"#)).await;
    let request =
        Request::post_chunks("/", &[Bytes::from("in")]).trailer("x-secret", "s3cret").trailer("x-digest", "1");
    let reply = Reply::chunks(&[]).trailer("x-envoy-theirs", "1").trailer("x-secret", "s3cret");
    let (_, record) = stage
        .check_with(Case::new("hidden", H1, request, reply), |expected, _| {
            expected.request.trailers[0].1 = b"[redacted]".to_vec();
            expected.response.trailers = vec![(b"x-secret".to_vec(), b"[redacted]".to_vec())];
        })
        .await;
    assert!(!record.to_string().contains("s3cret"), "{record}");
    stage.finish().await;
}

#[tokio::test]
async fn not_wanted() {
    let stage = Stage::with(Some(r#"{"capture":{"trailers":false}}"#)).await;
    let request = Request::post_chunks("/", &[Bytes::from("in")]).trailer("x-digest", "1");
    let reply = Reply::chunks(&[Bytes::from("out")]).trailer("x-sum", "42");
    let without = |expected: &mut Expected, _: &Exchange| {
        expected.request.trailers.clear();
        expected.response.trailers.clear();
    };
    stage.check_with(Case::new("not wanted", H1, request, reply), without).await;
    stage.finish().await;
}
