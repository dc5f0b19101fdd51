//! Whole requests: the resource, the scope, and records in number.

use super::{Exchange, attributes};
use http_trace_filter::{
    config::Config,
    delivery::{Batch, Exporter},
    format::{envelope::Envelope, otlp::answer::partial_success},
};
use opentelemetry_proto::tonic::{
    collector::logs::v1::{ExportLogsPartialSuccess, ExportLogsServiceRequest, ExportLogsServiceResponse},
    logs::v1::LogRecord,
};
use prost::Message;
use serde_json::json;
use std::time::Duration;

const NOW: Duration = Duration::from_secs(1_000);

fn exporter(configuration: &str, node: impl Fn(&str) -> Vec<u8>) -> Exporter {
    let config = Config::parse(configuration.as_bytes()).expect("a valid configuration");
    let (framing, max_records) = (config.batch.framing, config.batch.max_records);
    let envelope = Envelope::new(config.format, framing, max_records, &config.otlp.resource, node);
    assert_eq!(envelope.content_type, "application/x-protobuf");
    Exporter::new(envelope, config.batch, config.queue, config.retry)
}

fn decode(batch: &Batch) -> ExportLogsServiceRequest {
    let request = ExportLogsServiceRequest::decode(batch.body.as_slice()).expect("a request");
    assert_eq!(request.encoded_len(), batch.body.len());
    request
}

/// The resource of a request as the node's metadata and the configuration give it.
fn resource(configuration: &str, node: &[(&str, &str)]) -> serde_json::Value {
    let look = |place: &str| {
        let found = node.iter().find(|(known, _)| *known == place);
        found.map(|(_, value)| value.as_bytes().to_vec()).unwrap_or_default()
    };
    let mut exporter = exporter(configuration, look);
    exporter.enqueue(Exchange::of(&[]).encode(), usize::MAX, NOW);
    let request = decode(&exporter.next(NOW, usize::MAX).expect("a request"));
    let resource = request.resource_logs[0].resource.as_ref().expect("a resource");
    json!(attributes(&resource.attributes))
}

