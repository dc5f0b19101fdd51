//! A collector that takes a part of a request, and says so. The real one never does.

use http_trace_e2e::case::Case;
use http_trace_e2e::client::Protocol::H1;
use http_trace_e2e::collector::Manner;
use http_trace_e2e::reply::Reply;
use http_trace_e2e::request::Request;
use http_trace_e2e::stage::Stage;
use http_trace_e2e::wait;
use opentelemetry_proto::tonic::collector::logs::v1::{ExportLogsPartialSuccess, ExportLogsServiceResponse};
use prost::Message as _;
use serde_json::json;

/// An answer that refuses so many records.
fn refusing(rejected_log_records: i64, message: &str) -> Manner {
    let partial = ExportLogsPartialSuccess { rejected_log_records, error_message: message.to_owned() };
    let answer = ExportLogsServiceResponse { partial_success: Some(partial) };
    Manner::Answer(Vec::leak(answer.encode_to_vec()))
}

#[tokio::test]
async fn what_was_refused_is_counted() {
    for (rejected, message, dropped) in
        [(3, "no room for these", 3), (8, "no room at all", 8), (0, "a warning", 0), (99, "more than there were", 8)]
    {
        let configuration = json!({ "format": "otlp", "batch": { "max_records": 8, "linger_ms": 60_000 } });
        let stage = Stage::with(Some(&configuration.to_string())).await;
        stage.collector.behave(refusing(rejected, message));
        for at in 0..8 {
            let mut request = Request::get(&format!("/orders/{at}"));
            request.id = stage.id();
            stage.check_traffic(&Case::new("an order", H1, request, Reply::ok("x"))).await;
        }
        let counted = || {
            let [exported, rejected] = ["exported", "dropped_rejected"].map(|name| stage.metric(name));
            Some((exported?, rejected?)).filter(|(exported, rejected)| exported + rejected == 8)
        };
        let counted = wait::until("eight records to be counted", counted).await;
        assert_eq!(counted, (8 - dropped, dropped), "{message}");
        assert_eq!(stage.collector.posts().len(), 1, "none is sent again");
        stage.finish_lossy().await;
    }
}
