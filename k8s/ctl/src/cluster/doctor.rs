//! `doctor`: why do I see no traffic? Looks at all that must be there, in the order in which one needs the other.

use super::{
    kubectl::Kubectl,
    proxy,
    report::{Finding, Report},
    template,
    workload::Reference,
};
use crate::{
    mesh::{ControlPlane, istio::PROXY},
    overlay::{MOUNT, Namespace, REVISION, selector},
};
use serde_json::Value;
use std::collections::BTreeSet;

/// One of our EnvoyFilters.
struct Filter {
    name: String,
    /// Which pods it is for; `None`: all.
    revision: Option<String>,
    /// Where its records go.
    cluster: String,
}

impl Filter {
    fn read(object: &Value) -> Option<Self> {
        let patches = object["spec"]["configPatches"].as_array()?;
        let extension = patches.iter().find(|patch| patch["applyTo"] == "EXTENSION_CONFIG")?;
        let value = &extension["patch"]["value"];
        let configuration = value["typed_config"]["config"]["configuration"]["value"].as_str()?;
        let configuration: Value = serde_json::from_str(configuration).ok()?;
        let text = |value: &Value| value.as_str().map(str::to_owned);
        Some(Self {
            name: text(&value["name"])?,
            revision: text(&object["spec"]["workloadSelector"]["labels"][REVISION]),
            cluster: text(&configuration["collector"]["cluster"])?,
        })
    }
}

/// Prints what it finds.
///
/// # Errors
/// When something is wrong, or kubectl cannot tell.
pub(crate) fn run(namespace: &Namespace) -> Result<(), String> {
    let (kubectl, mut report) = (Kubectl::new(namespace), Report::default());
    if !kubectl.namespace_exists()? {
        report
            .add("namespace", Finding::fail("it does not exist".to_owned(), "check the name and the kubectl context"));
        return report.end(namespace.as_str());
    }
    let label = selector();
    let filters = kubectl.list(&["envoyfilters.networking.istio.io", "--selector", &label])?;
    let filters: Vec<Filter> = filters.iter().filter_map(Filter::read).collect();
    let names: Vec<&str> = filters.iter().map(|filter| &filter.name[..]).collect();
    let todo = "apply the overlay: kubectl apply -k k8s/overlays/NAMESPACE";
    report.add("EnvoyFilter", Finding::check(!names.is_empty(), format!("{names:?}"), todo));
    if filters.is_empty() {
        return report.end(namespace.as_str());
    }
    let maps = kubectl.list(&["configmaps", "--selector", &label])?;
    let maps: BTreeSet<&str> = maps.iter().filter_map(|map| map["metadata"]["labels"][REVISION].as_str()).collect();
    for revision in filters.iter().filter_map(|filter| filter.revision.as_deref()) {
        let what = format!("revision {revision}");
        report.add("ConfigMap", Finding::check(maps.contains(revision), what, todo));
    }
    if filters.iter().all(|filter| filter.revision.is_some()) {
        workloads(&kubectl, &filters, &mut report)?;
    }
    let pods = kubectl.list(&["pods", "--field-selector", "status.phase=Running"])?;
    report.add("pods", Finding::check(!pods.is_empty(), format!("{} run", pods.len()), "start the workloads"));
    for pod in &pods {
        look_into(&kubectl, pod, &filters, &mut report)?;
    }
    report.end(namespace.as_str())
}

fn workloads(kubectl: &Kubectl, filters: &[Filter], report: &mut Report) -> Result<(), String> {
    let workloads = kubectl.list(&["deployments,statefulsets,daemonsets"])?;
    for workload in &workloads {
        let about = Reference::of(workload)?.to_string();
        if let Some(reason) = ControlPlane::Istio.mesh().without_proxy(&workload["spec"]["template"]) {
            report.add(&about, Finding::ok(reason));
            continue;
        }
        let finding = match template::revision(workload) {
            Some(revision) => Finding::check(
                filters.iter().any(|filter| filter.revision.as_deref() == Some(revision)),
                format!("mounts revision {revision}"),
                "no EnvoyFilter is for this revision: run mount again",
            ),
            None => Finding::fail("mounts nothing".to_owned(), "run mount, or add the component to its kustomization"),
        };
        report.add(&about, finding);
    }
    Ok(())
}

fn look_into(kubectl: &Kubectl, pod: &Value, filters: &[Filter], report: &mut Report) -> Result<(), String> {
    let name = pod["metadata"]["name"].as_str().unwrap_or_default();
    let about = format!("pod/{name}");
    let revision = pod["metadata"]["labels"][REVISION].as_str();
    // With native sidecars the proxy is an init container.
    let containers = ["containers", "initContainers"].map(|kind| pod["spec"][kind].as_array());
    let mut containers = containers.into_iter().flatten().flatten();
    let Some(proxy) = containers.find(|container| container["name"] == PROXY) else {
        let todo = "label the namespace istio-injection=enabled (or istio.io/rev), and replace the pod";
        report.add(&about, Finding::fail("has no istio-proxy".to_owned(), todo));
        return Ok(());
    };
    let for_it = |filter: &&Filter| filter.revision.is_none() || filter.revision.as_deref() == revision;
    let Some(filter) = filters.iter().find(for_it) else {
        let what = format!("no EnvoyFilter is for its revision {}", revision.unwrap_or("(none)"));
        report.add(&about, Finding::fail(what, "run mount: it replaces the pods"));
        return Ok(());
    };
    if filter.revision.is_some() {
        let mounts = proxy["volumeMounts"].as_array().into_iter().flatten();
        let mounts = mounts.into_iter().any(|mount| mount["mountPath"] == MOUNT);
        let todo = "it is older than the mount, or another volume of the name won: replace it";
        report.add(&about, Finding::check(mounts, format!("istio-proxy mounts {MOUNT}"), todo));
    }
    let ask = |path: &str| -> Result<Value, String> {
        let arguments = ["exec", name, "--container", PROXY, "--", "pilot-agent", "request", "GET", path];
        // kubectl loses what a program prints before its streams are made, and says this.
        let lost =
            |answer: &Result<String, String>| answer.as_ref().is_err_and(|error| error.contains("Unknown stream id"));
        let mut answers = std::iter::repeat_with(|| kubectl.run(&arguments)).take(5);
        let text = answers.find(|answer| !lost(answer)).unwrap_or_else(|| kubectl.run(&arguments))?;
        serde_json::from_str(&text).map_err(|error| format!("pod/{name}: {path}: no JSON: {error}"))
    };
    let extensions = match ask(proxy::EXTENSIONS) {
        // What Envoy answers, with 404, when no extension at all has come by discovery.
        Err(error) if error.contains("not found in config dump") => Value::Null,
        answer => answer?,
    };
    report.add(&about, proxy::extension(&extensions, &filter.name));
    let refusals = proxy::refusals(&ask(proxy::DISCOVERY)?, &filter.name);
    if refusals > 0 {
        let todo = "its log names the cause, in the lines with \"wasm\"; replace the pod once it is mended";
        report.add(&about, Finding::fail(format!("istio-proxy has refused the extension {refusals} times"), todo));
    }
    report.add(&about, proxy::cluster(&ask(proxy::CLUSTERS)?, &filter.cluster));
    report.add(&about, proxy::counters(&ask(proxy::STATS)?));
    Ok(())
}
