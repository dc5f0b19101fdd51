//! What the server says it has: `/api`, `/apis`, and the resources of each group.

use serde_json::{Value, json};

use super::resources::{RESOURCES, Resource};

/// The answer to a discovery path, if it is one.
pub(crate) fn answer(path: &str) -> Option<Value> {
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    match parts[..] {
        ["version"] => Some(json!({ "major": "1", "minor": "32", "gitVersion": "v1.32.0" })),
        ["api"] => Some(json!({ "kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": [] })),
        ["apis"] => Some(json!({ "kind": "APIGroupList", "apiVersion": "v1", "groups": groups() })),
        ["api", version] => list("", version),
        ["apis", group, version] => list(group, version),
        _ => None,
    }
}

fn groups() -> Vec<Value> {
    let mut groups: Vec<Value> = Vec::new();
    for known in RESOURCES.iter().filter(|known| !known.group.is_empty()) {
        let version = json!({ "groupVersion": known.api_version(), "version": known.version });
        let group = json!({ "name": known.group, "versions": [version], "preferredVersion": version });
        if !groups.contains(&group) {
            groups.push(group);
        }
    }
    groups
}

fn list(group: &str, version: &str) -> Option<Value> {
    let of_group = RESOURCES.iter().filter(|known| known.group == group && known.version == version);
    let resources: Vec<Value> = of_group.clone().map(describe).collect();
    let api_version = of_group.map(Resource::api_version).next()?;
    Some(json!({ "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": api_version, "resources": resources }))
}

fn describe(known: &Resource) -> Value {
    let short: Vec<&str> = Some(known.short).filter(|short| !short.is_empty()).into_iter().collect();
    json!({
        "name": known.plural, "singularName": known.singular, "namespaced": known.namespaced, "kind": known.kind,
        "verbs": ["create", "delete", "get", "list", "patch", "update", "watch"], "shortNames": short,
    })
}
