//! A collector that fails for a while: nothing is lost while the queue has room, and what is lost is counted.

use std::collections::BTreeSet;
use std::time::Duration;

use http_trace_e2e::case::Case;
use http_trace_e2e::client::Protocol::{H1, H2};
use http_trace_e2e::collector::{Manner, Post};
use http_trace_e2e::reply::Reply;
use http_trace_e2e::request::Request;
use http_trace_e2e::stage::Stage;
use http_trace_e2e::wait;
use tokio::time::Instant;

use crate::collector::{balanced, traffic};

#[tokio::test]
async fn down_for_five_seconds_under_load() {
    let stage =
        Stage::with(Some(r#"{"retry":{"max_attempts":50,"initial_backoff_ms":50,"max_backoff_ms":500}}"#)).await;
    stage.collector.stop().await;
    let start = Instant::now();
    let mut ids = BTreeSet::new();
    // A load worth the name, however slow the machine.
    while start.elapsed() < Duration::from_secs(5) || ids.len() < 60 {
        for protocol in [H1, H2] {
            let mut request = Request::post("/orders", "an order");
            request.id = stage.id();
            ids.insert(request.id.clone());
            let case = Case::new("during the outage", protocol, request, Reply::echo());
            assert_eq!(stage.check_traffic(&case).await.answer.status(), 200);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(stage.metric("exported"), Some(0));
    stage.collector.restart().expect("its port is reserved");
    let count = ids.len() as u64;
    wait::until("every record", || stage.metric("exported").filter(|exported| *exported == count)).await;
    balanced(&stage, count).await;
    let got: BTreeSet<String> = stage
        .collector
        .posts()
        .iter()
        .map(|post| post.json().expect("JSON")["request_id"].as_str().expect("text").to_owned())
        .collect();
    assert_eq!(got, ids);
    stage.finish().await;
}

#[tokio::test]
async fn retry_after_is_honoured() {
    let stage = Stage::with(Some(r#"{"retry":{"initial_backoff_ms":10}}"#)).await;
    stage.collector.behave(Manner::RetryAfter(429, 2));
    traffic(&stage, 1).await;
    wait::until("two answers", || (stage.metric("export_failures")? == 2).then_some(())).await;
    stage.collector.behave(Manner::Accept);
    wait::until("both records", || (stage.metric("exported")? == 2).then_some(())).await;
    let posts = stage.collector.posts();
    let first = posts.first().expect("a post").at;
    let retries = posts.iter().skip(2);
    assert!(posts.len() == 4, "each record twice: {}", posts.len());
    for retry in retries {
        let pause = retry.at.duration_since(first);
        assert!(pause >= Duration::from_millis(1900), "tried again after {pause:?}");
    }
    balanced(&stage, 2).await;
    stage.finish_lossy().await;
}

#[tokio::test]
async fn a_refused_record_is_not_tried_again() {
    let stage = Stage::with(Some(r#"{"retry":{"initial_backoff_ms":10}}"#)).await;
    stage.collector.behave(Manner::Status(400));
    traffic(&stage, 2).await;
    wait::until("four records to be dropped", || (stage.metric("dropped_rejected")? == 4).then_some(())).await;
    balanced(&stage, 4).await;
    assert_eq!(stage.collector.posts().len(), 4, "one attempt each");
    stage.finish_lossy().await;
}

#[tokio::test]
async fn attempts_end() {
    let stage = Stage::with(Some(r#"{"retry":{"max_attempts":3,"initial_backoff_ms":10,"max_backoff_ms":20}}"#)).await;
    stage.collector.behave(Manner::Status(503));
    traffic(&stage, 1).await;
    wait::until("both to be given up", || (stage.metric("dropped_retries_exhausted")? == 2).then_some(())).await;
    assert_eq!(stage.collector.posts().len(), 6, "three attempts each");
    balanced(&stage, 2).await;
    stage.finish_lossy().await;
}

#[tokio::test]
async fn a_full_queue_drops_by_policy_and_requests_in_flight_are_bounded() {
    for overflow in ["drop_oldest", "drop_newest"] {
        let configuration = format!(r#"{{"queue":{{"max_bytes":4096,"max_in_flight":1,"overflow":"{overflow}"}}}}"#);
        let stage = Stage::with(Some(&configuration)).await;
        stage.collector.behave(Manner::Hold);
        traffic(&stage, 20).await;
        balanced(&stage, 40).await;
        assert_eq!(stage.collector.posts().len(), 1, "one request in flight");
        stage.collector.behave(Manner::Accept);
        let accounted = || (stage.metric("queued")? == 0 && stage.metric("in_flight")? == 0).then_some(());
        wait::until("the queue to empty", accounted).await;
        balanced(&stage, 40).await;
        let dropped = stage.metric("dropped_queue_full").expect("a number");
        assert!(dropped > 20, "{dropped} dropped");
        let posts = stage.collector.posts();
        let number = |post: &Post| {
            let record = post.json().expect("JSON");
            let path = record["scnt_request"]["path"].as_str().expect("a path").strip_prefix("/orders/");
            path.and_then(|number| number.parse::<usize>().ok()).expect("a number")
        };
        let arrived: Vec<usize> = posts.iter().map(number).collect();
        // Each number twice, by HTTP/1.1 and HTTP/2; the first record was on its way before the queue was full.
        let sent: Vec<usize> = (0..40).map(|at| at / 2).collect();
        let left = match overflow {
            "drop_oldest" => [&sent[..1], &sent[sent.len() + 1 - arrived.len()..]].concat(),
            _ => sent[..arrived.len()].to_vec(),
        };
        assert_eq!(arrived, left, "{overflow}");
        stage.finish_lossy().await;
    }
}

#[tokio::test]
async fn a_record_whose_headers_are_larger_than_the_queue_is_counted() {
    let stage = Stage::with(Some(r#"{"queue":{"max_bytes":4096}}"#)).await;
    let mut request = Request::get("/large").header("x-large", "x".repeat(5_000));
    request.id = stage.id();
    stage.check_traffic(&Case::new("large", H1, request, Reply::ok("x"))).await;
    wait::until("it to be dropped", || (stage.metric("dropped_too_large")? == 1).then_some(())).await;
    balanced(&stage, 1).await;
    stage.finish_lossy().await;
}
