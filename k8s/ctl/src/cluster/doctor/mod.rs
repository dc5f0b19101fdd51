//! `doctor`: why do I see no traffic? Looks at all that must be there, in the order in which one needs the other.

mod admin;
mod agent;
mod counters;
mod gateway;
mod map;
mod mutual_tls;
mod pod;
mod proxy;
mod report;

use super::{
    connection::Connection,
    kubectl::Kubectl,
    output::Output,
    patch::{Found, Patch},
    template,
    workload::Reference,
};
use crate::{
    mesh::ControlPlane,
    overlay::{Namespace, REVISION, mounting, selector},
    words::counted,
};
use map::Map;
use report::{Finding, Report};
use serde_json::Value;

/// All that is looked at, of one mesh.
struct Scene {
    mesh: ControlPlane,
    kubectl: Kubectl,
    patches: Vec<Patch>,
    maps: Vec<Map>,
    pods: Vec<Value>,
}

/// Prints what it finds.
///
/// # Errors
/// When something is wrong.
pub(crate) fn run(namespaces: &[Namespace], connection: &Connection, output: Output) -> Result<(), String> {
    connection.reach()?;
    let mut report = Report::new(output, namespaces.len());
    for namespace in namespaces {
        report.begin(namespace.as_str());
        if let Err(error) = namespace_of(&connection.kubectl(namespace), namespace, &mut report) {
            report.add("kubectl", Finding::fail(error, "check the user's rights, and the context"));
        }
    }
    report.end()
}

fn namespace_of(kubectl: &Kubectl, namespace: &Namespace, report: &mut Report) -> Result<(), String> {
    let (mut all, mut errors) = (Vec::new(), Vec::new());
    for which in ControlPlane::ALL {
        match kubectl.found(which, &[]) {
            Ok(found) => all.push((which, found)),
            Err(error) => errors.push(error),
        }
    }
    // Of a mesh that one may not look at there is nothing to tell, where another has the filter.
    all.retain(|(_, found)| !found.is_empty());
    if all.is_empty() {
        if !kubectl.namespace_exists()? {
            report.add("namespace", Finding::fail("it does not exist", "check the name and the kubectl context"));
            return Ok(());
        }
        if errors.len() == ControlPlane::ALL.len() {
            return Err(errors.remove(0));
        }
        let todo = format!(
            "apply the overlay: kubectl apply -k k8s/overlays/{namespace} (there is no MeshProxyPatch and no EnvoyPatchPolicy either)"
        );
        report.add(ControlPlane::Istio.mesh().patches().kind, Finding::fail("[]", todo));
        return Ok(());
    }
    for (mesh, found) in all {
        patches(mesh, &found, namespace, report);
        let Found { patches, objects, .. } = found;
        let scene = Scene { mesh, kubectl: kubectl.clone(), patches, maps: Vec::new(), pods: Vec::new() };
        if mesh.mesh().is_of_pods() {
            scene.of_pods(namespace, report)?;
        } else {
            gateway::look(scene, &objects, report)?;
        }
    }
    Ok(())
}

/// What puts the filter into proxies.
fn patches(mesh: ControlPlane, found: &Found, namespace: &Namespace, report: &mut Report) {
    let about = mesh.mesh().patches().kind;
    let (fetched, sent): (Vec<&Patch>, Vec<&Patch>) = found.patches.iter().partition(|patch| patch.image.is_some());
    if !sent.is_empty() {
        let names: Vec<&str> = sent.iter().map(|patch| &patch.name[..]).collect();
        report.add(about, Finding::ok(format!("{names:?}")));
    }
    for patch in fetched {
        let what = format!("{}: {}", patch.name, patch.image.as_deref().unwrap_or_default());
        report.add("WasmPlugin", Finding::ok(what));
        if !found.objects.iter().any(|object| object["metadata"]["name"] == patch.name[..]) {
            let todo = format!("apply the overlay: kubectl apply -k k8s/overlays/{namespace}");
            report.add(about, Finding::fail(format!("none beside the WasmPlugin {}", patch.name), todo));
        }
    }
    for name in &found.strange {
        let todo = "it is not as this command writes it: apply the overlay again";
        report.add(about, Finding::fail(format!("[{name:?}]"), todo));
    }
}

