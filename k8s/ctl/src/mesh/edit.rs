//! Changes of lists and maps in an object that leave everything else in its place.

use crate::overlay::mounting::VOLUME;
use serde_json::{Value, json};

/// A ConfigMap of ours, whatever stands before or after: the name has a revision in it.
pub(crate) fn is_ours(name: &str) -> bool {
    let hexadecimal = |part: &str| part.len() >= 12 && part.bytes().take(12).all(|byte| byte.is_ascii_hexdigit());
    name.split('-').any(hexadecimal)
}

/// Whether this volume, with or without its name, is of a ConfigMap of ours.
pub(super) fn is_our_volume(volume: &Value) -> bool {
    volume["configMap"]["name"].as_str().is_some_and(is_ours)
}

/// The volume of ours in a template, if there is one.
pub(super) fn has_volume(template: &Value) -> bool {
    let volumes = template["spec"]["volumes"].as_array();
    volumes.into_iter().flatten().any(|volume| volume["name"] == VOLUME && is_our_volume(volume))
}

/// Adds an entry to a list, or puts it in the place of an earlier one of ours.
pub(super) fn put(list: &mut Value, entry: Value, ours: impl Fn(&Value) -> bool) -> Result<(), String> {
    if !list.is_array() {
        *list = json!([]);
    }
    let list = list.as_array_mut().expect("it was just made one");
    match list.iter_mut().find(|other| other["name"] == entry["name"]) {
        Some(there) if covers(there, &entry) => {}
        Some(there) if ours(there) => *there = entry,
        Some(there) => {
            return Err(format!("got {there}, under the name that this command needs for {entry}: rename yours"));
        }
        None => list.push(entry),
    }
    Ok(())
}

/// Whether all of `entry` is in `there`, which the API server may have filled with defaults.
fn covers(there: &Value, entry: &Value) -> bool {
    match (there, entry) {
        (Value::Object(there), Value::Object(entry)) => {
            entry.iter().all(|(name, value)| there.get(name).is_some_and(|there| covers(there, value)))
        }
        (there, entry) => there == entry,
    }
}

/// Takes our entry out of a list, and the list away when nothing is left: the API server keeps no empty one.
pub(crate) fn take(owner: &mut Value, field: &str, ours: impl Fn(&Value) -> bool) {
    let Some(list) = owner[field].as_array_mut() else {
        owner.as_object_mut().map(|owner| owner.remove(field));
        return;
    };
    list.retain(|entry| entry["name"] != VOLUME || !ours(entry));
    if list.is_empty() {
        owner.as_object_mut().map(|owner| owner.remove(field));
    }
}

/// Takes the pod's volume of ours out of a template.
pub(crate) fn take_volume(template: &mut Value) {
    take(&mut template["spec"], "volumes", is_our_volume);
}

/// Sets or removes one of the labels or annotations; a map that is then empty goes, as the API server keeps none.
pub(crate) fn set(metadata: &mut Value, place: &str, key: &str, value: Option<String>) {
    match value {
        Some(value) => metadata[place][key] = json!(value),
        None => {
            let Some(map) = metadata[place].as_object_mut() else {
                metadata.as_object_mut().map(|metadata| metadata.remove(place));
                return;
            };
            map.shift_remove(key);
            if map.is_empty() {
                metadata.as_object_mut().map(|metadata| metadata.remove(place));
            }
        }
    }
}
