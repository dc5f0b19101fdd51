//! One pod: its proxy, the mount, and what the proxy tells.

use super::{
    Finding, Report, Scene,
    admin::Way,
    agent, counters, mutual_tls,
    proxy::{self, Arrived},
};
use crate::{cluster::patch::Patch, mesh::ControlPlane, overlay::MOUNT};
use serde_json::Value;
use std::{
    thread,
    time::{Duration, Instant},
};

/// How long counters are watched that tell of losses: they may be long past.
const WINDOW: Duration = Duration::from_secs(5);

pub(super) use super::labelled as revision;

/// Looks into every pod. Counters that tell of losses are read a second time at the end.
pub(super) fn all(scene: &Scene, report: &mut Report) {
    let (start, mut again) = (Instant::now(), Vec::new());
    for pod in &scene.pods {
        let patient = Patient { scene, pod };
        match patient.look_into(report) {
            Ok(Some(doubt)) => again.push((patient, doubt)),
            Ok(None) => {}
            Err(error) => {
                report.add(&patient.about(), Finding::fail(error, "its proxy cannot be asked: see what kubectl says"));
            }
        }
    }
    if !again.is_empty() {
        thread::sleep(WINDOW.saturating_sub(start.elapsed()));
    }
    for (patient, Doubt { way, stats, patch }) in again {
        let finding = match way.ask(proxy::STATS) {
            Ok(second) => {
                let finding = counters::judge(&stats, Some(&second), patient.container());
                finding.or(|| mutual_tls::hint(patch, &scene.kubectl))
            }
            Err(error) => Finding::fail(error, "its proxy cannot be asked: see what kubectl says"),
        };
        report.add(&patient.about(), finding);
    }
}

/// Stats that are to be read again, and what they are of.
struct Doubt<'a> {
    way: Way,
    stats: Value,
    patch: &'a Patch,
}

struct Patient<'a> {
    scene: &'a Scene,
    pod: &'a Value,
}

