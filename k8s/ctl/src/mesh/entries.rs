//! Istio's annotations for volumes: JSON text that holds named entries, as a map or as a list.

use serde_json::{Map, Value, json};

/// Named entries, in the form in which they stand.
#[derive(Clone, Debug, PartialEq)]
enum Entries {
    /// `{"NAME": {…}}`
    Map(Map<String, Value>),
    /// `[{"name": "NAME", …}]`
    List(Vec<Value>),
}

impl Entries {
    fn parse(text: &str) -> Result<Self, String> {
        if text.trim().is_empty() {
            return Ok(Self::Map(Map::new()));
        }
        match serde_json::from_str(text) {
            Ok(Value::Object(map)) => Ok(Self::Map(map)),
            Ok(Value::Array(list)) => Ok(Self::List(list)),
            _ => Err(format!("got {text:?}, takes a JSON object or list of named entries")),
        }
    }

    fn text(self) -> String {
        match self {
            Self::Map(map) => Value::Object(map).to_string(),
            Self::List(list) => Value::Array(list).to_string(),
        }
    }

    fn get(&self, name: &str) -> Option<Value> {
        match self {
            Self::Map(map) => map.get(name).cloned(),
            Self::List(list) => list.iter().find(|entry| entry["name"] == name).map(|entry| {
                let mut entry = entry.clone();
                entry.as_object_mut().map(|entry| entry.remove("name"));
                entry
            }),
        }
    }

    fn remove(&mut self, name: &str) {
        match self {
            Self::Map(map) => drop(map.shift_remove(name)),
            Self::List(list) => list.retain(|entry| entry["name"] != name),
        }
    }

    fn is_empty(&self) -> bool {
        match self {
            Self::Map(map) => map.is_empty(),
            Self::List(list) => list.is_empty(),
        }
    }
}

/// The annotation with this entry of ours in it, all others as they were. One that stands there under the same name is replaced
/// when `ours` says that an earlier revision of this command wrote it.
///
/// # Errors
/// When the annotation is not what Istio takes, or has another entry under the name; with what is there and what is needed.
pub(crate) fn with(
    annotation: Option<&str>,
    name: &str,
    entry: &Value,
    ours: impl Fn(&Value) -> bool,
) -> Result<String, String> {
    let mut entries = Entries::parse(annotation.unwrap_or_default())?;
    match entries.get(name) {
        Some(there) if there == *entry => return Ok(annotation.unwrap_or_default().to_owned()),
        Some(there) if !ours(&there) => {
            return Err(format!(
                "got {there} under the name {name:?}, which this command needs for {entry}: rename yours"
            ));
        }
        _ => {}
    }
    match &mut entries {
        Entries::Map(map) => drop(map.insert(name.to_owned(), entry.clone())),
        Entries::List(list) => {
            list.retain(|entry| entry["name"] != name);
            let mut entry = entry.clone();
            entry["name"] = json!(name);
            list.push(entry);
        }
    }
    Ok(entries.text())
}

/// What was there before [`with`]: `before` as it stood if nothing else changed since, otherwise what is there without the entry,
/// if it is ours. `None`: no annotation.
pub(crate) fn without(
    annotation: Option<&str>,
    name: &str,
    ours: impl Fn(&Value) -> bool,
    before: Option<&str>,
) -> Option<String> {
    let annotation = annotation?;
    let kept = || Some(annotation.to_owned());
    let Ok(mut entries) = Entries::parse(annotation) else { return kept() };
    if !entries.get(name).is_some_and(|entry| ours(&entry)) {
        return kept();
    }
    entries.remove(name);
    let same = match Entries::parse(before.unwrap_or_default()) {
        Ok(before) => before == entries || (before.is_empty() && entries.is_empty()),
        Err(_) => false,
    };
    if same { before.map(str::to_owned) } else { Some(entries.text()) }
}

/// The entries whose value fits, by name.
pub(crate) fn named(annotation: Option<&str>, fits: impl Fn(&Value) -> bool) -> Vec<String> {
    match Entries::parse(annotation.unwrap_or_default()) {
        Ok(Entries::Map(map)) => map.into_iter().filter(|(_, value)| fits(value)).map(|(name, _)| name).collect(),
        Ok(Entries::List(list)) => {
            let list = list.into_iter().filter(fits);
            list.filter_map(|entry| entry["name"].as_str().map(str::to_owned)).collect()
        }
        Err(_) => Vec::new(),
    }
}
