//! What a proxy tells of the filter, on Envoy's admin interface: <https://www.envoyproxy.io/docs/envoy/latest/operations/admin>.

use super::{Finding, counted};
use serde_json::Value;

/// Where the filter's stats are.
pub(crate) const STATS: &str = "stats?format=json&filter=wasmcustom.http_trace_filter";
/// Where the extensions are that came by discovery.
pub(crate) const EXTENSIONS: &str = "config_dump?resource=ecds_filters";
/// Where the clusters and their endpoints are.
pub(crate) const CLUSTERS: &str = "clusters?format=json";

/// What came in the place of an extension.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arrived {
    /// The filter.
    Wasm,
    /// What Istio's agent gives when it could not fetch the module.
    Nothing,
    NotYet,
}

/// What the proxy was given under one of these names. Envoy shows here what it refused, too.
pub(crate) fn arrived(dump: &Value, called: &[String]) -> Arrived {
    let is_it = |object: &&Value| called.iter().any(|name| object["name"] == name[..]);
    let objects = objects(dump);
    let kinds = objects.into_iter().filter(is_it).filter_map(|object| object["typed_config"]["@type"].as_str());
    let kinds: Vec<&str> = kinds.collect();
    match &kinds[..] {
        kinds if kinds.iter().any(|kind| kind.ends_with(".Wasm")) => Arrived::Wasm,
        [] => Arrived::NotYet,
        _ => Arrived::Nothing,
    }
}

/// What that means; `runs`: whether the filter does.
pub(crate) fn extension(arrived: Arrived, name: &str, runs: bool) -> Finding {
    match (arrived, runs) {
        (Arrived::Wasm, true) => Finding::ok(format!("the extension {name} has arrived, and runs")),
        (Arrived::Wasm, false) => Finding::fail(
            format!("the extension {name} has arrived, and does not run"),
            "the wasm is missing or broken in this pod",
        ),
        _ => Finding::fail(
            format!("the extension {name} has not arrived"),
            "istiod has not sent it: look into its log, and at `istioctl proxy-status`",
        ),
    }
}

/// What refusals mean; `runs`: whether one was taken since.
pub(crate) fn refused(times: u64, runs: bool) -> Finding {
    let what = format!("istio-proxy has refused the extension {}", counted(times, "time"));
    if runs {
        return Finding::note(format!("{what}, and one runs"), "its log names the cause, in the lines with \"wasm\"");
    }
    Finding::fail(what, "its log names the cause, in the lines with \"wasm\"; replace the pod once it is mended")
}

/// Whether the proxy knows endpoints of this cluster, and can connect to them.
pub(crate) fn cluster(clusters: &Value, name: &str) -> Finding {
    let statuses = clusters["cluster_statuses"].as_array().into_iter().flatten();
    let Some(cluster) = statuses.into_iter().find(|cluster| cluster["name"] == name) else {
        return Finding::fail(
            format!("the proxy has no cluster {name:?}"),
            "name one that it has in collector.cluster, or let the overlay add one with --collector",
        );
    };
    let hosts: Vec<&Value> = cluster["host_statuses"].as_array().into_iter().flatten().collect();
    if hosts.is_empty() {
        let todo = "the collector's name does not resolve, or its service has no endpoints: check --collector";
        return Finding::fail(format!("the cluster {name:?} has no endpoint"), todo);
    }
    let stat = |host: &Value, wanted: &str| {
        let stats = host["stats"].as_array().into_iter().flatten();
        let stat = stats.into_iter().find(|stat| stat["name"] == wanted);
        stat.and_then(|stat| stat["value"].as_str()?.parse::<u64>().ok()).unwrap_or(0)
    };
    let sum = |wanted: &str| hosts.iter().map(|host| stat(host, wanted)).sum::<u64>();
    let (connected, failed) = (sum("cx_total"), sum("cx_connect_fail"));
    if failed > 0 && sum("cx_active") == 0 {
        let todo = "nothing listens there, or a policy forbids the connection: check --collector, and network policies";
        return Finding::fail(
            format!("the cluster {name:?}: {failed} of {} failed", counted(connected, "connection")),
            todo,
        );
    }
    let (requests, answered) = (sum("rq_total"), sum("rq_success"));
    if requests > 0 && answered == 0 && sum("rq_error") > 0 {
        let todo = "the collector ends the connections, or answers with 5xx only: see its log, and its proxy's";
        return Finding::fail(
            format!("the cluster {name:?}: none of {} was answered well", counted(requests, "request")),
            todo,
        );
    }
    Finding::ok(format!(
        "the cluster {name:?} has {}, {}",
        counted(hosts.len(), "endpoint"),
        counted(connected, "connection")
    ))
}

/// How discovery went.
pub(crate) const DISCOVERY: &str = "stats?format=json&filter=extension_config_discovery";

/// How often the proxy has refused the extension of these names, as far as its stats matcher lets it tell.
pub(crate) fn refusals(stats: &Value, called: &[String]) -> u64 {
    let is_it = |stat: &&Value| {
        let name = stat["name"].as_str().and_then(|name| name.strip_prefix("extension_config_discovery.http_filter."));
        name.and_then(|name| name.strip_suffix(".config_fail")).is_some_and(|name| called.iter().any(|one| one == name))
    };
    let stats = stats["stats"].as_array().into_iter().flatten();
    stats.filter(is_it).filter_map(|stat| stat["value"].as_u64()).sum()
}

/// Every object in a value.
fn objects(value: &Value) -> Vec<&Value> {
    match value {
        Value::Object(members) => std::iter::once(value).chain(members.values().flat_map(objects)).collect(),
        Value::Array(items) => items.iter().flat_map(objects).collect(),
        _ => Vec::new(),
    }
}
