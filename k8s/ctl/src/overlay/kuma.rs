//! Kuma's MeshProxyPatch and ContainerPatch: <https://kuma.io/docs/latest/policies/meshproxypatch/>.

use super::{Context, Delivery, Namespace, Plan, REVISION, cluster, mounting, wasm_filter, yaml};
use serde_json::{Value, json};

/// The namespace in which Kuma looks for ContainerPatches.
pub(crate) const SYSTEM_NAMESPACE: &str = "kuma-system";

/// Puts the filter before the router of this namespace's proxies, and adds the clusters it needs. Kuma has no extension
/// discovery, so only proxies that mount the wasm are given it; with the inline delivery it cannot be missing.
pub(super) fn mesh_proxy_patch(plan: &Plan<'_>, namespace: &Namespace) -> Value {
    let name = plan.name();
    let origin = if plan.options.context == Context::Inbound { "inbound" } else { "outbound" };
    let clusters = plan.configuration.clusters.iter().map(|(name, address)| {
        let cluster = cluster::cluster(name, address, &plan.options.transport);
        json!({ "cluster": { "operation": "Add", "value": yaml::text(&cluster) } })
    });
    let filter = json!({ "name": name, "typed_config": wasm_filter::typed_config(plan) });
    let filter = json!({ "httpFilter": {
        "operation": "AddBefore",
        "match": { "name": "envoy.filters.http.router", "origin": origin },
        "value": yaml::text(&filter),
    } });
    let target = match plan.options.delivery {
        Delivery::Configmap => json!({ "kind": "Dataplane", "labels": { REVISION: plan.wasm.revision() } }),
        Delivery::Inline => json!({ "kind": "Mesh" }),
    };
    json!({
        "apiVersion": "kuma.io/v1alpha1",
        "kind": "MeshProxyPatch",
        "metadata": plan.metadata(&name, Some(namespace)),
        "spec": {
            "targetRef": target,
            "default": { "appendModifications": clusters.chain([filter]).collect::<Vec<_>>() },
        },
    })
}

/// Mounts the volume of a pod's template in its sidecar. Pods ask for it by name, so each namespace has its own: deleting one
/// must not stop the injection in another.
pub(super) fn container_patch(plan: &Plan<'_>, namespace: &Namespace) -> Value {
    let mount = mounting::named(&mounting::mount());
    json!({
        "apiVersion": "kuma.io/v1alpha1",
        "kind": "ContainerPatch",
        "metadata": {
            "name": mounting::container_patch(namespace),
            "namespace": SYSTEM_NAMESPACE,
            "labels": plan.labels(),
        },
        "spec": { "sidecarPatch": [{ "op": "add", "path": "/volumeMounts/-", "value": mount.to_string() }] },
    })
}
