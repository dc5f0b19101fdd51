//! `doctor` for meshes whose proxies are asked through a forwarded port, and for programs.

use crate::{
    admin::Admin,
    fake::{Place, objects},
};
use serde_json::{Value, json};

const REVISION: &str = "http-trace-filter/revision";
const COLLECTOR: &str = "--collector collector.observability:9000";

fn stats(exported: u64) -> Value {
    let stat =
        |name: &str, value: u64| json!({ "name": format!("wasmcustom.http_trace_filter.{name}"), "value": value });
    json!({ "stats": [stat("streams", exported), stat("exported", exported), stat("sampled_out", 0)] })
}

/// One that connects to its one endpoint, or fails to.
fn clusters(name: &str, fails: bool) -> Value {
    let stat = |name: &str, value: u64| json!({ "name": name, "value": value.to_string() });
    let (active, failed) = if fails { (0, 1) } else { (1, 0) };
    let stats = [stat("cx_total", 1), stat("cx_active", active), stat("cx_connect_fail", failed)];
    json!({ "cluster_statuses": [{ "name": name, "host_statuses": [{ "stats": stats }] }] })
}

/// A namespace of Kuma's, with one workload that is mounted.
fn kuma(fails: bool) -> (Place, Admin) {
    let place = Place::new("*'get containerpatches'*) echo containerpatch.kuma.io/http-trace-filter-shop ;;");
    assert_eq!(place.run(&format!("overlay shop --mesh kuma {COLLECTOR}")).code, Some(0));
    let overlay = |file: &str| objects(&place.path().join("k8s/overlays/shop").join(file));
    let patches = overlay("meshproxypatch.yaml");
    let labels = json!({ REVISION: patches[0]["metadata"]["labels"][REVISION] });
    let proxy = json!({ "name": "kuma-sidecar", "volumeMounts": [{ "mountPath": "/var/local/lib/wasm-filters" }] });
    let pod = json!({ "metadata": { "name": "orders-1", "namespace": "shop", "labels": labels }, "spec": { "containers": [proxy] } });
    let template = json!({ "metadata": { "labels": labels } });
    let workload = json!({ "kind": "Deployment", "metadata": { "name": "orders" }, "spec": { "template": template } });
    let admin = Admin::start(&[("/stats?", stats(7)), ("/clusters?", clusters("trace_analyzer_outbound", fails))]);
    place.answers("get configmaps", &overlay("configmap.yaml"));
    place.answers("get meshproxypatches.kuma.io", &patches);
    place.answers("get pods", &[pod]);
    place.answers("get deployments", &[workload]);
    place.says("port-forward pod/orders-1 :9901", &admin.forwarding(9901));
    (place, admin)
}

#[test]
fn kuma_s_proxies_are_asked() {
    let (place, _admin) = kuma(false);
    let printed = place.run("doctor shop");
    assert_eq!((printed.code, &printed.stderr[..]), (Some(0), ""), "{printed:?}");
    for expected in [
        "ok    MeshProxyPatch: [\"http-trace-filter-outbound-93a44bbb96c7\"]\n",
        "ok    ConfigMap: revision 93a44bbb96c7\n",
        "ok    ContainerPatch: kuma-system/http-trace-filter-shop\n",
        "ok    deployment/orders: mounts revision 93a44bbb96c7\n",
        "ok    pods: 1 runs\n",
        "ok    pod/orders-1: kuma-sidecar mounts /var/local/lib/wasm-filters\n",
        "ok    pod/orders-1: the cluster \"trace_analyzer_outbound\" has 1 endpoint, 1 connection\n",
        "ok    pod/orders-1: streams 7, exported 7, sampled_out 0, queued 0\n",
    ] {
        assert!(printed.stdout.contains(expected), "{expected:?} is not in\n{}", printed.stdout);
    }
    let (place, _admin) = kuma(true);
    let printed = place.run("doctor shop");
    assert_eq!((printed.code, &printed.stderr[..]), (Some(1), "shop: 1 finding\n"), "{printed:?}");
    let todo = "name Kuma's own cluster in collector.cluster";
    assert!(printed.stdout.contains("FAIL  pod/orders-1: ") && printed.stdout.contains(todo), "{}", printed.stdout);
}

/// A port that kubectl does not forward is a finding like any other.
#[test]
fn a_proxy_that_cannot_be_asked_is_a_finding() {
    let (place, _admin) = kuma(false);
    place.says("port-forward", "echo 'error: unable to forward port because pod is not running' >&2; exit 1");
    let printed = place.run("doctor shop");
    assert_eq!(printed.code, Some(1), "{printed:?}");
    assert!(
        printed.stdout.contains("FAIL  pod/orders-1: kubectl port-forward pod/orders-1 :9901"),
        "{}",
        printed.stdout
    );
    assert!(printed.stdout.contains("unable to forward port because pod is not running; "), "{}", printed.stdout);
}

