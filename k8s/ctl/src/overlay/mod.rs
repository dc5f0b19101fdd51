//! `overlay`: a directory for `kubectl apply -k` for each namespace.

mod address;
mod cluster;
mod component;
mod configuration;
mod directory;
mod gateway;
mod istio;
pub(crate) mod kuma;
mod kustomization;
pub(crate) mod manifests;
pub(crate) mod mounting;
mod namespace;
mod options;
mod policy;
mod wasm;
mod wasm_filter;
mod yaml;

use address::Address;
use configuration::Configuration;
use directory::Directory;
pub(crate) use namespace::Namespace;
pub(crate) use options::{Context, ControlPlane, Delivery, Flags, Options};
use serde_json::{Value, json};
use wasm::Wasm;

/// The label that ties pods to the wasm they mount.
pub(crate) const REVISION: &str = "http-trace-filter/revision";
/// The label of everything made here.
pub(crate) const NAME_LABEL: (&str, &str) = ("app.kubernetes.io/name", "http-trace-filter");
/// Where a sidecar finds the wasm.
pub(crate) const MOUNT: &str = "/var/local/lib/wasm-filters";
/// The wasm's file name.
pub(crate) const FILE: &str = "http-trace-filter.wasm";

/// The selector of everything made here, as kubectl takes it.
pub(crate) fn selector() -> String {
    format!("{}={}", NAME_LABEL.0, NAME_LABEL.1)
}

/// What the objects of one overlay are made of.
pub(crate) struct Plan<'a> {
    options: &'a Options,
    configuration: &'a Configuration,
    wasm: &'a Wasm,
}

impl Plan<'_> {
    /// The ConfigMap with the wasm. Its name has the wasm's hash: kustomize's own suffix is not rewritten inside annotations.
    fn config_map(&self) -> String {
        format!("{}-{}", self.options.config_map_name, self.wasm.revision())
    }

    /// The object that puts the filter into proxies, and the extension in it. One for each revision, so that during a
    /// roll-out old and new pods each keep theirs; inline nothing is mounted, and two side by side would record twice.
    fn name(&self) -> String {
        let name = format!("http-trace-filter-{}", self.options.context.word());
        match self.options.delivery {
            Delivery::Configmap => format!("{name}-{}", self.wasm.revision()),
            Delivery::Inline => name,
        }
    }

    fn labels(&self) -> Value {
        json!({ NAME_LABEL.0: NAME_LABEL.1, REVISION: self.wasm.revision() })
    }

    /// The `metadata` of an object. The namespace stands in each one: no flag of kubectl's can put it elsewhere.
    fn metadata(&self, name: &str, namespace: Option<&Namespace>) -> Value {
        let mut metadata = json!({ "name": name });
        if let Some(namespace) = namespace {
            metadata["namespace"] = json!(namespace.as_str());
        }
        metadata["labels"] = self.labels();
        metadata
    }

    /// The overlay's files: name and content.
    fn files(&self, namespace: &Namespace) -> Vec<(&'static str, Vec<u8>)> {
        let mounted = self.options.delivery == Delivery::Configmap;
        let gateway = self.options.gateway.as_deref().unwrap_or_default();
        let (name, object) = match self.options.mesh {
            ControlPlane::Istio => ("envoyfilter.yaml", istio::envoy_filter(self, Some(namespace))),
            ControlPlane::Kuma => ("meshproxypatch.yaml", kuma::mesh_proxy_patch(self, namespace)),
            ControlPlane::EnvoyGateway => ("envoypatchpolicy.yaml", gateway::patch_policy(self, namespace, gateway)),
        };
        let mut files = vec![(name, yaml::document(&object))];
        if self.options.mesh == ControlPlane::Kuma && mounted {
            files.push(("containerpatch.yaml", yaml::document(&kuma::container_patch(self, namespace))));
        }
        let resources: Vec<&str> = files.iter().map(|(name, _)| *name).collect();
        let kustomization = kustomization::kustomization(self, Some(namespace), &resources);
        files.push(("kustomization.yaml", yaml::document(&kustomization)));
        if mounted {
            files.push((FILE, self.wasm.bytes().to_vec()));
        }
        files
    }
}

/// Writes the overlay of each namespace, and tells what to do with it.
///
/// # Errors
/// What of the options, the environment, the configuration or the file system is wrong. Nothing is written unless all
/// overlays may be.
pub(crate) fn run(namespaces: &[Namespace], options: &Options) -> Result<(), String> {
    let wasm = Wasm::read(options)?;
    let configuration = Configuration::new(options)?;
    let plan = Plan { options, configuration: &configuration, wasm: &wasm };
    let overlay = |namespace: &Namespace| Directory::new(options.out.join(namespace.as_str()), plan.files(namespace));
    let directories: Vec<Directory> = namespaces.iter().map(overlay).collect();
    directories.iter().try_for_each(Directory::check)?;
    directories.iter().try_for_each(Directory::write)?;
    for directory in directories {
        println!("{0}: revision {1}; apply it: kubectl apply -k {0}", directory.path().display(), wasm.revision());
    }
    Ok(())
}

/// The revision of a module.
///
/// # Errors
/// When it cannot be read.
pub(crate) fn revision_of(wasm: &std::path::Path) -> Result<String, String> {
    Wasm::open(wasm).map(|wasm| wasm.revision().to_owned())
}
