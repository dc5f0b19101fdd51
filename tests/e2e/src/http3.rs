//! The two listeners of a bootstrap once more, for HTTP/3.

use serde_json::{Value, json};

use crate::certificate::{identity, pem};

/// What the name of a listener for HTTP/3 has beside that of the one that it is like.
pub const SUFFIX: &str = "-h3";

/// Adds to each listener of `bootstrap` one over QUIC with the same filters and routes, which also takes tunnels.
///
/// # Panics
/// When it is no bootstrap of [`crate::bootstrap`].
pub fn listen(bootstrap: &mut Value) {
    let listeners = bootstrap["static_resources"]["listeners"].as_array_mut().expect("a bootstrap's listeners");
    let over_quic: Vec<Value> = listeners.iter().map(over_quic).collect();
    listeners.extend(over_quic);
}

fn over_quic(listener: &Value) -> Value {
    let mut listener = listener.clone();
    let name = format!("{}{SUFFIX}", listener["name"].as_str().unwrap_or_default());
    (listener["name"], listener["stat_prefix"]) = (json!(name), json!(name));
    listener["address"]["socket_address"]["protocol"] = json!("UDP");
    listener["udp_listener_config"] = json!({ "quic_options": {} });
    let chain = &mut listener["filter_chains"][0];
    let manager = &mut chain["filters"][0]["typed_config"];
    manager["codec_type"] = json!("HTTP3");
    manager["stat_prefix"] = json!(name);
    manager["http3_protocol_options"] = json!({ "allow_extended_connect": true });
    chain["transport_socket"] = json!({
        "name": "envoy.transport_sockets.quic",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.transport_sockets.quic.v3.QuicDownstreamTransport",
            "downstream_tls_context": { "common_tls_context": { "tls_certificates": [{
                "certificate_chain": { "inline_string": pem("CERTIFICATE", &identity().certificate) },
                "private_key": { "inline_string": pem("PRIVATE KEY", &identity().key) },
            }] } },
        },
    });
    listener
}
