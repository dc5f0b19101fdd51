//! gRPC: its status is where the conventions want it.

use bytes::Bytes;
use http_trace_e2e::case::Case;
use http_trace_e2e::client::Protocol::{H1, H2};
use http_trace_e2e::reply::Reply;
use http_trace_e2e::request::Request;
use serde_json::json;

use crate::pair::Pair;

const MESSAGE: Bytes = Bytes::from_static(&[0, 0, 0, 0, 2, 8, 42]);

fn call() -> Request {
    Request::post_chunks("/h2/shop.Orders/Get", &[MESSAGE])
        .header("content-type", "application/grpc")
        .header("te", "trailers")
}

fn answer(status: &str) -> Reply {
    Reply::chunks(&[MESSAGE]).header("content-type", "application/grpc").trailer("grpc-status", status)
}

#[tokio::test]
async fn status_in_trailers() {
    let pair = Pair::start(json!({}), json!({}), |_| Reply::ok("x")).await;
    for (status, name) in [("0", "OK"), ("5", "NOT_FOUND"), ("16", "UNAUTHENTICATED"), ("77", "77")] {
        let reply = answer(status).trailer("grpc-message", "said");
        let (exchange, log) = pair.check(Case::new(name, H2, call(), reply)).await;
        assert_eq!(exchange.answer.trailers[0], (b"grpc-status".to_vec(), status.into()));
        assert_eq!(log.text("rpc.response.status_code"), Some(name));
    }
    pair.finish().await;
}

/// An error at once comes without a body: Envoy shows its trailers as headers.
#[tokio::test]
async fn status_in_trailers_only() {
    let pair = Pair::start(json!({}), json!({}), |_| Reply::ok("x")).await;
    let reply = Reply::status(200).header("content-type", "application/grpc").header("grpc-status", "7");
    let (_, log) = pair.check(Case::new("refused", H2, call(), reply)).await;
    assert_eq!(log.text("rpc.response.status_code"), Some("PERMISSION_DENIED"));
    // Envoy's own answer to a call.
    let request = Request { target: b"/empty-cluster".to_vec(), ..call() };
    let (exchange, log) = pair.check(Case::new("no upstream", H2, request, Reply::ok("never"))).await;
    assert_eq!(exchange.answer.header("grpc-status"), Some(&b"14"[..]));
    assert_eq!(log.text("rpc.response.status_code"), Some("UNAVAILABLE"));
    pair.finish().await;
}

/// Trailers of other protocols have no place in the conventions.
#[tokio::test]
async fn other_trailers() {
    let pair = Pair::start(json!({}), json!({}), |_| Reply::ok("x")).await;
    for protocol in [H1, H2] {
        let request = Request::post_chunks("/", &[MESSAGE]).header("te", "trailers").trailer("x-digest", "1");
        let reply = Reply::chunks(&[MESSAGE]).trailer("x-sum", "42");
        let (_, log) = pair.check(Case::new("trailers", protocol, request, reply)).await;
        assert_eq!(log.text("rpc.response.status_code"), None);
    }
    pair.finish().await;
}
