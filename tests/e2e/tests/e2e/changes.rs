//! The configuration changes and listeners are drained while records wait: none is lost.

use http_trace_e2e::case::Case;
use http_trace_e2e::client::Protocol::{self, H1, H2};
use http_trace_e2e::collector::Manner;
use http_trace_e2e::reply::Reply;
use http_trace_e2e::request::Request;
use http_trace_e2e::stage::Stage;
use http_trace_e2e::wait;
use serde_json::json;

/// Sends an exchange of which there must be a record at the end.
async fn exchange(stage: &Stage, protocol: Protocol) {
    let mut request = Request::post("/orders", "an order");
    request.id = stage.id();
    let case = Case::new("recorded", protocol, request, Reply::echo());
    assert_eq!(stage.check_traffic(&case).await.answer.status(), 200);
}

async fn five_of_each(stage: &Stage) {
    for _ in 0..5 {
        exchange(stage, H1).await;
        exchange(stage, H2).await;
    }
}

/// Envoy makes a new root context and ends the old one, whose records are in flight or still queued.
#[tokio::test]
async fn of_the_configuration_with_requests_in_flight() {
    let stage = Stage::with(Some(r#"{"queue":{"max_in_flight":3}}"#)).await;
    stage.collector.behave(Manner::Hold);
    five_of_each(&stage).await;
    let waiting = || (stage.metric("in_flight")? == 3 && stage.metric("queued")? == 7).then_some(());
    wait::until("three requests in flight, and seven records that wait", waiting).await;
    stage.reconfigure(r#"{"format":"apiclarity"}"#).await.expect("a new configuration");
    stage.collector.behave(Manner::Accept);
    five_of_each(&stage).await;
    wait::until("every record", || (stage.metric("exported")? == 20).then_some(())).await;
    let posts = stage.collector.posts();
    let to = |path: &str| posts.iter().filter(|post| post.message.start.starts_with(path.as_bytes())).count();
    assert_eq!((to("POST /publish "), to("POST /api/telemetry ")), (10, 10));
    stage.finish().await;
}

/// A configuration that is refused leaves the one that works.
#[tokio::test]
async fn to_a_bad_configuration() {
    let stage = Stage::start().await;
    exchange(&stage, H1).await;
    let refused = stage.reconfigure(r#"{"formt":"apiclarity"}"#).await;
    assert!(refused.is_err_and(|error| error.to_string().starts_with("Envoy refuses ")));
    exchange(&stage, H2).await;
    wait::until("both records", || (stage.metric("exported")? == 2).then_some(())).await;
    let log = stage.envoy.log();
    assert!(log.contains("formt: unknown field"), "the log names the field:\n{log}");
    stage.finish_refusing().await;
}

/// Envoy hands a `Struct` over as the bytes of its protobuf message, whatever its documentation says.
#[tokio::test]
async fn to_a_struct() {
    let stage = Stage::start().await;
    exchange(&stage, H1).await;
    let value = json!({ "format": "apiclarity" });
    let configuration = json!({ "@type": "type.googleapis.com/google.protobuf.Struct", "value": value });
    let refused = stage.reconfigure_by(|plugin| plugin["configuration"] = configuration).await;
    assert!(refused.is_err_and(|error| error.to_string().starts_with("Envoy refuses ")));
    exchange(&stage, H2).await;
    wait::until("both records", || (stage.metric("exported")? == 2).then_some(())).await;
    let log = stage.envoy.log();
    let line = log.lines().find(|line| line.contains("configuration refused")).expect("a line about it");
    assert!(line.contains("google.protobuf.StringValue") && line.contains("Struct"), "{line}");
    stage.finish_refusing().await;
}

/// What Istio's agent does before a pod ends.
#[tokio::test]
async fn of_listeners_that_are_drained() {
    for how in ["/drain_listeners", "/drain_listeners?graceful&skip_exit"] {
        let stage = Stage::with(Some(r#"{"queue":{"max_in_flight":3}}"#)).await;
        stage.collector.behave(Manner::Hold);
        five_of_each(&stage).await;
        stage.envoy.admin().post(how).expect("Envoy drains");
        stage.collector.behave(Manner::Accept);
        wait::until(how, || (stage.metric("exported")? == 10).then_some(())).await;
        stage.finish().await;
    }
}
