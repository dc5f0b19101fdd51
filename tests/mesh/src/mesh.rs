//! All of it, started, and what scenarios do with it.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::sleep;
use std::time::{Duration, Instant};

use fs_err as fs;
use http_trace_e2e::cluster::Cluster;
use http_trace_e2e::collector::Collector;
use serde_json::Value;
use tokio::runtime::Handle;

use crate::control_plane::ControlPlane;
use crate::kubectl::Kubectl;
use crate::pods::{Pods, Ready};
use crate::readme::Readme;
use crate::traffic::{self, Answer};
use crate::{dns, fixtures, sandbox};

/// How long something may take that is on its way: the machine may be slow, and busy with other things.
const PATIENCE: Duration = Duration::from_secs(300);
const PAUSE: Duration = Duration::from_millis(200);
/// How long after the last expected record none may follow.
const QUIET: Duration = Duration::from_millis(800);

/// A running mesh.
pub(crate) struct Mesh {
    pub(crate) kubectl: Kubectl,
    pub(crate) readme: Readme,
    pub(crate) pods: Arc<Pods>,
    pub(crate) cluster: Arc<Cluster>,
    collector: Arc<Collector>,
    tasks: Handle,
    paths: AtomicUsize,
    /// How namespaces were.
    before: Mutex<BTreeMap<String, BTreeMap<String, Value>>>,
    _istiod: ControlPlane,
}

/// Where a request goes from and to.
pub(crate) struct Route {
    /// The pod that sends it; none: it comes from outside the mesh.
    pub(crate) from: Option<Ready>,
    pub(crate) to: SocketAddr,
    pub(crate) host: String,
}

impl Mesh {
    /// Starts it; `say` is told how far it is.
    ///
    /// # Errors
    /// When a part does not start; the error says which, and holds the end of its log.
    pub(crate) fn start(tasks: &Handle, say: impl Fn(&str)) -> io::Result<Self> {
        sandbox::furnish()?;
        let collector = Arc::new(tasks.block_on(Collector::start())?);
        let pods = Arc::new(Pods::new(tasks, Arc::clone(&collector)));
        let cluster = Arc::new(Cluster::running(Arc::<Pods>::clone(&pods))?);
        pods.belong_to(Arc::clone(&cluster));
        let kubectl = Kubectl::new(cluster.environment());
        say("the API server is ready");
        tasks.block_on(dns::start(Arc::clone(&cluster)))?;
        let istiod = ControlPlane::start(&cluster, &kubectl)?;
        say("istiod is ready");
        let readme = Readme::open(&kubectl)?;
        let mesh = Self {
            kubectl,
            readme,
            pods,
            cluster,
            collector,
            tasks: tasks.clone(),
            paths: AtomicUsize::new(1),
            before: Mutex::default(),
            _istiod: istiod,
        };
        let objects = fixtures::objects();
        let started = mesh.apply(&objects);
        started.map_err(|error| io::Error::other(format!("{error}\n{}", mesh.pods.complaints(15))))?;
        ["shop", "pay"].iter().try_for_each(|namespace| mesh.remember(namespace))?;
        say("the applications are ready");
        Ok(mesh)
    }

    /// Applies objects, and waits for the Deployments among them.
    ///
    /// # Errors
    /// When the API server refuses them, or a pod does not become ready.
    pub(crate) fn apply(&self, objects: &[Value]) -> io::Result<()> {
        for namespace in objects.iter().filter(|object| object["kind"] == "Namespace") {
            let (name, pods) = (namespace["metadata"]["name"].as_str().unwrap_or_default(), Arc::clone(&self.pods));
            self.cluster.exec_answer(name, move |exec| pods.exec(exec));
            let (of, pods) = (name.to_owned(), Arc::clone(&self.pods));
            self.cluster.log_answer(name, move |pod| pods.log(&of, pod));
        }
        self.kubectl.apply(objects)?;
        for deployment in objects.iter().filter(|object| object["kind"] == "Deployment") {
            let text = |field: &str| deployment["metadata"][field].as_str().unwrap_or_default();
            self.rolled_out(text("namespace"), text("name"))?;
        }
        Ok(())
    }

    /// Waits for a Deployment.
    ///
    /// # Errors
    /// When its pods do not become ready.
    pub(crate) fn rolled_out(&self, namespace: &str, name: &str) -> io::Result<()> {
        let workload = format!("deployment/{name}");
        until(&format!("{namespace}/{name}"), || {
            let status = ["rollout", "status", &workload, "--namespace", namespace, "--timeout", "10s"];
            match (self.kubectl.run(status), self.pods.failure(namespace)) {
                (Ok(_), _) => Ok(Some(())),
                (Err(_), None) => Ok(None),
                (Err(error), Some(failure)) => Err(io::Error::other(format!("{error}\n{failure}"))),
            }
        })
    }

