//! The real kubectl, before a double of the API server.

use std::ffi::OsString;
use std::io::Write;
use std::process::{Command, Output, Stdio};
use std::{env, thread};

use http_trace_e2e::kube_api::KubeApi;
use serde_json::{Value, json};

/// A double of the API server, and the kubectl that calls it.
pub(crate) struct Cluster {
    pub(crate) api: KubeApi,
    kubectl: OsString,
}

/// What kubectl printed.
#[derive(Debug)]
pub(crate) struct Printed {
    pub(crate) success: bool,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Cluster {
    /// With the namespaces `default` and `shop`.
    pub(crate) fn start() -> Self {
        let kubectl = env::var_os("KUBECTL").expect("KUBECTL is not set: it should name the kubectl to test with");
        let api = KubeApi::start().expect("a port of 127.0.0.1 and a temporary directory");
        api.add_namespace("shop");
        Self { api, kubectl }
    }

    /// Runs kubectl, with this on its standard input.
    pub(crate) fn run(&self, arguments: &[&str], input: &str) -> Printed {
        let mut command = Command::new(&self.kubectl);
        command.args(arguments).env_clear().envs(self.api.environment());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("KUBECTL={:?}: {error}", self.kubectl));
        let (mut stdin, input) = (child.stdin.take().expect("piped"), input.to_owned());
        // kubectl may end without having read all of it
        let writer = thread::spawn(move || drop(stdin.write_all(input.as_bytes())));
        let Output { status, stdout, stderr } = child.wait_with_output().expect("kubectl was started");
        writer.join().expect("a thread that does not panic");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("kubectl prints UTF-8");
        Printed { success: status.success(), stdout: text(stdout), stderr: text(stderr) }
    }

    /// Runs kubectl, which is to succeed; gives what it printed.
    #[track_caller]
    pub(crate) fn kubectl(&self, arguments: &[&str]) -> String {
        self.kubectl_with(arguments, &json!({}))
    }

    /// The same, with an object on its standard input.
    #[track_caller]
    pub(crate) fn kubectl_with(&self, arguments: &[&str], object: &Value) -> String {
        let printed = self.run(arguments, &object.to_string());
        let refused = self.api.refused();
        assert!(printed.success, "kubectl {arguments:?}: {printed:?}, not known: {refused:#?}");
        printed.stdout
    }

    /// Runs kubectl, which is to fail; gives what it complained about.
    #[track_caller]
    pub(crate) fn failing(&self, arguments: &[&str], object: &Value) -> String {
        let printed = self.run(arguments, &object.to_string());
        assert!(!printed.success, "kubectl {arguments:?} should have failed: {printed:?}");
        printed.stderr
    }

    /// The object as `kubectl get -o json` gives it, from the namespace `shop`.
    #[track_caller]
    pub(crate) fn get(&self, object: &str) -> Value {
        let printed = self.kubectl(&["get", "--namespace=shop", "--output=json", object]);
        serde_json::from_str(&printed).expect("JSON")
    }
}

/// A workload of the namespace `shop`.
pub(crate) fn workload(kind: &str, name: &str) -> Value {
    let labels = json!({ "app": name });
    let containers = json!([{ "name": name, "image": "image:1", "env": [{ "name": "A", "value": "1" }] }]);
    let template = json!({ "metadata": { "labels": labels }, "spec": { "containers": containers } });
    json!({
        "apiVersion": "apps/v1", "kind": kind, "metadata": { "name": name, "namespace": "shop", "labels": labels },
        "spec": { "selector": { "matchLabels": labels }, "template": template },
    })
}

/// A ConfigMap of the namespace `shop`.
pub(crate) fn config_map(name: &str, value: &str) -> Value {
    let metadata = json!({ "name": name, "namespace": "shop" });
    json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": { "key": value } })
}
