//! What client-side apply left behind: a server-side apply by kubectl takes it over.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::fields::{self, Path};
use super::validation::ANNOTATIONS_LIMIT;

const ANNOTATION: &str = "kubectl.kubernetes.io/last-applied-configuration";
/// The name by which kubectl applies, unless it is told another: only this one takes over.
const KUBECTL: &str = "kubectl";

/// The fields that `manager` may take without force: those that the client applied before.
pub(crate) fn fields(manager: &str, live: &Value, keyed: bool) -> BTreeSet<Path> {
    let text = live["metadata"]["annotations"][ANNOTATION].as_str().filter(|_| manager == KUBECTL);
    let applied: Value = text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    fields::leaves(&applied, keyed).into_keys().collect()
}

/// Keeps the annotation true, for the next client-side apply; it goes when it becomes too long.
pub(crate) fn renew(manager: &str, object: &mut Value, config: &Value) {
    let Some(annotations) = object["metadata"]["annotations"].as_object_mut() else { return };
    if manager != KUBECTL || !annotations.contains_key(ANNOTATION) {
        return;
    }
    let text = config.to_string();
    if text.len() > ANNOTATIONS_LIMIT {
        annotations.remove(ANNOTATION);
    } else {
        annotations.insert(ANNOTATION.to_owned(), json!(text));
    }
}
