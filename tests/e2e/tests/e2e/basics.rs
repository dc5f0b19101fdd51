//! Plain requests and responses, and the statuses that have no body.

use http_trace_e2e::case::Case;
use http_trace_e2e::client::Protocol::{H1, H2};
use http_trace_e2e::reply::Reply;
use http_trace_e2e::request::Request;
use http_trace_e2e::stage::Stage;

/// Checks the same exchange over HTTP/1.1 and HTTP/2.
async fn both(stage: &Stage, name: &str, request: Request, reply: Reply, status: u16) {
    for protocol in [H1, H2] {
        let case = Case::new(format!("{name} over {}", protocol.name()), protocol, request.clone(), reply.clone());
        let (exchange, _) = stage.check(case).await;
        assert_eq!(exchange.answer.status(), status, "{name}");
    }
}

#[tokio::test]
async fn get_and_post() {
    let stage = Stage::start().await;
    let reply = Reply::ok("hello").header("content-type", "text/plain");
    both(&stage, "GET", Request::get("/hello?a=1&b=2"), reply, 200).await;
    let request = Request::post("/orders", r#"{"a":1}"#).header("content-type", "application/json");
    both(&stage, "POST", request, Reply::echo(), 200).await;
    for method in ["PUT", "PATCH", "DELETE", "OPTIONS"] {
        let request = Request { method: method.into(), ..Request::post("/orders/1", "x") };
        both(&stage, method, request, Reply::echo(), 200).await;
    }
    both(&stage, "to an HTTP/2 upstream", Request::post("/h2/orders", "over h2"), Reply::echo(), 200).await;
    stage.finish().await;
}

#[tokio::test]
async fn empty_bodies() {
    let stage = Stage::start().await;
    both(&stage, "POST of nothing, by length", Request::post("/", ""), Reply::echo(), 200).await;
    both(&stage, "POST of nothing, in chunks", Request::post_chunks("/", &[]), Reply::chunks(&[]), 200).await;
    // hyper's HTTP/2 client would add a length.
    stage.check(Case::new("POST without a body", H1, Request::new("POST", "/"), Reply::ok(""))).await;
    stage.finish().await;
}

#[tokio::test]
async fn head_has_no_body() {
    let stage = Stage::start().await;
    let request = Request::new("HEAD", "/file");
    both(&stage, "HEAD", request.clone(), Reply::ok("seven b").header("etag", "\"1\""), 200).await;
    both(&stage, "HEAD of nothing", request, Reply::status(404).with_body(""), 404).await;
    stage.finish().await;
}

#[tokio::test]
async fn statuses_without_a_body() {
    let stage = Stage::start().await;
    both(&stage, "204", Request::new("DELETE", "/orders/1"), Reply::status(204), 204).await;
    let request = Request::get("/file").header("if-none-match", "\"1\"");
    both(&stage, "304", request, Reply::status(304).header("etag", "\"1\""), 304).await;
    stage.finish().await;
}

#[tokio::test]
async fn errors_and_redirects_of_the_upstream() {
    let stage = Stage::start().await;
    for status in [301, 302, 307, 308] {
        let reply = Reply::status(status).header("location", "http://shop.test/elsewhere?a=\"b\"").with_body("moved");
        both(&stage, "a redirect", Request::get("/old"), reply, status).await;
    }
    for status in [400, 401, 404, 429, 500, 502, 503, 599] {
        let reply = Reply::status(status).header("content-type", "application/json").with_body("{\"error\":true}");
        both(&stage, "an error", Request::post("/orders", "{}"), reply, status).await;
    }
    stage.finish().await;
}

#[tokio::test]
async fn expect_100_continue() {
    let stage = Stage::start().await;
    let request = Request::post("/upload", "the body that waited").header("expect", "100-continue");
    let case = Case::new("100-continue", H1, request, Reply::echo());
    // Envoy answers the expectation itself, and the filter sees the request without it.
    let (exchange, _) = stage.check_with(case, |expected, _| expected.drop_request_header("expect")).await;
    assert_eq!(exchange.answer.interim, ["HTTP/1.1 100 Continue"]);
    stage.finish().await;
}
