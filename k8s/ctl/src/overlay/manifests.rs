//! `manifests`: what stands in the repository under `k8s/`, generated so that it cannot drift from the wasm or from this code.

use super::{
    Address, Configuration, Context, ControlPlane, Delivery, Directory, FILE, Namespace, Options, Plan, Wasm,
    component, istio, kustomization, options::Transport, policy, yaml,
};
use serde_json::json;
use std::path::Path;

/// The collector that the examples name.
const COLLECTOR: &str = "collector.observability.svc.cluster.local:9000";

/// Writes them below a directory.
///
/// # Errors
/// As [`super::run`].
pub(crate) fn run(root: &Path, wasm: &Path) -> Result<(), String> {
    let mut directories = vec![
        overlay(root, "overlays/example", "example", options(wasm)?)?,
        overlay(root, "kuma/example", "example", Options { mesh: ControlPlane::Kuma, ..options(wasm)? })?,
    ];
    let base = options(wasm)?;
    let (bytes, configuration) = (Wasm::read(&base)?, Configuration::new(&base)?);
    let plan = Plan { options: &base, configuration: &configuration, wasm: &bytes };
    let filter = istio::envoy_filter(&plan, None);
    let kustomization = kustomization::kustomization(&plan, None, &["envoyfilter.yaml"]);
    let files = vec![
        ("envoyfilter.yaml", yaml::document(&filter)),
        ("kustomization.yaml", yaml::document(&kustomization)),
        (FILE, bytes.bytes().to_vec()),
    ];
    directories.push(Directory::new(root.join("base"), files));
    let [policy, binding] = policy::objects(&plan);
    let resources = json!({
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": ["policy.yaml", "binding.yaml"],
    });
    let files = vec![
        ("policy.yaml", yaml::document(&policy)),
        ("binding.yaml", yaml::document(&binding)),
        ("kustomization.yaml", yaml::document(&resources)),
    ];
    directories.push(Directory::new(root.join("cluster"), files));
    for context in Context::ALL {
        let options = Options { context, ..base.clone() };
        let configuration = Configuration::new(&options)?;
        let plan = Plan { options: &options, configuration: &configuration, wasm: &bytes };
        let component = component::component(&plan, &filter, &istio::envoy_filter(&plan, None));
        let files = vec![("kustomization.yaml", yaml::document(&component))];
        directories.push(Directory::new(root.join("components").join(context.word()), files));
    }
    directories.iter().try_for_each(Directory::check)?;
    directories.iter().try_for_each(Directory::write)
}

fn overlay(root: &Path, path: &str, namespace: &str, options: Options) -> Result<Directory, String> {
    let (wasm, configuration) = (Wasm::read(&options)?, Configuration::new(&options)?);
    let namespace: Namespace = namespace.parse()?;
    let plan = Plan { options: &options, configuration: &configuration, wasm: &wasm };
    Ok(Directory::new(root.join(path), plan.files(&namespace)))
}

fn options(wasm: &Path) -> Result<Options, String> {
    let collector: Address = COLLECTOR.parse()?;
    Ok(Options {
        sampling: collector.clone(),
        collector,
        sampling_enabled: false,
        config: None,
        context: Context::Outbound,
        delivery: Delivery::Configmap,
        mesh: ControlPlane::Istio,
        gateway: None,
        listener: "http".to_owned(),
        istio_cluster: false,
        transport: Transport::default(),
        out: "k8s/overlays".into(),
        wasm: Some(wasm.to_owned()),
        unrestricted: false,
        config_map_name: "http-trace-filter".to_owned(),
    })
}
