//! A real Kubernetes without machines: etcd, kube-apiserver and kube-controller-manager on loopback, and a stand-in for a node
//! whose kubelet makes pods ready and answers `kubectl exec` and `kubectl logs`.
//!
//! `ETCD`, `KUBE_APISERVER` and `KUBE_CONTROLLER_MANAGER` name the programs. A test program starts one cluster, and each of its
//! tests takes namespaces of its own from it.

mod audit;
mod client;
mod exec;
mod guard;
mod injector;
mod kinds;
mod kubelet;
mod log;
mod node;
mod objects;
mod programs;
mod runtime;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::{io, thread};

use fs_err as fs;
use hyper::Method;
use serde_json::{Value, json};
use tokio::runtime::{Builder, Handle};

use crate::certificate;
use client::Client;
pub use exec::{Exec, Output};
use kinds::Kind;
use node::Node;
use programs::Programs;
pub use runtime::{Progress, Runtime};

/// A running cluster, in a thread of its own, so that tests may block. Its programs end with this process.
pub struct Cluster {
    programs: Programs,
    runtime: Handle,
    /// Calls as the owner of the workloads does, who is nobody that a test runs kubectl as.
    owner: Client,
    node: Arc<Node>,
    namespaces: AtomicUsize,
}

impl Cluster {
    /// Starts it, with these CustomResourceDefinitions, and with the namespaces of the meshes themselves.
    ///
    /// # Errors
    /// When a program cannot be started, or does not come up; the error holds the end of its log.
    pub fn start(definitions: &[Value]) -> io::Result<Self> {
        Self::start_with(definitions, None)
    }

    /// Starts it with pods that run, and without anything that injects sidecars.
    ///
    /// # Errors
    /// As [`Cluster::start`].
    pub fn running(pods: Arc<dyn Runtime>) -> io::Result<Self> {
        Self::start_with(&[], Some(pods))
    }

    fn start_with(definitions: &[Value], pods: Option<Arc<dyn Runtime>>) -> io::Result<Self> {
        let (started, runtime) = mpsc::channel();
        thread::Builder::new().name("cluster".to_owned()).spawn(move || {
            let runtime = Builder::new_current_thread().enable_all().build();
            let runtime = runtime.inspect(|runtime| drop(started.send(runtime.handle().clone())));
            runtime.map(|runtime| runtime.block_on(std::future::pending::<()>()))
        })?;
        let runtime: Handle = runtime.recv().map_err(io::Error::other)?;
        let definitions = definitions.to_vec();
        let (programs, owner, node) = wait(&runtime, async move {
            let programs = Programs::start().await?;
            let owner = Client::new(programs.address(), programs::OWNER)?;
            let stands_in = pods.is_none();
            let node = Node::start(Client::new(programs.address(), programs::KUBELET)?, pods).await?;
            if stands_in {
                objects::install(&owner, &definitions, node.address()).await?;
            }
            Ok::<_, io::Error>((programs, owner, node))
        })?;
        let cluster = Self { programs, runtime, owner, node, namespaces: AtomicUsize::new(1) };
        for name in ["istio-system", "kuma-system"] {
            cluster.add_namespace(name, &json!({}));
        }
        Ok(cluster)
    }

    /// The file that makes kubectl use it, with all rights.
    #[must_use]
    pub fn kubeconfig(&self) -> PathBuf {
        self.programs.kubeconfig()
    }