#[test]
fn one_record_is_a_request_too() {
    let mut exporter = exporter(r#"{"format":"otlp"}"#, |_| Vec::new());
    let exchange = Exchange::of(&[(":path", "/")]);
    exporter.enqueue(exchange.encode(), usize::MAX, NOW);
    let request = decode(&exporter.next(NOW, usize::MAX).expect("a request"));
    let [of_resource] = request.resource_logs.as_slice() else { panic!("{request:?}") };
    let [of_scope] = of_resource.scope_logs.as_slice() else { panic!("{request:?}") };
    let scope = of_scope.scope.as_ref().expect("a scope");
    assert_eq!((scope.name.as_str(), scope.version.as_str()), ("http-trace-filter", env!("CARGO_PKG_VERSION")));
    assert_eq!(of_resource.schema_url, "https://opentelemetry.io/schemas/1.44.0");
    assert_eq!(of_scope.log_records, [exchange.record()]);
}

#[test]
fn the_resource_is_what_the_node_says() {
    const OTLP: &str = r#"{"format":"otlp"}"#;
    assert_eq!(resource(OTLP, &[]), json!({ "service.name": "envoy" }));
    let plain = [("id", "node-1"), ("cluster", "edge")];
    assert_eq!(resource(OTLP, &plain), json!({ "service.name": "edge", "service.instance.id": "node-1" }));
    let istio = [
        ("id", "sidecar~10.0.0.7~orders-1.sock-shop~sock-shop.svc.cluster.local"),
        ("cluster", "orders.sock-shop"),
        ("metadata\0NAME", "orders-1"),
        ("metadata\0NAMESPACE", "sock-shop"),
        ("metadata\0WORKLOAD_NAME", "orders-workload"),
        ("metadata\0CLUSTER_ID", "Kubernetes"),
        ("metadata\0NODE_NAME", "worker-3"),
    ];
    let expected = json!({
        "service.name": "orders-workload",
        "service.instance.id": "sidecar~10.0.0.7~orders-1.sock-shop~sock-shop.svc.cluster.local",
        "k8s.namespace.name": "sock-shop", "k8s.pod.name": "orders-1", "k8s.node.name": "worker-3",
        "k8s.cluster.name": "Kubernetes"
    });
    assert_eq!(resource(OTLP, &istio), expected);
    let labelled = [&istio[..], &[("metadata\0LABELS\0service.istio.io/canonical-name", "orders")]].concat();
    assert_eq!(resource(OTLP, &labelled)["service.name"], "orders");
}

#[test]
fn the_configuration_s_resource_wins() {
    let configuration =
        r#"{"format":"otlp","otlp":{"resource":{"service.name":"mine","k8s.pod.name":"p","team":"ä"}}}"#;
    let node = [("id", "node-1"), ("cluster", "edge"), ("metadata\0NAME", "q"), ("metadata\0WORKLOAD_NAME", "w")];
    let expected = json!({ "service.name": "mine", "k8s.pod.name": "p", "team": "ä", "service.instance.id": "node-1" });
    assert_eq!(resource(configuration, &node), expected);
}

#[test]
fn a_request_is_as_large_as_its_bound_allows() {
    // One byte more or less at each place where a length gets a digit more.
    for size in (100..130).chain(3_200..3_280) {
        let mut exporter =
            exporter(r#"{"format":"otlp","batch":{"max_records":5,"max_bytes":100000}}"#, |_| Vec::new());
        let record = LogRecord { event_name: "x".repeat(size), ..LogRecord::default() };
        (0..5).for_each(|_| exporter.enqueue(record.encode_to_vec(), usize::MAX, NOW));
        let request = decode(&exporter.next(NOW, usize::MAX).expect("a request"));
        assert_eq!(request.resource_logs[0].scope_logs[0].log_records, vec![record; 5]);
    }
}

/// The batch that a bound of so many bytes lets through, of records with 100 bytes each.
fn bounded(max_bytes: usize, records: usize) -> (u64, usize) {
    let configuration = format!(r#"{{"format":"otlp","batch":{{"max_records":1000,"max_bytes":{max_bytes}}}}}"#);
    let mut exporter = exporter(&configuration, |_| Vec::new());
    let record = LogRecord { event_name: "x".repeat(98), ..LogRecord::default() }.encode_to_vec();
    (0..records).for_each(|_| exporter.enqueue(record.clone(), usize::MAX, NOW));
    exporter.drain(NOW);
    let batch = exporter.next(NOW, usize::MAX).expect("a batch");
    assert_eq!(decode(&batch).resource_logs[0].scope_logs[0].log_records.len() as u64, batch.records());
    (batch.records(), batch.body.len())
}

#[test]
fn a_batch_never_is_larger_than_its_bound_and_one_more_would_be() {
    let (all, size) = bounded(1 << 20, 20);
    assert_eq!(all, 20);
    assert_eq!(bounded(size, 20), (20, size), "exactly as large as the bound");
    let (fewer, smaller) = bounded(size - 1, 20);
    assert_eq!(fewer, 19);
    assert!(size - smaller >= 102, "{smaller} of {size} bytes");
    for max_bytes in (1024..3000).step_by(7) {
        let (records, size) = bounded(max_bytes, 40);
        assert!(size <= max_bytes, "{size} of {max_bytes} bytes");
        // A record takes two bytes more than its own, and a length may get a digit more.
        assert!(size + 102 + 2 > max_bytes || records == 40, "{records} records, {size} of {max_bytes} bytes");
    }
}

#[test]
fn a_record_larger_than_the_bound_goes_alone() {
    let mut exporter = exporter(r#"{"format":"otlp","batch":{"max_records":9,"max_bytes":1024}}"#, |_| Vec::new());
    let record = LogRecord { event_name: "x".repeat(5_000), ..LogRecord::default() };
    (0..2).for_each(|_| exporter.enqueue(record.encode_to_vec(), usize::MAX, NOW));
    let request = decode(&exporter.next(NOW, usize::MAX).expect("a request"));
    assert_eq!(request.resource_logs[0].scope_logs[0].log_records, [record]);
}

#[test]
fn a_partial_success_is_read() {
    let said = |rejected_log_records, error_message: &str| {
        let partial = ExportLogsPartialSuccess { rejected_log_records, error_message: error_message.to_owned() };
        let answer = ExportLogsServiceResponse { partial_success: Some(partial) }.encode_to_vec();
        let (rejected, said) = partial_success(&answer);
        (rejected, String::from_utf8_lossy(said).into_owned())
    };
    assert_eq!(said(3, "too old"), (3, "too old".to_owned()));
    assert_eq!(said(0, ""), (0, String::new()));
    assert_eq!(said(-1, "x"), (0, "x".to_owned()));
    assert_eq!(said(i64::MAX, ""), (i64::MAX as u64, String::new()));
    assert_eq!(partial_success(&ExportLogsServiceResponse::default().encode_to_vec()), (0, &b""[..]));
}

#[test]
fn an_answer_that_is_no_partial_success_says_nothing() {
    for answer in [
        &b""[..],
        br#"{"partialSuccess":{"rejectedLogRecords":"3"}}"#,
        b"<html>",
        b"\x0a",
        b"\x0a\x02\x0a\x00",
        b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
        b"\x0b\x0a\x02\x08\x03",
        b"\x0a\x02\x08",
    ] {
        assert_eq!(partial_success(answer), (0, &b""[..]), "{answer:?}");
    }
    // Fields that are not known are passed over.
    let answer = b"\x0a\x09\x1a\x02ab\x20\x05\x08\xac\x02\x28\x01";
    assert_eq!(partial_success(answer), (300, &b""[..]));
}
