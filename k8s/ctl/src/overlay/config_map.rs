//! The ConfigMap with the wasm.

use super::{Namespace, Plan, WASM};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

/// Its file in an overlay.
pub(crate) const FILE: &str = "configmap.yaml";
/// As it stands in objects.
pub(crate) const KIND: &str = "ConfigMap";

/// Written here and not by kustomize, which breaks base64 into lines: the API server keeps it without them, so each apply would
/// change it, and a server-side apply would conflict with a client-side one. Its name has the wasm's hash: kustomize's own
/// suffix is not rewritten inside annotations.
pub(super) fn config_map(plan: &Plan<'_>, namespace: Option<&Namespace>) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": KIND,
        "metadata": plan.metadata(&plan.config_map(), namespace),
        "immutable": true,
        "binaryData": { WASM: STANDARD.encode(plan.wasm.bytes()) },
    })
}
