//! Two filters that see each exchange, and where their records go: `publish` to a collector of ours, `otlp` to a real
//! OpenTelemetry Collector and from there to a backend of ours.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use http_trace_e2e::bootstrap;
use http_trace_e2e::case::{Case, Exchange};
use http_trace_e2e::collector::Collector;
use http_trace_e2e::rig::Given;
use http_trace_e2e::stage::Stage;
use http_trace_e2e::upstream::Service;
use http_trace_e2e::{envoy, http3, wait};
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use serde_json::{Value as Json, json};

use crate::log::{self, Log};
use crate::mapping;
use crate::otelcol::Otelcol;

/// The cluster of the OpenTelemetry Collector.
const CLUSTER: &str = "otelcol";

/// How much later than the other one a filter may see the end of an exchange, in milliseconds.
const APART: u64 = 2_000;

/// A stage on which each exchange gives two records.
pub(crate) struct Pair {
    /// With the collector of the `publish` records.
    pub(crate) stage: Stage,
    pub(crate) otelcol: Otelcol,
    /// What the OpenTelemetry Collector forwards to.
    pub(crate) backend: Collector,
    arrived: Mutex<Vec<Log>>,
    /// The ids of the exchanges that were compared.
    compared: Mutex<BTreeSet<String>>,
}

impl Pair {
    /// Starts all of it. `options` are of the filter that sends OTLP, and `common` of both.
    pub(crate) async fn start(options: Json, common: Json, service: Service) -> Self {
        let backend = Collector::start().await.expect("a backend");
        let otelcol = Otelcol::start(backend.address).await;
        // Both are to show bodies without their coding.
        let publish = merged(json!({ "capture": { "content_encoding": "decode" } }), &common);
        let otlp = merged(json!({ "format": "otlp", "collector": { "cluster": CLUSTER } }), &common);
        let otlp = merged(otlp, &options);
        let change = |given: &mut Given| {
            add_cluster(&mut given.bootstrap, &otelcol);
            let wasm = envoy::wasm().expect("the filter");
            let plugin = bootstrap::plugin(&wasm, Some(&otlp.to_string()));
            bootstrap::one_more(&mut given.bootstrap, "otlp", plugin);
            http3::listen(&mut given.bootstrap);
        };
        let stage = Stage::serving(Some(&publish.to_string()), service, change).await;
        Self { stage, otelcol, backend, arrived: Mutex::default(), compared: Mutex::default() }
    }

    /// Sends the case without the filters and with them, and compares the traffic, and the log record with the `publish`
    /// record.
    pub(crate) async fn check(&self, case: Case) -> (Exchange, Log) {
        let name = case.name.clone();
        let (id, exchange) = self.send(case).await;
        (exchange, self.compare(&name, &id).await)
    }

    /// Sends the case without the filters and with them, and compares the traffic. The id by which its records are found.
    pub(crate) async fn send(&self, mut case: Case) -> (String, Exchange) {
        let id = self.stage.id();
        case.request.id.clone_from(&id);
        let exchange = self.stage.check_traffic(&case).await;
        (id, exchange)
    }

    /// Waits for both records of an exchange, by its request id, or by the client's address where it has none.
    pub(crate) async fn compare(&self, name: &str, id: &str) -> Log {
        let key = if id.contains(':') { "source_address" } else { "request_id" };
        let publish = wait::until(format!("{name}: the record"), || self.stage.collector.record(key, id)).await;
        let log = wait::until(format!("{name}: the log record of {id}"), || self.log(id)).await;
        let publish = publish.json().unwrap_or_else(|error| panic!("{name}: {error}"));
        let differences = differences(&publish, &log);
        assert!(differences.is_empty(), "{name}: the log record differs:\n  {}", differences.join("\n  "));
        lock(&self.compared).insert(id.to_owned());
        log
    }

    /// The log record of an exchange, once it has arrived.
    fn log(&self, id: &str) -> Option<Log> {
        self.logs().into_iter().find(|log| key(log) == id || log.source() == id)
    }

