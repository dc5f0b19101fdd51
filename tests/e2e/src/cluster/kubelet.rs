//! What a kubelet, and the scheduler before it, do for the API server: a pod gets its node, becomes ready, and is gone when it is
//! deleted.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use hyper::{Method, StatusCode};
use serde_json::{Value, json};

use super::client::{JSON, MERGE};
use super::kinds::Kind;
use super::node::{NODE, Node};

/// How often a pod that cannot start yet is looked at again.
const PAUSE: Duration = Duration::from_millis(50);
const TIME: &str = "2026-01-01T00:00:00Z";

/// Registers the node, on which there is room, with the port at which the API server finds its kubelet.
///
/// # Errors
/// When the API server refuses.
pub(crate) async fn register(node: &Node) -> io::Result<()> {
    let kind = Kind::named("nodes");
    let labels = json!({ "kubernetes.io/hostname": NODE, "kubernetes.io/os": "linux" });
    let object = json!({ "apiVersion": "v1", "kind": "Node", "metadata": { "name": NODE, "labels": labels } });
    node.client.ok(Method::POST, &kind.path("", ""), JSON, Some(&object)).await?;
    let room = json!({ "cpu": "64", "memory": "256Gi", "pods": "1000" });
    let status = json!({
        "capacity": room, "allocatable": room,
        "addresses": [{ "type": "InternalIP", "address": node.address().ip().to_string() }],
        "daemonEndpoints": { "kubeletEndpoint": { "Port": node.address().port() } },
        "conditions": [condition("Ready", true)],
    });
    let path = kind.path("", NODE);
    node.client.ok(Method::PATCH, &format!("{path}/status"), MERGE, Some(&json!({ "status": status }))).await?;
    // The API server says of each new node that it is not ready.
    node.client.ok(Method::PATCH, &path, MERGE, Some(&json!({ "spec": { "taints": null } }))).await.map(drop)
}

/// Looks after all pods, for ever.
pub(crate) async fn run(node: Arc<Node>) {
    loop {
        let each = |event: Value| drop(tokio::spawn(care(Arc::clone(&node), event["object"].clone())));
        if node.client.watch("/api/v1/pods", each).await.is_err() {
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// Takes a pod as far as it can go.
pub(crate) async fn care(node: Arc<Node>, mut pod: Value) {
    // When a call fails, the pod has changed, and the next event of the watch is about it.
    while let Ok(Some(next)) = step(&node, &pod).await {
        pod = next;
    }
}

/// Takes a pod a step on; gives how it is to be looked at again, or nothing: when it changes.
async fn step(node: &Node, pod: &Value) -> io::Result<Option<Value>> {
    let metadata = &pod["metadata"];
    let text = |field: &str| metadata[field].as_str().unwrap_or_default();
    let path = Kind::named("pods").path(text("namespace"), text("name"));
    if !metadata["deletionTimestamp"].is_null() {
        if let Some(runtime) = &node.runtime {
            runtime.stop(pod);
        }
        let options = json!({ "gracePeriodSeconds": 0, "preconditions": { "uid": metadata["uid"] } });
        node.client.ok(Method::DELETE, &path, JSON, Some(&options)).await?;
        return Ok(None);
    }
    if pod["spec"]["nodeName"].is_null() {
        let target = json!({ "apiVersion": "v1", "kind": "Node", "name": NODE });
        let binding =
            json!({ "apiVersion": "v1", "kind": "Binding", "metadata": { "name": text("name") }, "target": target });
        node.client.ok(Method::POST, &format!("{path}/binding"), JSON, Some(&binding)).await?;
        return Ok(None);
    }
    if pod["status"]["phase"] == "Running" {
        return Ok(None);
    }
    let mut can_start = !node.is_held(pod) && has_volumes(node, pod).await?;
    let mut address = None;
    if let Some(runtime) = node.runtime.as_ref().filter(|_| can_start) {
        let progress = runtime.start(pod);
        (can_start, address) = (progress.ready, Some(progress.address.to_string()));
    }
    let mut status = status(node, pod, can_start);
    let is_told = address.as_deref() == pod["status"]["podIP"].as_str();
    if let Some(address) = address {
        (status["status"]["podIP"], status["status"]["podIPs"]) = (json!(address), json!([{ "ip": address }]));
    }
    if can_start || pod["status"]["hostIP"].is_null() || !is_told {
        node.client.ok(Method::PATCH, &format!("{path}/status"), MERGE, Some(&status)).await?;
    }
    if can_start {
        return Ok(None);
    }
    tokio::time::sleep(PAUSE).await;
    match node.client.call(Method::GET, &path, JSON, None).await? {
        (StatusCode::OK, pod) => Ok(Some(pod)),
        _ => Ok(None),
    }
}

/// Whether the ConfigMaps are there without which a pod does not start.
async fn has_volumes(node: &Node, pod: &Value) -> io::Result<bool> {
    let namespace = pod["metadata"]["namespace"].as_str().unwrap_or_default();
    for volume in pod["spec"]["volumes"].as_array().into_iter().flatten() {
        let map = &volume["configMap"];
        let Some(name) = map["name"].as_str().filter(|_| map["optional"] != true) else { continue };
        if node.client.find(&Kind::named("configmaps").path(namespace, name)).await?.is_none() {
            return Ok(false);
        }
    }
    Ok(true)
}

fn status(node: &Node, pod: &Value, runs: bool) -> Value {
    let of = |containers: &Value| -> Value {
        let state = if runs {
            json!({ "running": { "startedAt": TIME } })
        } else {
            json!({ "waiting": { "reason": "ContainerCreating" } })
        };
        let container = |container: &Value| {
            json!({
                "name": container["name"], "image": container["image"], "imageID": "", "ready": runs, "started": runs,
                "restartCount": 0, "state": state,
            })
        };
        containers.as_array().into_iter().flatten().map(container).collect()
    };
    let conditions = [("PodScheduled", true), ("Initialized", true), ("ContainersReady", runs), ("Ready", runs)];
    let status = json!({
        "phase": if runs { "Running" } else { "Pending" }, "startTime": TIME, "hostIP": node.address().ip().to_string(),
        "conditions": conditions.map(|(kind, holds)| condition(kind, holds)),
        "containerStatuses": of(&pod["spec"]["containers"]), "initContainerStatuses": of(&pod["spec"]["initContainers"]),
    });
    // Not of another pod that has got the name meanwhile.
    json!({ "metadata": { "uid": pod["metadata"]["uid"] }, "status": status })
}

fn condition(kind: &str, holds: bool) -> Value {
    let status = if holds { "True" } else { "False" };
    json!({ "type": kind, "status": status, "reason": "Test", "lastTransitionTime": TIME, "lastHeartbeatTime": null })
}