impl<'a> Patient<'a> {
    fn name(&self) -> &'a str {
        self.pod["metadata"]["name"].as_str().unwrap_or_default()
    }

    fn about(&self) -> String {
        format!("pod/{}", self.name())
    }

    fn container(&self) -> &'static str {
        self.scene.mesh.mesh().proxy().container
    }

    fn look_into(&self, report: &mut Report) -> Result<Option<Doubt<'a>>, String> {
        let (about, pod) = (self.about(), self.pod);
        let Some(proxy) = self.proxy() else {
            report.add(&about, self.without_proxy());
            return Ok(None);
        };
        let patches: Vec<&Patch> = self.scene.patches.iter().filter(|patch| patch.is_for_pod(pod)).collect();
        let Some(first) = patches.first() else {
            report.add(&about, self.without_filter());
            return Ok(None);
        };
        if patches.iter().all(|patch| patch.selects.is_some()) {
            let mounts = proxy["volumeMounts"].as_array().into_iter().flatten();
            let mounts = mounts.into_iter().any(|mount| mount["mountPath"] == MOUNT);
            let todo = "it is older than the mount, or another volume of the name won: replace it";
            report.add(&about, Finding::check(mounts, format!("{} mounts {MOUNT}", self.container()), todo));
        }
        let place = self.pod["metadata"]["namespace"].as_str().unwrap_or_default();
        let way = Way::open(self.scene.kubectl.elsewhere(place), self.name(), self.scene.mesh.mesh().proxy())?;
        let (stats, clusters) = (way.ask(proxy::STATS)?, way.ask(proxy::CLUSTERS)?);
        if self.scene.mesh == ControlPlane::Istio {
            self.extensions(&way, &patches, counters::any(&stats), report)?;
        }
        let finding = proxy::cluster(&clusters, &first.cluster).or(|| mutual_tls::hint(first, &self.scene.kubectl));
        report.add(&about, finding);
        if counters::may_be_past(&stats) {
            return Ok(Some(Doubt { way, stats, patch: first }));
        }
        report.add(&about, counters::judge(&stats, None, self.container()));
        Ok(None)
    }

    /// Whether what comes by discovery has come. Its stats are the one sign that it `runs`: Envoy lists what it refused, too, and
    /// Istio's stats matcher hides refusals.
    fn extensions(&self, way: &Way, patches: &[&Patch], runs: bool, report: &mut Report) -> Result<(), String> {
        let extensions = match way.ask(proxy::EXTENSIONS) {
            // What Envoy answers, with 404, when no extension at all has come by discovery.
            Err(error) if error.contains("not found in config dump") => Value::Null,
            answer => answer?,
        };
        let discovery = way.ask(proxy::DISCOVERY)?;
        for patch in patches {
            let arrived = proxy::arrived(&extensions, &patch.called);
            let finding = match (&patch.image, arrived) {
                (Some(image), Arrived::Nothing) => agent::not_fetched(image, self.log().as_deref()),
                (Some(_), Arrived::Wasm) => {
                    proxy::extension(arrived, &patch.name, runs).or(|| agent::refusal(&self.log()?))
                }
                _ => proxy::extension(arrived, &patch.name, runs).or(|| self.late(patch)),
            };
            report.add(&self.about(), finding);
            let refusals = proxy::refusals(&discovery, &patch.called);
            if refusals > 0 {
                report.add(&self.about(), proxy::refused(refusals, runs));
            }
        }
        Ok(())
    }

    fn proxy(&self) -> Option<&'a Value> {
        // With native sidecars the proxy is an init container.
        let containers = ["containers", "initContainers"].map(|kind| self.pod["spec"][kind].as_array());
        containers.into_iter().flatten().flatten().find(|container| container["name"] == self.container())
    }

    fn without_proxy(&self) -> Finding {
        if let Some(reason) = self.scene.mesh.mesh().without_proxy(self.pod) {
            return Finding::ok(format!("is not to have a proxy: {reason}"));
        }
        let for_all = self.scene.patches.iter().any(Patch::is_for_all);
        if !for_all && revision(self.pod).is_none() {
            let what = format!("has no {}, and mounts nothing", self.container());
            return Finding::note(what, "if it should give records, run mount");
        }
        let todo = format!("label the namespace {}, and replace the pod", self.scene.mesh.mesh().injection());
        Finding::fail(format!("has no {}", self.container()), todo)
    }

    fn without_filter(&self) -> Finding {
        if self.scene.patches.iter().all(|patch| patch.gateway.is_some()) {
            return Finding::note(
                "none of the filters is for it",
                "if it should give records, deploy without --gateway",
            );
        }
        let owners = self.pod["metadata"]["ownerReferences"].as_array().into_iter().flatten();
        let is_workload =
            |owner: &Value| ["ReplicaSet", "StatefulSet", "DaemonSet"].iter().any(|kind| owner["kind"] == *kind);
        match revision(self.pod) {
            // What `mount` does not change: a Job's pod, or one of nobody's.
            None if !owners.into_iter().any(is_workload) => Finding::note(
                "mounts nothing: only the admission policy reaches pods of no Deployment, StatefulSet or DaemonSet",
                "if it should give records, apply k8s/cluster",
            ),
            revision => {
                let what = format!(
                    "no {} is for its revision {}",
                    self.scene.mesh.mesh().patches().kind,
                    revision.unwrap_or("(none)")
                );
                Finding::fail(what, "run mount: it replaces the pods")
            }
        }
    }

    /// The end of the proxy's log, for who may read it.
    fn log(&self) -> Option<String> {
        let arguments = ["logs", self.name(), "--container", self.container(), "--tail", "5000"];
        self.scene.kubectl.run(&arguments).ok()
    }

    /// Why an extension does not run that is there: the pod started before its ConfigMap was.
    fn late(&self, patch: &Patch) -> Option<String> {
        let map = self.scene.maps.iter().find(|map| Some(&map.revision) == patch.selects.as_ref())?;
        let started = self.pod["status"]["startTime"].as_str()?;
        (started < &map.made[..]).then(|| "the pod is older than its ConfigMap: replace it".to_owned())
    }
}
