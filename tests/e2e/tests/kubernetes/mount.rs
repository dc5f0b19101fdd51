//! `mount` and `unmount`.

use std::fs;

use http_trace_e2e::kube_api::Rollout;
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
    site.prepare("overlay shop");
    let revision = site.revision();
    let of = |workload: &Value| {
        let text = |value: &Value| value.as_str().expect("text").to_owned();
        site.workload(&text(&workload["kind"]), &text(&workload["metadata"]["name"]))
    };
    for workload in &workloads {
        site.cluster.api.put(workload.clone());
    }
    let before: Vec<Value> = workloads.iter().map(of).collect();
    let printed = site.ok("mount shop --timeout 60");
    assert!(printed.contains("deployment/w0: mounted revision "), "{printed}");
    assert!(printed.ends_with("shop: 7 workloads, 0 refused\n"), "{printed}");
    let pods = site.pods();
    assert!(pods.len() >= workloads.len(), "{} pods", pods.len());
    for pod in &pods {
        assert!(site.mounts(pod, &revision), "{pod}");
        let own = |list: &Value| list.as_array().into_iter().flatten().filter(|entry| entry["name"] == "own").count();
        let has_own = pod["metadata"]["annotations"][USER_VOLUME].as_str().is_some_and(|text| text.contains("own"));
        assert_eq!(own(&pod["spec"]["volumes"]), usize::from(has_own), "{pod}");
    }
    let changes = site.cluster.api.changes();
    let again = site.ok("mount shop");
    assert!(again.contains(&format!("deployment/w0: revision {revision} is mounted already")), "{again}");
    assert_eq!(site.cluster.api.changes(), changes, "nothing to do twice");
    site.ok("unmount shop --timeout 60");
    for (before, workload) in before.iter().zip(&workloads) {
        assert_eq!(of(workload), *before);
    }
    assert!(site.ok("unmount shop").contains("deployment/w0: nothing is mounted"));
}

#[test]
fn a_gateway_with_volumes_of_its_own_keeps_them() {
    let site = Site::start();
    site.prepare("overlay shop --context gateway");
    site.cluster.api.put(gateway(&json!([{ "name": "own", "emptyDir": {} }])));
    let before = site.workload("deployment", "gateway");
    site.ok("mount shop --workload deployment/gateway");
    let pods = site.pods();
    assert!(!pods.is_empty() && pods.iter().all(|pod| site.mounts(pod, &site.revision())), "{pods:?}");
    site.ok("unmount shop");
    assert_eq!(site.workload("deployment", "gateway"), before);
}

/// One that is in the way is refused and left as it is; the others are mounted.
#[test]
fn the_user_s_own_volume_is_never_replaced() {
    let site = Site::start();
    site.prepare("overlay shop");
    let named = json!({ "http-trace-filter": { "emptyDir": {} } }).to_string();
    let placed = json!([{ "name": "own", "mountPath": MOUNT }]).to_string();
    for (name, key, value, expected) in [
        ("named", USER_VOLUME, &named[..], "under the name \"http-trace-filter\""),
        ("placed", USER_VOLUME_MOUNT, &placed, "got \"own\" at /var/local/lib/wasm-filters"),
        ("broken", USER_VOLUME, "not JSON", "takes a JSON object or list of named entries"),
    ] {
        site.cluster.api.put(annotated("Deployment", name, &json!({ key: value })));
        let before = site.workload("deployment", name);
        let error = site.fails("mount shop");
        let line = error.lines().find(|line| line.starts_with(&format!("deployment/{name}: refused: {key}: got ")));
        assert!(line.is_some_and(|line| line.contains(expected)), "{error}");
        assert_eq!(site.workload("deployment", name), before);
    }
    site.cluster.api.put(workload("StatefulSet", "sound"));
    let error = site.fails("mount shop");
    assert!(error.ends_with("shop: 3 of 4 workloads refused\n"), "{error}");
    assert_eq!(
        site.workload("statefulset", "sound")["spec"]["template"]["metadata"]["labels"][REVISION],
        site.revision()
    );
}

