//! Istio's EnvoyFilter: <https://istio.io/latest/docs/reference/config/networking/envoy-filter/>.

use super::{Context, Delivery, Namespace, Plan, REVISION, cluster, wasm_filter};
use serde_json::{Value, json};

const RBAC: &str = "type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC";

/// Puts the filter before the router, and adds the clusters it needs. The filter comes by extension discovery with a default
/// that does nothing (an RBAC filter without rules), so a wasm that is missing or broken leaves traffic alone.
pub(super) fn envoy_filter(plan: &Plan<'_>, namespace: Option<&Namespace>) -> Value {
    let name = plan.name();
    let context = match plan.options.context {
        Context::Outbound => "SIDECAR_OUTBOUND",
        Context::Inbound => "SIDECAR_INBOUND",
        Context::Gateway => "GATEWAY",
    };
    let mut patches = Vec::new();
    for (name, address) in &plan.configuration.clusters {
        let cluster = cluster::cluster(name, address, &plan.options.transport);
        patches.push(json!({
            "applyTo": "CLUSTER",
            "match": { "context": context },
            "patch": { "operation": "ADD", "value": cluster },
        }));
    }
    let manager = json!({ "name": "envoy.filters.network.http_connection_manager", "subFilter": { "name": "envoy.filters.http.router" } });
    patches.push(json!({
        "applyTo": "EXTENSION_CONFIG",
        "match": { "context": context },
        "patch": { "operation": "ADD", "value": { "name": name, "typed_config": wasm_filter::typed_config(plan) } },
    }));
    patches.push(json!({
        "applyTo": "HTTP_FILTER",
        "match": { "context": context, "listener": { "filterChain": { "filter": manager } } },
        "patch": {
            "operation": "INSERT_BEFORE",
            "value": {
                "name": name,
                "config_discovery": {
                    "config_source": { "ads": {}, "initial_fetch_timeout": "0s", "resource_api_version": "V3" },
                    "default_config": { "@type": RBAC },
                    "apply_default_config_without_warming": true,
                    "type_urls": [wasm_filter::TYPE, RBAC],
                },
            },
        },
    }));
    let mut spec = json!({});
    if plan.options.delivery == Delivery::Configmap {
        // Only proxies that mount this revision are given it.
        spec["workloadSelector"] = json!({ "labels": { REVISION: plan.wasm.revision() } });
    }
    spec["configPatches"] = Value::Array(patches);
    json!({
        "apiVersion": "networking.istio.io/v1alpha3",
        "kind": "EnvoyFilter",
        "metadata": plan.metadata(&name, namespace),
        "spec": spec,
    })
}
