//! `kubectl apply`: by the client, by the server, and of a kustomization.

use std::fs;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::kubectl::{Cluster, config_map, workload};

const CLIENT: &[&str] = &["apply", "--filename=-"];
const SERVER: &[&str] = &["apply", "--server-side", "--filename=-"];

fn list(items: &[Value]) -> Value {
    json!({ "apiVersion": "v1", "kind": "List", "items": items })
}

#[test]
fn both_ways_create_change_and_leave_alone() {
    for (apply, word) in [(CLIENT, ["created", "configured", "unchanged"]), (SERVER, ["serverside-applied"; 3])] {
        let cluster = Cluster::start();
        let namespace = json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": "new" } });
        let mut objects = [namespace, config_map("rules", "old"), workload("Deployment", "orders")];
        let printed = cluster.kubectl_with(apply, &list(&objects));
        let all = |word: &str| format!("namespace/new {word}\nconfigmap/rules {word}\ndeployment.apps/orders {word}\n");
        assert_eq!(printed, all(word[0]));
        assert_eq!(cluster.api.changes().len(), 3);
        assert_eq!(cluster.get("deployment/orders")["metadata"]["generation"], 1);

        objects[0]["metadata"]["labels"] = json!({ "istio-injection": "enabled" });
        objects[1]["data"] = json!({ "other": "new" });
        objects[2]["spec"]["template"]["spec"]["containers"][0]["env"] = json!([{ "name": "B", "value": "2" }]);
        assert_eq!(cluster.kubectl_with(apply, &list(&objects)), all(word[1]));
        assert_eq!(cluster.get("configmap/rules")["data"], json!({ "other": "new" }));
        let orders = cluster.get("deployment/orders");
        let container = &orders["spec"]["template"]["spec"]["containers"][0];
        assert_eq!(*container, json!({ "name": "orders", "image": "image:1", "env": [{ "name": "B", "value": "2" }] }));
        assert_eq!(orders["metadata"]["generation"], 2);

        let changes = cluster.api.changes();
        assert_eq!(cluster.kubectl_with(apply, &list(&objects)), all(word[2]));
        assert_eq!(cluster.api.changes(), changes);
        assert_eq!(cluster.api.refused(), [""; 0]);
    }
}

