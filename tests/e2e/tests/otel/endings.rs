//! Exchanges that do not end well, and what Envoy answers itself.

use http_trace_e2e::bootstrap::NOWHERE;
use http_trace_e2e::case::{Abort, Case};
use http_trace_e2e::client::Protocol::{H1, H2};
use http_trace_e2e::reply::{Finish, Reply};
use http_trace_e2e::request::{Framing, Request};
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use serde_json::json;

use crate::log::Log;
use crate::pair::Pair;

/// Which bodies are not whole.
fn truncated(log: &Log) -> [bool; 2] {
    ["request", "response"].map(|side| log.attributes.contains_key(&format!("http_trace_filter.{side}.body.truncated")))
}

#[tokio::test]
async fn every_class_of_status() {
    let pair = Pair::start(json!({}), json!({}), |_| Reply::ok("x")).await;
    for protocol in [H1, H2] {
        for (status, severity, error) in
            [(200, "INFO", None), (302, "INFO", None), (404, "INFO", None), (500, "ERROR", Some("500"))]
        {
            let reply = Reply::status(status).with_body("said");
            let (_, log) = pair.check(Case::new("a status", protocol, Request::get("/"), reply)).await;
            assert_eq!((&*log.record.severity_text, log.text("error.type")), (severity, error), "{status}");
        }
    }
    pair.finish().await;
}

#[tokio::test]
async fn resets_of_the_upstream() {
    let pair = Pair::start(json!({}), json!({}), |_| Reply::ok("x")).await;
    for protocol in [H1, H2] {
        for target in ["/", "/h2/"] {
            let reply = Reply::ok("never sent").finish(Finish::ResetUnanswered);
            let case = Case::new("unanswered", protocol, Request::post(target, "sent"), reply);
            let (_, log) = pair.check(case).await;
            assert_eq!(log.text("error.type"), Some("503"));
            let reply = Reply::ok(vec![b'd'; 50_000]).header("content-type", "text/plain");
            let case = Case::new("mid body", protocol, Request::get(target), reply.finish(Finish::ResetAfter(5000)));
            let (_, log) = pair.check(case).await;
            assert_eq!((truncated(&log), log.text("error.type")), ([false, true], None));
        }
        let reply = Reply::ok("never sent").finish(Finish::HangUnanswered);
        let (_, log) = pair.check(Case::new("timeout", protocol, Request::post("/timeout", "sent"), reply)).await;
        assert_eq!(log.text("error.type"), Some("504"));
    }
    pair.finish().await;
}

#[tokio::test]
async fn clients_that_leave() {
    let pair = Pair::start(json!({}), json!({}), |_| Reply::ok("x")).await;
    for protocol in [H1, H2] {
        let request = Request { framing: Framing::Chunked, ..Request::post("/upload", vec![b'u'; 100_000]) };
        let case = Case::new("mid request", protocol, request, Reply::ok("never sent"));
        let (_, log) = pair.check(case.abort(Abort::UpstreamHas(5000))).await;
        assert_eq!((truncated(&log), log.text("error.type")), ([true, false], Some("_OTHER")));
        assert!(!log.attributes.contains_key("http.response.status_code"), "{log:?}");

        let reply = Reply::ok("never sent").finish(Finish::HangUnanswered);
        let case = Case::new("waiting", protocol, Request::post("/slow", "whole"), reply);
        let (_, log) = pair.check(case.abort(Abort::UpstreamHas(5))).await;
        assert_eq!((truncated(&log), &*log.record.severity_text), ([false, false], "ERROR"));

        let reply = Reply::ok(vec![b'd'; 100_000]).finish(Finish::HangAfter(5000));
        let case = Case::new("mid response", protocol, Request::get("/download"), reply);
        let (_, log) = pair.check(case.abort(Abort::ClientHas(5000))).await;
        assert_eq!(truncated(&log), [false, true]);
        assert_eq!(log.attributes["http.response.body.content"], Value::BytesValue(vec![b'd'; 5000]));
    }
    pair.finish().await;
}

#[tokio::test]
async fn answers_of_envoy_itself() {
    let pair = Pair::start(json!({}), json!({}), |_| Reply::ok("x")).await;
    for protocol in [H1, H2] {
        for (request, status) in [
            (Request::get("/local/a?b=c"), 200),
            (Request::post("/local", "sent in vain"), 200),
            (Request::get("/redirect-by-envoy"), 301),
            (Request::get("/").host(NOWHERE), 404),
            (Request::get("/empty-cluster"), 503),
            (Request::get("/refused"), 503),
        ] {
            let case = Case::new(request.target.escape_ascii().to_string(), protocol, request, Reply::ok("never"));
            let (exchange, log) = pair.check(case).await;
            assert_eq!((exchange.answer.status(), exchange.seen), (status, None));
            assert_eq!(log.attributes["http.response.status_code"], Value::IntValue(status.into()));
        }
    }
    pair.finish().await;
}