/// A list for programs: every finding says what to do.
#[test]
fn findings_are_json_too() {
    let (place, _admin) = kuma(true);
    place.says("--namespace nowhere", r#"case "$*" in *--output\ json*) echo '{"items": []}' ;; esac"#);
    let printed = place.run("doctor shop nowhere -o json");
    assert_eq!(printed.code, Some(1), "{printed:?}");
    assert_eq!(printed.stderr, "shop: 1 finding\nnowhere: 1 finding\n");
    let findings: Vec<Value> = serde_json::from_str(&printed.stdout).expect("a list");
    assert!(findings.len() > 5, "{findings:?}");
    for finding in &findings {
        let result = finding["result"].as_str().expect("a word");
        assert!(["ok", "note", "fail"].contains(&result), "{finding}");
        assert_eq!(finding["do"].is_string(), result != "ok", "{finding}");
        assert!(finding["about"].is_string() && finding["what"].is_string(), "{finding}");
    }
    let wrong: Vec<&Value> = findings.iter().filter(|finding| finding["result"] == "fail").collect();
    let [shop, nowhere] = wrong[..] else { panic!("{wrong:?}") };
    assert_eq!((&shop["namespace"], &shop["about"]), (&json!("shop"), &json!("pod/orders-1")));
    assert_eq!((&nowhere["namespace"], &nowhere["what"]), (&json!("nowhere"), &json!("it does not exist")));
    // For people, each line says which namespace it is about.
    let text = place.run("doctor shop nowhere").stdout;
    assert!(text.lines().all(|line| line[6..].starts_with("shop: ") || line[6..].starts_with("nowhere: ")), "{text}");
}

/// A Gateway of Envoy Gateway, with what that says of the policy.
fn gateway(conditions: &Value) -> (Place, Admin) {
    let place = Place::new("");
    let written = place.run(&format!("overlay shop --mesh envoy-gateway --gateway eg {COLLECTOR}"));
    assert_eq!(written.code, Some(0), "{written:?}");
    let mut policies = objects(&place.path().join("k8s/overlays/shop/envoypatchpolicy.yaml"));
    policies[0]["status"] = json!({ "ancestors": [{ "conditions": conditions }] });
    let metadata = json!({ "name": "envoy-1", "namespace": "envoy-gateway-system" });
    let pod = json!({ "metadata": metadata, "spec": { "containers": [{ "name": "envoy" }] } });
    let admin = Admin::start(&[("/stats?", stats(3)), ("/clusters?", clusters("trace_analyzer_gateway", false))]);
    place.answers("get envoypatchpolicies.gateway.envoyproxy.io", &policies);
    let label = "gateway.envoyproxy.io/owning-gateway";
    place.answers(&format!("get pods --selector {label}-name=eg,{label}-namespace=shop"), &[pod]);
    place.says("--namespace envoy-gateway-system port-forward pod/envoy-1 :19000", &admin.forwarding(19000));
    (place, admin)
}

#[test]
fn envoy_gateway_and_its_proxies_are_asked() {
    let (place, _admin) = gateway(&json!([{ "type": "Programmed", "status": "True" }]));
    let printed = place.run("doctor shop");
    assert_eq!((printed.code, &printed.stderr[..]), (Some(0), ""), "{printed:?}");
    for expected in [
        "ok    EnvoyPatchPolicy http-trace-filter-gateway: Programmed is True\n",
        "ok    Gateway eg: 1 running proxy pod\n",
        "ok    pod/envoy-1: streams 3, exported 3, sampled_out 0, queued 0\n",
    ] {
        assert!(printed.stdout.contains(expected), "{expected:?} is not in\n{}", printed.stdout);
    }
    for (conditions, expected) in [
        (json!([]), "Envoy Gateway says nothing of it; turn extensionApis.enableEnvoyPatchPolicy on"),
        (
            json!([{ "type": "Programmed", "status": "False", "message": "unable to find xds resources" }]),
            "Programmed is False: unable to find xds resources; its listener has another name",
        ),
    ] {
        let (place, _admin) = gateway(&conditions);
        let printed = place.run("doctor shop");
        assert!(printed.code == Some(1) && printed.stdout.contains(expected), "{expected:?}: {printed:?}");
    }
}