#[test]
fn the_first_that_does_not_come_up_is_the_last() {
    let site = Site::start();
    site.prepare("overlay shop");
    for name in ["a", "b"] {
        site.cluster.api.put(workload("Deployment", name));
    }
    site.cluster.api.set_rollout("deployments", "shop", "a", Rollout::Stalls);
    let before = site.workload("deployment", "b");
    let error = site.fails("mount shop --timeout 1");
    assert!(error.contains("deployment/a: its pods do not come up"), "{error}");
    assert!(error.contains("1 workloads are left as they are"), "{error}");
    assert_eq!(site.workload("deployment", "b"), before);
}

/// What the user adds while it is mounted is not taken away with it.
#[test]
fn later_changes_stay() {
    let site = Site::start();
    site.prepare("overlay shop");
    site.cluster.api.put(annotated("Deployment", "orders", &json!({ USER_VOLUME: r#"{"own":{"emptyDir":{}}}"# })));
    site.ok("mount shop");
    site.cluster.api.edit("deployments", "shop", "orders", |object| {
        let annotation = &mut object["spec"]["template"]["metadata"]["annotations"][USER_VOLUME];
        let mut volumes: Value = serde_json::from_str(annotation.as_str().expect("text")).expect("JSON");
        volumes["later"] = json!({ "emptyDir": {} });
        *annotation = json!(volumes.to_string());
        object["spec"]["template"]["spec"]["containers"][0]["image"] = json!("image:2");
    });
    site.ok("unmount shop");
    let template = &site.workload("deployment", "orders")["spec"]["template"];
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
    fs::write(site.path().join("old.wasm"), b"\0asm\x01\0\0\0").expect("a file");
    site.cluster.api.put(annotated("Deployment", "orders", &json!({ USER_VOLUME_MOUNT: "[]" })));
    let before = site.workload("deployment", "orders");
    site.prepare("overlay shop --wasm old.wasm");
    let old = site.revision();
    site.ok("mount shop");
    site.prepare("overlay shop");
    let new = site.revision();
    assert_ne!(old, new);
    site.ok("mount shop");
    let pods = site.pods();
    assert!(!pods.is_empty() && pods.iter().all(|pod| site.mounts(pod, &new)), "{pods:?}");
    site.ok("unmount shop");
    assert_eq!(site.workload("deployment", "orders"), before);
}

#[test]
fn only_what_is_asked_for_and_wants_a_proxy() {
    let site = Site::start();
    site.prepare("overlay shop");
    site.cluster.api.put(annotated("Deployment", "plain", &json!({ "sidecar.istio.io/inject": "false" })));
    let mut host = workload("DaemonSet", "host");
    host["spec"]["template"]["spec"]["hostNetwork"] = json!(true);
    site.cluster.api.put(host);
    site.cluster.api.put(workload("Deployment", "orders"));
    let before = ["plain", "orders"].map(|name| site.workload("deployment", name));
    let dry = site.ok("mount shop --dry-run");
    assert!(dry.contains("deployment/orders: mounted revision ") && dry.contains("(dry run)"), "{dry}");
    assert!(dry.contains("daemonset/host: skipped: its pods get no proxy (hostNetwork)"), "{dry}");
    assert!(dry.contains("deployment/plain: skipped: its pods get no proxy"), "{dry}");
    assert_eq!(["plain", "orders"].map(|name| site.workload("deployment", name)), before);
    let error = site.fails("mount shop --workload deployment/absent");
    assert!(error.contains("\"absent\" not found"), "{error}");
    let error = site.fails("mount shop --workload pod/orders");
    assert!(error.contains("takes deployment/NAME"), "{error}");
    site.ok("overlay shop --config-map-name other");
    let error = site.fails("mount shop");
    assert!(
        error.contains("got no ConfigMap other-") && error.contains("kubectl apply -k k8s/overlays/shop"),
        "{error}"
    );
    site.ok("overlay shop");
    let error = site.fails("mount nowhere");
    assert!(error.contains("nowhere/kustomization.yaml: No such file"), "{error}");
    let error = site.fails("unmount nowhere");
    assert!(error.contains("namespace nowhere: got none of that name"), "{error}");
    site.ok("mount shop --workload deployment/orders");
    assert_eq!(site.workload("deployment", "plain"), before[0]);
}
