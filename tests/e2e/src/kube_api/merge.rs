//! Strategic merge patches: lists of the built-in kinds are merged by a key, and `$` fields say what to do.

use serde_json::{Map, Value, json};

use super::status::Failure;

/// The field by which the items of a list are told apart; none where a list is replaced as a whole.
pub(crate) fn key(list: &str) -> Option<&'static str> {
    Some(match list {
        "containers" | "initContainers" | "ephemeralContainers" | "volumes" | "env" | "imagePullSecrets" => "name",
        "volumeMounts" => "mountPath",
        "volumeDevices" => "devicePath",
        "ports" => "containerPort",
        "ownerReferences" => "uid",
        "conditions" => "type",
        "hostAliases" => "ip",
        "topologySpreadConstraints" => "topologyKey",
        _ => return None,
    })
}

/// Applies a strategic merge patch.
///
/// # Errors
/// When the patch has a directive that the double does not know, or an item without its key.
pub(crate) fn strategic(target: &mut Value, patch: &Value) -> Result<(), Failure> {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return Ok(());
    };
    if !target.is_object() || patch.get("$patch") == Some(&json!("replace")) {
        *target = json!({});
    }
    let Value::Object(target) = target else { return Ok(()) };
    if let Some(Value::Array(retained)) = patch.get("$retainKeys") {
        target.retain(|name, _| retained.iter().any(|kept| kept == name));
    }
    for (name, value) in patch.iter().filter(|(name, _)| !name.starts_with('$')) {
        match (value, key(name)) {
            (Value::Null, _) => drop(target.remove(name)),
            (Value::Array(items), Some(key)) => {
                merge_list(target.entry(name.clone()).or_insert(json!([])), items, key)?;
            }
            _ => strategic(target.entry(name.clone()).or_insert(Value::Null), value)?,
        }
    }
    patch.iter().filter(|(name, _)| name.starts_with('$')).try_for_each(|(name, value)| direct(target, name, value))
}

/// Orders a list, or takes items out of a list of plain values.
fn direct(target: &mut Map<String, Value>, directive: &str, value: &Value) -> Result<(), Failure> {
    let wanted = value.as_array().map(Vec::as_slice).unwrap_or_default();
    if let Some(name) = directive.strip_prefix("$setElementOrder/") {
        let Some(Value::Array(items)) = target.get_mut(name) else { return Ok(()) };
        let Some(key) = key(name) else { return Ok(()) };
        items.sort_by_key(|item| wanted.iter().position(|ordered| ordered[key] == item[key]).unwrap_or(usize::MAX));
    } else if let Some(name) = directive.strip_prefix("$deleteFromPrimitiveList/") {
        let Some(Value::Array(items)) = target.get_mut(name) else { return Ok(()) };
        items.retain(|item| !wanted.contains(item));
    } else if !["$patch", "$retainKeys"].contains(&directive) {
        return Err(Failure::bad_request(format!(
            "the double of the API server does not know the directive {directive}"
        )));
    }
    Ok(())
}

fn merge_list(target: &mut Value, patch: &[Value], key: &str) -> Result<(), Failure> {
    if !target.is_array() || patch.iter().any(|item| item["$patch"] == "replace") {
        *target = json!([]);
    }
    let Value::Array(target) = target else { return Ok(()) };
    for item in patch {
        if item["$patch"] == "replace" && item.get(key).is_none() {
            continue;
        }
        if item[key].is_null() {
            return Err(Failure::bad_request(format!("map: {item} does not contain declared merge key: {key}")));
        }
        if item["$patch"] == "delete" {
            target.retain(|old| old[key] != item[key]);
            continue;
        }
        match target.iter_mut().find(|old| old[key] == item[key]) {
            Some(old) => strategic(old, item)?,
            None => {
                let mut new = json!({});
                strategic(&mut new, item)?;
                target.push(new);
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn lists_are_merged_by_key_and_ordered() {
        let mut object = json!({ "containers": [{ "name": "a", "image": "1" }, { "name": "b" }], "args": [1, 2] });
        let patch = json!({
            "$setElementOrder/containers": [{ "name": "c" }, { "name": "a" }], "args": [3],
            "containers": [{ "name": "a", "image": "2" }, { "name": "b", "$patch": "delete" }, { "name": "c" }],
        });
        super::strategic(&mut object, &patch).expect("known directives");
        let containers = json!([{ "name": "c" }, { "name": "a", "image": "2" }]);
        assert_eq!(object, json!({ "containers": containers, "args": [3] }));
    }

    #[test]
    fn keys_can_be_retained_and_fields_removed() {
        let mut object = json!({ "strategy": { "type": "RollingUpdate", "rollingUpdate": {} }, "a": 1 });
        let patch = json!({ "strategy": { "$retainKeys": ["type"], "type": "Recreate" }, "a": null });
        super::strategic(&mut object, &patch).expect("known directives");
        assert_eq!(object, json!({ "strategy": { "type": "Recreate" } }));
        super::strategic(&mut object, &json!({ "$odd": 1 })).expect_err("an unknown directive");
        super::strategic(&mut object, &json!({ "env": [{ "value": "x" }] })).expect_err("an item without its key");
    }
}
