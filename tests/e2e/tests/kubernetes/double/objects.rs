//! Objects got, created, changed and deleted.

use serde_json::json;

use crate::kubectl::{Cluster, config_map, workload};

#[test]
fn kubectl_finds_its_way() {
    let cluster = Cluster::start();
    assert!(cluster.kubectl(&["version"]).contains("Server Version: v1.32.0"));
    let resources = cluster.kubectl(&["api-resources", "--output=name"]);
    for resource in ["envoyfilters.networking.istio.io", "meshproxypatches.kuma.io", "deployments.apps", "namespaces"] {
        assert!(resources.lines().any(|line| line == resource), "{resource}: {resources}");
    }
    assert!(cluster.kubectl(&["get", "namespace", "shop"]).contains("\nshop "));
    assert_eq!(cluster.api.refused(), [""; 0]);
}

#[test]
fn an_object_lives_and_dies() {
    let cluster = Cluster::start();
    let shop = "--namespace=shop";
    cluster.kubectl(&["create", shop, "configmap", "rules", "--from-literal=key=value"]);
    let message = cluster.failing(&["create", shop, "configmap", "rules"], &json!({}));
    assert!(message.contains("configmaps \"rules\" already exists"), "{message}");
    let made = cluster.get("configmap/rules");
    assert_eq!(made["data"], json!({ "key": "value" }));
    cluster.kubectl(&["delete", shop, "configmap", "rules", "--dry-run=server"]);
    assert_eq!(cluster.get("configmap/rules"), made);
    cluster.kubectl(&["delete", shop, "configmap", "rules"]);
    let message = cluster.failing(&["get", shop, "configmap", "rules"], &json!({}));
    assert!(message.contains("Error from server (NotFound): configmaps \"rules\" not found"), "{message}");
    assert_eq!(cluster.kubectl(&["delete", shop, "configmap", "rules", "--ignore-not-found"]), "");
    assert_eq!(cluster.api.changes(), ["POST configmaps shop/rules", "DELETE configmaps shop/rules"]);
    assert_eq!(cluster.api.refused(), [""; 0]);
}

#[test]
fn a_namespace_takes_what_is_in_it() {
    let cluster = Cluster::start();
    let message = cluster.failing(&["create", "--namespace=nowhere", "configmap", "rules"], &json!({}));
    assert!(message.contains("namespaces \"nowhere\" not found"), "{message}");
    cluster.kubectl(&["create", "namespace", "stall"]);
    cluster.kubectl(&["create", "--namespace=stall", "configmap", "rules"]);
    cluster.kubectl(&["delete", "namespace", "stall"]);
    assert_eq!(cluster.api.object("configmaps", "stall", "rules"), None);
}

#[test]
fn labels_select() {
    let cluster = Cluster::start();
    for name in ["a", "b", "c"] {
        cluster.api.put(config_map(name, "value"));
    }
    cluster.kubectl(&["label", "--namespace=shop", "configmap", "a", "b", "tier=front"]);
    cluster.kubectl(&["label", "--namespace=shop", "configmap", "b", "other=1"]);
    let names =
        |selector: &str| cluster.kubectl(&["get", "configmaps", "--all-namespaces", "--output=name", "-l", selector]);
    assert_eq!(names("tier=front"), "configmap/a\nconfigmap/b\n");
    assert_eq!(names("tier=front,!other"), "configmap/a\n");
    assert_eq!(names("tier in (front,back),other"), "configmap/b\n");
    assert_eq!(names("tier notin (front)"), "configmap/c\n");
    cluster.kubectl(&["label", "--namespace=shop", "configmap", "a", "tier-"]);
    assert_eq!(names("tier"), "configmap/b\n");
    cluster.kubectl(&["delete", "--namespace=shop", "configmap", "-l", "!tier"]);
    assert_eq!(cluster.api.objects("configmaps", "shop").len(), 1);
}

