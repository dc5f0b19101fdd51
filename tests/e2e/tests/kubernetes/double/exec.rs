//! `kubectl exec`, over a WebSocket.

use http_trace_e2e::kube_api::Output;
use serde_json::json;

use crate::kubectl::{Cluster, workload};

#[test]
fn a_program_prints_and_ends() {
    let cluster = Cluster::start();
    cluster.api.put(workload("StatefulSet", "web"));
    // more than one frame
    let dump = "line of a dump\n".repeat(10_000);
    let printed = dump.clone();
    cluster.api.exec_answer(move |exec| match exec.command.join(" ").as_str() {
        "pilot-agent request GET /config_dump" => Output { stdout: dump.clone(), ..Output::default() },
        other => Output { stderr: format!("{}: {other}\n", exec.container), code: 3, ..Output::default() },
    });
    let exec = ["exec", "--namespace=shop", "web-0"];
    let run = |rest: &[&str]| cluster.run(&[&exec[..], rest].concat(), "");
    let answer = run(&["-c", "istio-proxy", "--", "pilot-agent", "request", "GET", "/config_dump"]);
    assert!(answer.success && answer.stdout == printed, "{} bytes, {}", answer.stdout.len(), answer.stderr);
    let answer = run(&["--container=web", "--", "false"]);
    assert_eq!(answer.stderr, "web: false\ncommand terminated with exit code 3\n");
    let message = cluster.failing(&[&exec[..], &["-c", "absent", "--", "true"]].concat(), &json!({}));
    assert!(message.contains("container absent is not valid for pod web-0"), "{message}");
    let calls = cluster.api.requests();
    let path = "/api/v1/namespaces/shop/pods/web-0/exec";
    let execs: Vec<&str> = calls.iter().filter(|call| call.path == path).map(|call| call.method.as_str()).collect();
    assert_eq!(execs[..2], ["GET", "GET"]);
    assert_eq!(cluster.api.refused(), [""; 0]);
}
