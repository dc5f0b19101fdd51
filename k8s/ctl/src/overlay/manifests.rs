//! `manifests`: what stands in the repository under `k8s/`, generated so that it cannot drift from the wasm or from this code.

use super::{
    Address, Configuration, Delivery, Direction, Directory, Namespace, Options, Plan, Wasm, bootstrap, component,
    config_map, files, kustomization, options::Transport, policy, yaml,
};
use crate::mesh::{ControlPlane, target::Target};
use std::path::Path;

/// The collector that the examples name.
const COLLECTOR: &str = "collector.observability.svc.cluster.local:9000";

/// Writes them below a directory.
///
/// # Errors
/// As [`super::run`].
pub(crate) fn run(root: &Path, wasm: &Path) -> Result<(), String> {
    let base = options(wasm)?;
    let wasm = Wasm::read(&base)?;
    let namespace: Namespace = "example".parse()?;
    let kuma = Options { mesh: ControlPlane::Kuma, ..base.clone() };
    let mut directories = vec![
        Directory::new(root.join("overlays/example"), files(&base, &wasm, &namespace)?),
        Directory::new(root.join("kuma/example"), files(&kuma, &wasm, &namespace)?),
    ];
    let mesh = base.mesh.mesh();
    let configuration = Configuration::new(&base, Direction::Outbound)?;
    let plan = Plan { options: &base, direction: Direction::Outbound, configuration: &configuration, wasm: &wasm };
    let filter = mesh.patch(&plan, None);
    let objects = [(mesh.patches().file, &filter), (config_map::FILE, &config_map::config_map(&plan, None))];
    directories.push(directory(root, "base", &objects));
    directories.push(Directory::new(root.join("envoy"), vec![(bootstrap::FILE, bootstrap::bootstrap(&wasm))]));
    for (version, path) in policy::VERSIONS {
        let [policy, binding] = policy::objects(&plan, version);
        directories.push(directory(root, path, &[("policy.yaml", &policy), ("binding.yaml", &binding)]));
    }
    for direction in Direction::MOUNTED {
        let configuration = Configuration::new(&base, direction)?;
        let plan = Plan { direction, configuration: &configuration, ..plan };
        let component = component::component(&plan, &filter, &mesh.patch(&plan, None));
        let files = vec![(kustomization::FILE, yaml::document(&component))];
        directories.push(Directory::new(root.join("components").join(direction.word()), files));
    }
    directories.iter().try_for_each(Directory::check)?;
    directories.iter().try_for_each(Directory::write)
}

/// These objects, and a kustomization of them.
fn directory(root: &Path, path: &str, objects: &[(&'static str, &serde_json::Value)]) -> Directory {
    let names: Vec<&str> = objects.iter().map(|(name, _)| *name).collect();
    let mut files: Vec<_> = objects.iter().map(|(name, object)| (*name, yaml::document(object))).collect();
    files.push((kustomization::FILE, yaml::document(&kustomization::kustomization(&names))));
    Directory::new(root.join(path), files)
}

fn options(wasm: &Path) -> Result<Options, String> {
    let collector: Address = COLLECTOR.parse()?;
    Ok(Options {
        sampling: collector.clone(),
        collector,
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
        out: "k8s/overlays".into(),
        wasm: Some(wasm.to_owned()),
        unrestricted: false,
        config_map_name: "http-trace-filter".to_owned(),
    })
}
