//! A cluster that is not there, and one that says nothing, as the real kubectl meets them.

use std::fs;
use std::net::TcpListener;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::commands::Site;
use crate::kubectl::Printed;

/// Runs a command with a kubeconfig whose server has this port.
fn run(site: &Site, port: u16) -> Printed {
    let path = site.path().join("kubeconfig");
    let kubeconfig = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "it",
        "clusters": [{ "name": "it", "cluster": { "server": format!("https://127.0.0.1:{port}") } }],
        "users": [{ "name": "it", "user": { "token": "it" } }],
        "contexts": [{ "name": "it", "context": { "cluster": "it", "user": "it" } }],
    });
    fs::write(&path, kubeconfig.to_string()).expect("a directory of ours");
    let mut command = site.command("undeploy shop billing --kubeconfig kubeconfig");
    command.env_remove("KUBECONFIG").output().expect("http-trace-ctl").into()
}

#[test]
fn no_cluster_is_one_line() {
    let site = Site::start();
    // Nothing listens there any more.
    let port = TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a port").port();
    let printed = run(&site, port);
    let expected = format!(
        "kubectl: The connection to the server 127.0.0.1:{port} was refused - did you specify the right host or port?\n"
    );
    assert_eq!((printed.success, &printed.stderr[..]), (false, &expected[..]));
}

#[test]
fn silence_is_given_up_after_ten_seconds() {
    let site = Site::start();
    let socket = TcpListener::bind("127.0.0.1:0").expect("a port");
    let start = Instant::now();
    let printed = run(&site, socket.local_addr().expect("its port").port());
    assert!(start.elapsed() < Duration::from_secs(16), "{:?}", start.elapsed());
    let lines: Vec<&str> = printed.stderr.lines().collect();
    let [meanwhile, end] = lines[..] else { panic!("{printed:?}") };
    assert!(!printed.success && meanwhile.starts_with("no answer yet from the API server"), "{printed:?}");
    assert!(end.starts_with("kubectl: given up after ") && end.contains("Unable to connect to the server"), "{end}");
}
