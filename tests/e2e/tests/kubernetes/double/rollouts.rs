//! Workloads whose pods are replaced.

use std::collections::BTreeSet;

use http_trace_e2e::kube_api::Rollout;
use serde_json::{Value, json};

use crate::kubectl::{Cluster, workload};

const PATCH: &str = r#"{"spec":{"template":{"metadata":{"annotations":{"note":"new"}}}}}"#;
const KINDS: [(&str, &str, u64); 3] =
    [("Deployment", "deployments", 2), ("StatefulSet", "statefulsets", 2), ("DaemonSet", "daemonsets", 1)];

/// A cluster where such a workload runs, named `web`.
fn with(kind: &str, replicas: u64) -> Cluster {
    let cluster = Cluster::start();
    let mut web = workload(kind, "web");
    if kind != "DaemonSet" {
        web["spec"]["replicas"] = json!(replicas);
    }
    cluster.api.put(web);
    cluster
}

fn pods(cluster: &Cluster) -> Vec<Value> {
    cluster.get("pods")["items"].as_array().cloned().unwrap_or_default()
}

fn uids(pods: &[Value]) -> BTreeSet<String> {
    pods.iter().map(|pod| pod["metadata"]["uid"].to_string()).collect()
}

#[test]
fn a_patch_replaces_the_pods() {
    for (kind, resource, replicas) in KINDS {
        let cluster = with(kind, replicas);
        let before = pods(&cluster);
        assert_eq!(before.len() as u64, replicas, "{kind}");
        cluster.kubectl(&["rollout", "status", "--namespace=shop", resource, "web", "--timeout=30s"]);

        cluster.kubectl(&["patch", "--namespace=shop", resource, "web", "--patch", PATCH]);
        cluster.kubectl(&["rollout", "status", "--namespace=shop", &format!("{resource}/web"), "--timeout=30s"]);
        let after = pods(&cluster);
        assert_eq!(after.len() as u64, replicas, "{kind}");
        assert!(after.iter().all(|pod| pod["metadata"]["annotations"]["note"] == "new"), "{kind}: {after:#?}");
        assert!(uids(&before).is_disjoint(&uids(&after)), "{kind}");
        let web = cluster.get(&format!("{resource}/web"));
        assert_eq!(web["status"]["observedGeneration"], web["metadata"]["generation"]);

        // what is not of the template replaces nothing
        cluster.kubectl(&["annotate", "--namespace=shop", resource, "web", "note=1"]);
        cluster.kubectl(&["rollout", "status", "--namespace=shop", resource, "web", "--timeout=30s"]);
        assert_eq!(uids(&pods(&cluster)), uids(&after));
        assert_eq!(cluster.api.refused(), [""; 0]);
    }
}

#[test]
fn replicas_come_and_go() {
    let cluster = with("StatefulSet", 3);
    for replicas in [1, 2, 0] {
        let patch = json!({ "spec": { "replicas": replicas } }).to_string();
        cluster.kubectl(&["patch", "--namespace=shop", "statefulset", "web", "--patch", &patch]);
        let wait = ["wait", "--namespace=shop", "statefulset/web", "--timeout=30s"];
        let path = format!("--for=jsonpath={{.status.replicas}}={replicas}");
        cluster.kubectl(&[&wait[..], &[&path]].concat());
        let names: Vec<Value> = pods(&cluster).iter().map(|pod| pod["metadata"]["name"].clone()).collect();
        assert_eq!(names, (0..replicas).map(|ordinal| json!(format!("web-{ordinal}"))).collect::<Vec<_>>());
    }
}

#[test]
fn a_created_workload_starts() {
    let cluster = Cluster::start();
    for (kind, resource, _) in KINDS {
        cluster.kubectl_with(&["apply", "--filename=-"], &workload(kind, resource));
        cluster.kubectl(&["rollout", "status", "--namespace=shop", resource, resource, "--timeout=30s"]);
        let selector = format!("app={resource}");
        let names = cluster.kubectl(&["get", "pods", "--namespace=shop", "-l", &selector, "--output=name"]);
        assert_eq!(names.lines().count(), 1, "{names}");
    }
    let message = cluster.failing(&["rollout", "status", "--namespace=shop", "deployment", "absent"], &json!({}));
    assert!(message.contains("deployments.apps \"absent\" not found"), "{message}");
}

#[test]
fn a_pod_has_a_sidecar_and_owners() {
    let cluster = Cluster::start();
    let mut web = workload("Deployment", "web");
    let volume = json!({ "v": { "configMap": { "name": "rules" } } }).to_string();
    web["spec"]["template"]["metadata"]["annotations"] = json!({ "sidecar.istio.io/userVolume": volume });
    cluster.api.put(web.clone());
    let pod = &pods(&cluster)[0];
    assert_eq!(pod["spec"]["containers"][1]["name"], "istio-proxy");
    assert_eq!(pod["spec"]["volumes"], json!([{ "name": "v", "configMap": { "name": "rules" } }]));
    let owner = &pod["metadata"]["ownerReferences"][0];
    let set = cluster.get(&format!("replicaset/{}", owner["name"].as_str().expect("a name")));
    assert_eq!((&owner["kind"], &set["metadata"]["ownerReferences"][0]["name"]), (&json!("ReplicaSet"), &json!("web")));
    cluster.kubectl_with(&["delete", "--filename=-"], &web);
    assert_eq!(pods(&cluster), [json!(null); 0]);
}

#[test]
fn a_stalled_rollout_is_not_waited_for_in_vain() {
    for (kind, resource, replicas) in KINDS {
        let cluster = with(kind, replicas);
        cluster.api.set_rollout(resource, "shop", "web", Rollout::Stalls);
        cluster.kubectl(&["patch", "--namespace=shop", resource, "web", "--patch", PATCH]);
        let status = ["rollout", "status", "--namespace=shop", resource, "web"];
        let message = cluster.failing(&[&status[..], &["--timeout=1s"]].concat(), &json!({}));
        assert!(message.contains("timed out waiting for the condition"), "{kind}: {message}");
        let phases: Vec<Value> = pods(&cluster).iter().map(|pod| pod["status"]["phase"].clone()).collect();
        assert!(phases.contains(&json!("Pending")), "{kind}: {phases:?}");
        // mended, it goes on
        cluster.api.set_rollout(resource, "shop", "web", Rollout::Completes);
        cluster.kubectl(&[&status[..], &["--timeout=30s"]].concat());
        assert_eq!(pods(&cluster).len() as u64, replicas, "{kind}");
    }
}

#[test]
fn a_failed_rollout_says_so() {
    let cluster = with("Deployment", 2);
    cluster.api.set_rollout("deployments", "shop", "web", Rollout::Fails);
    cluster.kubectl(&["rollout", "restart", "--namespace=shop", "deployment", "web"]);
    let status = ["rollout", "status", "--namespace=shop", "deployment", "web", "--timeout=30s"];
    let message = cluster.failing(&status, &json!({}));
    assert!(message.contains("exceeded its progress deadline"), "{message}");
    let web = cluster.get("deployment/web");
    // the two that were there still serve
    assert_eq!((&web["status"]["availableReplicas"], &web["status"]["unavailableReplicas"]), (&json!(2), &json!(1)));
}
