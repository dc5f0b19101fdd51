//! The pods of a workload: which there are, and how a new one is made.

use std::hash::{DefaultHasher, Hash, Hasher};

use serde_json::{Value, json};

use super::admission;
use super::resources::{self, Resource};
use super::store::Store;

/// What a new pod's containers are up to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Health {
    Ready,
    /// Still waiting for a node.
    Pending,
    /// Ends, and is started again and again.
    Crashing,
}

/// The pods of one workload.
pub(crate) struct Pods {
    /// Of the template as it is, and ready.
    pub(crate) ready: Vec<Value>,
    /// Of the template as it is, and not ready.
    pub(crate) unready: Vec<Value>,
    /// Of a template that has been.
    pub(crate) old: Vec<Value>,
}

impl Pods {
    pub(crate) fn of(store: &Store, resource: &Resource, workload: &Value) -> Self {
        let namespace = workload["metadata"]["namespace"].as_str();
        let replica_sets = store.list(resources::named("replicasets"), namespace);
        let sets = replica_sets.filter(|set| is_owned(set, workload)).map(|set| set["metadata"]["uid"].clone());
        let owners: Vec<Value> = sets.chain([workload["metadata"]["uid"].clone()]).collect();
        let is_mine = |pod: &&Value| owners.contains(&pod["metadata"]["ownerReferences"][0]["uid"]);
        let pods: Vec<Value> = store.list(resources::named("pods"), namespace).filter(is_mine).cloned().collect();
        let (label, revision) = (label(resource), revision(resource, workload));
        let is_new = |pod: &Value| pod["metadata"]["labels"][label] == revision.as_str();
        let (new, old): (Vec<Value>, Vec<Value>) = pods.into_iter().partition(is_new);
        let (ready, unready) = new.into_iter().partition(is_ready);
        Self { ready, unready, old }
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Value> {
        self.old.iter().chain(&self.unready).chain(&self.ready)
    }

    /// The one that is missed least.
    pub(crate) fn spare(&self) -> Option<&Value> {
        self.old.first().or(self.unready.first()).or(self.ready.last())
    }

    /// The name of the next pod; a StatefulSet's replaces the one that has it.
    pub(crate) fn next_name(&self, resource: &Resource, workload: &Value) -> String {
        let (name, wanted) = (text(&workload["metadata"]["name"]), wanted(resource, workload));
        let has = |pods: &[Value], name: &str| pods.iter().any(|pod| pod["metadata"]["name"] == name);
        if resource.kind == "StatefulSet" {
            let mut ordinals: Vec<String> = (0..wanted).map(|ordinal| format!("{name}-{ordinal}")).collect();
            if !self.old.is_empty() {
                ordinals.reverse();
            }
            return ordinals
                .into_iter()
                .find(|name| !has(&self.ready, name))
                .unwrap_or_else(|| format!("{name}-{wanted}"));
        }
        let number = |number: u64| format!("{name}-{}-{number}", hash(workload));
        let is_free = |name: &String| !has(&self.ready, name) && !has(&self.unready, name) && !has(&self.old, name);
        (1..).map(number).find(is_free).unwrap_or_default()
    }
}

/// How many pods there shall be; a DaemonSet runs on one node.
pub(crate) fn wanted(resource: &Resource, workload: &Value) -> u64 {
    if resource.kind == "DaemonSet" { 1 } else { workload["spec"]["replicas"].as_u64().unwrap_or(1) }
}

/// Names the workload's template as it is: the value of [`label`].
pub(crate) fn revision(resource: &Resource, workload: &Value) -> String {
    let hash = hash(workload);
    if resource.kind == "StatefulSet" { format!("{}-{hash}", text(&workload["metadata"]["name"])) } else { hash }
}

/// Makes a pod, in the place of one that has its name.
pub(crate) fn start(store: &mut Store, resource: &Resource, workload: &Value, name: &str, health: Health) {
    let owner = owner(store, resource, workload);
    let template = &workload["spec"]["template"];
    let metadata = &workload["metadata"];
    let mut pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": template["metadata"], "spec": template["spec"],
    });
    pod["metadata"]["name"] = json!(name);
    pod["metadata"]["namespace"] = metadata["namespace"].clone();
    pod["metadata"]["labels"][label(resource)] = json!(revision(resource, workload));
    pod["metadata"]["ownerReferences"] = json!([reference(&owner)]);
    if store.injects {
        admission::inject(&mut pod);
    }
    pod["status"] = status(&pod, health);
    let pods = resources::named("pods");
    if let Some(before) = store.get(pods, &text(&metadata["namespace"]), name).cloned() {
        store.remove(pods, &before);
    }
    store.put(pods, pod);
}

fn status(pod: &Value, health: Health) -> Value {
    let is_ready = health == Health::Ready;
    let state = match health {
        Health::Ready => json!({ "running": {} }),
        Health::Pending => json!({ "waiting": { "reason": "ContainerCreating" } }),
        Health::Crashing => json!({ "waiting": { "reason": "CrashLoopBackOff" } }),
    };
    let container = |container: &Value| json!({ "name": container["name"], "ready": is_ready, "state": state });
    let containers = pod["spec"]["containers"].as_array().into_iter().flatten().map(container);
    json!({
        "phase": if health == Health::Pending { "Pending" } else { "Running" },
        "conditions": [{ "type": "Ready", "status": if is_ready { "True" } else { "False" } }],
        "containerStatuses": containers.collect::<Vec<_>>(),
    })
}

/// What owns the pods: the workload, or the ReplicaSet of a Deployment, which is made when it is not there. (Nobody
/// counts for a ReplicaSet: it is there for its owner to be found.)
fn owner(store: &mut Store, resource: &Resource, workload: &Value) -> Value {
    let metadata = &workload["metadata"];
    if resource.kind != "Deployment" {
        return workload.clone();
    }
    let (known, name) = (resources::named("replicasets"), format!("{}-{}", text(&metadata["name"]), hash(workload)));
    if let Some(set) = store.get(known, &text(&metadata["namespace"]), &name) {
        return set.clone();
    }
    let spec = json!({ "selector": workload["spec"]["selector"], "template": workload["spec"]["template"] });
    let labels = &workload["spec"]["template"]["metadata"]["labels"];
    let mut set = json!({
        "metadata": {
            "name": name, "namespace": metadata["namespace"], "labels": labels,
            "ownerReferences": [reference(workload)],
        },
        "spec": spec,
    });
    set["metadata"]["labels"][label(resource)] = json!(hash(workload));
    store.put(known, set)
}

fn reference(owner: &Value) -> Value {
    json!({
        "apiVersion": owner["apiVersion"], "kind": owner["kind"], "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"], "controller": true,
    })
}

/// The label that tells the pods of one template from those of another.
fn label(resource: &Resource) -> &'static str {
    if resource.kind == "Deployment" { "pod-template-hash" } else { "controller-revision-hash" }
}

fn hash(workload: &Value) -> String {
    let mut hasher = DefaultHasher::new();
    workload["spec"]["template"].to_string().hash(&mut hasher);
    format!("{:08x}", hasher.finish() >> 32)
}

fn is_owned(object: &Value, owner: &Value) -> bool {
    object["metadata"]["ownerReferences"][0]["uid"] == owner["metadata"]["uid"]
}

fn is_ready(pod: &Value) -> bool {
    let mut conditions = pod["status"]["conditions"].as_array().into_iter().flatten();
    conditions.any(|condition| condition["type"] == "Ready" && condition["status"] == "True")
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
