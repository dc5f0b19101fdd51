//! What the OpenTelemetry Collector answers when it, or what is behind it, is away.

use http_trace_e2e::case::Case;
use http_trace_e2e::client::Protocol::{H1, H2};
use http_trace_e2e::collector::Manner;
use http_trace_e2e::reply::Reply;
use http_trace_e2e::request::Request;
use http_trace_e2e::wait;
use serde_json::json;

use crate::pair::Pair;

async fn orders(pair: &Pair, count: usize) -> Vec<String> {
    let mut ids = Vec::new();
    for at in 0..count {
        for protocol in [H1, H2] {
            let request = Request::post(&format!("/orders/{at}"), "an order").header("content-type", "text/plain");
            ids.push(pair.send(Case::new("an order", protocol, request, Reply::echo())).await.0);
        }
    }
    ids
}

async fn failures(pair: &Pair) {
    wait::until("failures", || pair.stage.metric("export_failures").filter(|failures| *failures >= 3)).await;
}

/// It stops, and comes back: every record arrives, once.
#[tokio::test]
async fn the_collector_stops() {
    for max_records in [1, 64] {
        let options = json!({
            "batch": { "max_records": max_records },
            "retry": { "initial_backoff_ms": 50, "max_backoff_ms": 400, "max_attempts": 20 },
        });
        let mut pair = Pair::start(options, json!({}), |_| Reply::echo()).await;
        let mut ids = orders(&pair, 5).await;
        pair.otelcol.stop().await;
        ids.extend(orders(&pair, 20).await);
        failures(&pair).await;
        assert!(pair.logs().len() <= 10, "nobody took the others");
        pair.otelcol.restart().await;
        ids.extend(orders(&pair, 5).await);
        for id in ids {
            pair.compare("an order", &id).await;
        }
        pair.finish().await;
    }
}

/// The collector's backend is away: the collector says 503, and the filter tries again.
#[tokio::test]
async fn the_backend_is_away() {
    let options = json!({ "retry": { "initial_backoff_ms": 50, "max_backoff_ms": 400, "max_attempts": 20 } });
    let pair = Pair::start(options, json!({}), |_| Reply::echo()).await;
    pair.backend.behave(Manner::Status(503));
    let ids = orders(&pair, 5).await;
    failures(&pair).await;
    assert!(pair.logs().is_empty(), "the backend took none");
    pair.backend.behave(Manner::Accept);
    for id in ids {
        pair.compare("an order", &id).await;
    }
    pair.finish().await;
}

/// The backend refuses records for good, and the collector says so: the filter drops them, and counts them.
#[tokio::test]
async fn the_backend_refuses() {
    let pair = Pair::start(json!({}), json!({}), |_| Reply::echo()).await;
    pair.backend.behave(Manner::Status(400));
    orders(&pair, 5).await;
    wait::until("ten records to be refused", || (pair.stage.metric("dropped_rejected")? == 10).then_some(())).await;
    assert_eq!(pair.backend.posts().len(), 10, "one attempt each");
    pair.stage.finish_lossy().await;
}
