//! Who manages which field (`metadata.managedFields`), and the server-side apply that goes by it.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::fields::{self, Path};
use super::last_applied;
use super::merge;
use super::resources::Resource;
use super::status::{Cause, Failure};

struct Manager {
    name: String,
    operation: String,
    owned: BTreeSet<Path>,
}

/// Writes down that `manager` made `new` of `old` by other means than server-side apply.
pub(crate) fn update(resource: &Resource, manager: &str, old: Option<&Value>, new: &mut Value) {
    let keyed = !resource.is_custom();
    let before = old.map(|old| fields::leaves(old, keyed)).unwrap_or_default();
    let after = fields::leaves(new, keyed);
    let changed: BTreeSet<Path> =
        after.iter().filter(|(path, value)| before.get(*path) != Some(*value)).map(|(path, _)| path.clone()).collect();
    // a client may send an object without this field, or one that it changed: kubectl does so before its first apply
    let source = if new["metadata"]["managedFields"].is_array() { &*new } else { old.unwrap_or(&Value::Null) };
    let mut managers = read(source);
    for known in &mut managers {
        known.owned.retain(|path| !changed.contains(path) && after.contains_key(path));
    }
    entry(&mut managers, manager, "Update").owned.extend(changed);
    write(new, resource, managers);
}

/// What a server-side apply of `config` makes of `live`.
///
/// # Errors
/// When it would change fields that others manage, without `force`; or when lists cannot be merged.
pub(crate) fn apply(
    resource: &Resource,
    manager: &str,
    live: Option<&Value>,
    config: &Value,
    force: bool,
) -> Result<Value, Failure> {
    let keyed = !resource.is_custom();
    let wanted = fields::leaves(config, keyed);
    let mut object = live.cloned().unwrap_or_else(|| config.clone());
    let present = fields::leaves(&object, keyed);
    let mut managers = read(&object);
    let differs = |path: &Path| present.get(path) != wanted.get(path);
    let taken_over = last_applied::fields(manager, &object, keyed);
    let mut conflicts = Vec::new();
    for other in managers.iter_mut().filter(|other| !other.is(manager, "Apply")) {
        for path in
            other.owned.iter().filter(|path| wanted.contains_key(*path) && differs(path) && !taken_over.contains(*path))
        {
            let message = format!("conflict with \"{}\" using {}", other.name, resource.api_version());
            conflicts.push(Cause { reason: "FieldManagerConflict", field: fields::text(path), message });
        }
        other.owned.retain(|path| !wanted.contains_key(path) || !differs(path));
    }
    if !conflicts.is_empty() && !force {
        let name = config["metadata"]["name"].as_str().unwrap_or_default();
        return Err(Failure::managed_by_others(resource, name, &conflicts));
    }
    let mine = std::mem::take(&mut entry(&mut managers, manager, "Apply").owned);
    let is_shared = |path: &Path| managers.iter().any(|other| other.owned.contains(path));
    fields::remove_all(&mut object, mine.iter().filter(|path| !wanted.contains_key(*path) && !is_shared(path)));
    if keyed {
        merge::strategic(&mut object, config)?;
    } else {
        json_patch::merge(&mut object, config);
    }
    entry(&mut managers, manager, "Apply").owned = wanted.into_keys().collect();
    write(&mut object, resource, managers);
    last_applied::renew(manager, &mut object, config);
    Ok(object)
}

impl Manager {
    fn is(&self, name: &str, operation: &str) -> bool {
        self.name == name && self.operation == operation
    }
}

fn read(object: &Value) -> Vec<Manager> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let one = |entry: &Value| Manager {
        name: text(&entry["manager"]),
        operation: text(&entry["operation"]),
        owned: fields::from_v1(&entry["fieldsV1"]),
    };
    object["metadata"]["managedFields"].as_array().into_iter().flatten().map(one).collect()
}

fn write(object: &mut Value, resource: &Resource, managers: Vec<Manager>) {
    let one = |manager: Manager| {
        json!({
            "manager": manager.name, "operation": manager.operation, "apiVersion": resource.api_version(),
            "time": "2026-01-01T00:00:00Z", "fieldsType": "FieldsV1", "fieldsV1": fields::to_v1(&manager.owned),
        })
    };
    let entries = managers.into_iter().filter(|manager| !manager.owned.is_empty()).map(one);
    object["metadata"]["managedFields"] = entries.collect();
}

fn entry<'a>(managers: &'a mut Vec<Manager>, name: &str, operation: &str) -> &'a mut Manager {
    let at = managers.iter().position(|known| known.is(name, operation)).unwrap_or(managers.len());
    if at == managers.len() {
        managers.push(Manager { name: name.to_owned(), operation: operation.to_owned(), owned: BTreeSet::new() });
    }
    &mut managers[at]
}

#[cfg(test)]
mod tests {
    use super::super::resources;
    use super::*;

    #[test]
    fn an_apply_keeps_what_others_manage() {
        let resource = resources::named("deployments");
        let mut live = json!({ "metadata": { "name": "web" }, "spec": { "replicas": 3, "paused": true } });
        update(resource, "owner", None, &mut live);
        let metadata = json!({ "name": "web", "labels": { "a": "b" } });
        let config = |replicas: u64| json!({ "metadata": metadata, "spec": { "replicas": replicas } });
        apply(resource, "we", Some(&live), &config(1), false).expect_err("replicas are the owner's");
        let shared = apply(resource, "we", Some(&live), &config(3), false).expect("no change of replicas");
        assert_eq!((&shared["metadata"]["labels"]["a"], &shared["spec"]["paused"]), (&json!("b"), &json!(true)));
        let forced = apply(resource, "we", Some(&shared), &config(1), true).expect("by force");
        assert_eq!(forced["spec"]["replicas"], 1);
        // what only we managed goes with our config; what the owner manages stays
        let empty = json!({ "metadata": { "name": "web" } });
        let left = apply(resource, "we", Some(&shared), &empty, false).expect("nothing wanted");
        assert_eq!((&left["metadata"]["labels"], &left["spec"]["replicas"]), (&Value::Null, &json!(3)));
    }
}
