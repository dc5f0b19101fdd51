//! Envoy Gateway's EnvoyPatchPolicy: <https://gateway.envoyproxy.io/docs/tasks/extensibility/envoy-patch-policy/>.

use super::{Namespace, Plan, cluster, wasm_filter};
use serde_json::{Value, json};

/// Puts the filter first in the gateway's listener, and adds the clusters it needs. There is no extension discovery here, so the
/// wasm always comes inline: it cannot be missing.
pub(super) fn patch_policy(plan: &Plan<'_>, namespace: &Namespace, gateway: &str) -> Value {
    let name = plan.name();
    let clusters = plan.configuration.clusters.iter().map(|(name, address)| {
        json!({
            "type": "type.googleapis.com/envoy.config.cluster.v3.Cluster",
            "name": name,
            "operation": { "op": "add", "path": "", "value": cluster::cluster(name, address, &plan.options.transport) },
        })
    });
    let filter = json!({
        "type": "type.googleapis.com/envoy.config.listener.v3.Listener",
        "name": format!("{namespace}/{gateway}/{}", plan.options.listener),
        "operation": {
            "op": "add",
            // In whichever filter chain: that of a listener with TLS is another.
            "jsonPath": "..filters[?match(@.name, 'envoy.filters.network.http_connection_manager')].typed_config",
            "path": "http_filters/0",
            "value": { "name": name, "typed_config": wasm_filter::typed_config(plan) },
        },
    });
    json!({
        "apiVersion": "gateway.envoyproxy.io/v1alpha1",
        "kind": "EnvoyPatchPolicy",
        "metadata": plan.metadata(&name, Some(namespace)),
        "spec": {
            "type": "JSONPatch",
            "targetRef": { "group": "gateway.networking.k8s.io", "kind": "Gateway", "name": gateway },
            "jsonPatches": clusters.chain([filter]).collect::<Vec<_>>(),
        },
    })
}
