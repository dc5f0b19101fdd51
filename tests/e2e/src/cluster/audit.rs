//! What the API server notes of kubectl's calls: <https://kubernetes.io/docs/tasks/debug/debug-cluster/audit/>.

use serde_json::{Value, json};

/// Who runs kubectl: all others are not noted.
pub(crate) const USER: &str = "admin";

/// Notes each call of kubectl that is to change something, before it is answered.
pub(crate) fn policy() -> Value {
    let verbs = ["create", "update", "patch", "delete", "deletecollection"];
    json!({
        "apiVersion": "audit.k8s.io/v1", "kind": "Policy",
        "omitStages": ["ResponseStarted", "ResponseComplete", "Panic"],
        "rules": [{ "level": "Metadata", "users": [USER], "verbs": verbs }],
    })
}

/// The calls that concern a namespace.
pub(crate) fn changes(log: &str, namespace: &str) -> Vec<String> {
    let events = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let wanted = events.filter(|event| {
        let is_dry = event["requestURI"].as_str().is_some_and(|uri| uri.contains("dryRun="));
        event["objectRef"]["namespace"] == namespace && !is_dry
    });
    let words = |event: Value| {
        let object = &event["objectRef"];
        let words = [&event["verb"], &object["resource"], &object["name"]];
        words.iter().filter_map(|word| word.as_str()).collect::<Vec<_>>().join(" ")
    };
    wanted.map(words).collect()
}