impl Scene {
    /// Of a mesh whose proxies are in the namespace's own pods.
    fn of_pods(mut self, namespace: &Namespace, report: &mut Report) -> Result<(), String> {
        let maps = self.kubectl.list(&["configmaps", "--selector", &selector()])?;
        self.maps = maps.iter().filter_map(Map::read).collect();
        self.config_maps(namespace, report);
        self.beside(namespace, report)?;
        self.pods = self.kubectl.list(&["pods", "--field-selector", "status.phase=Running"])?;
        if self.patches.iter().all(|patch| patch.selects.is_some()) {
            self.workloads(report)?;
        }
        let run = if self.pods.len() == 1 { "runs" } else { "run" };
        let what = format!("{} {run}", self.pods.len());
        report.add("pods", Finding::check(!self.pods.is_empty(), what, "start the workloads"));
        self.gateways(report);
        pod::all(&self, report);
        Ok(())
    }

    fn config_maps(&self, namespace: &Namespace, report: &mut Report) {
        let mut revisions: Vec<&str> = self.patches.iter().filter_map(|patch| patch.selects.as_deref()).collect();
        revisions.sort_unstable();
        revisions.dedup();
        for revision in revisions {
            let what = format!("revision {revision}");
            let finding = match self.maps.iter().find(|map| map.revision == revision) {
                Some(map) if map.sound => Finding::ok(what),
                Some(_) => Finding::fail(
                    format!("{what}: its wasm is not the one of that hash"),
                    "delete it and apply the overlay again",
                ),
                None => Finding::fail(what, format!("apply the overlay: kubectl apply -k k8s/overlays/{namespace}")),
            };
            report.add("ConfigMap", finding);
        }
    }

    /// What the injection needs beside the ConfigMap.
    fn beside(&self, namespace: &Namespace, report: &mut Report) -> Result<(), String> {
        let Some((kind, place)) = self.mesh.mesh().beside() else { return Ok(()) };
        if self.patches.iter().all(|patch| patch.selects.is_none()) {
            return Ok(());
        }
        let name = mounting::container_patch(namespace.as_str());
        let there = self.kubectl.elsewhere(place).find(&[kind.resource, &name])?;
        let todo = "new pods cannot start without it: apply the overlay again";
        report.add(kind.kind, Finding::check(there, format!("{place}/{name}"), todo));
        Ok(())
    }

    fn workloads(&self, report: &mut Report) -> Result<(), String> {
        for workload in &self.kubectl.list(&["deployments,statefulsets,daemonsets"])? {
            let about = Reference::of(workload)?.to_string();
            if let Some(reason) = self.mesh.mesh().without_proxy(&workload["spec"]["template"]) {
                report.add(&about, Finding::ok(reason));
                continue;
            }
            let is_known =
                |revision: Option<&str>| revision.is_some() && self.patches.iter().any(|f| f.is_for(revision));
            let finding = match template::revision(workload) {
                Some(revision) => {
                    let todo = format!("no {} is for this revision: run mount again", self.mesh.mesh().patches().kind);
                    Finding::check(is_known(Some(revision)), format!("mounts revision {revision}"), &todo)
                }
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

    /// Whether the Gateways run that plugins are for.
    fn gateways(&self, report: &mut Report) {
        for patch in self.patches.iter().filter(|patch| !self.pods.iter().any(|pod| patch.is_for_pod(pod))) {
            let Some((label, name)) = &patch.gateway else { continue };
            let finding = if label.ends_with("class-name") {
                let todo = "look with doctor into the namespaces that they are in";
                Finding::note(format!("the waypoints of {name} are in other namespaces, and not looked at"), todo)
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

/// What a pod's label says that it mounts.
fn labelled(pod: &Value) -> Option<&str> {
    pod["metadata"]["labels"][REVISION].as_str()
}
