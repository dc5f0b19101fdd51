//! The file that `kubectl apply -k` starts from.

use serde_json::{Value, json};

/// Its name.
pub(crate) const FILE: &str = "kustomization.yaml";

/// A kustomization of these resources.
pub(super) fn kustomization(resources: &[&str]) -> Value {
    json!({
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": resources,
    })
}
