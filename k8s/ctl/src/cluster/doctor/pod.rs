//! One pod: its proxy, the mount, and what the proxy tells.

use super::{
    Filter, Finding, Report, Scene, agent, counters,
    proxy::{self, Arrived},
};
use crate::{
    mesh::{ControlPlane, istio::PROXY},
    overlay::MOUNT,
};
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
            Ok(Some((stats, filter))) => again.push((patient, stats, filter)),
            Ok(None) => {}
            Err(error) => {
                report.add(&patient.about(), Finding::fail(error, "its proxy cannot be asked: see what kubectl says"));
            }
        }
    }
    if !again.is_empty() {
        thread::sleep(WINDOW.saturating_sub(start.elapsed()));
    }
    for (patient, first, filter) in again {
        let finding = match patient.ask(proxy::STATS) {
            Ok(second) => counters::judge(&first, Some(&second)).or(|| filter.mutual_tls(&scene.kubectl)),
            Err(error) => Finding::fail(error, "its proxy cannot be asked: see what kubectl says"),
        };
        report.add(&patient.about(), finding);
    }
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

    /// The stats that are to be read again, and the filter that they are of.
    fn look_into(&self, report: &mut Report) -> Result<Option<(Value, &'a Filter)>, String> {
        let (about, pod) = (self.about(), self.pod);
        let Some(proxy) = self.proxy() else {
            report.add(&about, self.without_proxy());
            return Ok(None);
        };
        let filters: Vec<&Filter> = self.scene.filters.iter().filter(|filter| filter.is_for_pod(pod)).collect();
        let Some(first) = filters.first() else {
            report.add(&about, self.without_filter());
            return Ok(None);
        };
        if filters.iter().all(|filter| filter.revision.is_some()) {
            let mounts = proxy["volumeMounts"].as_array().into_iter().flatten();
            let mounts = mounts.into_iter().any(|mount| mount["mountPath"] == MOUNT);
            let todo = "it is older than the mount, or another volume of the name won: replace it";
            report.add(&about, Finding::check(mounts, format!("{PROXY} mounts {MOUNT}"), todo));
        }
        let extensions = match self.ask(proxy::EXTENSIONS) {
            // What Envoy answers, with 404, when no extension at all has come by discovery.
            Err(error) if error.contains("not found in config dump") => Value::Null,
            answer => answer?,
        };
        let (discovery, stats, clusters) =
            (self.ask(proxy::DISCOVERY)?, self.ask(proxy::STATS)?, self.ask(proxy::CLUSTERS)?);
        for filter in &filters {
            // Its stats are the one sign that it runs: Envoy lists what it refused, too, and Istio's stats matcher hides refusals.
            let runs = counters::any(&stats);
            let arrived = proxy::arrived(&extensions, &filter.called);
            let finding = match (&filter.image, arrived) {
                (Some(_), Arrived::Nothing) => agent::not_fetched(filter, self.log().as_deref()),
                (Some(_), Arrived::Wasm) => {
                    proxy::extension(arrived, &filter.name, runs).or(|| agent::refusal(&self.log()?))
                }
                _ => proxy::extension(arrived, &filter.name, runs).or(|| self.late(filter)),
            };
            report.add(&about, finding);
            let refusals = proxy::refusals(&discovery, &filter.called);
            if refusals > 0 {
                report.add(&about, proxy::refused(refusals, runs));
            }
        }
        let finding = proxy::cluster(&clusters, &first.cluster).or(|| first.mutual_tls(&self.scene.kubectl));
        report.add(&about, finding);
        if counters::may_be_past(&stats) {
            return Ok(Some((stats, first)));
        }
        report.add(&about, counters::judge(&stats, None));
        Ok(None)
    }

    fn proxy(&self) -> Option<&'a Value> {
        // With native sidecars the proxy is an init container.
        let containers = ["containers", "initContainers"].map(|kind| self.pod["spec"][kind].as_array());
        containers.into_iter().flatten().flatten().find(|container| container["name"] == PROXY)
    }

    fn without_proxy(&self) -> Finding {
        if let Some(reason) = ControlPlane::Istio.mesh().without_proxy(self.pod) {
            return Finding::ok(format!("is not to have a proxy: {reason}"));
        }
        let for_all = self.scene.filters.iter().any(Filter::is_for_all);
        if !for_all && revision(self.pod).is_none() {
            return Finding::note(format!("has no {PROXY}, and mounts nothing"));
        }
        let todo = "label the namespace istio-injection=enabled (or istio.io/rev), and replace the pod";
        Finding::fail(format!("has no {PROXY}"), todo)
    }

    fn without_filter(&self) -> Finding {
        if self.scene.filters.iter().all(|filter| filter.gateway.is_some()) {
            return Finding::note("none of the filters is for it");
        }
        let owners = self.pod["metadata"]["ownerReferences"].as_array().into_iter().flatten();
        let is_workload =
            |owner: &Value| ["ReplicaSet", "StatefulSet", "DaemonSet"].iter().any(|kind| owner["kind"] == *kind);
        match revision(self.pod) {
            // What `mount` does not change: a Job's pod, or one of nobody's.
            None if !owners.into_iter().any(is_workload) => Finding::note(
                "mounts nothing: only the admission policy reaches pods of no Deployment, StatefulSet or DaemonSet",
            ),
            revision => {
                let what = format!("no EnvoyFilter is for its revision {}", revision.unwrap_or("(none)"));
                Finding::fail(what, "run mount: it replaces the pods")
            }
        }
    }

    /// Why an extension does not run that is there: the pod started before its ConfigMap was.
    fn late(&self, filter: &Filter) -> Option<String> {
        let map = self.scene.maps.iter().find(|map| Some(&map.revision) == filter.revision.as_ref())?;
        let started = self.pod["status"]["startTime"].as_str()?;
        (started < &map.made[..]).then(|| "the pod is older than its ConfigMap: replace it".to_owned())
    }

    /// The end of the proxy's log, for who may read it.
    fn log(&self) -> Option<String> {
        self.scene.kubectl.run(&["logs", self.name(), "--container", PROXY, "--tail", "5000"]).ok()
    }

    /// Asks the proxy's admin interface.
    fn ask(&self, path: &str) -> Result<Value, String> {
        let name = self.name();
        let arguments = ["exec", name, "--container", PROXY, "--", "pilot-agent", "request", "GET", path];
        let kubectl = &self.scene.kubectl;
        // kubectl loses what a program prints before its streams are made, and says this.
        let lost =
            |answer: &Result<String, String>| answer.as_ref().is_err_and(|error| error.contains("Unknown stream id"));
        let mut answers = std::iter::repeat_with(|| kubectl.run(&arguments)).take(5);
        let text = answers.find(|answer| !lost(answer)).unwrap_or_else(|| kubectl.run(&arguments))?;
        serde_json::from_str(&text).map_err(|error| format!("pod/{name}: {path}: no JSON: {error}"))
    }
}
