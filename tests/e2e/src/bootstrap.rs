//! Envoy's configuration: two listeners that differ only in the filter, and what they can route to.

use std::net::SocketAddr;
use std::path::Path;

use serde_json::{Value, json};

use crate::capabilities;

/// The listener whose traffic passes the filter.
pub const FILTERED: &str = "filtered";
/// The same listener without the filter.
pub const PLAIN: &str = "plain";

const FILTER: &str = "http_trace_filter";
const WASM: &str = "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm";

/// A host that no route serves: Envoy answers 404.
pub const NOWHERE: &str = "nowhere.test";
/// The body of Envoy's own answer to `/local`.
pub const LOCAL_BODY: &str = "answered by Envoy";

/// All that a configuration depends on.
#[derive(Clone, Copy, Debug)]
pub struct Plan<'a> {
    /// The file that Envoy reads the filter from, and reads again when another is moved there: see [`discovery`].
    pub discovery: &'a Path,
    /// The HTTP/1.1 upstream.
    pub upstream: SocketAddr,
    /// The HTTP/2 upstream.
    pub upstream_h2: SocketAddr,
    pub collector: SocketAddr,
}

/// The bootstrap, to be written to a file for `--config-path`.
#[must_use]
pub fn bootstrap(plan: &Plan<'_>) -> Value {
    let http1 = json!({ "http_protocol_options": {} });
    let collectors = ["trace-sampling-manager", "trace_analyzer"];
    let collectors = collectors.map(|name| cluster(name, Some(plan.collector), &http1));
    around(vec![filter(plan)], collectors.to_vec(), plan.upstream, plan.upstream_h2)
}

/// The bootstrap around other HTTP filters (the router is added), and the clusters that these need.
#[must_use]
pub fn around(
    mut filters: Vec<Value>,
    mut clusters: Vec<Value>,
    upstream: SocketAddr,
    upstream_h2: SocketAddr,
) -> Value {
    filters.push(router());
    let http1 = json!({ "http_protocol_options": {} });
    clusters.extend([
        cluster("upstream", Some(upstream), &json!({ "http_protocol_options": { "enable_trailers": true } })),
        cluster("upstream_h2", Some(upstream_h2), &json!({ "http2_protocol_options": {} })),
        cluster("empty", None, &http1),
        cluster("refused", Some(SocketAddr::from(([127, 0, 0, 1], 1))), &http1),
        in_mesh(cluster("in_mesh", Some(upstream), &http1)),
        inbound(cluster("inbound", Some(upstream), &http1)),
        by_header("by_header"),
    ]);
    json!({
        "node": { "id": "http-trace-e2e", "cluster": "http-trace-e2e" },
        "admin": { "address": any_port() },
        "static_resources": {
            "listeners": [listener(FILTERED, filters), listener(PLAIN, vec![router()])],
            "clusters": clusters,
        },
    })
}

/// Puts an HTTP filter before all others of each listener: it sees requests first, and answers last.
///
/// # Panics
/// When it is no bootstrap of [`bootstrap`].
pub fn in_front(bootstrap: &mut Value, filter: &Value) {
    each_chain(bootstrap, |filters| filters.insert(0, filter.clone()));
}

/// Puts an HTTP filter between the others of each listener and the router: it sees requests last, and answers first.
///
/// # Panics
/// When it is no bootstrap of [`bootstrap`].
pub fn behind(bootstrap: &mut Value, filter: &Value) {
    each_chain(bootstrap, |filters| filters.insert(filters.len() - 1, filter.clone()));
}

fn each_chain(bootstrap: &mut Value, mut change: impl FnMut(&mut Vec<Value>)) {
    each_manager(bootstrap, |manager| change(manager["http_filters"].as_array_mut().expect("HTTP filters")));
}

/// Changes the connection manager of each listener.
///
/// # Panics
/// When it is no bootstrap of [`bootstrap`].
pub fn each_manager(bootstrap: &mut Value, mut change: impl FnMut(&mut Value)) {
    for listener in bootstrap["static_resources"]["listeners"].as_array_mut().expect("listeners") {
        change(&mut listener["filter_chains"][0]["filters"][0]["typed_config"]);
    }
}