#[test]
fn each_form_of_a_patch() {
    let cluster = Cluster::start();
    cluster.api.put(workload("Deployment", "orders"));
    let patch = |kind: &str, patch: &str| {
        cluster.kubectl(&["patch", "--namespace=shop", "deployment", "orders", kind, "--patch", patch]);
        let spec = &cluster.get("deployment/orders")["spec"]["template"]["spec"];
        (spec["containers"][0].clone(), spec["volumes"].clone())
    };
    // strategic: the container is found by its name, and keeps its image
    let env = r#"{"name":"orders","env":[{"name":"B","value":"2"}]}"#;
    let body = format!(r#"{{"spec":{{"template":{{"spec":{{"containers":[{env}],"volumes":[{{"name":"v"}}]}}}}}}}}"#);
    let (container, volumes) = patch("--type=strategic", &body);
    assert_eq!((&container["image"], &volumes), (&json!("image:1"), &json!([{ "name": "v" }])));
    assert_eq!(container["env"].as_array().map(Vec::len), Some(2));
    let delete = r#"{"spec":{"template":{"spec":{"volumes":[{"name":"v","$patch":"delete"}]}}}}"#;
    assert_eq!(patch("--type=strategic", delete).1, json!([]));
    // JSON: by place
    let image = "/spec/template/spec/containers/0/image";
    let json_patch =
        format!(r#"[{{"op":"test","path":"{image}","value":"image:1"}},{{"op":"remove","path":"{image}"}}]"#);
    assert_eq!(patch("--type=json", &json_patch).0["image"], json!(null));
    let name = r#"[{"op":"replace","path":"/metadata/name","value":"other"}]"#;
    let rename = ["patch", "--namespace=shop", "deployment", "orders", "--type=json", "--patch", name];
    let message = cluster.failing(&rename, &json!({}));
    assert!(
        message.contains("the name of the object (other) does not match the name on the URL (orders)"),
        "{message}"
    );
    // merge: a list is replaced
    let merge = r#"{"spec":{"template":{"spec":{"containers":[{"name":"new"}]}}}}"#;
    assert_eq!(patch("--type=merge", merge).0, json!({ "name": "new" }));
    assert_eq!(cluster.api.refused(), [""; 0]);
}

#[test]
fn a_custom_resource_has_no_strategic_merge() {
    let cluster = Cluster::start();
    let metadata = json!({ "name": "tap", "namespace": "shop" });
    let spec = json!({ "configPatches": [{ "applyTo": "CLUSTER" }] });
    let version = "networking.istio.io/v1alpha3";
    let filter = json!({ "apiVersion": version, "kind": "EnvoyFilter", "metadata": metadata, "spec": spec });
    cluster.kubectl_with(&["create", "--filename=-"], &filter);
    let patch = ["patch", "--namespace=shop", "envoyfilter", "tap", "--patch", r#"{"spec":{"priority":1}}"#];
    let message = cluster.failing(&patch, &json!({}));
    assert!(message.contains("is not supported by networking.istio.io/v1alpha3"), "{message}");
    cluster.kubectl(&[&patch[..], &["--type=merge"]].concat());
    let tap = cluster.get("envoyfilter/tap");
    assert_eq!((&tap["spec"]["priority"], &tap["metadata"]["generation"]), (&json!(1), &json!(2)));
}

#[test]
fn a_late_change_is_a_conflict() {
    let cluster = Cluster::start();
    cluster.api.put(config_map("rules", "old"));
    let mut late = cluster.get("configmap/rules");
    cluster.kubectl(&["annotate", "--namespace=shop", "configmap", "rules", "note=first"]);
    late["data"]["key"] = json!("new");
    let message = cluster.failing(&["replace", "--filename=-"], &late);
    assert!(message.contains("(Conflict)") && message.contains("the object has been modified"), "{message}");
    late["metadata"]["resourceVersion"] = cluster.get("configmap/rules")["metadata"]["resourceVersion"].clone();
    cluster.kubectl_with(&["replace", "--filename=-"], &late);
    let now = cluster.get("configmap/rules");
    assert_eq!((&now["data"]["key"], &now["metadata"]["annotations"]), (&json!("new"), &json!(null)));
}

#[test]
fn an_immutable_config_map_stays() {
    let cluster = Cluster::start();
    let mut rules = config_map("rules", "old");
    rules["immutable"] = json!(true);
    cluster.kubectl_with(&["create", "--filename=-"], &rules);
    let patch = |patch: &str| ["patch", "--namespace=shop", "configmap", "rules", "--patch", patch].map(str::to_owned);
    for body in [r#"{"data":{"key":"new"}}"#, r#"{"binaryData":{"a":"AA=="}}"#, r#"{"immutable":false}"#] {
        let arguments = patch(body);
        let message = cluster.failing(&arguments.each_ref().map(String::as_str), &json!({}));
        assert!(message.contains("Forbidden: field is immutable when `immutable` is set"), "{message}");
    }
    cluster.kubectl(&["label", "--namespace=shop", "configmap", "rules", "a=b"]);
    assert_eq!(cluster.get("configmap/rules")["data"]["key"], "old");
}
