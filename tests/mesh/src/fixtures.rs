//! The namespaces and workloads that the filter is deployed to.

use serde_json::{Value, json};

use crate::app;
use crate::pods::COLLECTOR_PORT;

/// An application in each of the two namespaces of the mesh, and a collector beside it.
pub(crate) fn objects() -> Vec<Value> {
    [
        vec![namespace("shop", true), namespace("pay", true), namespace("observability", false)],
        application("shop", "web"),
        application("pay", "api"),
        vec![
            workload("observability", "collector"),
            service("observability", "collector", COLLECTOR_PORT, COLLECTOR_PORT),
        ],
    ]
    .concat()
}

/// A namespace, whose pods Istio gives a proxy when `injects` says so.
pub(crate) fn namespace(name: &str, injects: bool) -> Value {
    let labels = if injects { json!({ "istio-injection": "enabled" }) } else { json!({}) };
    json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name, "labels": labels } })
}

/// A Deployment with a Service at port 80.
pub(crate) fn application(namespace: &str, name: &str) -> Vec<Value> {
    vec![workload(namespace, name), service(namespace, name, 80, app::PORT)]
}

/// A Deployment of one pod.
pub(crate) fn workload(namespace: &str, name: &str) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": name, "namespace": namespace },
        "spec": {
            "replicas": 1, "selector": { "matchLabels": { "app": name } },
            "template": {
                "metadata": { "labels": { "app": name } },
                "spec": { "containers": [{ "name": "app", "image": "app:1" }] },
            },
        },
    })
}

/// A Service of the pods with this label `app`.
pub(crate) fn service(namespace: &str, name: &str, port: u16, target: u16) -> Value {
    let ports = json!([{ "name": "http", "port": port, "targetPort": target }]);
    json!({
        "apiVersion": "v1", "kind": "Service", "metadata": { "name": name, "namespace": namespace },
        "spec": { "selector": { "app": name }, "ports": ports },
    })
}
