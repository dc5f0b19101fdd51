//! `doctor`: why do I see no traffic? Looks at all that must be there, in the order in which one needs the other.

mod agent;
mod counters;
mod filter;
mod pod;
mod proxy;
mod report;

use super::{
    connection::Connection,
    kubectl::{Kubectl, is_forbidden},
    template,
    workload::Reference,
};
use crate::{
    mesh::ControlPlane,
    overlay::{Namespace, REVISION, selector},
};
use filter::{Filter, Map};
use report::{Finding, Report};
use serde_json::Value;

/// All that is looked at.
struct Scene {
    kubectl: Kubectl,
    filters: Vec<Filter>,
    maps: Vec<Map>,
    pods: Vec<Value>,
}

/// Prints what it finds.
///
/// # Errors
/// When something is wrong, or kubectl cannot tell.
pub(crate) fn run(namespace: &Namespace, connection: &Connection) -> Result<(), String> {
    let (kubectl, mut report) = (connection.kubectl(namespace), Report::default());
    let label = selector();
    let mesh = ControlPlane::Istio.mesh();
    let patches = kubectl.list(&[mesh.patches().resource, "--selector", &label])?;
    let plugins = plugins(&kubectl, &label)?;
    let filters: Vec<Filter> = patches.iter().filter_map(Filter::read).chain(plugged(&plugins, &patches)).collect();
    if filters.is_empty() && !kubectl.namespace_exists()? {
        report.add("namespace", Finding::fail("it does not exist", "check the name and the kubectl context"));
        return report.end(namespace.as_str());
    }
    let todo = "apply the overlay: kubectl apply -k k8s/overlays/NAMESPACE";
    let (fetched, sent): (Vec<&Filter>, Vec<&Filter>) = filters.iter().partition(|filter| filter.image.is_some());
    if fetched.is_empty() || !sent.is_empty() {
        let names: Vec<&str> = sent.iter().map(|filter| &filter.name[..]).collect();
        report.add("EnvoyFilter", Finding::check(!names.is_empty(), format!("{names:?}"), todo));
    }
    for filter in fetched {
        let what = format!("{}: {}", filter.name, filter.image.as_deref().unwrap_or_default());
        report.add("WasmPlugin", Finding::ok(what));
        let beside = patches.iter().any(|patch| patch["metadata"]["name"] == filter.name[..]);
        if !beside {
            report.add("EnvoyFilter", Finding::fail(format!("none beside the WasmPlugin {}", filter.name), todo));
        }
    }
    if filters.is_empty() {
        return report.end(namespace.as_str());
    }
    let maps = kubectl.list(&["configmaps", "--selector", &label])?;
    let maps: Vec<Map> = maps.iter().filter_map(Map::read).collect();
    let mut revisions: Vec<&str> = filters.iter().filter_map(|filter| filter.revision.as_deref()).collect();
    revisions.sort_unstable();
    revisions.dedup();
    for revision in revisions {
        let what = format!("revision {revision}");
        report.add(
            "ConfigMap",
            match maps.iter().find(|map| map.revision == revision) {
                Some(map) if map.sound => Finding::ok(what),
                Some(_) => Finding::fail(
                    format!("{what}: its wasm is not the one of that hash"),
                    "delete it and apply the overlay again",
                ),
                None => Finding::fail(what, todo),
            },
        );
    }
    let pods = kubectl.list(&["pods", "--field-selector", "status.phase=Running"])?;
    let scene = Scene { kubectl, filters, maps, pods };
    if scene.filters.iter().all(|filter| filter.revision.is_some()) {
        scene.workloads(&mut report)?;
    }
    let what = format!("{} run", scene.pods.len());
    report.add("pods", Finding::check(!scene.pods.is_empty(), what, "start the workloads"));
    scene.gateways(&mut report);
    pod::all(&scene, &mut report);
    report.end(namespace.as_str())
}

impl Scene {
    fn workloads(&self, report: &mut Report) -> Result<(), String> {
        for workload in &self.kubectl.list(&["deployments,statefulsets,daemonsets"])? {
            let about = Reference::of(workload)?.to_string();
            if let Some(reason) = ControlPlane::Istio.mesh().without_proxy(&workload["spec"]["template"]) {
                report.add(&about, Finding::ok(reason));
                continue;
            }
            let is_known =
                |revision: Option<&str>| revision.is_some() && self.filters.iter().any(|f| f.is_for(revision));
            let finding = match template::revision(workload) {
                Some(revision) => Finding::check(
                    is_known(Some(revision)),
                    format!("mounts revision {revision}"),
                    "no EnvoyFilter is for this revision: run mount again",
                ),
                None => {
                    let mut pods = self.pods_of(workload).peekable();
                    if pods.peek().is_some() && pods.all(|pod| is_known(pod::revision(pod))) {
                        Finding::ok("mounts nothing itself; its pods do, by the admission policy")
                    } else {
                        Finding::fail("mounts nothing", "run mount, or add the component to its kustomization")
                    }
                }
            };
            report.add(&about, finding);
        }
        Ok(())
    }

    /// Whether the Gateways run that filters are for.
    fn gateways(&self, report: &mut Report) {
        for filter in &self.filters {
            let Some((label, name)) =
                filter.gateway.as_ref().filter(|_| !self.pods.iter().any(|pod| filter.is_for_pod(pod)))
            else {
                continue;
            };
            let finding = if label.ends_with("class-name") {
                Finding::note(format!("the waypoints of {name} are in other namespaces, and not looked at"))
            } else {
                Finding::fail(format!("none of the Gateway {name} runs"), "make it, or name another with --gateway")
            };
            report.add("pods", finding);
        }
    }

    /// The running pods that a workload's selector takes.
    fn pods_of<'a>(&'a self, workload: &'a Value) -> impl Iterator<Item = &'a Value> {
        let labels = workload["spec"]["selector"]["matchLabels"].as_object();
        self.pods.iter().filter(move |pod| {
            let fits = |(name, value): (&String, &Value)| pod["metadata"]["labels"][name] == *value;
            labels.is_some_and(|labels| labels.iter().all(fits))
        })
    }
}

/// Our WasmPlugins; none for who may not look at them, and has made none.
fn plugins(kubectl: &Kubectl, label: &str) -> Result<Vec<Value>, String> {
    let Some(kind) = ControlPlane::Istio.mesh().plugins() else { return Ok(Vec::new()) };
    match kubectl.list(&[kind.resource, "--selector", label]) {
        Err(error) if is_forbidden(&error) => Ok(Vec::new()),
        result => result,
    }
}

/// What they put in proxies; each has an EnvoyFilter of the same name beside it.
fn plugged<'a>(plugins: &'a [Value], patches: &'a [Value]) -> impl Iterator<Item = Filter> {
    let beside = |plugin: &Value| patches.iter().find(|patch| patch["metadata"]["name"] == plugin["metadata"]["name"]);
    plugins.iter().filter_map(move |plugin| Filter::plugin(plugin, beside(plugin)))
}

/// What a pod's label says that it mounts.
fn labelled(pod: &Value) -> Option<&str> {
    pod["metadata"]["labels"][REVISION].as_str()
}
