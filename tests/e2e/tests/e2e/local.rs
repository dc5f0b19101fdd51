//! What Envoy answers itself.

use http_trace_e2e::bootstrap::{LOCAL_BODY, NOWHERE};
use http_trace_e2e::case::Case;
use http_trace_e2e::client::Protocol::{H1, H2};
use http_trace_e2e::reply::Reply;
use http_trace_e2e::request::Request;
use http_trace_e2e::stage::Stage;

#[tokio::test]
async fn direct_response_redirect_and_no_route() {
    let stage = Stage::start().await;
    for protocol in [H1, H2] {
        let requests = [
            (Request::get("/local/\"b\"?a=\\"), 200),
            (Request::new("HEAD", "/local"), 200),
            (Request::get("/redirect-by-envoy?x=1"), 301),
            (Request::get("/").host(NOWHERE), 404),
        ];
        for (request, status) in requests {
            let name = request.target.escape_ascii().to_string();
            let case = Case::new(name, protocol, request.header("x-a", "1"), Reply::ok("never asked"));
            let (exchange, record) = stage.check(case).await;
            assert_eq!((exchange.answer.status(), exchange.seen), (status, None));
            assert_eq!(record["scnt_response"]["status_code"], status.to_string());
        }
    }
    let case = Case::new("body", H1, Request::get("/local"), Reply::ok("never asked"));
    assert_eq!(stage.check(case).await.0.answer.body, LOCAL_BODY.as_bytes());
    stage.finish().await;
}

#[tokio::test]
async fn with_a_request_body() {
    let stage = Stage::start().await;
    for protocol in [H1, H2] {
        for target in ["/local", "/empty-cluster"] {
            let case = Case::new(target, protocol, Request::post(target, "sent in vain"), Reply::ok("never asked"));
            // Envoy answers at the headers, and its filters never see the body.
            let (_, record) = stage.check(case).await;
            assert_eq!(record["scnt_request"]["body"], "");
        }
    }
    stage.finish().await;
}
