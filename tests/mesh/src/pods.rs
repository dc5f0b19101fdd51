//! All pods: each is started in a thread of its own when the kubelet's stand-in asks for it.

mod asked;

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;

use http_trace_e2e::cluster::{Cluster, Progress, Runtime};
use http_trace_e2e::collector::Collector;
use serde_json::Value;
use tokio::runtime::Handle;

use crate::app;
use crate::namespace::Namespace;
use crate::pod::Pod;

/// The port of the collector's service.
pub(crate) const COLLECTOR_PORT: u16 = 9000;

/// What is known of a pod from outside.
#[derive(Clone)]
struct Entry {
    namespace: String,
    name: String,
    app: String,
    address: IpAddr,
    network: String,
    state: Arc<State>,
}

/// What its thread makes of it.
#[derive(Default)]
struct State {
    ready: AtomicBool,
    stopped: AtomicBool,
    pod: Mutex<Option<Pod>>,
    /// Why it did not start.
    failure: Mutex<Option<String>>,
}

/// A ready pod, to send requests from or to.
#[derive(Clone, Debug)]
pub(crate) struct Ready {
    pub(crate) network: Namespace,
    pub(crate) address: IpAddr,
}

/// All pods of a run.
pub(crate) struct Pods {
    tasks: Handle,
    collector: Arc<Collector>,
    cluster: OnceLock<Arc<Cluster>>,
    entries: Mutex<BTreeMap<String, Entry>>,
    count: Mutex<u8>,
}

impl Pods {
    /// None yet; those of the collector's workload are to serve as this one.
    pub(crate) fn new(tasks: &Handle, collector: Arc<Collector>) -> Self {
        let (entries, count) = (Mutex::default(), Mutex::new(1));
        Self { tasks: tasks.clone(), collector, cluster: OnceLock::new(), entries, count }
    }

    /// Says which cluster they are of; those that it asks for before do not start.
    pub(crate) fn belong_to(&self, cluster: Arc<Cluster>) {
        // It is said once.
        let _ = self.cluster.set(cluster);
    }

    /// A pod that is ready, by the label `app` or what its name starts with.
    pub(crate) fn find(&self, namespace: &str, app: &str) -> Option<Ready> {
        let entry = self.ready(namespace, app)?;
        Some(Ready { network: Namespace::named(&entry.network, entry.address), address: entry.address })
    }

    /// Why a pod of this namespace did not start, if one did not.
    pub(crate) fn failure(&self, namespace: &str) -> Option<String> {
        let entries = lock(&self.entries);
        let of = entries.values().filter(|entry| entry.namespace == namespace);
        of.filter_map(|entry| lock(&entry.state.failure).clone()).next()
    }

    /// Why pods did not start, and the ends of the proxies' logs.
    pub(crate) fn complaints(&self, lines: usize) -> String {
        let entries: Vec<Entry> = lock(&self.entries).values().cloned().collect();
        let each = entries.iter().map(|entry| {
            let failure = lock(&entry.state.failure).clone().unwrap_or_default();
            // One that is being started is locked; its log is in the failure, once it has failed.
            let log = entry.state.pod.try_lock().ok();
            let log = log.and_then(|pod| pod.as_ref().map(|pod| pod.log(lines))).unwrap_or_default();
            format!("-- {}/{} ({}):\n{failure}{log}\n", entry.namespace, entry.name, entry.address)
        });
        each.collect()
    }

    /// The addresses of a namespace's pods.
    pub(crate) fn addresses(&self, namespace: &str) -> Vec<IpAddr> {
        let entries = lock(&self.entries);
        let mut addresses: Vec<IpAddr> =
            entries.values().filter(|entry| entry.namespace == namespace).map(|entry| entry.address).collect();
        addresses.sort_unstable();
        addresses
    }

    fn ready(&self, namespace: &str, app: &str) -> Option<Entry> {
        let is_it = |entry: &&Entry| {
            entry.namespace == namespace
                && (entry.app == app || entry.name.starts_with(app))
                && entry.state.ready.load(Ordering::Acquire)
        };
        lock(&self.entries).values().find(is_it).cloned()
    }

    fn named(&self, namespace: &str, name: &str) -> Option<Entry> {
        lock(&self.entries).values().find(|entry| entry.namespace == namespace && entry.name == name).cloned()
    }

    fn add(&self, pod: &Value) -> Entry {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let mut count = lock(&self.count);
        *count += 1;
        let metadata = &pod["metadata"];
        let entry = Entry {
            namespace: text(&metadata["namespace"]),
            name: text(&metadata["name"]),
            app: text(&metadata["labels"]["app"]),
            address: Ipv4Addr::new(10, 77, 1, *count).into(),
            network: format!("pod{count}"),
            state: Arc::default(),
        };
        let (started, pod, cluster) = (entry.clone(), pod.clone(), self.cluster.get().cloned());
        let (tasks, collector) = (self.tasks.clone(), Arc::clone(&self.collector));
        thread::spawn(move || {
            let state = Arc::clone(&started.state);
            let result = cluster.ok_or_else(|| io::Error::other("there is no cluster yet"));
            let result = result.and_then(|cluster| start(&started, &pod, &cluster, &tasks, &collector));
            match result {
                Ok(()) => state.ready.store(true, Ordering::Release),
                Err(error) => *lock(&state.failure) = Some(error.to_string()),
            }
        });
        entry
    }
}

fn start(entry: &Entry, pod: &Value, cluster: &Cluster, tasks: &Handle, collector: &Arc<Collector>) -> io::Result<()> {
    let mut place = lock(&entry.state.pod);
    let running = place.insert(Pod::new(&entry.network, entry.address)?);
    let containers = pod["spec"]["containers"].as_array();
    let is_gateway = containers.is_some_and(|containers| containers.iter().all(|one| one["name"] == "istio-proxy"));
    if is_gateway {
        // Its proxy is all that it is about.
    } else if entry.app == "collector" {
        let collector = Arc::clone(collector);
        running.serve(tasks, COLLECTOR_PORT, move |listener| collector.serve_on(listener))?;
    } else {
        let name = format!("{}.{}", entry.app, entry.namespace);
        running.serve(tasks, app::PORT, move |listener| async move { drop(app::serve(listener, name).await) })?;
    }
    running.start_proxy(cluster, pod, entry.address, tasks, &entry.state.stopped)
}

impl Runtime for Pods {
    fn start(&self, pod: &Value) -> Progress {
        let uid = pod["metadata"]["uid"].as_str().unwrap_or_default().to_owned();
        let entry = lock(&self.entries).entry(uid).or_insert_with(|| self.add(pod)).clone();
        Progress { address: entry.address, ready: entry.state.ready.load(Ordering::Acquire) }
    }

    fn stop(&self, pod: &Value) {
        let uid = pod["metadata"]["uid"].as_str().unwrap_or_default();
        let Some(entry) = lock(&self.entries).remove(uid) else { return };
        entry.state.stopped.store(true, Ordering::Release);
        // It may still be starting.
        thread::spawn(move || lock(&entry.state.pod).take().map(|mut pod| pod.stop()));
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
