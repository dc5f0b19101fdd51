//! The configuration of both Envoys.

use std::net::SocketAddr;
use std::path::Path;

use serde_json::{Value, json};

use crate::case::{Case, Exporter, SIZES};

/// The second Envoy's listener that answers as the upstream, and as the collector; also the prefix of its stats.
pub(crate) const UPSTREAM: &str = "upstream";
/// See [`UPSTREAM`].
pub(crate) const COLLECTOR: &str = "collector";

/// A cluster at whose address nobody listens.
pub(crate) const NOBODY: &str = "nobody";
/// The path on which the collector answers 503.
pub(crate) const UNAVAILABLE: &str = "/unavailable";

/// The largest request that the second Envoy takes: a batch of 64 records of both bodies of 1 MB does not come about,
/// because `batch.max_bytes` is 1 MiB, but a single record does.
const MAX_REQUEST: usize = 16 << 20;

const MANAGER: &str =
    "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";

/// The measured Envoy's.
pub(crate) fn measured(case: &Case, address: SocketAddr, [upstream, collector]: [SocketAddr; 2], taps: &Path) -> Value {
    let route = json!({ "match": { "prefix": "/" }, "route": { "cluster": UPSTREAM, "timeout": "60s" } });
    let mut filters: Vec<Value> = filter(&case.exporter, taps).into_iter().collect();
    filters.push(router());
    let protocol = if case.http2 { "http2_protocol_options" } else { "http_protocol_options" };
    config(
        &[listener("measured", address, &[route], &filters)],
        &[
            cluster(UPSTREAM, upstream, "http_protocol_options"),
            cluster("trace_analyzer", collector, protocol),
            cluster("trace-sampling-manager", collector, "http_protocol_options"),
            // The port of tcpmux, which no machine serves any more.
            cluster(NOBODY, SocketAddr::from(([127, 0, 0, 1], 1)), "http_protocol_options"),
        ],
    )
}

/// The second Envoy's: `/SIZE` gives a body of that size, from the file of that name.
pub(crate) fn other([upstream, collector]: [SocketAddr; 2], bodies: &Path) -> Value {
    let at = "type.googleapis.com/envoy.extensions.filters.http.buffer.v3.Buffer";
    // An answer before the request's end would end the connection.
    let buffer = json!({ "name": "envoy.filters.http.buffer", "typed_config": { "@type": at, "max_request_bytes": MAX_REQUEST } });
    let filters = [buffer.clone(), router()];
    // Codes for those who take gzip.
    let at = "type.googleapis.com/envoy.extensions.filters.http.compressor.v3.Compressor";
    let library = json!({ "@type": "type.googleapis.com/envoy.extensions.compression.gzip.compressor.v3.Gzip" });
    let gzip = json!({ "name": "envoy.filters.http.compressor", "typed_config": {
        "@type": at, "compressor_library": { "name": "gzip", "typed_config": library } } });
    let coding = [buffer, gzip, router()];
    let body = |(size, _): (usize, &str)| {
        json!({
            "match": { "prefix": format!("/{size}/") },
            "direct_response": { "status": 200, "body": { "filename": bodies.join(size.to_string()) } },
            "response_headers_to_add": [{ "header": { "key": "content-type", "value": "application/json" },
                "append_action": "OVERWRITE_IF_EXISTS_OR_ADD" }],
        })
    };
    let taken = json!({ "match": { "prefix": "/" }, "direct_response": { "status": 200 } });
    let unavailable = json!({ "match": { "path": UNAVAILABLE }, "direct_response": { "status": 503 } });
    config(
        &[
            listener(UPSTREAM, upstream, &SIZES.map(body), &coding),
            listener(COLLECTOR, collector, &[unavailable, taken], &filters),
        ],
        &[],
    )
}

