//! The file that `kubectl apply -k` starts from.

use super::{Delivery, FILE, Namespace, Plan};
use serde_json::{Value, json};

/// A kustomization of these resources, and of the ConfigMap if there is one.
pub(super) fn kustomization(plan: &Plan<'_>, namespace: Option<&Namespace>, resources: &[&str]) -> Value {
    let mut kustomization = json!({
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": resources,
    });
    if plan.options.delivery == Delivery::Configmap {
        let mut map = json!({ "name": plan.config_map() });
        if let Some(namespace) = namespace {
            map["namespace"] = json!(namespace.as_str());
        }
        map["files"] = json!([FILE]);
        map["options"] = json!({
            // The name already has the wasm's hash; a suffix would not reach the annotations that name the ConfigMap.
            "disableNameSuffixHash": true,
            "immutable": true,
            "labels": plan.labels(),
        });
        kustomization["configMapGenerator"] = json!([map]);
    }
    kustomization
}
