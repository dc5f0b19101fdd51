//! The status is what the client was sent, also when a filter in front replaced the upstream's answer.

use http_trace_e2e::bootstrap::{in_front, lua};
use http_trace_e2e::case::Case;
use http_trace_e2e::client::Protocol::{H1, H2};
use http_trace_e2e::reply::Reply;
use http_trace_e2e::request::Request;
use http_trace_e2e::stage::Stage;
use http_trace_e2e::wait;
use serde_json::json;

async fn start(code: &str) -> Stage {
    Stage::serving(None, |_| Reply::echo(), |given| in_front(&mut given.bootstrap, &lua(code))).await
}

#[tokio::test]
async fn replaced_in_front() {
    let stage = start(r#"function envoy_on_response(handle) handle:headers():replace(":status", "403") end"#).await;
    for protocol in [H1, H2] {
        for (request, reply) in [
            (Request::get("/page"), Reply::ok("a page")),
            (Request::post("/orders", "{}"), Reply::status(503).with_body("down")),
            (Request::get("/local"), Reply::ok("never asked")),
        ] {
            let (exchange, record) = stage.check(Case::new("replaced", protocol, request, reply)).await;
            assert_eq!(exchange.answer.status(), 403);
            assert_eq!(record["scnt_response"]["status_code"], "403");
        }
    }
    stage.finish().await;
}

/// The filter sees 200 and the beginning of a body that a filter in front gathers until it has too much.
#[tokio::test]
async fn a_body_too_large_for_a_filter_in_front() {
    let stage = start("function envoy_on_response(handle) handle:body() end").await;
    // Over HTTP/2 the limit is the stream's window, 16 MB.
    let request = Request { id: stage.id(), ..Request::get("/large") };
    let id = request.id.clone();
    let case = Case::new("buffered", H1, request, Reply::ok(vec![b'x'; 3_000_000]).header("x-head", "1"));
    let exchange = stage.check_traffic(&case).await;
    assert_eq!(exchange.answer.status(), 500);
    let post = wait::until("the record", || stage.collector.record("request_id", &id)).await;
    let record = post.json().expect("JSON");
    assert_eq!(record["scnt_response"]["status_code"], "500", "{:?}", record["scnt_response"]["headers"]);
    // Headers and body are those that the filter saw.
    assert_eq!(record["scnt_response"]["headers"][0], json!(["x-head", "1"]));
    assert_eq!(record["scnt_response"]["truncated_body"], true);
    stage.finish().await;
}
