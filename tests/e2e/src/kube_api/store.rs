//! The objects, what the API server itself writes into them, and what became of them.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tokio::sync::watch;

use super::controller::Rollout;
use super::resources::{self, Resource};

type Key = (&'static str, String, String);

/// All objects.
pub(crate) struct Store {
    objects: BTreeMap<Key, Value>,
    version: u64,
    events: Vec<Event>,
    /// Told of each new version.
    news: watch::Sender<u64>,
    /// Workloads that do not roll as they should.
    pub(crate) rollouts: BTreeMap<(String, String, String), Rollout>,
    /// Whether new pods get a sidecar.
    pub(crate) injects: bool,
}

/// A change, as a watch tells of it.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub(crate) version: u64,
    pub(crate) verb: &'static str,
    pub(crate) resource: &'static Resource,
    pub(crate) object: Value,
}

impl Default for Store {
    fn default() -> Self {
        let (objects, events) = (BTreeMap::new(), Vec::new());
        let (news, rollouts) = (watch::Sender::new(100), BTreeMap::new());
        Self { objects, version: 100, events, news, rollouts, injects: true }
    }
}

impl Store {
    pub(crate) fn get(&self, resource: &Resource, namespace: &str, name: &str) -> Option<&Value> {
        self.objects.get(&(resource.plural, namespace.to_owned(), name.to_owned()))
    }

    pub(crate) fn list<'a>(
        &'a self,
        resource: &'a Resource,
        namespace: Option<&'a str>,
    ) -> impl Iterator<Item = &'a Value> {
        let fits = move |key: &Key| key.0 == resource.plural && namespace.is_none_or(|namespace| namespace == key.1);
        self.objects.iter().filter(move |(key, _)| fits(key)).map(|(_, object)| object)
    }

    /// The object as it would be stored: with the fields that the server writes.
    pub(crate) fn prepared(&self, resource: &'static Resource, mut object: Value) -> Value {
        fill(resource, &mut object);
        let Some(old) = self.objects.get(&key(resource, &object)) else {
            let metadata = &mut object["metadata"];
            metadata["uid"] = json!(format!("00000000-0000-4000-8000-{:012x}", self.version + 1));
            metadata["creationTimestamp"] = json!("2026-01-01T00:00:00Z");
            metadata["resourceVersion"] = json!((self.version + 1).to_string());
            if resource.has_generation() {
                metadata["generation"] = json!(1);
            }
            return object;
        };
        for field in ["uid", "creationTimestamp", "resourceVersion", "generation"] {
            if let Some(value) = old["metadata"].get(field) {
                object["metadata"][field] = value.clone();
            }
        }
        if *old != object {
            object["metadata"]["resourceVersion"] = json!((self.version + 1).to_string());
        }
        if resource.has_generation() && old["spec"] != object["spec"] {
            let generation = old["metadata"]["generation"].as_u64().unwrap_or(0);
            object["metadata"]["generation"] = json!(generation + 1);
        }
        object
    }

    /// Stores an object, unless it is there as it is.
    pub(crate) fn put(&mut self, resource: &'static Resource, object: Value) -> Value {
        let object = self.prepared(resource, object);
        let old = self.objects.insert(key(resource, &object), object.clone());
        if old.as_ref() != Some(&object) {
            self.tell(if old.is_some() { "MODIFIED" } else { "ADDED" }, resource, object.clone());
        }
        object
    }

    /// Takes an object away, with what it owns; a namespace with all that is in it.
    pub(crate) fn remove(&mut self, resource: &'static Resource, object: &Value) {
        if self.objects.remove(&key(resource, object)).is_none() {
            return;
        }
        self.tell("DELETED", resource, object.clone());
        let name = (resource.kind == "Namespace").then(|| object["metadata"]["name"].clone());
        let is_owned = |other: &Value| {
            let mut owners = other["metadata"]["ownerReferences"].as_array().into_iter().flatten();
            name.as_ref().is_some_and(|name| other["metadata"]["namespace"] == *name)
                || owners.any(|owner| owner["uid"] == object["metadata"]["uid"])
        };
        let owned: Vec<Value> = self.objects.values().filter(|other| is_owned(other)).cloned().collect();
        for other in owned {
            self.remove(resources::of_object(&other).unwrap_or(resource), &other);
        }
    }

    /// The changes after a version.
    pub(crate) fn events(&self, after: u64) -> impl Iterator<Item = &Event> {
        self.events.iter().filter(move |event| event.version > after)
    }

    pub(crate) fn version(&self) -> u64 {
        self.version
    }

    pub(crate) fn news(&self) -> watch::Receiver<u64> {
        self.news.subscribe()
    }

    fn tell(&mut self, verb: &'static str, resource: &'static Resource, object: Value) {
        self.version += 1;
        self.events.push(Event { version: self.version, verb, resource, object });
        self.news.send_replace(self.version);
    }
}

/// The defaults that kubectl or the controllers read.
fn fill(resource: &Resource, object: &mut Value) {
    let mut default = |path: &[&str], value: Value| {
        let field = path.iter().fold(&mut *object, |at, name| &mut at[*name]);
        if field.is_null() {
            *field = value;
        }
    };
    match resource.kind {
        "Namespace" => default(&["status", "phase"], json!("Active")),
        "Deployment" => {
            default(&["spec", "replicas"], json!(1));
            default(&["spec", "strategy", "type"], json!("RollingUpdate"));
        }
        "StatefulSet" => {
            default(&["spec", "replicas"], json!(1));
            default(&["spec", "updateStrategy", "type"], json!("RollingUpdate"));
        }
        "DaemonSet" => default(&["spec", "updateStrategy", "type"], json!("RollingUpdate")),
        _ => {}
    }
    if resource.kind == "Namespace" {
        let name = object["metadata"]["name"].clone();
        object["metadata"]["labels"]["kubernetes.io/metadata.name"] = name;
    }
    object["apiVersion"] = json!(resource.api_version());
    object["kind"] = json!(resource.kind);
}

fn key(resource: &'static Resource, object: &Value) -> Key {
    let text = |field: &str| object["metadata"][field].as_str().unwrap_or_default().to_owned();
    (resource.plural, if resource.namespaced { text("namespace") } else { String::new() }, text("name"))
}
