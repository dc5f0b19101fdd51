//! Envoy clusters for the collector and the sampling manager.

use super::{Address, Plan, options::Transport};
use serde_json::{Value, json};

const TLS: &str = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext";
const HTTP: &str = "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions";

/// The clusters that are not there yet.
pub(crate) fn all(plan: &Plan<'_>) -> Vec<Value> {
    let transport = &plan.options.transport;
    plan.configuration.clusters.iter().map(|(name, address)| cluster(name, address, transport)).collect()
}

/// A cluster of one address: <https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/cluster/v3/cluster.proto>.
fn cluster(name: &str, address: &Address, transport: &Transport) -> Value {
    let socket = json!({ "address": address.host, "port_value": address.port });
    let mut cluster = json!({
        "name": name,
        "type": if address.is_ip() { "STATIC" } else { "STRICT_DNS" },
        "connect_timeout": "5s",
        "lb_policy": "ROUND_ROBIN",
        "load_assignment": {
            "cluster_name": name,
            "endpoints": [{ "lb_endpoints": [{ "endpoint": { "address": { "socket_address": socket } } }] }],
        },
    });
    if !address.is_ip() {
        cluster["dns_lookup_family"] = json!("V4_PREFERRED");
        // A name that does not resolve must hold up no proxy: Envoy waits for the first answer when it starts.
        cluster["wait_for_warm_on_init"] = json!(false);
    }
    if transport.http2 {
        cluster["typed_extension_protocol_options"] = json!({
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                "@type": HTTP,
                "explicit_http_config": { "http2_protocol_options": {} },
            },
        });
    }
    if transport.tls {
        cluster["transport_socket"] = tls(address, transport);
    }
    cluster
}

fn tls(address: &Address, transport: &Transport) -> Value {
    let name = transport.tls_name.as_deref().unwrap_or(&address.host);
    // An IP address stands in another kind of subject alternative name, and in no SNI (RFC 6066, section 3).
    let is_ip = transport.tls_name.is_none() && address.is_ip();
    let mut common = json!({
        "validation_context": {
            "trusted_ca": { "filename": transport.tls_ca },
            "match_typed_subject_alt_names": [
                { "san_type": if is_ip { "IP_ADDRESS" } else { "DNS" }, "matcher": { "exact": name } },
            ],
        },
    });
    if let (Some(certificate), Some(key)) = (&transport.tls_cert, &transport.tls_key) {
        common["tls_certificates"] =
            json!([{ "certificate_chain": { "filename": certificate }, "private_key": { "filename": key } }]);
    }
    if transport.http2 {
        common["alpn_protocols"] = json!(["h2"]);
    }
    let mut context = json!({ "@type": TLS });
    if !is_ip {
        context["sni"] = json!(name);
    }
    context["common_tls_context"] = common;
    json!({ "name": "envoy.transport_sockets.tls", "typed_config": context })
}
