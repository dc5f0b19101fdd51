//! `manifests`: what stands in the repository under `k8s/`, generated so that it cannot drift from the wasm or from this code.

use super::{
    Address, Configuration, Delivery, Direction, Directory, Namespace, Options, Overlay, Plan, Wasm, bootstrap,
    component, config_map, kustomization, options::Transport, policy, selector, yaml,
};
use crate::{
    failure::Failure,
    mesh::{ControlPlane, target::Target},
};
use std::path::Path;

/// The collector that the examples name.
const COLLECTOR: &str = "collector.observability.svc.cluster.local:9000";

/// Writes them below a directory.
///
/// # Errors
/// As [`super::run`].
pub(crate) fn run(root: &Path, wasm: &Path) -> Result<(), Failure> {
    let base = options(root, wasm)?;
    let wasm = Wasm::read(&base)?;
    let namespace: Namespace = "example".parse()?;
    let kuma = Options { mesh: ControlPlane::Kuma, out: root.join("kuma"), ..base.clone() };
    let mut directories =
        vec![Overlay::new(&base, &wasm, &namespace)?.directory, Overlay::new(&kuma, &wasm, &namespace)?.directory];
    let mesh = base.mesh.mesh();
    let configuration = Configuration::new(&base, Direction::Outbound)?;
    let plan = Plan { options: &base, direction: Direction::Outbound, configuration: &configuration, wasm: &wasm };
    let filter = mesh.patch(&plan, None);
    let objects = [(mesh.patches().file, &filter), (config_map::FILE, &config_map::config_map(&plan, None))];
    directories.push(directory(root, "base", Some(&configuration), &objects));
    directories.push(Directory::new(root.join("envoy"), vec![(bootstrap::FILE, bootstrap::bootstrap(&wasm))]));
    for (version, path) in policy::VERSIONS {
        let [policy, binding] = policy::objects(&plan, version);
        directories.push(directory(root, path, None, &[("policy.yaml", &policy), ("binding.yaml", &binding)]));
    }
    for direction in Direction::MOUNTED {
        let configuration = Configuration::new(&base, direction)?;
        let plan = Plan { direction, configuration: &configuration, ..plan };
        let component = component::component(&plan, &filter, &mesh.patch(&plan, None));
        let files = vec![(kustomization::FILE, yaml::document(&component, Some(&comment(&configuration))))];
        directories.push(Directory::new(root.join("components").join(direction.word()), files));
    }
    directories.iter().try_for_each(Directory::check)?;
    Ok(directories.iter().try_for_each(Directory::write)?)
}

/// These objects, and a kustomization of them.
fn directory(
    root: &Path,
    path: &str,
    configuration: Option<&Configuration>,
    objects: &[(&'static str, &serde_json::Value)],
) -> Directory {
    let comment = configuration.map(comment);
    let names: Vec<&str> = objects.iter().map(|(name, _)| *name).collect();
    let mut files: Vec<_> = objects.iter().map(|(name, object)| (*name, yaml::document(object, None))).collect();
    files.push((kustomization::FILE, yaml::document(&kustomization::kustomization(&names), comment.as_deref())));
    Directory::new(root.join(path), files)
}

/// Where records go, and how a kustomization that takes this in sends them elsewhere.
fn comment(configuration: &Configuration) -> String {
    let address =
        "/spec/configPatches/0/patch/value/load_assignment/endpoints/0/lb_endpoints/0/endpoint/address/socket_address";
    format!(
        "Records go to {}.\nTo send them elsewhere, add this to your kustomization:\n  patches:\n    - target: {{kind: EnvoyFilter, \
         labelSelector: {}}}\n      patch: |\n        - {{op: replace, path: {address}, value: {{address: HOST, port_value: PORT}}}}",
        configuration.destination,
        selector()
    )
}

fn options(root: &Path, wasm: &Path) -> Result<Options, String> {
    let collector: Address = COLLECTOR.parse()?;
    Ok(Options {
        sampling: None,
        sampling_given: false,
        collector: Some(collector),
        to_collector: Vec::new(),
        sampling_enabled: false,
        config: None,
        directions: vec![Direction::Outbound],
        delivery: Delivery::Configmap,
        image: None,
        image_pull_secret: None,
        mesh: ControlPlane::Istio,
        target: Target::default(),
        istio_cluster: false,
        transport: Transport::default(),
        cluster_exists: false,
        mesh_wide: false,
        out: root.join("overlays"),
        wasm: Some(wasm.to_owned()),
        unrestricted: false,
        config_map_name: "http-trace-filter".to_owned(),
    })
}
