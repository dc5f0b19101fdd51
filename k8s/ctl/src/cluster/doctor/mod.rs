//! `doctor`: why do I see no traffic? Looks at all that must be there, in the order in which one needs the other.

mod counters;
mod filter;
mod pod;
mod proxy;
mod report;

use super::{connection::Connection, kubectl::Kubectl, template, workload::Reference};
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
    let filters = kubectl.list(&[ControlPlane::Istio.mesh().patches().resource, "--selector", &label])?;
    let filters: Vec<Filter> = filters.iter().filter_map(Filter::read).collect();
    if filters.is_empty() && !kubectl.namespace_exists()? {
        report.add("namespace", Finding::fail("it does not exist", "check the name and the kubectl context"));
        return report.end(namespace.as_str());
    }
    let names: Vec<&str> = filters.iter().map(|filter| &filter.name[..]).collect();
    let todo = "apply the overlay: kubectl apply -k k8s/overlays/NAMESPACE";
    report.add("EnvoyFilter", Finding::check(!names.is_empty(), format!("{names:?}"), todo));
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

    /// The running pods that a workload's selector takes.
    fn pods_of<'a>(&'a self, workload: &'a Value) -> impl Iterator<Item = &'a Value> {
        let labels = workload["spec"]["selector"]["matchLabels"].as_object();
        self.pods.iter().filter(move |pod| {
            let fits = |(name, value): (&String, &Value)| pod["metadata"]["labels"][name] == *value;
            labels.is_some_and(|labels| labels.iter().all(fits))
        })
    }
}

/// What a pod's label says that it mounts.
fn labelled(pod: &Value) -> Option<&str> {
    pod["metadata"]["labels"][REVISION].as_str()
}
