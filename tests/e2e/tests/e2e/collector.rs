//! Whatever the collector does, the traffic does not notice.

use http_trace_e2e::case::Case;
use http_trace_e2e::client::Protocol::{H1, H2};
use http_trace_e2e::collector::Manner;
use http_trace_e2e::reply::Reply;
use http_trace_e2e::request::Request;
use http_trace_e2e::rig::unused_id;
use http_trace_e2e::stage::Stage;
use http_trace_e2e::wait;

/// Sends exchanges whose records may never arrive, and compares the traffic.
pub(crate) async fn traffic(stage: &Stage, count: usize) {
    for at in 0..count {
        for protocol in [H1, H2] {
            let mut request = Request::post(&format!("/orders/{at}"), format!("order {at}"));
            request.id = unused_id();
            let case = Case::new(format!("order {at}"), protocol, request, Reply::echo());
            let exchange = stage.check_traffic(&case).await;
            assert_eq!(exchange.answer.status(), 200);
        }
    }
}

/// Waits until this many streams are accounted for, and nothing but them.
pub(crate) async fn balanced(stage: &Stage, streams: u64) {
    wait::until(format!("{streams} streams"), || (stage.metric("streams") >= Some(streams)).then_some(())).await;
    assert_eq!(stage.accounted().await, streams);
}

/// The traffic passes, whole, while the collector holds back its answers.
#[tokio::test]
async fn slow() {
    let stage = Stage::start().await;
    stage.collector.behave(Manner::Hold);
    for protocol in [H1, H2] {
        stage.check(Case::new("slow", protocol, Request::post("/", "x"), Reply::echo())).await;
    }
    balanced(&stage, 2).await;
    assert_eq!((stage.metric("exported"), stage.metric("in_flight")), (Some(0), Some(2)), "no answer yet");
    stage.collector.behave(Manner::Accept);
    wait::until("the answers", || (stage.metric("exported")? == 2).then_some(())).await;
    stage.finish().await;
}

/// The traffic passes, whole, while every request to the collector runs into its timeout.
#[tokio::test]
async fn too_slow() {
    let stage = Stage::with(Some(r#"{"collector":{"timeout_ms":50},"retry":{"initial_backoff_ms":10}}"#)).await;
    stage.collector.behave(Manner::Hold);
    for protocol in [H1, H2] {
        stage.check(Case::new("too slow", protocol, Request::post("/", "x"), Reply::echo())).await;
    }
    wait::until("timeouts", || stage.metric("export_failures").filter(|failures| *failures >= 2)).await;
    assert_eq!(stage.metric("exported"), Some(0), "the collector has not answered");
    balanced(&stage, 2).await;
    stage.collector.behave(Manner::Accept);
    stage.finish_lossy().await;
}

#[tokio::test]
async fn failing() {
    for manner in
        [Manner::Status(500), Manner::Status(400), Manner::Reset, Manner::CloseAfterHead, Manner::ResetMidBody]
    {
        let stage = Stage::start().await;
        stage.collector.behave(manner);
        traffic(&stage, 10).await;
        wait::until("failures to be counted", || stage.metric("export_failures").filter(|failures| *failures > 0))
            .await;
        assert_eq!(stage.metric("exported"), Some(0), "{manner:?} is no acknowledgement");
        balanced(&stage, 20).await;
        stage.finish_lossy().await;
    }
}

#[tokio::test]
async fn gone() {
    let stage = Stage::start().await;
    stage.check(Case::new("still there", H1, Request::get("/"), Reply::ok("x"))).await;
    stage.collector.stop().await;
    traffic(&stage, 10).await;
    wait::until("failures to be counted", || stage.metric("export_failures").filter(|failures| *failures > 0)).await;
    balanced(&stage, 21).await;
    stage.finish_lossy().await;
}

#[tokio::test]
async fn unknown_cluster() {
    let stage = Stage::with(Some(r#"{"collector":{"cluster":"no_such_cluster"}}"#)).await;
    traffic(&stage, 10).await;
    balanced(&stage, 20).await;
    assert_eq!(stage.metric("exported"), Some(0));
    stage.finish_lossy().await;
}
