//! The HTTP filter `envoy.filters.http.wasm`, as Envoy's configuration.

use super::{Delivery, MOUNT, Plan, WASM};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Map, Value, json};

/// The type of the filter's configuration.
pub(crate) const TYPE: &str = "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm";

/// Its `typed_config`.
pub(crate) fn typed_config(plan: &Plan<'_>) -> Value {
    let code = match plan.options.delivery {
        Delivery::Configmap => json!({ "filename": format!("{MOUNT}/{WASM}") }),
        // That of an image is in the WasmPlugin, and no such filter in its overlay.
        Delivery::Inline | Delivery::Image => json!({ "inline_bytes": STANDARD.encode(plan.wasm.bytes()) }),
    };
    let mut typed_config = json!({
        "@type": TYPE,
        "config": {
            "name": "http_trace_filter",
            "root_id": "http_trace_filter",
            // Should the VM ever fail, traffic goes on.
            "fail_open": true,
            "configuration": {
                "@type": "type.googleapis.com/google.protobuf.StringValue",
                "value": plan.configuration.json,
            },
            "vm_config": {
                // A VM of its own: two filters in one would share its memory, and each has a budget.
                "vm_id": plan.name(),
                "runtime": "envoy.wasm.runtime.v8",
                "code": { "local": code },
            },
        },
    });
    if !plan.options.unrestricted {
        typed_config["config"]["capability_restriction_config"] = json!({ "allowed_capabilities": capabilities() });
    }
    typed_config
}

/// What Envoy lets the VM do: all that the filter needs, and no more. Without a list, Envoy allows everything.
/// <https://www.envoyproxy.io/docs/envoy/latest/api-v3/extensions/wasm/v3/wasm.proto#extensions-wasm-v3-capabilityrestrictionconfig>
fn capabilities() -> Map<String, Value> {
    include_str!("capabilities.txt").lines().map(|name| (name.to_owned(), json!({}))).collect()
}
