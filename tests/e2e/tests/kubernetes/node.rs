//! What is played, a node and the injection of sidecars: the API server, its controllers and kubectl are to take it for real.

use http_trace_e2e::cluster::Output;
use serde_json::{Value, json};

use crate::commands::Site;
use crate::kubectl::{self, workload};

#[test]
fn a_program_prints_and_ends() {
    let site = Site::start();
    site.put(workload("StatefulSet", "web"));
    // more than one frame
    let dump = "line of a dump\n".repeat(10_000);
    let printed = dump.clone();
    site.api.exec_answer(&site.namespace, move |exec| match exec.command.join(" ").as_str() {
        "pilot-agent request GET /config_dump?a=b&c" => Output { stdout: dump.clone(), ..Output::default() },
        other => Output { stderr: format!("{} {}: {other}\n", exec.pod, exec.container), code: 3, ..Output::default() },
    });
    let exec = ["--namespace", &site.namespace, "exec", "web-0"];
    let run = |rest: &[&str]| kubectl::run(&[&exec[..], rest].concat(), "");
    let answer = run(&["-c", "istio-proxy", "--", "pilot-agent", "request", "GET", "/config_dump?a=b&c"]);
    assert!(answer.success && answer.stdout == printed, "{} bytes, {}", answer.stdout.len(), answer.stderr);
    let answer = run(&["--container=web", "--", "false"]);
    assert_eq!(
        (answer.success, &answer.stderr[..]),
        (false, "web-0 web: false\ncommand terminated with exit code 3\n")
    );
    let answer = run(&["-c", "absent", "--", "true"]);
    assert!(answer.stderr.contains("container absent is not valid for pod web-0"), "{answer:?}");
}

/// The note in each pod, and whether it is ready.
fn readiness(site: &Site) -> Vec<(Value, bool)> {
    let is_ready = |pod: &Value| {
        let conditions = pod["status"]["conditions"].as_array().into_iter().flatten();
        conditions.into_iter().any(|condition| condition["type"] == "Ready" && condition["status"] == "True")
    };
    site.pods().iter().map(|pod| (pod["metadata"]["annotations"]["note"].clone(), is_ready(pod))).collect()
}

#[test]
fn what_is_held_stalls_and_goes_on() {
    for (kind, resource) in
        [("Deployment", "deployment/web"), ("StatefulSet", "statefulset/web"), ("DaemonSet", "daemonset/web")]
    {
        let site = Site::start();
        site.put(workload(kind, "web"));
        site.api.hold(&site.namespace, "web");
        let patch = r#"{"spec":{"template":{"metadata":{"annotations":{"note":"new"}}}}}"#;
        site.kubectl(&["patch", resource, "--patch", patch]);
        let status = ["--namespace", &site.namespace, "rollout", "status", resource, "--timeout=2s"];
        let printed = kubectl::run(&status, "");
        assert!(!printed.success, "{kind}: {printed:?}");
        site.until("a pod that is not ready", || readiness(&site).contains(&(json!("new"), false)));
        // A Deployment keeps the old one until then.
        assert_eq!(readiness(&site).contains(&(Value::Null, true)), kind == "Deployment");
        site.api.release(&site.namespace, "web");
        site.kubectl(&["rollout", "status", resource, "--timeout=60s"]);
        assert_eq!(readiness(&site), [(json!("new"), true)], "{kind}");
    }
}

#[test]
fn a_pod_waits_for_its_config_map_unless_it_is_optional() {
    let site = Site::start();
    for (name, optional) in [("needs", false), ("takes", true)] {
        let mut pod = workload("Deployment", name)["spec"]["template"].take();
        (pod["apiVersion"], pod["kind"], pod["metadata"]["name"]) = (json!("v1"), json!("Pod"), json!(name));
        pod["spec"]["volumes"] = json!([{ "name": "v", "configMap": { "name": "late", "optional": optional } }]);
        site.kubectl_with(&["create", "--filename=-"], &pod);
    }
    site.kubectl(&["wait", "pod/takes", "--for=condition=Ready", "--timeout=30s"]);
    assert_eq!(site.kubectl(&["get", "pod/needs", "--output=jsonpath={.status.phase}"]), "Pending");
    site.kubectl(&["create", "configmap", "late"]);
    site.kubectl(&["wait", "pod/needs", "--for=condition=Ready", "--timeout=30s"]);
}
