//! The workloads' controllers: a changed template replaces the pods, one at each step, and the status follows.

use serde_json::{Value, json};

use super::pods::{self, Health, Pods};
use super::resources::{self, RESOURCES, Resource};
use super::store::Store;

/// How a workload's pods take a change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rollout {
    /// Each pod is replaced by one that becomes ready.
    #[default]
    Completes,
    /// The first new pod never becomes ready.
    Stalls,
    /// The first new pod crashes, and the controller gives up: a Deployment says that its progress deadline is over.
    Fails,
}

/// Takes each workload one step on; gives whether any had a step to take.
pub(crate) fn step(store: &mut Store) -> bool {
    let mut has_changed = false;
    for resource in RESOURCES.iter().filter(|resource| resource.is_workload()) {
        let workloads: Vec<Value> = store.list(resource, None).cloned().collect();
        for workload in workloads {
            has_changed |= step_one(store, resource, workload);
        }
    }
    has_changed
}

/// The first step sees the change and replaces nothing.
fn step_one(store: &mut Store, resource: &'static Resource, mut workload: Value) -> bool {
    let metadata = &workload["metadata"];
    let name = |field: &str| metadata[field].as_str().unwrap_or_default().to_owned();
    let key = (resource.plural.to_owned(), name("namespace"), name("name"));
    let rollout = store.rollouts.get(&key).copied().unwrap_or_default();
    let is_seen = workload["status"]["observedGeneration"] == metadata["generation"];
    let has_moved = is_seen && replace_one(store, resource, &workload, rollout);
    let pods = Pods::of(store, resource, &workload);
    let status = status(resource, &workload, &pods, rollout);
    if workload["status"] == status {
        return has_moved;
    }
    workload["status"] = status;
    store.put(resource, workload);
    true
}

fn replace_one(store: &mut Store, resource: &Resource, workload: &Value, rollout: Rollout) -> bool {
    let pods = Pods::of(store, resource, workload);
    let wanted = usize::try_from(pods::wanted(resource, workload)).unwrap_or(usize::MAX);
    let (ready, total) = (pods.ready.len(), pods.all().count());
    let name = pods.next_name(resource, workload);
    let spare = if total < wanted { None } else { pods.spare() };
    match rollout {
        Rollout::Completes if ready < wanted => {
            let is_taken = pods.all().any(|pod| pod["metadata"]["name"] == name.as_str());
            if let Some(spare) = spare.filter(|_| !is_taken) {
                store.remove(resources::named("pods"), spare);
            }
            pods::start(store, resource, workload, &name, Health::Ready);
            true
        }
        Rollout::Completes if total > wanted => {
            spare.inspect(|spare| store.remove(resources::named("pods"), spare)).is_some()
        }
        Rollout::Completes => false,
        Rollout::Stalls | Rollout::Fails if ready == 0 && pods.unready.is_empty() && wanted > 0 => {
            // a Deployment starts one more, the others put it in the place of one
            if let Some(spare) = spare.filter(|_| resource.kind == "DaemonSet") {
                store.remove(resources::named("pods"), spare);
            }
            let health = if rollout == Rollout::Stalls { Health::Pending } else { Health::Crashing };
            pods::start(store, resource, workload, &name, health);
            true
        }
        Rollout::Stalls | Rollout::Fails => false,
    }
}

/// The fields by which `kubectl rollout status` judges.
fn status(resource: &Resource, workload: &Value, pods: &Pods, rollout: Rollout) -> Value {
    let is_ready = |pod: &&Value| pod["status"]["conditions"][0]["status"] == "True";
    let (total, ready) = (pods.all().count(), pods.all().filter(is_ready).count());
    let updated = pods.ready.len() + pods.unready.len();
    let generation = &workload["metadata"]["generation"];
    let wanted = pods::wanted(resource, workload);
    let is_done = pods.old.is_empty() && pods.ready.len() as u64 == wanted;
    let revision = json!(pods::revision(resource, workload));
    match resource.kind {
        "DaemonSet" => json!({
            "observedGeneration": generation, "desiredNumberScheduled": wanted, "updatedNumberScheduled": updated,
            "currentNumberScheduled": total, "numberAvailable": ready, "numberReady": ready, "numberMisscheduled": 0,
        }),
        "StatefulSet" => {
            let before = &workload["status"]["currentRevision"];
            let current = if is_done || before.is_null() { &revision } else { before };
            json!({
                "observedGeneration": generation, "replicas": total, "updatedReplicas": updated, "readyReplicas": ready,
                "availableReplicas": ready, "updateRevision": revision, "currentRevision": current,
            })
        }
        _ => {
            let has_failed = rollout == Rollout::Fails && !is_done;
            let reason = if has_failed {
                "ProgressDeadlineExceeded"
            } else if is_done {
                "NewReplicaSetAvailable"
            } else {
                "ReplicaSetUpdated"
            };
            json!({
                "observedGeneration": generation, "replicas": total, "updatedReplicas": updated, "readyReplicas": ready,
                "availableReplicas": ready, "unavailableReplicas": total - ready,
                "conditions": [
                    if ready as u64 >= wanted {
                        condition("Available", true, "MinimumReplicasAvailable")
                    } else {
                        condition("Available", false, "MinimumReplicasUnavailable")
                    },
                    condition("Progressing", !has_failed, reason),
                ],
            })
        }
    }
}

fn condition(kind: &str, holds: bool, reason: &str) -> Value {
    json!({ "type": kind, "status": if holds { "True" } else { "False" }, "reason": reason })
}