#[test]
fn a_dry_run_changes_nothing() {
    let cluster = Cluster::start();
    cluster.api.put(config_map("rules", "old"));
    for apply in [CLIENT, SERVER] {
        let force: &[&str] = if apply == SERVER { &["--force-conflicts"] } else { &[] };
        let arguments = [apply, force, &["--dry-run=server", "--output=json"]].concat();
        let printed = cluster.kubectl_with(&arguments, &config_map("rules", "new"));
        let would: Value = serde_json::from_str(&printed).unwrap_or_else(|error| panic!("{error}: {printed}"));
        assert_eq!(would["data"]["key"], "new");
        assert_eq!(cluster.get("configmap/rules")["data"]["key"], "old");
        let printed = cluster.kubectl_with(&arguments, &config_map("absent", "new"));
        assert!(printed.contains("absent"), "{printed}");
        assert_eq!(cluster.api.object("configmaps", "shop", "absent"), None);
    }
    let patch = ["patch", "--namespace=shop", "configmap", "rules", "--patch", r#"{"data":{"key":"new"}}"#];
    cluster.kubectl(&[&patch[..], &["--dry-run=server"]].concat());
    assert_eq!(cluster.get("configmap/rules")["data"]["key"], "old");
    assert_eq!((cluster.api.changes(), cluster.api.refused()), (vec![], vec![]));
}

#[test]
fn the_server_tells_whose_fields_they_are() {
    let cluster = Cluster::start();
    let mut orders = workload("Deployment", "orders");
    orders["spec"]["replicas"] = json!(3);
    cluster.api.put(orders.clone());
    orders["spec"]["replicas"] = json!(1);
    let message = cluster.failing(SERVER, &orders);
    assert!(message.contains("conflict with \"owner\" using apps/v1: .spec.replicas"), "{message}");
    cluster.kubectl_with(&[SERVER, &["--force-conflicts"]].concat(), &orders);
    assert_eq!(cluster.get("deployment/orders")["spec"]["replicas"], 1);
}

#[test]
fn a_partial_apply_owns_its_fields_alone() {
    let cluster = Cluster::start();
    cluster.api.put(workload("Deployment", "orders"));
    let apply = [SERVER, &["--field-manager=http-trace-filter"]].concat();
    let part = |spec: Value| {
        let metadata = json!({ "name": "orders", "namespace": "shop" });
        json!({ "apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec })
    };
    let mount = json!({ "name": "orders", "volumeMounts": [{ "name": "v", "mountPath": "/v" }] });
    let spec = json!({ "containers": [mount], "volumes": [{ "name": "v", "emptyDir": {} }] });
    let template = json!({ "metadata": { "annotations": { "note": "ours" } }, "spec": spec });
    cluster.kubectl_with(&apply, &part(json!({ "template": template })));
    let template = &cluster.get("deployment/orders")["spec"]["template"];
    let container = &template["spec"]["containers"][0];
    assert_eq!((&container["image"], &container["volumeMounts"][0]["mountPath"]), (&json!("image:1"), &json!("/v")));
    assert_eq!(template["metadata"], json!({ "annotations": { "note": "ours" }, "labels": { "app": "orders" } }));
    // without them, the Deployment is as it was
    cluster.kubectl_with(&apply, &part(json!({})));
    assert_eq!(
        cluster.get("deployment/orders")["spec"]["template"],
        workload("Deployment", "orders")["spec"]["template"]
    );
}

#[test]
fn kinds_that_kubectl_was_not_built_with() {
    for apply in [CLIENT, SERVER] {
        let cluster = Cluster::start();
        let object = |version: &str, kind: &str, patches: Value| {
            let metadata = json!({ "name": "tap", "namespace": "shop" });
            json!({ "apiVersion": version, "kind": kind, "metadata": metadata, "spec": { "patches": patches } })
        };
        for (version, kind) in [
            ("networking.istio.io/v1alpha3", "EnvoyFilter"),
            ("kuma.io/v1alpha1", "MeshProxyPatch"),
            ("kuma.io/v1alpha1", "ContainerPatch"),
        ] {
            cluster.kubectl_with(apply, &object(version, kind, json!([{ "name": "a" }, { "name": "b" }])));
            // a list is replaced
            cluster.kubectl_with(apply, &object(version, kind, json!([{ "name": "b", "x": 1 }])));
            assert_eq!(cluster.get(&format!("{kind}/tap"))["spec"]["patches"], json!([{ "name": "b", "x": 1 }]));
        }
        let (version, kind) = ("admissionregistration.k8s.io/v1", "MutatingAdmissionPolicy");
        let policy = json!({ "apiVersion": version, "kind": kind, "metadata": { "name": "mount" }, "spec": {} });
        cluster.kubectl_with(apply, &policy);
        assert!(cluster.api.object("mutatingadmissionpolicies", "", "mount").is_some());
        assert_eq!(cluster.api.refused(), [""; 0]);
    }
}

#[test]
fn the_server_takes_over_from_the_client() {
    let cluster = Cluster::start();
    cluster.kubectl_with(CLIENT, &config_map("rules", "old"));
    cluster.kubectl_with(SERVER, &config_map("rules", "new"));
    let rules = cluster.get("configmap/rules");
    assert_eq!(rules["data"]["key"], "new");
    assert_eq!(cluster.api.refused(), [""; 0]);
}

#[test]
fn too_much_for_an_annotation() {
    let cluster = Cluster::start();
    let size = |size: usize| config_map("rules", &"x".repeat(size));
    let message = cluster.failing(CLIENT, &size(262_144));
    let limit = "metadata.annotations: Too long: may not be more than 262144 bytes";
    assert!(message.contains(&format!("The ConfigMap \"rules\" is invalid: {limit}")), "{message}");
    cluster.kubectl_with(SERVER, &size(262_144));
    assert_eq!(cluster.api.changes(), ["PATCH configmaps shop/rules"]);
    let message = cluster.failing(SERVER, &size(1024 * 1024 + 1));
    assert!(message.contains("may not be more than 1048576 bytes"), "{message}");
}

#[test]
fn a_kustomization() {
    let cluster = Cluster::start();
    let directory = TempDir::new().expect("a temporary directory");
    let write = |name: &str, bytes: &[u8]| fs::write(directory.path().join(name), bytes).expect("just made");
    write("module.wasm", b"\0asm\xff");
    write("orders.json", workload("Deployment", "orders").to_string().as_bytes());
    let generator =
        json!({ "name": "module", "namespace": "shop", "files": ["module.wasm"], "options": { "immutable": true } });
    let kustomization = json!({
        "resources": ["orders.json"], "generatorOptions": { "disableNameSuffixHash": true },
        "configMapGenerator": [generator],
    });
    write("kustomization.yaml", kustomization.to_string().as_bytes());
    let path = directory.path().to_str().expect("UTF-8");
    let created = "configmap/module created\ndeployment.apps/orders created\n";
    assert_eq!(cluster.kubectl(&["apply", "--kustomize", path]), created);
    let module = cluster.get("configmap/module");
    assert_eq!((&module["binaryData"], &module["immutable"]), (&json!({ "module.wasm": "AGFzbf8=" }), &json!(true)));
    assert_eq!(cluster.kubectl(&["apply", "--kustomize", path]), created.replace("created", "unchanged"));
    cluster.kubectl(&["delete", "--kustomize", path]);
    assert!(cluster.api.objects("pods", "shop").is_empty() && cluster.api.objects("configmaps", "shop").is_empty());
    assert_eq!(cluster.api.refused(), [""; 0]);
}