fn config(listeners: &[Value], clusters: &[Value]) -> Value {
    json!({
        "node": { "id": "http-trace-bench", "cluster": "http-trace-bench" },
        "admin": { "address": socket(SocketAddr::from(([127, 0, 0, 1], 0))) },
        "static_resources": { "listeners": listeners, "clusters": clusters },
    })
}

fn socket(address: SocketAddr) -> Value {
    json!({ "socket_address": { "address": address.ip().to_string(), "port_value": address.port() } })
}

fn listener(name: &str, address: SocketAddr, routes: &[Value], filters: &[Value]) -> Value {
    let manager = json!({
        "@type": MANAGER,
        "stat_prefix": name,
        "codec_type": "AUTO",
        "route_config": {
            "max_direct_response_body_size_bytes": 2 << 20,
            "virtual_hosts": [{ "name": name, "domains": ["*"], "routes": routes }],
        },
        "http_filters": filters,
    });
    let chain = json!({ "name": "envoy.filters.network.http_connection_manager", "typed_config": manager });
    // Two Envoys that were given one port by chance must not share it: each would get some of the other's traffic.
    json!({ "name": name, "address": socket(address), "enable_reuse_port": false, "filter_chains": [{ "filters": [chain] }] })
}

fn router() -> Value {
    let at = "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router";
    json!({ "name": "envoy.filters.http.router", "typed_config": { "@type": at } })
}

fn cluster(name: &str, address: SocketAddr, protocol: &str) -> Value {
    let endpoint = json!({ "endpoint": { "address": socket(address) } });
    let at = "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions";
    json!({
        "name": name,
        "type": "STATIC",
        "connect_timeout": "5s",
        "load_assignment": { "cluster_name": name, "endpoints": [{ "lb_endpoints": [endpoint] }] },
        "circuit_breakers": { "thresholds": [
            { "max_connections": 10_000, "max_pending_requests": 10_000, "max_requests": 10_000 },
        ] },
        "typed_extension_protocol_options": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": { "@type": at, "explicit_http_config": { protocol: {} } },
        },
    })
}

fn filter(exporter: &Exporter, taps: &Path) -> Option<Value> {
    let (name, typed) = match exporter {
        Exporter::None => return None,
        Exporter::Wasm { file, root_id, configuration } => {
            ("http_trace_filter", wasm(file, root_id, configuration.as_deref()))
        }
        Exporter::Tap(format) => ("envoy.filters.http.tap", tap(format, taps)),
        Exporter::Lua => {
            let at = "type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua";
            let code = include_str!("../filters/exporter.lua");
            ("envoy.filters.http.lua", json!({ "@type": at, "default_source_code": { "inline_string": code } }))
        }
    };
    Some(json!({ "name": name, "typed_config": typed }))
}

/// Not `fail_open`: a filter whose VM fails would be measured as one that does nothing.
fn wasm(file: &Path, root_id: &str, configuration: Option<&str>) -> Value {
    let mut config = json!({
        "name": "http_trace_filter",
        "root_id": root_id,
        "vm_config": {
            "vm_id": "http_trace_filter",
            "runtime": "envoy.wasm.runtime.v8",
            "code": { "local": { "filename": file } },
        },
    });
    if let Some(text) = configuration {
        config["configuration"] = json!({ "@type": "type.googleapis.com/google.protobuf.StringValue", "value": text });
    }
    json!({ "@type": "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm", "config": config })
}

/// It keeps as much of a body as http-trace-filter does by default.
fn tap(format: &str, taps: &Path) -> Value {
    json!({
        "@type": "type.googleapis.com/envoy.extensions.filters.http.tap.v3.Tap",
        "common_config": { "static_config": {
            "match": { "any_match": true },
            "output_config": {
                "max_buffered_rx_bytes": 1_000_000,
                "max_buffered_tx_bytes": 1_000_000,
                "sinks": [{ "format": format, "file_per_tap": { "path_prefix": taps.join("tap") } }],
            },
        } },
    })
}
