//! `deploy` and `undeploy`, and the overlay applied by hand.

use serde_json::{Value, json};

use crate::commands::{Site, annotated};
use crate::kubectl::workload;

const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

fn names(site: &Site, resource: &str, namespace: &str) -> Vec<String> {
    let objects = site.cluster.api.objects(resource, namespace);
    objects.iter().filter_map(|object| object["metadata"]["name"].as_str().map(str::to_owned)).collect()
}

#[test]
fn everything_comes_and_goes() {
    let site = Site::start();
    site.cluster.api.add_namespace("billing");
    site.cluster.api.put(workload("Deployment", "orders"));
    site.cluster.api.put(annotated("StatefulSet", "store", &json!({ "own": "kept" })));
    let of = || [site.workload("deployment", "orders"), site.workload("statefulset", "store")];
    let before = of();
    let printed = site.run("deploy shop nowhere billing --collector collector.observability:9000");
    assert!(printed.success, "{printed:?}");
    assert_eq!(printed.stderr, "nowhere: skipped: there is no such namespace\n");
    let revision = site.revision();
    for namespace in ["shop", "billing"] {
        assert_eq!(names(&site, "configmaps", namespace), [format!("http-trace-filter-{revision}")]);
        assert_eq!(names(&site, "envoyfilters", namespace), [format!("http-trace-filter-outbound-{revision}")]);
    }
    let pods = site.pods();
    assert!(pods.len() >= 2 && pods.iter().all(|pod| site.mounts(pod, &revision)), "{pods:?}");
    // Client-side apply keeps a copy of each object; the API server refuses annotations of more than 262,144 bytes.
    for (resource, most) in [("configmaps", 262_144), ("envoyfilters", 262_144)] {
        let object = &site.cluster.api.objects(resource, "shop")[0];
        let bytes = object["metadata"]["annotations"][LAST_APPLIED].as_str().expect("applied").len();
        println!("{resource}: {bytes} bytes in {LAST_APPLIED}");
        assert!(bytes < most, "{resource}: {bytes}");
    }
    site.ok("undeploy shop nowhere billing");
    assert_eq!(of(), before);
    for namespace in ["shop", "billing"] {
        assert_eq!(names(&site, "configmaps", namespace), [""; 0]);
        assert_eq!(names(&site, "envoyfilters", namespace), [""; 0]);
    }
    assert_eq!(site.cluster.api.refused(), [""; 0]);
}

#[test]
fn inline_mounts_nothing_and_replaces_no_pod() {
    let site = Site::start();
    site.cluster.api.put(workload("Deployment", "orders"));
    let pods = site.pods();
    let printed = site.ok("deploy shop --delivery inline");
    assert!(printed.contains("shop: nothing to mount"), "{printed}");
    assert_eq!(site.pods(), pods);
    assert_eq!(names(&site, "envoyfilters", "shop"), ["http-trace-filter-outbound"]);
    let filter = &site.cluster.api.objects("envoyfilters", "shop")[0];
    let bytes = filter["metadata"]["annotations"][LAST_APPLIED].as_str().expect("applied").len();
    println!("an EnvoyFilter with the wasm: {bytes} bytes in {LAST_APPLIED}");
    // It mounts nothing either when asked to.
    assert!(site.ok("mount shop").contains("nothing to mount"));
    site.ok("undeploy shop");
    assert_eq!(names(&site, "envoyfilters", "shop"), [""; 0]);
}

#[test]
fn kuma_s_objects_and_annotation() {
    let site = Site::start();
    site.cluster.api.inject(false);
    site.cluster.api.add_namespace("kuma-system");
    site.cluster.api.put(annotated("Deployment", "orders", &json!({ "kuma.io/container-patches": "own" })));
    let before = site.workload("deployment", "orders");
    site.ok("deploy shop --mesh kuma");
    let revision = site.revision();
    assert_eq!(names(&site, "containerpatches", "kuma-system"), ["http-trace-filter-shop"]);
    assert_eq!(names(&site, "meshproxypatches", "shop"), [format!("http-trace-filter-outbound-{revision}")]);
    let template = &site.workload("deployment", "orders")["spec"]["template"];
    assert_eq!(template["metadata"]["annotations"]["kuma.io/container-patches"], "own,http-trace-filter-shop");
    let volume =
        json!({ "configMap": { "name": format!("http-trace-filter-{revision}") }, "name": "http-trace-filter" });
    assert_eq!(template["spec"]["volumes"], json!([volume]));
    site.ok("undeploy shop");
    assert_eq!(site.workload("deployment", "orders"), before);
    assert_eq!(names(&site, "containerpatches", "kuma-system"), [""; 0]);
    assert_eq!(names(&site, "meshproxypatches", "shop"), [""; 0]);
}

#[test]
fn a_dry_run_changes_nothing() {
    let site = Site::start();
    site.cluster.api.put(workload("Deployment", "orders"));
    let before = site.cluster.api.changes();
    site.ok("deploy shop --dry-run");
    assert_eq!(site.cluster.api.changes(), before);
}

/// As a user applies an overlay: both ways, twice, and away again.
#[test]
fn kubectl_applies_and_deletes_an_overlay() {
    for delivery in ["configmap", "inline"] {
        for way in [&["--server-side=true"][..], &["--server-side=false"]] {
            let site = Site::start();
            site.ok(&format!("overlay shop --delivery {delivery}"));
            let directory = site.overlay();
            let directory = directory.to_str().expect("UTF-8");
            let apply = [&["apply", "--kustomize", directory], way].concat();
            site.cluster.kubectl(&apply);
            let objects: Vec<Value> = site.cluster.api.objects("envoyfilters", "shop");
            assert_eq!(objects.len(), 1, "{delivery} {way:?}");
            let printed = site.cluster.kubectl(&apply);
            let unchanged = |line: &str| line.ends_with("unchanged") || line.ends_with("serverside-applied");
            assert!(printed.lines().all(unchanged), "{delivery} {way:?}: {printed}");
            site.cluster.kubectl(&["delete", "--kustomize", directory]);
            assert_eq!(site.cluster.api.objects("envoyfilters", "shop").len(), 0);
            assert_eq!(site.cluster.api.objects("configmaps", "shop").len(), 0);
        }
    }
}
