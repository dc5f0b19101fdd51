//! `http-trace-ctl` before the double, by the real kubectl.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use http_trace_e2e::envoy;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::kubectl::{Cluster, Printed};

pub(crate) const REVISION: &str = "http-trace-filter/revision";
pub(crate) const MOUNT: &str = "/var/local/lib/wasm-filters";

/// A cluster, and a directory to run the commands in.
pub(crate) struct Site {
    pub(crate) cluster: Cluster,
    directory: TempDir,
}

impl Site {
    pub(crate) fn start() -> Self {
        let cluster = Cluster::start();
        cluster.api.inject(true);
        Self { cluster, directory: TempDir::new().expect("a directory") }
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    /// The overlay of `shop`.
    pub(crate) fn overlay(&self) -> PathBuf {
        self.path().join("k8s/overlays/shop")
    }

    /// Runs a command; what follows `--` in a test's words are its arguments.
    pub(crate) fn run(&self, arguments: &str) -> Printed {
        let program = |name: &str| env::var_os(name).unwrap_or_else(|| panic!("{name} is not set: it takes a program"));
        let kubectl = PathBuf::from(program("KUBECTL"));
        let wasm: OsString = envoy::wasm().expect("the filter").into();
        let mut command = Command::new(program("HTTP_TRACE_CTL"));
        command.args(arguments.split_whitespace()).current_dir(self.path());
        command.env_clear().envs(self.cluster.api.environment()).env("HTTP_TRACE_FILTER_WASM", wasm);
        // The commands call it as `kubectl`.
        command.env("PATH", kubectl.parent().expect("a directory"));
        let output = command.output().expect("http-trace-ctl");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
        Printed { success: output.status.success(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    /// Runs a command that succeeds; what it printed.
    #[track_caller]
    pub(crate) fn ok(&self, arguments: &str) -> String {
        let printed = self.run(arguments);
        let refused = self.cluster.api.refused();
        assert!(printed.success, "{arguments}: {printed:?}; calls that are not known: {refused:?}");
        printed.stdout
    }

    /// Writes an overlay for `shop`, and applies it.
    #[track_caller]
    pub(crate) fn prepare(&self, arguments: &str) {
        self.ok(arguments);
        self.cluster.kubectl(&["apply", "--kustomize", self.overlay().to_str().expect("UTF-8")]);
    }

    /// Runs a command that fails; what it complained about.
    #[track_caller]
    pub(crate) fn fails(&self, arguments: &str) -> String {
        let printed = self.run(arguments);
        assert!(!printed.success, "{arguments} should fail: {printed:?}");
        printed.stderr
    }

    /// A workload of `shop`, without what the API server adds and counts.
    pub(crate) fn workload(&self, kind: &str, name: &str) -> Value {
        let mut object = self.cluster.get(&format!("{kind}/{name}"));
        object.as_object_mut().expect("an object").remove("status");
        for field in ["resourceVersion", "generation", "managedFields"] {
            object["metadata"].as_object_mut().expect("an object").remove(field);
        }
        object
    }

    /// The running pods of `shop`.
    pub(crate) fn pods(&self) -> Vec<Value> {
        self.cluster.get("pods")["items"].as_array().cloned().unwrap_or_default()
    }

    /// The revision that the overlay of `shop` mounts.
    pub(crate) fn revision(&self) -> String {
        let text = fs::read_to_string(self.overlay().join("generated.sha256")).expect("an overlay");
        let line = text.lines().find(|line| line.ends_with(".wasm")).expect("a wasm");
        line[..12].to_owned()
    }

    /// Whether this pod's proxy mounts that revision.
    pub(crate) fn mounts(&self, pod: &Value, revision: &str) -> bool {
        let entry = |list: &Value, name: &str| {
            list.as_array().into_iter().flatten().find(|entry| entry["name"] == name).cloned().unwrap_or_default()
        };
        let volume = entry(&pod["spec"]["volumes"], "http-trace-filter");
        let proxy = entry(&pod["spec"]["containers"], "istio-proxy");
        let mount = entry(&proxy["volumeMounts"], "http-trace-filter");
        pod["metadata"]["labels"][REVISION] == revision
            && volume["configMap"]["name"] == format!("http-trace-filter-{revision}")
            && mount["mountPath"] == MOUNT
            && mount["readOnly"] == true
    }
}

/// A workload whose template has these annotations.
pub(crate) fn annotated(kind: &str, name: &str, annotations: &Value) -> Value {
    let mut workload = crate::kubectl::workload(kind, name);
    if !annotations.is_null() {
        workload["spec"]["template"]["metadata"]["annotations"] = annotations.clone();
    }
    workload
}

/// A gateway: its proxy stands in its template.
pub(crate) fn gateway(volumes: &Value) -> Value {
    let mut workload = crate::kubectl::workload("Deployment", "gateway");
    let spec = &mut workload["spec"]["template"]["spec"];
    spec["containers"] = json!([{ "name": "istio-proxy", "image": "auto" }]);
    if !volumes.is_null() {
        spec["volumes"] = volumes.clone();
        spec["containers"][0]["volumeMounts"] = json!([{ "name": "own", "mountPath": "/own" }]);
    }
    workload
}
