//! The MutatingAdmissionPolicy, which mounts the wasm in new pods and changes no workload.

use serde_json::{Value, json};

use crate::commands::{Site, annotated};
use crate::kubectl::workload;

/// A pod as it would be made now, of a workload of this name.
fn pod(site: &Site, name: &str) -> Value {
    let mut pod = workload("Deployment", name)["spec"]["template"].take();
    pod["metadata"]["name"] = json!(name);
    pod["metadata"]["namespace"] = json!(site.namespace);
    (pod["apiVersion"], pod["kind"]) = (json!("v1"), json!("Pod"));
    let printed = site.kubectl_with(&["create", "--filename=-", "--dry-run=server", "--output=json"], &pod);
    serde_json::from_str(&printed).expect("JSON")
}

/// In each version of the API, one after the other: the policy is the cluster's, and has one name.
#[test]
fn new_pods_of_a_namespace_that_asks_are_mounted() {
    for path in ["k8s/cluster", "k8s/cluster/v1beta1"] {
        mounted_by(path);
    }
}

fn mounted_by(path: &str) {
    let site = Site::start();
    let shop = &site.namespace;
    let wasm = http_trace_e2e::envoy::wasm().expect("the filter");
    site.ok(&format!("manifests --wasm {} --out k8s", wasm.display()));
    site.prepare(&format!("overlay {shop}"));
    let revision = site.revision();
    let own = json!({ "sidecar.istio.io/userVolume": r#"{"own":{"emptyDir":{}}}"# });
    let cluster = site.path().join(path);
    let cluster = cluster.to_str().expect("UTF-8");
    let printed = site.kubectl(&["apply", "--kustomize", cluster]);
    assert_eq!(printed.lines().filter(|line| line.ends_with(" created")).count(), 2, "{printed}");

    site.put(workload("Deployment", "before"));
    assert!(site.pods().iter().all(|pod| !site.mounts(pod, &revision)), "nobody has asked for it");
    site.kubectl(&["label", "namespace", shop, "http-trace-filter/mount=enabled"]);
    // The API server sees a policy, and a label, after a moment.
    site.until("the policy", || site.mounts(&pod(&site, "probe"), &revision));
    site.put(workload("Deployment", "orders"));
    site.put(annotated("StatefulSet", "own", &own));
    for pod in site.pods() {
        let (app, annotations) = (&pod["metadata"]["labels"]["app"], &pod["metadata"]["annotations"]);
        assert_eq!(site.mounts(&pod, &revision), app == "orders", "{pod}");
        assert!(app != "own" || *annotations == own, "volumes of the user's own are left alone: {pod}");
    }
    // doctor takes what has no mount itself, and pods that have, for what they are.
    let printed = site.run(&format!("doctor {shop}"));
    let told = "ok    deployment/orders: mounts nothing itself; its pods do, by the admission policy";
    assert!(printed.stdout.contains(told), "{printed:?}");
    let orders = site.workload("deployments", "orders");
    assert_eq!(orders["spec"]["template"]["metadata"], json!({ "labels": { "app": "orders" } }));
    assert_eq!(site.kubectl(&["delete", "--kustomize", cluster]).lines().count(), 2);
    site.until("no policy", || !site.mounts(&pod(&site, "probe"), &revision));
}
