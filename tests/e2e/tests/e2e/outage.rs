//! A collector that fails for a while: nothing is lost while the queue has room, and what is lost is counted.

use std::collections::BTreeSet;
use std::time::Duration;

use http_trace_e2e::case::Case;
use http_trace_e2e::client::Protocol::H1;
use http_trace_e2e::collector::{Manner, Post};
use http_trace_e2e::outage::{self, Away, Scene};
use http_trace_e2e::reply::Reply;
use http_trace_e2e::request::Request;
use http_trace_e2e::stage::Stage;
use http_trace_e2e::wait;

use crate::collector::{balanced, traffic};

/// The default configuration, an outage of six seconds, 200 requests a second: nothing is lost, the collector is asked one
/// request at a time, and what waited arrives soon after.
#[tokio::test]
async fn away_at_a_steady_rate() {
    for away in [Away::Refused, Away::Unavailable, Away::Stalled] {
        let configuration = if away == Away::Stalled { r#"{"collector":{"timeout_ms":400}}"# } else { "{}" };
        let scene = Scene {
            configuration: Some(configuration),
            away,
            outage: Duration::from_secs(6),
            before: Duration::from_secs(1),
            // The longest pause that the outage has come to, a timeout, and the backlog.
            recovery: Duration::from_secs(15),
            rate: 200,
        };
        let outcome = outage::play(scene).await.unwrap_or_else(|error| panic!("{away:?}: {error}"));
        let sent: BTreeSet<&String> = outcome.sent.iter().flatten().map(|sent| &sent.id).collect();
        let arrived: BTreeSet<&String> = outcome.arrived.keys().collect();
        assert!(outcome.sent[1].len() > 300, "{} exchanges in 6 s are no load", outcome.sent[1].len());
        assert_eq!(arrived, sent, "{away:?}: {:?}", outcome.stats);
        assert_eq!((outcome.stat("exported"), outcome.stat("collector_down")), (sent.len() as u64, 0), "{away:?}");
        // Pauses of 0.1 to 0.2 s, 0.2 to 0.4 s and so on.
        assert!((2..=7).contains(&outcome.probes), "{away:?}: {} requests during the outage", outcome.probes);
        assert!(outcome.most_in_flight <= 1, "{away:?}: {} in flight", outcome.most_in_flight);
        let logged = ["does not take records", "takes records again after", "lost "].map(|text| outcome.logged(text));
        assert_eq!(logged, [1, 1, 0], "{away:?}: {}", outcome.log);
    }
}

/// Whole batches wait and arrive, each once.
#[tokio::test]
async fn away_with_batches() {
    let scene = Scene {
        configuration: Some(r#"{"batch":{"max_records":16}}"#),
        away: Away::Unavailable,
        outage: Duration::from_secs(2),
        before: Duration::from_secs(1),
        recovery: Duration::from_secs(10),
        rate: 200,
    };
    let outcome = outage::play(scene).await.expect("a backlog that goes");
    let sent: BTreeSet<&String> = outcome.sent.iter().flatten().map(|sent| &sent.id).collect();
    assert!(sent.iter().all(|id| outcome.arrived.get(*id) == Some(&1)), "{:?}", outcome.stats);
    assert!(outcome.arrived.len() == sent.len() && outcome.probes <= 5, "{} requests", outcome.probes);
}

/// No host at all: Envoy answers 503 itself, or does not take the request.
#[tokio::test]
async fn a_cluster_without_a_host() {
    for cluster in ["empty", "no_such_cluster"] {
        let stage = Stage::with(Some(&format!(r#"{{"collector":{{"cluster":"{cluster}"}}}}"#))).await;
        traffic(&stage, 10).await;
        wait::until("an outage", || (stage.metric("collector_down")? == 1).then_some(())).await;
        balanced(&stage, 20).await;
        assert_eq!((stage.metric("exported"), stage.metric("queued")), (Some(0), Some(20)), "{cluster}");
        assert!(stage.envoy.log().contains("the collector does not take records"), "{}", stage.envoy.log());
        stage.finish_lossy().await;
    }
}

#[tokio::test]
async fn retry_after_is_honoured() {
    let stage = Stage::with(Some(r#"{"retry":{"initial_backoff_ms":10}}"#)).await;
    stage.collector.behave(Manner::RetryAfter(429, 2));
    traffic(&stage, 1).await;
    wait::until("an answer", || (stage.metric("export_failures")? >= 1).then_some(())).await;
    stage.collector.behave(Manner::Accept);
    wait::until("both records", || (stage.metric("exported")? == 2).then_some(())).await;
    let posts = stage.collector.posts();
    let taken = posts.iter().position(|post| post.manner == Manner::Accept).expect("it was taken");
    let pause = posts[taken].at.duration_since(posts[0].at);
    assert!(pause >= Duration::from_millis(1900), "tried again after {pause:?}");
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

/// A status that is not retried ends an outage as well as an acknowledgement: the collector works.
#[tokio::test]
async fn a_refusal_ends_an_outage_and_the_log_names_it() {
    let stage = Stage::with(Some(r#"{"collector":{"path":"/wrong?token=s3cret"}}"#)).await;
    stage.collector.behave(Manner::Status(503));
    traffic(&stage, 5).await;
    wait::until("an outage", || (stage.metric("collector_down")? == 1).then_some(())).await;
    stage.collector.behave(Manner::Status(404));
    wait::until("all to be dropped", || (stage.metric("dropped_rejected")? == 10).then_some(())).await;
    balanced(&stage, 10).await;
    assert_eq!(stage.metric("collector_down"), Some(0));
    let log = stage.envoy.log();
    assert!(log.contains("POST /wrong was answered with 404)") && !log.contains("s3cret"), "{log}");
    stage.finish_lossy().await;
}

#[tokio::test]
async fn attempts_end() {
    let stage = Stage::with(Some(r#"{"retry":{"max_attempts":3,"initial_backoff_ms":10,"max_backoff_ms":20}}"#)).await;
    stage.collector.behave(Manner::Status(503));
    traffic(&stage, 1).await;
    wait::until("both to be given up", || (stage.metric("dropped_retries_exhausted")? == 2).then_some(())).await;
    let posts = stage.collector.posts().len();
    // One more if the second was in flight when the first one failed.
    assert!((6..=7).contains(&posts), "three attempts each: {posts}");
    balanced(&stage, 2).await;
    stage.finish_lossy().await;
}

/// Envoy makes a new root context, and asks the old one to go: its records wait for the collector, and it goes.
#[tokio::test]
async fn the_configuration_changes_while_the_collector_is_down() {
    let retry = r#""retry":{"initial_backoff_ms":50,"max_backoff_ms":200,"max_attempts":20}"#;
    let stage = Stage::with(Some(&format!("{{{retry}}}"))).await;
    stage.collector.behave(Manner::Status(503));
    traffic(&stage, 5).await;
    wait::until("an outage", || (stage.metric("collector_down")? == 1).then_some(())).await;
    stage.reconfigure(&format!(r#"{{{retry},"batch":{{"max_records":2}}}}"#)).await.expect("a new configuration");
    traffic(&stage, 5).await;
    stage.collector.behave(Manner::Accept);
    wait::until("all records", || (stage.metric("exported")? == 20).then_some(())).await;
    balanced(&stage, 20).await;
    assert_eq!(stage.metric("collector_down"), Some(0));
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
