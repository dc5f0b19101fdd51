//! HTTP/3. A completed exchange is logged when the client's acknowledgement came, after Envoy deleted the filter: none is lost for
//! that, and none is told twice.

use bytes::Bytes;
use http_trace_e2e::case::{Abort, Case};
use http_trace_e2e::client::Protocol::H3;
use http_trace_e2e::http3;
use http_trace_e2e::reply::{Finish, Reply};
use http_trace_e2e::request::{Framing, Request};
use http_trace_e2e::stage::Stage;

async fn stage() -> Stage {
    Stage::serving(None, |_| Reply::echo(), |given| http3::listen(&mut given.bootstrap)).await
}

#[tokio::test]
async fn completed() {
    let stage = stage().await;
    for (name, request, reply) in [
        ("GET", Request::get("/hello?a=1"), Reply::ok("hello")),
        ("HEAD", Request::new("HEAD", "/file"), Reply::ok("seven b")),
        ("POST", Request::post("/orders", "{}"), Reply::echo()),
        ("204", Request::new("DELETE", "/orders/1"), Reply::status(204)),
        ("to HTTP/2", Request::post("/h2/orders", "over h2"), Reply::echo()),
    ] {
        stage.check(Case::new(name, H3, request, reply)).await;
    }
    stage.finish().await;
}
