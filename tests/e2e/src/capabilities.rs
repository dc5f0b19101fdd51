//! The capabilities that Envoy gives the filter's VM: those of the generated overlays, and no more.
//! <https://www.envoyproxy.io/docs/envoy/latest/api-v3/extensions/wasm/v3/wasm.proto#extensions-wasm-v3-capabilityrestrictionconfig>

use serde_json::{Map, Value, json};

/// The names, as Envoy has them: host functions that the VM calls, and callbacks that Envoy calls.
pub fn names() -> impl Iterator<Item = &'static str> {
    include_str!("../../../k8s/ctl/src/overlay/capabilities.txt").lines()
}

/// A `CapabilityRestrictionConfig` that allows these. One that allows nothing would allow everything.
pub fn restriction<'a>(allowed: impl Iterator<Item = &'a str>) -> Value {
    let allowed: Map<String, Value> = allowed.map(|name| (name.to_owned(), json!({}))).collect();
    json!({ "allowed_capabilities": allowed })
}
