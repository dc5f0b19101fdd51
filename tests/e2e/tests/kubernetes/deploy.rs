//! `deploy` and `undeploy`, and the overlay applied by hand.

use serde_json::{Value, json};

use crate::commands::{Site, annotated, names};
use crate::kubectl::workload;

/// Where Kuma is.
const SYSTEM: &str = "kuma-system";
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

#[test]
fn everything_comes_and_goes() {
    let site = Site::start();
    let shop = &site.namespace;
    let billing = site.api.namespace("billing", true);
    site.put(workload("Deployment", "orders"));
    site.put(annotated("StatefulSet", "store", &json!({ "own": "kept" })));
    let before = site.contents();
    let deploy = format!("deploy {shop} nowhere {billing} --collector collector.observability:9000");
    let error = site.fails(&deploy);
    assert_eq!(error, "nowhere: there is no such namespace: nothing is done (--skip-missing skips it)\n");
    assert_eq!(site.contents(), before);
    let printed = site.run(&format!("{deploy} --skip-missing"));
    assert!(printed.success, "{printed:?}");
    assert_eq!(printed.stderr, "nowhere: skipped: there is no such namespace\n");
    let revision = site.revision();
    for namespace in [shop, &billing] {
        assert_eq!(names("configmaps", namespace), [format!("http-trace-filter-{revision}")]);
        assert_eq!(names("envoyfilters", namespace), [format!("http-trace-filter-outbound-{revision}")]);
    }
    let pods = site.pods();
    assert!(pods.len() >= 2 && pods.iter().all(|pod| site.mounts(pod, &revision)), "{pods:?}");
    // Client-side apply keeps a copy of each object; the API server refuses annotations of more than 262,144 bytes.
    for (resource, most) in [("configmaps", 262_144), ("envoyfilters", 262_144)] {
        let object = &site.api.objects(resource, shop)[0];
        let bytes = object["metadata"]["annotations"][LAST_APPLIED].as_str().expect("applied").len();
        println!("{resource}: {bytes} bytes in {LAST_APPLIED}");
        assert!(bytes < most, "{resource}: {bytes}");
    }
    site.ok(&format!("undeploy {shop} nowhere {billing} --skip-missing"));
    assert_eq!(site.contents(), before);
    for namespace in [shop, &billing] {
        assert_eq!(names("configmaps", namespace), [""; 0]);
        assert_eq!(names("envoyfilters", namespace), [""; 0]);
    }
}

#[test]
fn inline_mounts_nothing_and_replaces_no_pod() {
    let site = Site::start();
    let shop = &site.namespace;
    site.put(workload("Deployment", "orders"));
    let pods = site.pods();
    let printed = site.ok(&format!("deploy {shop} --delivery inline"));
    assert!(printed.contains(&format!("{shop}: nothing to mount")), "{printed}");
    assert_eq!(site.pods(), pods);
    assert_eq!(site.names("envoyfilters"), ["http-trace-filter-outbound"]);
    let filter = &site.api.objects("envoyfilters", shop)[0];
    let bytes = filter["metadata"]["annotations"][LAST_APPLIED].as_str().expect("applied").len();
    println!("an EnvoyFilter with the wasm: {bytes} bytes in {LAST_APPLIED}");
    // It mounts nothing either when asked to.
    assert!(site.ok(&format!("mount {shop}")).contains("nothing to mount"));
    site.ok(&format!("undeploy {shop}"));
    assert_eq!(site.names("envoyfilters"), [""; 0]);
}

#[test]
fn kuma_s_objects_and_annotation() {
    let site = Site::without_injection();
    let shop = &site.namespace;
    let patch = format!("http-trace-filter-{shop}");
    let patches = || site.api.object("containerpatches", SYSTEM, &patch);
    site.put(annotated("Deployment", "orders", &json!({ "kuma.io/container-patches": "own" })));
    let before = site.workload("deployments", "orders");
    site.ok(&format!("deploy {shop} --mesh kuma"));
    let revision = site.revision();
    assert!(patches().is_some());
    assert_eq!(site.names("meshproxypatches"), [format!("http-trace-filter-outbound-{revision}")]);
    let template = &site.workload("deployments", "orders")["spec"]["template"];
    assert_eq!(template["metadata"]["annotations"]["kuma.io/container-patches"], format!("own,{patch}"));
    // 0644: what the API server fills in.
    let map = json!({ "defaultMode": 420, "name": format!("http-trace-filter-{revision}") });
    let volume = json!({ "configMap": map, "name": "http-trace-filter" });
    assert_eq!(template["spec"]["volumes"], json!([volume]));
    site.ok(&format!("undeploy {shop}"));
    assert_eq!(site.workload("deployments", "orders"), before);
    assert_eq!(patches(), None);
    assert_eq!(site.names("meshproxypatches"), [""; 0]);
}

#[test]
fn a_dry_run_changes_nothing() {
    let site = Site::start();
    let shop = &site.namespace;
    site.put(workload("Deployment", "orders"));
    site.ok(&format!("deploy {shop} --dry-run"));
    assert_eq!(site.api.changes(shop), [""; 0]);
    assert_eq!(site.api.changes("kuma-system"), [""; 0]);
    assert!(!site.overlay().exists(), "nothing is written");
}

/// As a user applies an overlay: both ways, twice, and away again.
#[test]
fn kubectl_applies_and_deletes_an_overlay() {
    for delivery in ["configmap", "inline"] {
        for way in [&["--server-side=true"][..], &["--server-side=false"]] {
            let site = Site::start();
            let shop = &site.namespace;
            site.ok(&format!("overlay {shop} --delivery {delivery}"));
            let directory = site.overlay();
            let directory = directory.to_str().expect("UTF-8");
            let apply = [&["apply", "--kustomize", directory], way].concat();
            site.kubectl(&apply);
            let objects: Vec<Value> = site.api.objects("envoyfilters", shop);
            assert_eq!(objects.len(), 1, "{delivery} {way:?}");
            let printed = site.kubectl(&apply);
            let unchanged = |line: &str| line.ends_with("unchanged") || line.ends_with("serverside-applied");
            assert!(printed.lines().all(unchanged), "{delivery} {way:?}: {printed}");
            site.kubectl(&["delete", "--kustomize", directory]);
            assert_eq!(site.names("envoyfilters"), [""; 0]);
            assert_eq!(site.names("configmaps"), [""; 0]);
        }
    }
}
