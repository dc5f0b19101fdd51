//! A kustomize Component for teams that own their manifests: it mounts the wasm in their workloads by patches.

use super::{Direction, Plan, REVISION, mounting, yaml};
use serde_json::{Value, json};

/// The component of one direction: the base, made fit for it, and the mount.
pub(super) fn component(plan: &Plan<'_>, base: &Value, own: &Value) -> Value {
    let mut patches = Vec::new();
    let changes = difference(base, own, "");
    if !changes.is_empty() {
        patches.push(json!({
            "target": { "kind": "EnvoyFilter", "name": base["metadata"]["name"] },
            "patch": yaml::text(&Value::Array(changes)),
        }));
    }
    let mount = if plan.direction == Direction::Gateway { mounted_for_real(plan) } else { mounted_by_istio(plan) };
    for kind in ["Deployment", "StatefulSet", "DaemonSet"] {
        let mut patch = json!({ "apiVersion": "apps/v1", "kind": kind, "metadata": { "name": "every" } });
        patch["spec"] = json!({ "template": mount });
        patches.push(json!({ "target": { "kind": kind }, "patch": yaml::text(&patch) }));
    }
    json!({
        "apiVersion": "kustomize.config.k8s.io/v1alpha1",
        "kind": "Component",
        "resources": ["../../base"],
        "patches": patches,
    })
}

/// Istio's injection reads from an annotation what the proxy mounts. The volume is the pod's own, though an annotation could ask for
/// it too: kustomize knows that a volume names a ConfigMap, and renames both where a kustomization has `namePrefix` or `nameSuffix`.
/// A name inside an annotation's text it would leave.
fn mounted_by_istio(plan: &Plan<'_>) -> Value {
    let [_, (key, mount)] = mounting::annotations(&plan.config_map());
    json!({
        "metadata": { "annotations": { key: mount }, "labels": { REVISION: plan.wasm.revision() } },
        "spec": { "volumes": [mounting::named(&mounting::optional_volume(&plan.config_map()))] },
    })
}

/// The injection of gateways reads no such annotations: their proxy's container is in the template.
fn mounted_for_real(plan: &Plan<'_>) -> Value {
    let volume = mounting::named(&mounting::optional_volume(&plan.config_map()));
    let mount = mounting::named(&mounting::mount());
    json!({
        "metadata": { "labels": { REVISION: plan.wasm.revision() } },
        "spec": {
            "containers": [{ "name": "istio-proxy", "volumeMounts": [mount] }],
            "volumes": [volume],
        },
    })
}

/// The JSON Patch (RFC 6902) that makes one document of another of the same shape.
fn difference(from: &Value, to: &Value, path: &str) -> Vec<Value> {
    let below = |name: &str| format!("{path}/{}", name.replace('~', "~0").replace('/', "~1"));
    match (from, to) {
        (Value::Object(from), Value::Object(to)) if from.keys().eq(to.keys()) => {
            from.iter().zip(to.values()).flat_map(|((name, from), to)| difference(from, to, &below(name))).collect()
        }
        (Value::Array(from), Value::Array(to)) if from.len() == to.len() => from
            .iter()
            .zip(to)
            .enumerate()
            .flat_map(|(at, (from, to))| difference(from, to, &below(&at.to_string())))
            .collect(),
        (from, to) if from == to => Vec::new(),
        (_, to) => vec![json!({ "op": "replace", "path": path, "value": to })],
    }
}

#[cfg(test)]
mod tests {
    use super::difference;
    use serde_json::json;

    #[test]
    fn a_difference_replaces_the_least() {
        let from = json!({ "a/b": [1, { "c": "x" }], "same": {} });
        let to = json!({ "a/b": [2, { "c": "y" }], "same": {} });
        let expected = [
            json!({ "op": "replace", "path": "/a~1b/0", "value": 2 }),
            json!({ "op": "replace", "path": "/a~1b/1/c", "value": "y" }),
        ];
        assert_eq!(difference(&from, &to, ""), expected);
        assert!(difference(&from, &from, "").is_empty());
    }
}
