//! `overlay`: a directory for `kubectl apply -k` for each namespace.

mod address;
mod bootstrap;
mod component;
pub(crate) mod config_map;
mod configuration;
mod directory;
pub(crate) mod envoy_cluster;
mod image;
mod kustomization;
pub(crate) mod manifests;
pub(crate) mod mounting;
mod namespace;
mod options;
mod policy;
mod wasm;
pub(crate) mod wasm_filter;
mod written;
pub(crate) mod yaml;

use address::Address;
use configuration::Configuration;
use directory::Directory;
use image::Image;
pub(crate) use namespace::{Namespace, prefix};
pub(crate) use options::{Delivery, Direction, Flags, Options};
use serde_json::{Value, json};
use wasm::Wasm;
pub(crate) use written::Written;

/// The label that ties pods to the wasm they mount.
pub(crate) const REVISION: &str = "http-trace-filter/revision";
/// The label of everything made here.
pub(crate) const NAME_LABEL: (&str, &str) = ("app.kubernetes.io/name", "http-trace-filter");
/// Where a sidecar finds the wasm.
pub(crate) const MOUNT: &str = "/var/local/lib/wasm-filters";
/// The wasm's file name, where a sidecar finds it.
pub(crate) const WASM: &str = "http-trace-filter.wasm";

/// The selector of everything made here, as kubectl takes it.
pub(crate) fn selector() -> String {
    format!("{}={}", NAME_LABEL.0, NAME_LABEL.1)
}

/// What the objects of one overlay and direction are made of.
pub(crate) struct Plan<'a> {
    pub(crate) options: &'a Options,
    pub(crate) direction: Direction,
    pub(crate) configuration: &'a Configuration,
    pub(crate) wasm: &'a Wasm,
}

impl Plan<'_> {
    /// The name of the ConfigMap with the wasm.
    pub(crate) fn config_map(&self) -> String {
        format!("{}-{}", self.options.config_map_name, self.wasm.revision())
    }

    /// The object that puts the filter into proxies, and the extension in it. One for each revision, so that during a
    /// roll-out old and new pods each keep theirs; otherwise nothing is mounted, and two side by side would record twice.
    pub(crate) fn name(&self) -> String {
        let name = format!("http-trace-filter-{}", self.direction.word());
        match self.options.delivery {
            Delivery::Configmap => format!("{name}-{}", self.wasm.revision()),
            Delivery::Inline | Delivery::Image => name,
        }
    }

    pub(crate) fn labels(&self) -> Value {
        json!({ NAME_LABEL.0: NAME_LABEL.1, REVISION: self.wasm.revision() })
    }

    /// The `metadata` of an object. The namespace stands in each one: no flag of kubectl's can put it elsewhere.
    pub(crate) fn metadata(&self, name: &str, namespace: Option<&Namespace>) -> Value {
        let mut metadata = json!({ "name": name });
        if let Some(namespace) = namespace {
            metadata["namespace"] = json!(namespace.as_str());
        }
        metadata["labels"] = self.labels();
        metadata
    }
}

/// The overlay's files: name and content.
fn files(options: &Options, wasm: &Wasm, namespace: &Namespace) -> Result<Vec<(&'static str, Vec<u8>)>, String> {
    let mesh = options.mesh.mesh();
    let (mut patches, mut plugins, mut others) = (Vec::new(), Vec::new(), Vec::new());
    for direction in &options.directions {
        let configuration = Configuration::new(options, *direction)?;
        let plan = Plan { options, direction: *direction, configuration: &configuration, wasm };
        patches.push(mesh.patch(&plan, Some(namespace)));
        plugins.extend(mesh.plugin(&plan, namespace));
        if others.is_empty() && options.delivery == Delivery::Configmap {
            others.push((config_map::FILE, config_map::config_map(&plan, Some(namespace))));
            let beside = mesh.beside().zip(mesh.beside_object(&plan, namespace));
            others.extend(beside.map(|((kind, _), object)| (kind.file, object)));
        }
    }
    let mut files = vec![(mesh.patches().file, yaml::documents(&patches))];
    if let Some(kind) = mesh.plugins().filter(|_| !plugins.is_empty()) {
        files.push((kind.file, yaml::documents(&plugins)));
    }
    files.extend(others.iter().map(|(name, object)| (*name, yaml::document(object))));
    let resources: Vec<&str> = files.iter().map(|(name, _)| *name).collect();
    files.push((kustomization::FILE, yaml::document(&kustomization::kustomization(&resources))));
    Ok(files)
}

/// Writes the overlay of each namespace, and tells what to do with it.
///
/// # Errors
/// What of the options, the environment, the configuration or the file system is wrong. Nothing is written unless all
/// overlays may be.
pub(crate) fn run(namespaces: &[Namespace], options: &Options) -> Result<(), String> {
    let wasm = Wasm::read(options)?;
    let overlay = |namespace: &Namespace| {
        Ok(Directory::new(options.out.join(namespace.as_str()), files(options, &wasm, namespace)?))
    };
    let directories = namespaces.iter().map(overlay).collect::<Result<Vec<_>, String>>()?;
    directories.iter().try_for_each(Directory::check)?;
    directories.iter().try_for_each(Directory::write)?;
    for directory in directories {
        println!("{0}: revision {1}; apply it: kubectl apply -k {0}", directory.path().display(), wasm.revision());
    }
    if options.delivery == Delivery::Image {
        println!("a WasmPlugin has no list of capabilities: the module may call all of Envoy's host functions");
    }
    Ok(())
}
