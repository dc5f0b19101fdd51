//! What APIClarity's server needs, as it was seen to behave: see the README's recipe.

use http_trace_e2e::case::Case;
use http_trace_e2e::client::Protocol::{self, H1, H2};
use http_trace_e2e::collector::Manner;
use http_trace_e2e::message::Message;
use http_trace_e2e::reply::{Finish, Reply};
use http_trace_e2e::request::Request;
use http_trace_e2e::rig::unused_id;
use http_trace_e2e::stage::Stage;
use http_trace_e2e::wait;
use serde_json::{Value, json};

use crate::collector::{balanced, traffic};

const CONFIGURATION: &str = r#"{"format":"apiclarity"}"#;

/// Sends an exchange; the only POST that comes of it.
async fn post_of(stage: &Stage, protocol: Protocol, request: Request, reply: Reply) -> Message {
    let request = Request { id: unused_id(), ..request };
    stage.check_traffic(&Case::new("one", protocol, request, reply)).await;
    wait::until("its record", || stage.collector.take().pop()).await.message
}

fn json_of(message: &Message) -> Value {
    serde_json::from_slice(&message.body).expect("a record is JSON")
}

fn body_of(record: &Value, side: &str) -> (String, bool) {
    let common = &record[side]["common"];
    (common["body"].as_str().expect("base64").to_owned(), common["TruncatedBody"].as_bool().expect("a flag"))
}

/// Its server answers 415 to lines, and an array does not fit its schema.
#[tokio::test]
async fn batches_are_refused() {
    for framing in ["ndjson", "array"] {
        let stage = Stage::start().await;
        let batches = format!(r#"{{"format":"apiclarity","batch":{{"max_records":8,"framing":"{framing}"}}}}"#);
        assert!(stage.reconfigure(&batches).await.is_err(), "{framing}");
        let log = stage.envoy.log();
        assert!(log.contains("batch.max_records: got 8, takes 1 with this format"), "{log}");
        stage.finish_refusing().await;
    }
}

/// It answers 500 to what it cannot read, and would again.
#[tokio::test]
async fn a_500_is_not_repeated() {
    let stage = Stage::with(Some(CONFIGURATION)).await;
    stage.collector.behave(Manner::Status(500));
    traffic(&stage, 5).await;
    wait::until("ten records to be dropped", || (stage.metric("dropped_rejected")? == 10).then_some(())).await;
    balanced(&stage, 10).await;
    assert_eq!((stage.collector.posts().len(), stage.metric("collector_down")), (10, Some(0)), "one attempt each");
    let log = stage.envoy.log();
    assert!(log.contains("POST /api/telemetry was answered with 500"), "{log}");
    stage.finish_lossy().await;
}

/// A part of a body is no JSON: it is left empty, and says that there was more.
#[tokio::test]
async fn a_body_that_is_not_whole_is_left_empty() {
    let stage = Stage::with(Some(CONFIGURATION)).await;
    let large = json!({ "text": "x".repeat(1_200_000) }).to_string();
    for protocol in [H1, H2] {
        let request = Request::post("/large", large.clone()).header("content-type", "application/json");
        let record = json_of(&post_of(&stage, protocol, request, Reply::echo()).await);
        for side in ["request", "response"] {
            assert_eq!(body_of(&record, side), (String::new(), true), "{side}");
        }
        let record = json_of(&post_of(&stage, protocol, Request::post("/small", "[1]"), Reply::echo()).await);
        assert_eq!(body_of(&record, "request"), ("WzFd".to_owned(), false));
    }
    stage.finish_lossy().await;
}

#[tokio::test]
async fn a_body_that_broke_off_is_left_empty() {
    let stage = Stage::with(Some(CONFIGURATION)).await;
    for protocol in [H1, H2] {
        let body = json!({ "text": "x".repeat(50_000) }).to_string();
        let reply = Reply::ok(body).header("content-type", "application/json").finish(Finish::ResetAfter(5_000));
        let record = json_of(&post_of(&stage, protocol, Request::get("/"), reply).await);
        let (body, truncated) = body_of(&record, "response");
        assert!(body.is_empty() && truncated, "{protocol:?}: {} digits of base64, {truncated}", body.len());
    }
    stage.finish_lossy().await;
}