    /// All log records that the backend has acknowledged so far.
    pub(crate) fn logs(&self) -> Vec<Log> {
        let mut arrived = lock(&self.arrived);
        let posts = self.backend.take();
        arrived.extend(posts.iter().filter(|post| post.manner.acknowledges()).flat_map(log::read));
        arrived.clone()
    }

    /// Checks that every exchange that was compared gave one log record and no more, that no other arrived, and what
    /// [`Stage::finish`] checks.
    pub(crate) async fn finish(self) {
        let mut times: BTreeMap<String, usize> = BTreeMap::new();
        let compared = lock(&self.compared).clone();
        for log in self.logs() {
            let id = Some(key(&log).to_owned()).filter(|id| compared.contains(id)).unwrap_or_else(|| log.source());
            *times.entry(id).or_default() += 1;
        }
        let once: BTreeMap<String, usize> = compared.into_iter().map(|id| (id, 1)).collect();
        assert_eq!(times, once, "how often the record of each exchange arrived");
        self.stage.finish().await;
    }
}

fn key(log: &Log) -> &str {
    log.text("http_trace_filter.request_id").unwrap_or_default()
}

fn differences(publish: &Json, log: &Log) -> Vec<String> {
    let mut differences = Vec::new();
    let (mut record, mut attributes) = mapping::expected(publish);
    // Each filter asks the clock itself when the exchange is over.
    record.observed_time_unix_nano = log.record.observed_time_unix_nano;
    let (seen, end) = (log.record.observed_time_unix_nano, publish["scnt_response"]["time"].as_u64().expect("a time"));
    if seen % 1_000_000 != 0 || (seen / 1_000_000).abs_diff(end) > APART {
        differences.push(format!("it was seen at {seen} ns, and the other filter saw the end at {end} ms"));
    }
    let lasted = seen.saturating_sub(log.record.time_unix_nano) / 1_000_000;
    attributes.insert("http_trace_filter.duration".to_owned(), Value::DoubleValue(lasted as f64 / 1000.0));
    if record != log.record {
        differences.push(format!("expected {record:?}, got {:?}", log.record));
    }
    let names: BTreeSet<&String> = attributes.keys().chain(log.attributes.keys()).collect();
    for name in names {
        let (expected, got) = (attributes.get(name), log.attributes.get(name));
        if expected != got {
            differences.push(format!("{name}: expected {}, got {}", short(expected), short(got)));
        }
    }
    let text = |name: &str| log.resource.get(name).cloned();
    let node = Some(Value::StringValue("http-trace-e2e".to_owned()));
    if (text("service.name"), text("service.instance.id")) != (node.clone(), node) {
        differences.push(format!("the resource is {:?}", log.resource));
    }
    if log.scope.name != "http-trace-filter" || log.scope.version.is_empty() || !log.schema_url.contains("/schemas/1.")
    {
        differences.push(format!("the scope is {:?}, the schema {}", log.scope, log.schema_url));
    }
    differences
}

fn short(value: Option<&Value>) -> String {
    let text = value.map_or("nothing".to_owned(), |value| format!("{value:?}"));
    http_trace_e2e::diff::abbreviate(&text)
}

/// As the cluster of the other collector, at another address.
fn add_cluster(bootstrap: &mut Json, otelcol: &Otelcol) {
    let clusters = bootstrap["static_resources"]["clusters"].as_array_mut().expect("clusters");
    let like = clusters.iter().find(|cluster| cluster["name"] == "trace_analyzer");
    let mut cluster = like.expect("the other collector's cluster").clone();
    cluster["name"] = json!(CLUSTER);
    cluster["load_assignment"]["cluster_name"] = json!(CLUSTER);
    let socket = &mut cluster["load_assignment"]["endpoints"][0]["lb_endpoints"][0]["endpoint"]["address"];
    socket["socket_address"]["port_value"] = json!(otelcol.address.port());
    clusters.push(cluster);
}

/// The first configuration with what the second says beside it; one level deep.
fn merged(mut configuration: Json, more: &Json) -> Json {
    for (name, value) in more.as_object().expect("an object") {
        match (configuration[name].as_object_mut(), value.as_object()) {
            (Some(own), Some(value)) => own.extend(value.clone()),
            _ => configuration[name] = value.clone(),
        }
    }
    configuration
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
