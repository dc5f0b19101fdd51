//! A double of the Kubernetes API server: the calls that `kubectl` makes for `http-trace-ctl`, and no others.
//!
//! Objects live in memory. A change of a workload rolls it, a pod at a time, as its controller would; its pods get a
//! sidecar, as Istio's injection would give them. What it does not know is answered 404 and kept for the test to find:
//! [`KubeApi::refused`]. It checks what deploying the filter can run into (`validation.rs`), and not each field of each
//! kind; there are no rights, no quotas, and no finalizers.

mod admission;
mod call;
mod change;
mod controller;
mod discovery;
mod exec;
mod fields;
mod last_applied;
mod managed;
mod merge;
mod openapi;
mod pods;
mod protobuf;
mod resources;
mod selector;
mod server;
mod state;
mod status;
mod store;
mod target;
mod validation;
mod verbs;
mod watch;

use std::ffi::OsString;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, MutexGuard};
use std::thread::JoinHandle;

use fs_err as fs;
use serde_json::{Value, json};
use tokio::sync::oneshot;

pub use controller::Rollout;
pub use exec::{Exec, Output};
pub use state::Requested;
use state::State;
use store::Store;
use tempfile::TempDir;

/// Who writes what a test writes.
const OWNER: &str = "owner";

/// A running double, in a thread of its own, so that tests may block; stopped when dropped.
pub struct KubeApi {
    address: SocketAddr,
    state: Arc<State>,
    directory: TempDir,
    /// Dropped to end the server, which is then waited for.
    running: Option<(oneshot::Sender<()>, JoinHandle<()>)>,
}

impl KubeApi {
    /// Starts it, empty but for the namespace `default`.
    ///
    /// # Errors
    /// When no port can be had, or its kubeconfig cannot be written.
    pub fn start() -> io::Result<Self> {
        let state = Arc::new(State::default());
        let (end, ended) = oneshot::channel();
        let (address, thread) = server::start(Arc::clone(&state), ended)?;
        let api = Self { address, state, directory: TempDir::new()?, running: Some((end, thread)) };
        fs::write(api.kubeconfig(), kubeconfig(&format!("http://{address}")).to_string())?;
        api.add_namespace("default");
        Ok(api)
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The file that makes kubectl use it.
    #[must_use]
    pub fn kubeconfig(&self) -> PathBuf {
        self.directory.path().join("kubeconfig")
    }

    /// The environment that makes kubectl use it, and keep what it learns of it apart from what it knows of others.
    #[must_use]
    pub fn environment(&self) -> [(&'static str, OsString); 2] {
        let cache = self.directory.path().join("cache");
        [("KUBECONFIG", self.kubeconfig().into()), ("KUBECACHEDIR", cache.into())]
    }

    /// Adds a namespace.
    pub fn add_namespace(&self, name: &str) {
        self.put(json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name } }));
    }

    /// Puts an object in, as its owner would; a workload is rolled out at once.
    ///
    /// # Panics
    /// When its kind is not known.
    pub fn put(&self, mut object: Value) {
        let resource = resources::of_object(&object).unwrap_or_else(|| panic!("no such kind: {object}"));
        let name = |field: &str| object["metadata"][field].as_str().unwrap_or_default().to_owned();
        let mut store = self.store();
        let old = store.get(resource, &name("namespace"), &name("name")).cloned();
        managed::update(resource, OWNER, old.as_ref(), &mut object);
        store.put(resource, object);
        while controller::step(&mut store) {}
    }

    /// Runs `edit` on an object, as its owner would; a workload starts to roll.
    ///
    /// # Panics
    /// When there is no such object.
    pub fn edit(&self, resource: &str, namespace: &str, name: &str, edit: impl FnOnce(&mut Value)) {
        let (mut store, resource) = (self.store(), resources::named(resource));
        let old = store.get(resource, namespace, name).cloned();
        let old = old.unwrap_or_else(|| panic!("no {} {namespace}/{name}", resource.kind));
        let mut object = old.clone();
        edit(&mut object);
        managed::update(resource, OWNER, Some(&old), &mut object);
        store.put(resource, object);
    }

    /// The object of this resource (`deployments`, `configmaps` …); the namespace of a Namespace is empty.
    #[must_use]
    pub fn object(&self, resource: &str, namespace: &str, name: &str) -> Option<Value> {
        self.store().get(resources::named(resource), namespace, name).cloned()
    }

    /// All objects of this resource in a namespace.
    #[must_use]
    pub fn objects(&self, resource: &str, namespace: &str) -> Vec<Value> {
        self.store().list(resources::named(resource), Some(namespace)).cloned().collect()
    }

    /// How this workload's pods take changes from now on.
    pub fn set_rollout(&self, resource: &str, namespace: &str, name: &str, rollout: Rollout) {
        let key = [resource, namespace, name].map(str::to_owned).into();
        self.store().rollouts.insert(key, rollout);
    }

    /// Whether new pods get a sidecar.
    pub fn inject(&self, on: bool) {
        self.store().injects = on;
    }

    /// What programs print when `kubectl exec` runs them.
    pub fn exec_answer(&self, program: impl Fn(&Exec) -> Output + Send + Sync + 'static) {
        self.state.set_program(Arc::new(program));
    }

    /// All calls, oldest first.
    #[must_use]
    pub fn requests(&self) -> Vec<Requested> {
        self.state.requests()
    }

    /// The calls it did not know.
    #[must_use]
    pub fn refused(&self) -> Vec<String> {
        self.state.refused()
    }

    /// The calls that changed something, oldest first: `PATCH deployments shop/orders`.
    #[must_use]
    pub fn changes(&self) -> Vec<String> {
        self.state.changes()
    }

    fn store(&self) -> MutexGuard<'_, Store> {
        self.state.store()
    }
}

impl Drop for KubeApi {
    fn drop(&mut self) {
        if let Some((end, thread)) = self.running.take() {
            drop(end);
            // its panics were reported when they happened
            let _ = thread.join();
        }
    }
}

/// A kubeconfig (JSON is YAML) for a server without authentication.
fn kubeconfig(server: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "test",
        "clusters": [{ "name": "test", "cluster": { "server": server } }],
        "users": [{ "name": "test", "user": {} }],
        "contexts": [{ "name": "test", "context": { "cluster": "test", "user": "test" } }],
    })
}