/// A filter of Envoy's that runs this Lua.
#[must_use]
pub fn lua(code: &str) -> Value {
    json!({ "name": "envoy.filters.http.lua", "typed_config": {
        "@type": "type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua",
        "default_source_code": { "inline_string": code },
    } })
}

/// A filter of Envoy's that asks the upstream, at `/authz` before the path, whether to let a request through.
#[must_use]
pub fn ext_authz() -> Value {
    json!({ "name": "envoy.filters.http.ext_authz", "typed_config": {
        "@type": "type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3.ExtAuthz",
        "http_service": {
            "server_uri": { "uri": "http://authz", "cluster": "upstream", "timeout": "5s" },
            "path_prefix": "/authz",
        },
    } })
}

fn any_port() -> Value {
    json!({ "socket_address": { "address": "127.0.0.1", "port_value": 0 } })
}

/// The filter comes by extension discovery, as in a service mesh, so that its configuration can change while Envoy runs.
fn filter(plan: &Plan<'_>) -> Value {
    json!({ "name": FILTER, "config_discovery": {
        "config_source": { "resource_api_version": "V3", "path_config_source": { "path": plan.discovery } },
        "type_urls": [WASM],
    } })
}

/// The filter from this wasm file, with its own configuration (JSON), if any: Envoy's `PluginConfig`.
#[must_use]
pub fn plugin(wasm: &Path, configuration: Option<&str>) -> Value {
    let mut plugin = json!({
        "name": FILTER,
        "root_id": FILTER,
        "fail_open": true,
        "capability_restriction_config": capabilities::restriction(capabilities::names()),
        "vm_config": {
            "vm_id": FILTER,
            "runtime": "envoy.wasm.runtime.v8",
            "code": { "local": { "filename": wasm } },
        },
    });
    if let Some(text) = configuration {
        configure(&mut plugin, text);
    }
    plugin
}

/// Puts one more filter, in a VM of its own, before all others of the listener [`FILTERED`].
///
/// # Panics
/// When it is no bootstrap of [`bootstrap`].
pub fn one_more(bootstrap: &mut Value, name: &str, mut plugin: Value) {
    plugin["name"] = json!(name);
    plugin["vm_config"]["vm_id"] = json!(name);
    let filter = json!({ "name": name, "typed_config": { "@type": WASM, "config": plugin } });
    let listeners = bootstrap["static_resources"]["listeners"].as_array_mut().expect("listeners");
    let listener = listeners.iter_mut().find(|listener| listener["name"] == FILTERED).expect("the listener");
    let manager = &mut listener["filter_chains"][0]["filters"][0]["typed_config"];
    manager["http_filters"].as_array_mut().expect("HTTP filters").insert(0, filter);
}

/// Gives the filter another configuration of its own.
pub fn configure(plugin: &mut Value, configuration: &str) {
    plugin["configuration"] =
        json!({ "@type": "type.googleapis.com/google.protobuf.StringValue", "value": configuration });
}

/// The content of the file [`Plan::discovery`].
#[must_use]
pub fn discovery(plugin: Value) -> Value {
    json!({ "resources": [{
        "@type": "type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig",
        "name": FILTER,
        "typed_config": { "@type": WASM, "config": plugin },
    }] })
}

fn router() -> Value {
    let at = "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router";
    json!({ "name": "envoy.filters.http.router", "typed_config": { "@type": at } })
}

fn listener(name: &str, filters: Vec<Value>) -> Value {
    let manager = json!({
        "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": name,
        "codec_type": "AUTO",
        "http_protocol_options": { "enable_trailers": true },
        "http2_protocol_options": { "max_concurrent_streams": 2000, "allow_connect": true },
        "upgrade_configs": [{ "upgrade_type": "websocket" }],
        "route_config": routes(),
        "http_filters": filters,
    });
    let chain = json!({ "name": "envoy.filters.network.http_connection_manager", "typed_config": manager });
    json!({ "name": name, "stat_prefix": name, "address": any_port(), "filter_chains": [{ "filters": [chain] }] })
}

