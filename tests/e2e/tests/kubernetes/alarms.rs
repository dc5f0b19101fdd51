//! `doctor`'s alarms that would be false, and those that must not be missing.

use std::time::Duration;

use http_trace_e2e::collector::Manner;
use http_trace_e2e::wait;
use serde_json::{Value, json};

use crate::commands::Site;
use crate::doctor::Ward;
use crate::kubectl::{self, workload};

#[track_caller]
fn line<'a>(findings: &'a str, about: &str, words: &str) -> &'a str {
    let mut lines = findings.lines().filter(|line| line.contains(about));
    lines.find(|line| line.contains(words)).unwrap_or_else(|| panic!("{about}: {words:?} is not in\n{findings}"))
}

#[tokio::test]
async fn pods_that_are_not_to_have_a_proxy_are_no_failure() {
    let ward = Ward::open(true).await;
    ward.deploy();
    let mut host = workload("DaemonSet", "host");
    host["spec"]["template"]["spec"]["hostNetwork"] = json!(true);
    ward.site.put(host);
    let mut plain = workload("Deployment", "plain");
    plain["spec"]["template"]["metadata"]["labels"]["sidecar.istio.io/inject"] = json!("false");
    ward.site.put(plain);
    ward.exchange().await;
    wait::until("a record", || (ward.rig.metric("exported")? == 1).then_some(())).await;
    let (well, findings) = ward.findings();
    line(&findings, "pod/host-", "ok    pod/host-");
    line(&findings, "pod/plain-", "is not to have a proxy: its pods get no proxy (labels: sidecar.istio.io/inject)");
    assert!(well, "{findings}");
    // One that should have a proxy, and has none, still is.
    ward.site.kubectl(&["label", "namespace", &ward.site.namespace, "istio-injection-"]);
    ward.site.kubectl(&["delete", "pod", "--selector=app=orders"]);
    ward.site.kubectl(&["rollout", "status", "deployment/orders", "--timeout=60s"]);
    let (well, findings) = ward.findings();
    line(&findings, "FAIL  pod/orders-", "has no istio-proxy");
    assert!(!well, "{findings}");
}

/// A pod of nobody's, such as a Job's, is not what `mount` changes.
#[tokio::test]
async fn a_pod_that_no_mount_reaches_is_a_note() {
    let ward = Ward::open(true).await;
    ward.deploy();
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "job", "namespace": ward.site.namespace },
        "spec": { "containers": [{ "name": "own", "image": "image:1" }] },
    });
    assert!(kubectl::run(&["apply", "--filename=-"], &pod.to_string()).success);
    ward.site.kubectl(&["wait", "--for=condition=Ready", "pod/job", "--timeout=60s"]);
    ward.exchange().await;
    wait::until("a record", || (ward.rig.metric("exported")? == 1).then_some(())).await;
    let (well, findings) = ward.findings();
    line(&findings, "note  pod/job", "mounts nothing: only the admission policy reaches");
    assert!(well, "{findings}");
}

#[tokio::test]
async fn losses_that_are_past_are_a_note() {
    let ward = Ward::open(true).await;
    ward.deploy();
    ward.rig.collector.behave(Manner::Status(400));
    ward.exchange().await;
    wait::until("a loss", || (ward.rig.metric("dropped_rejected")? == 1).then_some(())).await;
    ward.rig.collector.behave(Manner::Accept);
    ward.exchange().await;
    wait::until("a record", || (ward.rig.metric("exported")? == 1).then_some(())).await;
    let (well, findings) = ward.findings();
    line(&findings, "note  pod/orders-", "dropped_rejected 1; records were lost earlier");
    assert!(well, "{findings}");
    // While they are being lost, it is a failure.
    ward.rig.collector.behave(Manner::Status(400));
    let site = &ward.site;
    let losing = async {
        loop {
            ward.exchange().await;
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    let mut command = site.command(&format!("doctor {}", site.namespace));
    let doctor = tokio::task::spawn_blocking(move || command.output().expect("http-trace-ctl"));
    let output =
        tokio::select! { output = doctor => output.expect("it ran"), () = losing => unreachable!("it loses on") };
    let findings = String::from_utf8_lossy(&output.stdout).into_owned();
    line(&findings, "FAIL  pod/orders-", "records are lost");
    assert!(!output.status.success(), "{findings}");
}

/// Istio's stats matcher hides how often an extension was refused, and Envoy lists it as if it had been taken.
#[tokio::test]
async fn a_wasm_that_does_not_run_has_not_well_arrived() {
    let ward = Ward::open(false).await;
    ward.deploy();
    ward.exchange().await;
    let admin = ward.rig.envoy.admin();
    ward.site.api.exec_answer(&ward.site.namespace, move |exec| {
        let mut output = crate::doctor::answer(&admin, exec);
        if exec.command.iter().any(|word| word.contains("extension_config_discovery")) {
            output.stdout = r#"{"stats":[]}"#.to_owned();
        }
        output
    });
    let (well, findings) = ward.findings();
    line(&findings, "FAIL  pod/orders-", "has arrived, and does not run; the wasm is missing or broken in this pod");
    assert!(!well && !findings.contains("has refused"), "{findings}");
}

/// A ConfigMap with another wasm than its name says.
#[tokio::test]
async fn a_broken_wasm_in_the_config_map_is_named() {
    let site = Site::start();
    site.ok(&format!("overlay {}", site.namespace));
    let path = site.overlay().join("configmap.yaml");
    let text = std::fs::read_to_string(&path).expect("text");
    std::fs::write(&path, text.replacen("\"AGFzbQ", "\"AGFzbR", 1)).expect("a file");
    site.kubectl(&["apply", "--kustomize", site.overlay().to_str().expect("UTF-8")]);
    let printed = site.run(&format!("doctor {}", site.namespace));
    line(&printed.stdout, "FAIL  ConfigMap", "its wasm is not the one of that hash");
}

/// A plain cluster before a collector that asks for mutual TLS: connections come about, and end.
#[tokio::test]
async fn mutual_tls_is_thought_of() {
    let ward = Ward::open(true).await;
    ward.deploy();
    ward.rig.collector.behave(Manner::CloseUnread);
    for _ in 0..2 {
        ward.exchange().await;
    }
    wait::until("failures", || (ward.rig.metric("export_failures")? > 0).then_some(())).await;
    let (well, findings) = ward.findings();
    line(
        &findings,
        "FAIL  pod/orders-",
        "if mutual TLS is asked for there (a PeerAuthentication, STRICT), deploy with --istio-cluster",
    );
    assert!(!well, "{findings}");
    let strict: Value = json!({
        "apiVersion": "security.istio.io/v1", "kind": "PeerAuthentication",
        "metadata": { "name": "default", "namespace": "istio-system" }, "spec": { "mtls": { "mode": "STRICT" } },
    });
    let printed = kubectl::run(&["apply", "--filename=-"], &strict.to_string());
    assert!(printed.success, "{printed:?}");
    let (_, findings) = ward.findings();
    kubectl::run(&["delete", "--filename=-"], &strict.to_string());
    line(&findings, "FAIL  pod/orders-", "PeerAuthentication istio-system/default asks for mutual TLS (STRICT)");
}
