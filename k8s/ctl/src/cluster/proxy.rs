//! What a proxy tells of the filter, on Envoy's admin interface: <https://www.envoyproxy.io/docs/envoy/latest/operations/admin>.

use super::report::Finding;
use serde_json::Value;

/// Where the filter's stats are.
pub(crate) const STATS: &str = "stats?format=json&filter=wasmcustom.http_trace_filter";
/// Where the extensions are that came by discovery.
pub(crate) const EXTENSIONS: &str = "config_dump?resource=ecds_filters";
/// Where the clusters and their endpoints are.
pub(crate) const CLUSTERS: &str = "clusters?format=json";

/// Whether the proxy was given the extension of this name. Envoy shows here what it refused, too; [`counters`] tells.
pub(crate) fn extension(dump: &Value, name: &str) -> Finding {
    let found = objects(dump).into_iter().find(|object| {
        object["name"] == name && object["typed_config"]["@type"].as_str().is_some_and(|kind| kind.ends_with(".Wasm"))
    });
    match found {
        Some(_) => Finding::ok(format!("the extension {name} has arrived")),
        None => Finding::fail(
            format!("the extension {name} has not arrived"),
            "istiod has not sent it: look into its log, and at `istioctl proxy-status`",
        ),
    }
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
        return Finding::fail(format!("the cluster {name:?}: {failed} of {connected} connections failed"), todo);
    }
    Finding::ok(format!("the cluster {name:?} has {} endpoints, {connected} connections", hosts.len()))
}

/// How discovery went.
pub(crate) const DISCOVERY: &str = "stats?format=json&filter=extension_config_discovery";

/// How often the proxy has refused the extension of this name, as far as its stats matcher lets it tell.
pub(crate) fn refusals(stats: &Value, name: &str) -> u64 {
    let wanted = format!("extension_config_discovery.http_filter.{name}.config_fail");
    let mut stats = stats["stats"].as_array().into_iter().flatten();
    stats.find(|stat| stat["name"] == wanted[..]).and_then(|stat| stat["value"].as_u64()).unwrap_or(0)
}

/// What the filter's counters say.
pub(crate) fn counters(stats: &Value) -> Finding {
    let all = stats["stats"].as_array().into_iter().flatten();
    let all: Vec<(&str, u64)> = all
        .filter_map(|stat| {
            let name = stat["name"].as_str()?.strip_prefix("wasmcustom.http_trace_filter.")?;
            Some((name, stat["value"].as_u64()?))
        })
        .collect();
    let get = |name: &str| all.iter().find(|(other, _)| *other == name).map_or(0, |(_, value)| *value);
    let (streams, exported, failures) = (get("streams"), get("exported"), get("export_failures"));
    let dropped: Vec<String> = all
        .iter()
        .filter(|(name, value)| name.starts_with("dropped_") && *value > 0)
        .map(|(name, value)| format!("{name} {value}"))
        .collect();
    let counted =
        format!("streams {streams}, exported {exported}, sampled_out {}, queued {}", get("sampled_out"), get("queued"));
    if all.is_empty() {
        return Finding::fail(
            "the filter has no stats".to_owned(),
            "it does not run: the wasm is missing or refused (look for \"wasm\" in the log of istio-proxy; replace the pod once the \
             cause is mended), or the proxy's stats matcher leaves out \"wasmcustom\" (Istio's default does not)",
        );
    }
    if streams == 0 {
        let todo = "no HTTP traffic passes here in the overlay's --context, or its port is not known to be HTTP";
        return Finding::fail(counted, todo);
    }
    if !dropped.is_empty() {
        let todo = "records are lost: rejected means the collector refuses them, queue_full and retries_exhausted that it is too \
                    slow or away, too_large that queue.max_bytes is too small";
        return Finding::fail(format!("{counted}, {}", dropped.join(", ")), todo);
    }
    if get("sampled_out") == streams {
        return Finding::fail(counted, "sampling leaves all out: see sampling.rate and sampling.hosts");
    }
    if exported == 0 && failures > 0 {
        return Finding::fail(
            format!("{counted}, export_failures {failures}"),
            "the collector does not answer with 2xx: see its log",
        );
    }
    Finding::ok(counted)
}

/// Every object in a value.
fn objects(value: &Value) -> Vec<&Value> {
    match value {
        Value::Object(members) => std::iter::once(value).chain(members.values().flat_map(objects)).collect(),
        Value::Array(items) => items.iter().flat_map(objects).collect(),
        _ => Vec::new(),
    }
}