fn routes() -> Value {
    let to = |prefix: &str, cluster: &str| json!({ "match": { "prefix": prefix }, "route": { "cluster": cluster, "timeout": "60s" } });
    let connect = json!({
        "match": { "connect_matcher": {} },
        "route": { "cluster": "upstream", "upgrade_configs": [{ "upgrade_type": "CONNECT", "connect_config": {} }] },
    });
    let local = json!({
        "match": { "prefix": "/local" },
        "direct_response": { "status": 200, "body": { "inline_string": LOCAL_BODY } },
    });
    let redirect = json!({
        "match": { "prefix": "/redirect-by-envoy" },
        "redirect": { "path_redirect": "/elsewhere" },
    });
    let refused_grpc = json!({
        "match": { "prefix": "/grpc.health.v1.Health/", "headers": [{ "name": "x-refuse", "present_match": true }] },
        "route": { "cluster": "empty" },
    });
    let follows = json!({
        "match": { "prefix": "/redirect-inside" },
        "route": { "cluster": "upstream", "internal_redirect_policy": {} },
    });
    let timeout = json!({ "match": { "prefix": "/timeout" }, "route": { "cluster": "upstream", "timeout": "0.3s" } });
    json!({
        // A route to a cluster that does not exist is one of the cases.
        "validate_clusters": false,
        "virtual_hosts": [
            { "name": "nowhere", "domains": [NOWHERE] },
            { "name": "all", "domains": ["*"], "routes": [
                connect, local, redirect, follows, timeout, refused_grpc,
                to("/in-mesh", "in_mesh"), to("/inbound", "inbound"), to("/empty-cluster", "empty"), to("/refused", "refused"), to("/unknown-cluster", "no_such_cluster"),
                to("/through-the-filter/", "trace_analyzer"),
                to("/h2/", "upstream_h2"), to("/grpc.health.v1.Health/", "upstream_h2"),
                to("/", "upstream"),
            ] },
        ],
    })
}

/// Gives the cluster's endpoint the metadata by which Istio and Kuma name its workload.
fn in_mesh(mut cluster: Value) -> Value {
    cluster["load_assignment"]["endpoints"][0]["lb_endpoints"][0]["metadata"] = json!({ "filter_metadata": {
        "istio": { "workload": "orders;sock-shop;orders;latest;Kubernetes" },
        "envoy.lb": { "k8s.kuma.io/namespace": "kuma-shop" },
    } });
    cluster
}

/// Gives the cluster the metadata by which Istio names the service of what a proxy receives.
fn inbound(mut cluster: Value) -> Value {
    let service = json!({ "host": "orders.pay.svc.cluster.local", "name": "orders", "namespace": "pay" });
    cluster["metadata"] = json!({ "filter_metadata": { "istio": { "services": [service] } } });
    cluster
}

/// A cluster whose endpoint each request names in `x-envoy-original-dst-host`.
fn by_header(name: &str) -> Value {
    json!({
        "name": name,
        "type": "ORIGINAL_DST",
        "lb_policy": "CLUSTER_PROVIDED",
        "connect_timeout": "5s",
        "original_dst_lb_config": { "use_http_header": true },
    })
}

/// A cluster, bounded so high that a thousand concurrent streams pass.
fn cluster(name: &str, address: Option<SocketAddr>, protocol: &Value) -> Value {
    let endpoints: Vec<Value> = address
        .iter()
        .map(|address| json!({ "address": address.ip().to_string(), "port_value": address.port() }))
        .map(|socket| json!({ "endpoint": { "address": { "socket_address": socket } } }))
        .collect();
    let at = "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions";
    json!({
        "name": name,
        "type": "STATIC",
        "connect_timeout": "5s",
        "load_assignment": { "cluster_name": name, "endpoints": [{ "lb_endpoints": endpoints }] },
        "circuit_breakers": { "thresholds": [
            { "max_connections": 10_000, "max_pending_requests": 10_000, "max_requests": 10_000 },
        ] },
        "typed_extension_protocol_options": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": { "@type": at, "explicit_http_config": protocol },
        },
    })
}