    /// The environment that makes kubectl use it, and keep what it learns of it apart from what it knows of others.
    #[must_use]
    pub fn environment(&self) -> [(&'static str, OsString); 2] {
        let cache = self.programs.directory().join("cache");
        [("KUBECONFIG", self.kubeconfig().into()), ("KUBECACHEDIR", cache.into())]
    }

    /// The same, as a user who has only the rights that a test binds to them.
    ///
    /// # Panics
    /// When the file cannot be written.
    #[must_use]
    pub fn environment_as(&self, user: &str) -> [(&'static str, OsString); 2] {
        let path = self.programs.directory().join(format!("{user}.kubeconfig"));
        let text = self.programs.kubeconfig_text(Some(user));
        fs::write(&path, text).expect("a directory of ours");
        let [_, cache] = self.environment();
        [("KUBECONFIG", path.into()), cache]
    }

    /// A new namespace, whose name starts with this; pods of it get a proxy when `injects` says so.
    pub fn namespace(&self, prefix: &str, injects: bool) -> String {
        let name = format!("{prefix}-{}", self.namespaces.fetch_add(1, Ordering::Relaxed));
        let labels = if injects { json!({ injector::LABEL.0: injector::LABEL.1 }) } else { json!({}) };
        self.add_namespace(&name, &labels);
        name
    }

    /// A namespace of this very name, ready for pods.
    ///
    /// # Panics
    /// When the API server refuses it.
    pub fn add_namespace(&self, name: &str, labels: &Value) {
        self.put(objects::namespace(name, labels));
        let (owner, name) = (self.owner.clone(), name.to_owned());
        wait(&self.runtime, async move { objects::populated(&owner, &name).await })
            .expect("a namespace with its account");
    }

    /// Creates an object, as its owner; a workload is waited for until all its pods are ready.
    ///
    /// # Panics
    /// When the API server refuses it, as for a field that is not known.
    #[track_caller]
    pub fn put(&self, object: Value) {
        let owner = self.owner.clone();
        let result = wait(&self.runtime, async move { objects::put(&owner, &object).await });
        result.unwrap_or_else(|error| panic!("{error}"));
    }

    /// Runs `edit` on an object, as its owner; a workload starts to roll.
    ///
    /// # Panics
    /// When there is no such object, or the API server refuses it.
    #[track_caller]
    pub fn edit(&self, resource: &str, namespace: &str, name: &str, edit: impl Fn(&mut Value) + Send + 'static) {
        let (owner, path) = (self.owner.clone(), Kind::named(resource).path(namespace, name));
        let result = wait(&self.runtime, async move { objects::edit(&owner, &path, edit).await });
        result.unwrap_or_else(|error| panic!("{error}"));
    }

    /// The object of this resource (`deployments`, `configmaps` …); the namespace of a Namespace is empty.
    ///
    /// # Panics
    /// When the API server does not answer.
    #[must_use]
    #[track_caller]
    pub fn object(&self, resource: &str, namespace: &str, name: &str) -> Option<Value> {
        let (owner, path) = (self.owner.clone(), Kind::named(resource).path(namespace, name));
        wait(&self.runtime, async move { owner.find(&path).await }).unwrap_or_else(|error| panic!("{error}"))
    }

    /// All objects of this resource in a namespace.
    ///
    /// # Panics
    /// When the API server does not answer.
    #[must_use]
    #[track_caller]
    pub fn objects(&self, resource: &str, namespace: &str) -> Vec<Value> {
        let list = self.object(resource, namespace, "").unwrap_or_default();
        list["items"].as_array().cloned().unwrap_or_default()
    }

    /// All that people and commands keep in a namespace, and not what controllers make of it, by resource and name.
    ///
    /// # Panics
    /// When the API server does not answer.
    #[must_use]
    #[track_caller]
    pub fn contents(&self, namespace: &str) -> BTreeMap<String, Value> {
        let kinds = Kind::kept()
            .flat_map(|resource| self.objects(resource, namespace).into_iter().map(move |it| (resource, it)));
        kinds.map(|(resource, object)| (format!("{resource}/{}", object["metadata"]["name"]), object)).collect()
    }

    /// What the API server has at this path (`/api/v1/namespaces/…`), if it has something there.
    ///
    /// # Errors
    /// When it does not tell.
    pub fn get(&self, path: &str) -> io::Result<Option<Value>> {
        let (owner, path) = (self.owner.clone(), path.to_owned());
        wait(&self.runtime, async move { owner.find(&path).await })
    }

    /// Posts to this path; what the API server answers.
    ///
    /// # Errors
    /// What it has against it.
    pub fn post(&self, path: &str, body: Value) -> io::Result<Value> {
        let (owner, path) = (self.owner.clone(), path.to_owned());
        wait(&self.runtime, async move { owner.ok(Method::POST, &path, client::JSON, Some(&body)).await })
    }

    /// From now on, new pods of this workload do not become ready.
    pub fn hold(&self, namespace: &str, workload: &str) {
        self.node.hold(namespace, workload);
    }

    /// Ends [`Cluster::hold`].
    pub fn release(&self, namespace: &str, workload: &str) {
        self.node.release(namespace, workload);
    }

    /// What programs print when `kubectl exec` runs them in pods of this namespace.
    pub fn exec_answer(&self, namespace: &str, program: impl Fn(&Exec) -> Output + Send + Sync + 'static) {
        self.node.set_program(namespace, Arc::new(program));
    }

    /// What `kubectl logs` prints of a pod of this namespace, by the pod's name.
    pub fn log_answer(&self, namespace: &str, log: impl Fn(&str) -> Option<String> + Send + Sync + 'static) {
        self.node.set_log(namespace, Arc::new(log));
    }

    /// The calls of kubectl that were to change something in a namespace, oldest first: `patch deployments orders`. Those of a dry
    /// run were not.
    ///
    /// # Panics
    /// When the API server's log of them cannot be read.
    #[must_use]
    pub fn changes(&self, namespace: &str) -> Vec<String> {
        let text = fs::read_to_string(self.programs.audit_log()).expect("an audit log");
        audit::changes(&text, namespace)
    }
}

/// Runs `work` in the cluster's thread, and waits for it.
fn wait<T: Send + 'static>(runtime: &Handle, work: impl Future<Output = T> + Send + 'static) -> T {
    let (done, result) = mpsc::channel();
    runtime.spawn(async move { drop(done.send(work.await)) });
    result.recv().expect("what runs in the cluster's thread does not panic")
}

/// The certificate that all of it serves with, and that all trust.
fn certificate_pem() -> String {
    certificate::pem("CERTIFICATE", &certificate::identity().certificate)
}
