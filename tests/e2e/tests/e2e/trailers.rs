//! Trailers pass, and are no headers of the record.

use bytes::Bytes;
use http_trace_e2e::case::Case;
use http_trace_e2e::client::Protocol::{H1, H2};
use http_trace_e2e::reply::Reply;
use http_trace_e2e::request::Request;
use http_trace_e2e::stage::Stage;

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
        assert!(!record.to_string().contains("x-digest") && !record.to_string().contains("x-sum"), "{record}");
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