    /// Replaces the pods of a Deployment, which itself stays as it is.
    ///
    /// # Errors
    /// When the new ones do not become ready.
    pub(crate) fn replace(&self, namespace: &str, app: &str) -> io::Result<()> {
        let label = format!("app={app}");
        self.kubectl.run(["delete", "pods", "--namespace", namespace, "--selector", &label])?;
        self.rolled_out(namespace, app)
    }

    /// What the API server would make of a new object.
    ///
    /// # Errors
    /// When it refuses it.
    pub(crate) fn dry_run(&self, object: &Value) -> io::Result<Value> {
        self.kubectl.pipe(&["create", "--dry-run=server", "--output", "json", "--filename", "-"], object)
    }

    /// Keeps how a namespace is, before anything is deployed to it.
    ///
    /// # Errors
    /// When the API server does not tell.
    pub(crate) fn remember(&self, namespace: &str) -> io::Result<()> {
        let state = self.state(namespace)?;
        self.before.lock().unwrap_or_else(PoisonError::into_inner).insert(namespace.to_owned(), state);
        Ok(())
    }

    /// Checks that a namespace is as it was when it was remembered.
    ///
    /// # Errors
    /// What is different.
    pub(crate) fn is_as_before(&self, namespace: &str) -> io::Result<()> {
        let state = self.state(namespace)?;
        let before = self.before.lock().unwrap_or_else(PoisonError::into_inner);
        let before = before.get(namespace).cloned().unwrap_or_default();
        let names = |state: &BTreeMap<String, Value>| state.keys().cloned().collect::<Vec<_>>();
        expect(&format!("the objects of {namespace}"), &names(&state), &names(&before))?;
        state.iter().try_for_each(|(name, object)| expect(name, object, &before[name]))
    }

    /// From the shop's application to that of `pay`.
    ///
    /// # Errors
    /// When one of them is not there.
    pub(crate) fn route(&self) -> io::Result<Route> {
        let path = "/api/v1/namespaces/pay/services/api";
        let service = self.cluster.get(path)?.unwrap_or_default();
        let address = service["spec"]["clusterIP"].as_str().and_then(|address| address.parse().ok());
        let address: std::net::IpAddr = address.ok_or_else(|| io::Error::other("the service api has no address"))?;
        let from = self.pod("shop", "web")?;
        Ok(Route { from: Some(from), to: (address, 80).into(), host: "api.pay.svc.cluster.local".to_owned() })
    }

    /// A ready pod.
    ///
    /// # Errors
    /// When none gets ready.
    pub(crate) fn pod(&self, namespace: &str, app: &str) -> io::Result<Ready> {
        until(&format!("a ready pod of {namespace}/{app}"), || Ok(self.pods.find(namespace, app)))
    }

    /// Sends one request; gives its path, which no other has, and the answer.
    ///
    /// # Errors
    /// When there is no answer.
    pub(crate) fn send(&self, route: &Route) -> io::Result<(String, Answer)> {
        let path = format!("/exchange-{}", self.paths.fetch_add(1, Ordering::Relaxed));
        let from = route.from.as_ref().map(|ready| &ready.network);
        let answer = self.tasks.block_on(traffic::get(from, route.to, &route.host, &path))?;
        Ok((path, answer))
    }

    /// Sends requests until each is answered with 200, as after a change that is on its way to the proxies.
    ///
    /// # Errors
    /// When none is.
    pub(crate) fn until_answered(&self, route: &Route) -> io::Result<()> {
        let mut last = String::new();
        let answered = until("an answer with 200", || match self.send(route) {
            Ok((_, answer)) if answer.status == 200 => Ok(Some(())),
            Ok((_, answer)) => {
                last = format!("{answer:?}");
                Ok(None)
            }
            Err(error) => {
                last = error.to_string();
                Ok(None)
            }
        });
        answered.map_err(|error| io::Error::other(format!("{error}; the last: {last}")))
    }

