//! The fields of an object, as `metadata.managedFields` names them (`FieldsV1`).

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::merge;

/// The way to a field: `f:spec`, `f:containers`, `k:{"name":"web"}`, `f:image`.
pub(crate) type Path = Vec<String>;

/// The fields that managers may own, with their values. A list is one field, unless `keyed` and a key tells its items
/// apart.
pub(crate) fn leaves(object: &Value, keyed: bool) -> BTreeMap<Path, Value> {
    let mut found = BTreeMap::new();
    for (name, value) in object.as_object().into_iter().flatten() {
        match name.as_str() {
            "apiVersion" | "kind" | "status" => {}
            "metadata" => {
                for name in ["labels", "annotations", "finalizers", "ownerReferences"] {
                    if let Some(value) = value.get(name) {
                        walk(value, name, vec!["f:metadata".to_owned(), format!("f:{name}")], keyed, &mut found);
                    }
                }
            }
            _ => walk(value, name, vec![format!("f:{name}")], keyed, &mut found),
        }
    }
    found
}

fn walk(value: &Value, name: &str, path: Path, keyed: bool, found: &mut BTreeMap<Path, Value>) {
    let step = |step: String| path.iter().cloned().chain([step]).collect();
    let key = merge::key(name).filter(|_| keyed);
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            for (name, value) in fields {
                walk(value, name, step(format!("f:{name}")), keyed, found);
            }
        }
        Value::Array(items)
            if !items.is_empty() && key.is_some_and(|key| items.iter().all(|item| !item[key].is_null())) =>
        {
            let key = key.unwrap_or_default();
            for item in items {
                walk(item, "", step(format!("k:{}", json!({ key: item[key] }))), keyed, found);
            }
        }
        _ => drop(found.insert(path, value.clone())),
    }
}

/// Takes fields away, and what is left empty above them.
pub(crate) fn remove_all<'a>(object: &mut Value, paths: impl Iterator<Item = &'a Path>) {
    // an item is found by its key, which therefore goes last
    let (mut keys, others): (Vec<&Path>, Vec<&Path>) = paths.partition(|path| is_key(path));
    others.into_iter().for_each(|path| remove(object, path));
    keys.sort_by_key(|path| Reverse(path.len()));
    keys.into_iter().for_each(|path| remove(object, path));
}

/// Whether this is the field that tells an item of a list from the others.
fn is_key(path: &[String]) -> bool {
    let [.., item, field] = path else { return false };
    let name = field.strip_prefix("f:");
    name.is_some_and(|name| key(item).contains_key(name))
}

fn key(step: &str) -> Map<String, Value> {
    step.strip_prefix("k:").and_then(|key| serde_json::from_str(key).ok()).unwrap_or_default()
}

fn remove(value: &mut Value, path: &[String]) {
    let Some((first, rest)) = path.split_first() else { return };
    if let Some(name) = first.strip_prefix("f:") {
        let Some(fields) = value.as_object_mut() else { return };
        if let Some(inner) = fields.get_mut(name) {
            remove(inner, rest);
            if rest.is_empty() || is_empty(inner) {
                fields.remove(name);
            }
        }
    } else if let Some(items) = value.as_array_mut() {
        let key = key(first);
        let is_it = |item: &Value| key.iter().all(|(name, value)| item[name] == *value);
        let Some(at) = items.iter().position(is_it) else { return };
        let takes_key = rest.len() == 1 && is_key(path);
        if !takes_key {
            remove(&mut items[at], rest);
        }
        // while others have fields in it, it keeps its key
        if is_empty(&items[at]) || takes_key && items[at] == Value::Object(key) {
            items.remove(at);
        }
    }
}

fn is_empty(value: &Value) -> bool {
    value.as_object().is_some_and(Map::is_empty) || value.as_array().is_some_and(Vec::is_empty)
}

/// Nested, as the API shows it.
pub(crate) fn to_v1(paths: &BTreeSet<Path>) -> Value {
    let mut root = json!({});
    for path in paths {
        path.iter().fold(&mut root, |at, step| &mut at[step]);
    }
    // indexing makes a null of what it does not find
    fn fill(value: &mut Value) {
        match value {
            Value::Object(fields) => fields.values_mut().for_each(fill),
            _ => *value = json!({}),
        }
    }
    fill(&mut root);
    root
}

/// The reverse of [`to_v1`].
pub(crate) fn from_v1(value: &Value) -> BTreeSet<Path> {
    let inner = value.as_object().into_iter().flatten().filter(|(step, _)| *step != ".");
    let below = |(step, value): (&String, &Value)| {
        let rest = if is_empty(value) { BTreeSet::from([Path::new()]) } else { from_v1(value) };
        rest.into_iter().map(|path| [vec![step.clone()], path].concat()).collect::<Vec<_>>()
    };
    inner.flat_map(below).collect()
}

/// As conflicts name it: `.spec.template.spec.containers[name="web"].image`.
pub(crate) fn text(path: &Path) -> String {
    let one = |step: &String| match key(step) {
        key if !key.is_empty() => {
            let pairs: Vec<String> = key.iter().map(|(name, value)| format!("{name}={value}")).collect();
            format!("[{}]", pairs.join(","))
        }
        _ => format!(".{}", step.trim_start_matches("f:")),
    };
    path.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_named_shown_and_removed() {
        let mut object =
            json!({ "kind": "Pod", "spec": { "containers": [{ "name": "web", "image": "1" }], "x": [1] } });
        let found = leaves(&object, true);
        let paths: BTreeSet<Path> = found.keys().cloned().collect();
        let texts: Vec<String> = paths.iter().map(text).collect();
        let item = ".spec.containers[name=\"web\"]";
        assert_eq!(texts, [format!("{item}.image"), format!("{item}.name"), ".spec.x".to_owned()]);
        assert_eq!(from_v1(&to_v1(&paths)), paths);
        assert_eq!(to_v1(&paths)["f:spec"]["f:x"], json!({}));
        let mut other = object.clone();
        remove_all(&mut object, paths.iter().take(2));
        assert_eq!(object, json!({ "kind": "Pod", "spec": { "x": [1] } }));
        // the image is another's: the item stays, and is still to be found
        remove_all(&mut other, paths.iter().skip(1).take(1));
        assert_eq!(other["spec"]["containers"], json!([{ "name": "web", "image": "1" }]));
        // a list in an item of a list
        let env = json!([{ "name": "A", "value": "1" }, { "name": "B" }]);
        let mut nested = json!({ "spec": { "containers": [{ "name": "web", "env": env }] } });
        let paths: Vec<Path> = leaves(&nested, true).into_keys().filter(|path| text(path).contains("\"A\"")).collect();
        assert_eq!(paths.len(), 2);
        remove_all(&mut nested, paths.iter());
        assert_eq!(nested["spec"]["containers"], json!([{ "name": "web", "env": [{ "name": "B" }] }]));
        assert_eq!(leaves(&json!({ "spec": { "containers": [{ "name": "web" }] } }), false).len(), 1);
    }
}
