//! `mount` and `unmount`.

use std::fs;

use serde_json::{Value, json};

use crate::commands::{MOUNT, REVISION, Site, annotated, gateway};
use crate::kubectl::workload;

const USER_VOLUME: &str = "sidecar.istio.io/userVolume";
const USER_VOLUME_MOUNT: &str = "sidecar.istio.io/userVolumeMount";

/// What users have in their templates already.
fn shapes() -> Vec<Value> {
    let map = json!({ "own": { "emptyDir": {} } }).to_string();
    let list = json!([{ "name": "own", "emptyDir": {} }]).to_string();
    vec![
        Value::Null,
        json!({ "note": "other" }),
        json!({ USER_VOLUME: map, USER_VOLUME_MOUNT: r#"{ "own": {"mountPath":"/own"} }"# }),
        json!({ USER_VOLUME: list, USER_VOLUME_MOUNT: r#"[{"name":"own","mountPath":"/own"}]"# }),
        json!({ USER_VOLUME: "", USER_VOLUME_MOUNT: "{}" }),
        json!({ USER_VOLUME: "[]" }),
    ]
}

#[test]
fn whatever_was_there_is_kept_and_restored() {
    let kinds = ["Deployment", "StatefulSet", "DaemonSet"].iter().cycle();
    let shapes = shapes();
    let named = shapes.iter().zip(kinds).enumerate();
    let mut workloads: Vec<Value> =
        named.map(|(at, (shape, kind))| annotated(kind, &format!("w{at}"), shape)).collect();
    workloads.push(gateway(&Value::Null));
    let site = Site::start();
    let shop = &site.namespace;
    site.prepare(&format!("overlay {shop}"));
    let revision = site.revision();
    let of = |workload: &Value| {
        let text = |value: &Value| value.as_str().expect("text").to_owned();
        site.workload(&format!("{}s", text(&workload["kind"]).to_lowercase()), &text(&workload["metadata"]["name"]))
    };
    for workload in &workloads {
        site.put(workload.clone());
    }
    let before: Vec<Value> = workloads.iter().map(of).collect();
    let printed = site.ok(&format!("mount {shop} --timeout 60"));
    assert!(printed.contains("deployment/w0: mounted revision "), "{printed}");
    assert!(printed.ends_with(&format!("{shop}: 7 workloads, 0 refused\n")), "{printed}");
    let pods = site.pods();
    assert!(pods.len() >= workloads.len(), "{} pods", pods.len());
    for pod in &pods {
        assert!(site.mounts(pod, &revision), "{pod}");
        let own = |list: &Value| list.as_array().into_iter().flatten().filter(|entry| entry["name"] == "own").count();
        let has_own = pod["metadata"]["annotations"][USER_VOLUME].as_str().is_some_and(|text| text.contains("own"));
        assert_eq!(own(&pod["spec"]["volumes"]), usize::from(has_own), "{pod}");
    }
    let changes = site.api.changes(shop);
    let again = site.ok(&format!("mount {shop}"));
    assert!(again.contains(&format!("deployment/w0: revision {revision} is mounted already")), "{again}");
    assert_eq!(site.api.changes(shop), changes, "nothing to do twice");
    site.ok(&format!("unmount {shop} --timeout 60"));
    for (before, workload) in before.iter().zip(&workloads) {
        assert_eq!(of(workload), *before);
    }
    assert!(site.ok(&format!("unmount {shop}")).contains("deployment/w0: nothing is mounted"));
}

#[test]
fn a_gateway_with_volumes_of_its_own_keeps_them() {
    let site = Site::start();
    let shop = &site.namespace;
    site.prepare(&format!("overlay {shop} --traffic gateway"));
    site.put(gateway(&json!([{ "name": "own", "emptyDir": {} }])));
    let before = site.workload("deployments", "gateway");
    site.ok(&format!("mount {shop} --workload deployment/gateway"));
    let pods = site.pods();
    assert!(!pods.is_empty() && pods.iter().all(|pod| site.mounts(pod, &site.revision())), "{pods:?}");
    site.ok(&format!("unmount {shop}"));
    assert_eq!(site.workload("deployments", "gateway"), before);
}

/// One that is in the way is refused and left as it is; the others are mounted.
#[test]
fn the_user_s_own_volume_is_never_replaced() {
    let site = Site::start();
    let shop = &site.namespace;
    site.prepare(&format!("overlay {shop}"));
    let named = json!({ "http-trace-filter": { "emptyDir": {} } }).to_string();
    let placed = json!([{ "name": "own", "mountPath": MOUNT }]).to_string();
    let own = json!({ "own": { "emptyDir": {} } }).to_string();
    for (name, key, annotations, expected) in [
        ("named", USER_VOLUME, json!({ USER_VOLUME: named }), "under the name \"http-trace-filter\""),
        (
            "placed",
            USER_VOLUME_MOUNT,
            json!({ USER_VOLUME_MOUNT: placed, USER_VOLUME: own }),
            "got \"own\" at /var/local/lib/wasm-filters",
        ),
        ("broken", USER_VOLUME, json!({ USER_VOLUME: "not JSON" }), "takes a JSON object or list of named entries"),
    ] {
        site.put(annotated("Deployment", name, &annotations));
        let before = site.workload("deployments", name);
        let error = site.fails(&format!("mount {shop}"));
        let line = error.lines().find(|line| line.starts_with(&format!("deployment/{name}: refused: {key}: got ")));
        assert!(line.is_some_and(|line| line.contains(expected)), "{error}");
        assert_eq!(site.workload("deployments", name), before);
    }
    site.put(workload("StatefulSet", "sound"));
    let error = site.fails(&format!("mount {shop}"));
    assert!(error.ends_with(&format!("{shop}: 3 of 4 workloads refused\n")), "{error}");
    assert_eq!(
        site.workload("statefulsets", "sound")["spec"]["template"]["metadata"]["labels"][REVISION],
        site.revision()
    );
}

#[test]
fn the_first_that_does_not_come_up_is_the_last() {
    let site = Site::start();
    let shop = &site.namespace;
    site.prepare(&format!("overlay {shop}"));
    for name in ["a", "b"] {
        site.put(workload("Deployment", name));
    }
    site.api.hold(shop, "a");
    let before = site.workload("deployments", "b");
    let error = site.fails(&format!("mount {shop} --timeout 1"));
    assert!(error.contains("deployment/a: its pods do not come up"), "{error}");
    assert!(error.contains("1 workload left as before"), "{error}");
    assert_eq!(site.workload("deployments", "b"), before);
}

/// What the user adds while it is mounted is not taken away with it.
#[test]
fn later_changes_stay() {
    let site = Site::start();
    let shop = &site.namespace;
    site.prepare(&format!("overlay {shop}"));
    site.put(annotated("Deployment", "orders", &json!({ USER_VOLUME: r#"{"own":{"emptyDir":{}}}"# })));
    site.ok(&format!("mount {shop}"));
    site.api.edit("deployments", shop, "orders", |object| {
        let annotation = &mut object["spec"]["template"]["metadata"]["annotations"][USER_VOLUME];
        let mut volumes: Value = serde_json::from_str(annotation.as_str().expect("text")).expect("JSON");
        volumes["later"] = json!({ "emptyDir": {} });
        *annotation = json!(volumes.to_string());
        object["spec"]["template"]["spec"]["containers"][0]["image"] = json!("image:2");
    });
    site.ok(&format!("unmount {shop}"));
    let template = &site.workload("deployments", "orders")["spec"]["template"];
    let volumes = template["metadata"]["annotations"][USER_VOLUME].as_str().expect("text");
    let volumes: Value = serde_json::from_str(volumes).expect("JSON");
    assert_eq!(volumes, json!({ "own": { "emptyDir": {} }, "later": { "emptyDir": {} } }));
    assert_eq!(template["metadata"]["annotations"].as_object().expect("a map").len(), 1);
    assert_eq!(template["spec"]["containers"][0]["image"], "image:2");
}

/// An upgrade: the new revision takes the place of the old, and what was there before the first one is restored.
#[test]
fn a_newer_revision_takes_the_place_of_the_old() {
    let site = Site::start();
    let shop = &site.namespace;
    fs::write(site.path().join("old.wasm"), b"\0asm\x01\0\0\0").expect("a file");
    site.put(annotated("Deployment", "orders", &json!({ USER_VOLUME_MOUNT: "[]" })));
    let before = site.workload("deployments", "orders");
    site.prepare(&format!("overlay {shop} --wasm old.wasm"));
    let old = site.revision();
    site.ok(&format!("mount {shop}"));
    site.prepare(&format!("overlay {shop}"));
    let new = site.revision();
    assert_ne!(old, new);
    site.ok(&format!("mount {shop}"));
    let pods = site.pods();
    assert!(!pods.is_empty() && pods.iter().all(|pod| site.mounts(pod, &new)), "{pods:?}");
    site.ok(&format!("unmount {shop}"));
    assert_eq!(site.workload("deployments", "orders"), before);
}

#[test]
fn only_what_is_asked_for_and_wants_a_proxy() {
    let site = Site::start();
    let shop = &site.namespace;
    site.prepare(&format!("overlay {shop}"));
    site.put(annotated("Deployment", "plain", &json!({ "sidecar.istio.io/inject": "false" })));
    let mut host = workload("DaemonSet", "host");
    host["spec"]["template"]["spec"]["hostNetwork"] = json!(true);
    site.put(host);
    site.put(workload("Deployment", "orders"));
    let before = ["plain", "orders"].map(|name| site.workload("deployments", name));
    let dry = site.ok(&format!("mount {shop} --dry-run"));
    assert!(dry.contains("deployment/orders: mounted revision ") && dry.contains("(dry run)"), "{dry}");
    assert!(dry.contains("daemonset/host: skipped: its pods get no proxy (hostNetwork)"), "{dry}");
    assert!(dry.contains("deployment/plain: skipped: its pods get no proxy"), "{dry}");
    assert_eq!(["plain", "orders"].map(|name| site.workload("deployments", name)), before);
    let error = site.fails(&format!("mount {shop} --workload deployment/absent"));
    assert!(error.contains("\"absent\" not found"), "{error}");
    let error = site.fails(&format!("mount {shop} --workload pod/orders"));
    assert!(error.contains("takes deployment/NAME"), "{error}");
    site.ok(&format!("overlay {shop} --config-map-name other"));
    let error = site.fails(&format!("mount {shop}"));
    assert!(
        error.contains("got no ConfigMap other-") && error.contains(&format!("kubectl apply -k k8s/overlays/{shop}")),
        "{error}"
    );
    site.ok(&format!("overlay {shop}"));
    let error = site.fails("mount nowhere");
    assert!(error.contains("nowhere/kustomization.yaml: No such file"), "{error}");
    let error = site.fails("unmount nowhere");
    assert!(error.contains("nowhere: got none of that name"), "{error}");
    site.ok(&format!("mount {shop} --workload deployment/orders"));
    assert_eq!(site.workload("deployments", "plain"), before[0]);
}