    /// Sends requests until one gives a record, then some more: gives their records, after a check that each has one.
    ///
    /// # Errors
    /// When an answer is not 200, or an exchange has not just one record.
    pub(crate) fn records(&self, route: &Route) -> io::Result<Vec<Value>> {
        self.until_answered(route)?;
        until("a record", || {
            let (path, answer) = self.send(route)?;
            expect("the answer's status", &answer.status.as_u16(), &200)?;
            sleep(PAUSE);
            Ok(self.of(&path)?.into_iter().next())
        })?;
        let mut paths = Vec::new();
        for _ in 0..5 {
            let (path, answer) = self.send(route)?;
            expect("the answer's status", &answer.status.as_u16(), &200)?;
            paths.push(path);
        }
        let mut records = Vec::new();
        for path in &paths {
            until(&format!("the record of {path}"), || Ok(self.of(path)?.into_iter().next()))?;
        }
        sleep(QUIET);
        for path in &paths {
            let of = self.of(path)?;
            expect(&format!("the number of records of {path}"), &of.len(), &1)?;
            records.extend(of);
        }
        Ok(records)
    }

    /// Sends requests until one gives no record, as after a change that is on its way to the proxies, then some more: checks that
    /// traffic passes, and that none of these has a record.
    ///
    /// # Errors
    /// When it does not, or one does.
    pub(crate) fn no_records(&self, route: &Route) -> io::Result<()> {
        self.until_answered(route)?;
        until("an exchange without a record", || {
            let (path, answer) = self.send(route)?;
            expect("the answer's status", &answer.status.as_u16(), &200)?;
            sleep(QUIET);
            Ok(self.of(&path)?.is_empty().then_some(()))
        })?;
        let mut paths = Vec::new();
        for _ in 0..5 {
            let (path, answer) = self.send(route)?;
            expect("the answer's status", &answer.status.as_u16(), &200)?;
            paths.push(path);
        }
        sleep(QUIET);
        paths.iter().try_for_each(|path| expect(&format!("the records of {path}"), &self.of(path)?, &Vec::new()))
    }

    /// The records of the exchange with this path.
    fn of(&self, path: &str) -> io::Result<Vec<Value>> {
        let records =
            self.collector.posts().iter().map(http_trace_e2e::collector::Post::json).collect::<Result<Vec<_>, _>>();
        let mut records = records.map_err(io::Error::other)?;
        records.retain(|record| record["scnt_request"]["path"] == path);
        Ok(records)
    }

    /// The workloads and the filter's objects of a namespace, without what the API server counts.
    fn state(&self, namespace: &str) -> io::Result<BTreeMap<String, Value>> {
        let kinds = "deployments,configmaps,envoyfilters,wasmplugins,services,serviceaccounts";
        let list = self.kubectl.run(["get", kinds, "--namespace", namespace, "--output", "json"])?;
        let list: Value = serde_json::from_str(&list)?;
        let mut state = BTreeMap::new();
        for mut object in each(&list["items"]) {
            let name = format!("{} {}", object["kind"], object["metadata"]["name"]);
            if let Some(object) = object.as_object_mut() {
                object.remove("status");
            }
            if let Some(metadata) = object["metadata"].as_object_mut() {
                metadata.retain(|field, _| !["resourceVersion", "generation", "managedFields"].contains(&&field[..]));
            }
            if let Some(annotations) = object["metadata"]["annotations"].as_object_mut() {
                annotations.remove("deployment.kubernetes.io/revision");
            }
            state.insert(name, object);
        }
        Ok(state)
    }

    /// Another wasm that does the same: one section more, which nobody reads.
    ///
    /// # Errors
    /// When the filter's wasm cannot be read.
    pub(crate) fn other_wasm(&self) -> io::Result<String> {
        let mut wasm = fs::read(crate::environment::path("HTTP_TRACE_FILTER_WASM", "the filter's wasm")?)?;
        // A custom section: its id, its length, the length of its name, its name.
        wasm.extend(b"\0\x05\x04mesh");
        let file = format!("{}/other.wasm", sandbox::DIRECTORY);
        fs::write(&file, wasm)?;
        Ok(file)
    }
}

/// Waits until there is something.
///
/// # Errors
/// When there is not in time.
pub(crate) fn until<T>(what: &str, mut get: impl FnMut() -> io::Result<Option<T>>) -> io::Result<T> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(value) = get()? {
            return Ok(value);
        }
        if Instant::now() > deadline {
            return Err(io::Error::other(format!("waited {} s in vain for {what}", PATIENCE.as_secs())));
        }
        sleep(PAUSE);
    }
}

/// Compares.
///
/// # Errors
/// When they differ.
pub(crate) fn expect<T: PartialEq + std::fmt::Debug>(what: &str, got: &T, expected: &T) -> io::Result<()> {
    if got == expected {
        return Ok(());
    }
    Err(io::Error::other(format!("{what}: got {got:?}, expected {expected:?}")))
}

/// The entries of a list in an answer; none where it is no list.
pub(crate) fn each(list: &Value) -> Vec<Value> {
    list.as_array().cloned().unwrap_or_default()
}
