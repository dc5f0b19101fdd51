//! The note of what was there before the mount, lost: what is ours is taken out all the same.

use serde_json::{Value, json};

use crate::commands::{Site, annotated, gateway};
use crate::kubectl::workload;

const NOTE: &str = "http-trace-filter/before";
const USER_VOLUME: &str = "sidecar.istio.io/userVolume";

fn lose(site: &Site, resource: &str, name: &str) {
    site.api.edit(resource, &site.namespace, name, |object| {
        let annotations = object["metadata"]["annotations"].as_object_mut().expect("annotations");
        assert!(annotations.remove(NOTE).is_some(), "there was a note");
    });
}

#[test]
fn unmount_takes_out_what_is_ours_without_the_note() {
    let site = Site::start();
    let shop = &site.namespace;
    site.put(workload("Deployment", "plain"));
    site.put(annotated("StatefulSet", "own", &json!({ USER_VOLUME: r#"{"own":{"emptyDir":{}}}"# })));
    site.put(gateway(&Value::Null));
    let workloads = [("deployments", "plain"), ("statefulsets", "own"), ("deployments", "gateway")];
    let before = workloads.map(|(resource, name)| site.workload(resource, name));
    site.ok(&format!("deploy {shop}"));
    for (resource, name) in workloads {
        lose(&site, resource, name);
    }
    site.ok(&format!("undeploy {shop}"));
    for ((resource, name), before) in workloads.into_iter().zip(before) {
        assert_eq!(site.workload(resource, name), before, "{name}");
    }
}

/// Mounted once more, what stands there of ours is not taken for the user's.
#[test]
fn a_mount_without_the_note_notes_what_was_the_user_s() {
    let site = Site::start();
    let shop = &site.namespace;
    site.put(workload("Deployment", "orders"));
    let before = site.workload("deployments", "orders");
    site.ok(&format!("deploy {shop}"));
    let pods = site.pods();
    lose(&site, "deployments", "orders");
    site.ok(&format!("mount {shop}"));
    assert_eq!(site.pods(), pods, "no pod was replaced");
    site.ok(&format!("unmount {shop}"));
    assert_eq!(site.workload("deployments", "orders"), before);
}

#[test]
fn kuma_s_mount_goes_without_the_note_too() {
    let site = Site::without_injection();
    let shop = &site.namespace;
    site.put(annotated("Deployment", "orders", &json!({ "kuma.io/container-patches": "own" })));
    let before = site.workload("deployments", "orders");
    site.ok(&format!("deploy {shop} --mesh kuma"));
    lose(&site, "deployments", "orders");
    site.ok(&format!("undeploy {shop}"));
    assert_eq!(site.workload("deployments", "orders"), before);
}
