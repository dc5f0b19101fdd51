//! A stalled collector under large bodies: the worker's memory stays bounded, and records flow again afterwards.

use http_trace_e2e::case::Case;
use http_trace_e2e::client::Protocol::H1;
use http_trace_e2e::collector::Manner;
use http_trace_e2e::reply::Reply;
use http_trace_e2e::request::Request;
use http_trace_e2e::rig::unused_id;
use http_trace_e2e::stage::Stage;
use http_trace_e2e::wait;

const STREAMS: usize = 50;

/// Beside the budget, and whatever it is: the buffer in which one record is encoded, the module's own memory, Envoy's
/// connections to the collector, and what both allocators lose. Measured: 14 to 42 MB with budgets of 8 to 96 MiB, the most on
/// a machine whose two cores were busy with builds.
const OVERHEAD: u64 = 48 << 20;

/// Sends this many exchanges of 1 MB each way at a time, to one listener.
async fn round(stage: &Stage, filtered: bool) {
    let to = if filtered { stage.envoy.filtered() } else { stage.envoy.plain() };
    let sent = (0..STREAMS).map(|_| async move {
        let mut request = Request::post("/large", vec![b'x'; 1_000_000]);
        request.id = unused_id();
        let case = Case::new("large", H1, request, Reply::echo());
        stage.exchange(&case, to).await.map(|exchange| exchange.answer.status())
    });
    let statuses = futures_util::future::join_all(sent).await;
    assert!(statuses.iter().all(|status| matches!(status, Ok(200))), "{statuses:?}");
}

/// Envoy's memory as its allocator counts it, with what V8 maps for the wasm: the resident set.
fn resident(stage: &Stage) -> u64 {
    stage.envoy.resident().expect("/proc tells")
}

#[tokio::test]
async fn stays_within_its_budget() {
    for budget in [8 << 20, 64 << 20] {
        within(budget).await;
    }
}

async fn within(budget: u64) {
    let configuration = format!(
        r#"{{"memory":{{"max_bytes":{budget}}},"queue":{{"max_bytes":{budget}}},"collector":{{"timeout_ms":600000}}}}"#
    );
    let stage = Stage::with(Some(&configuration)).await;
    // What Envoy itself needs for this traffic.
    let mut before = 0;
    for _ in 0..3 {
        round(&stage, false).await;
        before = before.max(resident(&stage));
    }
    stage.collector.behave(Manner::Hold);
    let mut most = 0;
    for _ in 0..8 {
        round(&stage, true).await;
        most = most.max(resident(&stage));
        let held: u64 = ["captured_bytes", "queued_bytes"].iter().filter_map(|name| stage.metric(name)).sum();
        assert!(held <= budget, "{held} bytes held");
    }
    let grown = most.saturating_sub(before);
    println!("budget {budget}: resident {before} bytes before, {most} at most with a stalled collector: {grown} more");
    assert!(grown <= budget + OVERHEAD, "{grown} bytes more than without the filter; the budget is {budget}");
    assert!(stage.metric("bodies_truncated") > Some(0) || stage.metric("dropped_queue_full") > Some(0));
    stage.collector.behave(Manner::Accept);
    let idle = || (stage.metric("queued")? == 0 && stage.metric("in_flight")? == 0).then_some(());
    wait::until("the queue to empty", idle).await;
    let exported = stage.metric("exported");
    round(&stage, true).await;
    wait::until("records to flow again", || (stage.metric("exported") > exported).then_some(())).await;
    // Which also waits until nothing is captured any more.
    stage.finish_lossy().await;
}
