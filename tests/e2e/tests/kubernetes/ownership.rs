//! Whose fields they are: mounting takes over none of the owner's, and the owner's next apply undoes no mount.

use serde_json::{Value, json};

use crate::commands::{REVISION, Site, gateway};
use crate::kubectl::workload;

const MANAGER: &str = "http-trace-filter";
/// Where the mount is, as `metadata.managedFields` names it.
const OURS: [&str; 5] = [
    "f:metadata f:annotations f:http-trace-filter/before",
    "f:spec f:template f:metadata f:annotations",
    "f:spec f:template f:metadata f:labels f:http-trace-filter/revision",
    "f:spec f:template f:spec f:volumes",
    "f:spec f:template f:spec f:containers k:{\"name\":\"istio-proxy\"} f:volumeMounts",
];

/// The paths below this one, down to where nothing follows.
fn leaves(fields: &Value, path: &str, found: &mut Vec<String>) {
    match fields.as_object() {
        Some(members) if !members.is_empty() => {
            members.iter().for_each(|(name, below)| leaves(below, format!("{path} {name}").trim(), found));
        }
        _ => found.push(path.to_owned()),
    }
}

/// The fields of a workload that the commands own.
fn owned(site: &Site, name: &str) -> Vec<String> {
    let object = site.api.object("deployments", &site.namespace, name).expect("it was put");
    let mut found = Vec::new();
    for entry in object["metadata"]["managedFields"].as_array().into_iter().flatten() {
        if entry["manager"] == MANAGER {
            leaves(&entry["fieldsV1"], "", &mut found);
        }
    }
    found
}

#[test]
fn mounting_owns_what_it_adds_and_nothing_else() {
    let site = Site::start();
    let shop = &site.namespace;
    site.put(workload("Deployment", "orders"));
    site.put(gateway(&json!([{ "name": "own", "emptyDir": {} }])));
    site.prepare(&format!("overlay {shop}"));
    site.ok(&format!("mount {shop}"));
    for name in ["orders", "gateway"] {
        let owned = owned(&site, name);
        assert!(owned.len() > 2, "{name}: {owned:?}");
        for field in owned {
            assert!(OURS.iter().any(|ours| field.starts_with(ours)), "{name}: {field}");
        }
    }
    site.ok(&format!("unmount {shop}"));
    assert_eq!((owned(&site, "orders"), owned(&site, "gateway")), (vec![], vec![]));
}

#[test]
fn the_owner_s_next_apply_keeps_the_mount() {
    for way in [&["--server-side", "--field-manager=team"][..], &["--server-side=false"]] {
        let site = Site::start();
        let shop = &site.namespace;
        let apply = |image: &str| {
            let mut orders = workload("Deployment", "orders");
            orders["spec"]["template"]["spec"]["containers"][0]["image"] = json!(image);
            site.kubectl_with(&[&["apply", "--filename=-"], way].concat(), &orders);
            site.kubectl(&["rollout", "status", "deployment/orders", "--timeout=30s"]);
        };
        apply("image:1");
        site.prepare(&format!("overlay {shop}"));
        site.ok(&format!("mount {shop}"));
        apply("image:2");
        let pods = site.pods();
        assert!(!pods.is_empty() && pods.iter().all(|pod| site.mounts(pod, &site.revision())), "{way:?}: {pods:?}");
        assert!(pods.iter().all(|pod| pod["spec"]["containers"][0]["image"] == "image:2"), "{way:?}");
        site.ok(&format!("unmount {shop}"));
        let template = &site.workload("deployments", "orders")["spec"]["template"];
        assert_eq!(template["metadata"]["labels"][REVISION], Value::Null, "{way:?}");
        assert_eq!(template["spec"]["containers"][0]["image"], "image:2");
    }
}
