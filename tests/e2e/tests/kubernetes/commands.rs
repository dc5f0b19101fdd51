//! `http-trace-ctl` before the API server, by the real kubectl.

use std::collections::BTreeMap;
use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use http_trace_e2e::cluster::Cluster;
use http_trace_e2e::envoy;
use http_trace_e2e::wait::DEADLINE;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::kubectl::{self, Printed, cluster};

pub(crate) const REVISION: &str = "http-trace-filter/revision";
pub(crate) const MOUNT: &str = "/var/local/lib/wasm-filters";

/// What controllers write into workloads each time that their templates change.
const COUNTERS: [&str; 2] = ["deployment.kubernetes.io/revision", "deprecated.daemonset.template.generation"];

/// A namespace of the cluster, and a directory to run the commands in.
pub(crate) struct Site {
    pub(crate) api: &'static Cluster,
    pub(crate) namespace: String,
    directory: TempDir,
}

impl Site {
    /// In a namespace whose pods get Istio's proxy.
    pub(crate) fn start() -> Self {
        Self::of(cluster().namespace("shop", true))
    }

    /// In one whose pods do not.
    pub(crate) fn without_injection() -> Self {
        Self::of(cluster().namespace("shop", false))
    }

    /// In a namespace that is there.
    pub(crate) fn of(namespace: String) -> Self {
        Self { api: cluster(), namespace, directory: TempDir::new().expect("a directory") }
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    /// The overlay of the namespace.
    pub(crate) fn overlay(&self) -> PathBuf {
        self.path().join("k8s/overlays").join(&self.namespace)
    }

    /// Runs a command with these arguments.
    pub(crate) fn run(&self, arguments: &str) -> Printed {
        self.command(arguments).output().expect("http-trace-ctl").into()
    }

    /// The command, before it runs.
    pub(crate) fn command(&self, arguments: &str) -> Command {
        let program = env::var_os("HTTP_TRACE_CTL").expect("HTTP_TRACE_CTL is not set: it takes a program");
        let (kubectl, wasm): (_, OsString) =
            (PathBuf::from(kubectl::program()), envoy::wasm().expect("the filter").into());
        let mut command = Command::new(program);
        command.args(arguments.split_whitespace()).current_dir(self.path());
        command.env_clear().envs(self.api.environment()).env("HTTP_TRACE_FILTER_WASM", wasm);
        // Where records go, unless a test says otherwise.
        command.env("WASM_FILTER_TRACE_BACKEND_ADDRESS", "collector.observability");
        // The commands call it as `kubectl`.
        command.env("PATH", kubectl.parent().expect("a directory"));
        command
    }

    /// Runs a command that succeeds; what it printed.
    #[track_caller]
    pub(crate) fn ok(&self, arguments: &str) -> String {
        let printed = self.run(arguments);
        assert!(printed.success, "{arguments}: {printed:?}");
        printed.stdout
    }

    /// Runs a command that fails; what it complained about.
    #[track_caller]
    pub(crate) fn fails(&self, arguments: &str) -> String {
        let printed = self.run(arguments);
        assert!(!printed.success, "{arguments} should fail: {printed:?}");
        printed.stderr
    }

    /// Writes an overlay, and applies it.
    #[track_caller]
    pub(crate) fn prepare(&self, arguments: &str) {
        self.ok(arguments);
        self.kubectl(&["apply", "--kustomize", self.overlay().to_str().expect("UTF-8")]);
    }

    /// Runs kubectl, which is to succeed; gives what it printed.
    #[track_caller]
    pub(crate) fn kubectl(&self, arguments: &[&str]) -> String {
        self.kubectl_with(arguments, &Value::Null)
    }

    /// The same, with an object on its standard input.
    #[track_caller]
    pub(crate) fn kubectl_with(&self, arguments: &[&str], object: &Value) -> String {
        let arguments = [&["--namespace", &self.namespace], arguments].concat();
        let printed = kubectl::run(&arguments, &object.to_string());
        assert!(printed.success, "kubectl {arguments:?}: {printed:?}");
        printed.stdout
    }

    /// Creates an object in the namespace, as its owner; a workload's pods are then ready.
    #[track_caller]
    pub(crate) fn put(&self, mut object: Value) {
        object["metadata"]["namespace"] = json!(self.namespace);
        self.api.put(object);
    }

    /// The names of all objects of this resource, but for what each namespace has.
    pub(crate) fn names(&self, resource: &str) -> Vec<String> {
        names(resource, &self.namespace)
    }

    /// A workload, without what the API server and the controllers add and count.
    #[track_caller]
    pub(crate) fn workload(&self, resource: &str, name: &str) -> Value {
        let object = self.api.object(resource, &self.namespace, name);
        without_counts(object.unwrap_or_else(|| panic!("no {resource} {name} in {}", self.namespace)))
    }

    /// All that is in the namespace, without what the API server and the controllers add and count.
    #[track_caller]
    pub(crate) fn contents(&self) -> BTreeMap<String, Value> {
        let contents = self.api.contents(&self.namespace).into_iter();
        contents.map(|(name, object)| (name, without_counts(object))).collect()
    }

    /// Waits until this holds.
    ///
    /// # Panics
    /// When it does not in time.
    #[track_caller]
    pub(crate) fn until(&self, what: &str, holds: impl Fn() -> bool) {
        let deadline = Instant::now() + DEADLINE;
        while !holds() {
            assert!(Instant::now() < deadline, "waited {} s in vain for {what}", DEADLINE.as_secs());
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// The pods that stay.
    pub(crate) fn pods(&self) -> Vec<Value> {
        let pods = self.api.objects("pods", &self.namespace);
        pods.into_iter().filter(|pod| pod["metadata"]["deletionTimestamp"].is_null()).collect()
    }

    /// The revision that the overlay mounts.
    pub(crate) fn revision(&self) -> String {
        let files = ["envoyfilter.yaml", "meshproxypatch.yaml"].map(|name| self.overlay().join(name));
        let text = files.iter().find_map(|path| fs::read_to_string(path).ok()).expect("an overlay");
        let (_, revision) = text.split_once(&format!("{REVISION}: \"")).expect("a label");
        revision[..12].to_owned()
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

fn without_counts(mut object: Value) -> Value {
    object.as_object_mut().expect("an object").remove("status");
    let metadata = object["metadata"].as_object_mut().expect("an object");
    for field in ["resourceVersion", "generation", "managedFields"] {
        metadata.remove(field);
    }
    if let Some(annotations) = metadata.get_mut("annotations").and_then(Value::as_object_mut) {
        annotations.retain(|name, _| !COUNTERS.contains(&&name[..]));
    }
    object
}

/// The names of all objects of this resource in a namespace, but for what each namespace has.
pub(crate) fn names(resource: &str, namespace: &str) -> Vec<String> {
    let objects = cluster().objects(resource, namespace);
    let names = objects.iter().filter_map(|object| object["metadata"]["name"].as_str().map(str::to_owned));
    names.filter(|name| name != "kube-root-ca.crt").collect()
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
