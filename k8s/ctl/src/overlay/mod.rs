//! `overlay`: a directory for `kubectl apply -k` for each namespace.

mod address;
mod bootstrap;
mod component;
pub(crate) mod config_map;
mod configuration;
mod destination;
mod directory;
pub(crate) mod envoy_cluster;
mod image;
mod kustomization;
pub(crate) mod manifests;
pub(crate) mod mounting;
mod namespace;
mod options;
mod policy;
mod size;
mod wasm;
pub(crate) mod wasm_filter;
mod written;
pub(crate) mod yaml;

use crate::failure::Failure;
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

/// An overlay of a namespace, as it will stand on the disk.
pub(crate) struct Overlay {
    namespace: Namespace,
    directory: Directory,
    /// Where its records go, in words.
    destination: String,
}

impl Overlay {
    fn new(options: &Options, wasm: &Wasm, namespace: &Namespace) -> Result<Self, Failure> {
        let mesh = options.mesh.mesh();
        let (mut patches, mut plugins, mut others) = (Vec::new(), Vec::new(), Vec::new());
        let (mut destination, mut configured) = (String::new(), 0);
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
            configured = configured.max(configuration.json.len());
            // The same for each direction, but for the cluster's name.
            destination = configuration.destination;
        }
        size::check(&patches, configured)?;
        size::check(&plugins, configured)?;
        let comment = format!("Records go to {destination}.");
        let mut files = vec![(mesh.patches().file, yaml::documents(&patches, Some(&comment)))];
        if let Some(kind) = mesh.plugins().filter(|_| !plugins.is_empty()) {
            files.push((kind.file, yaml::documents(&plugins, Some(&comment))));
        }
        files.extend(others.iter().map(|(name, object)| (*name, yaml::document(object, None))));
        let resources: Vec<&str> = files.iter().map(|(name, _)| *name).collect();
        files.push((kustomization::FILE, yaml::document(&kustomization::kustomization(&resources), None)));
        let directory = Directory::new(options.out.join(namespace.as_str()), files);
        Ok(Self { namespace: namespace.clone(), directory, destination })
    }

    pub(crate) fn namespace(&self) -> &Namespace {
        &self.namespace
    }

    /// What is to be in the cluster.
    ///
    /// # Errors
    /// As [`Written::read`].
    pub(crate) fn written(&self) -> Result<Written, String> {
        Written::of(&self.namespace, self.directory.path(), |name| {
            self.directory.file(name).ok_or_else(|| format!("{name}: no such file"))
        })
    }

    /// All its objects, as YAML.
    pub(crate) fn objects(&self) -> String {
        let files = self.directory.names().filter(|name| *name != kustomization::FILE);
        files.filter_map(|name| self.directory.file(name)).collect::<Vec<_>>().join("---\n")
    }

    /// Where it is written, and where its records go.
    pub(crate) fn tell(&self, about: &str) {
        let path = self.directory.path().display();
        println!("{path}: {about}");
        println!("{path}: records go to {}", self.destination);
    }
}

/// All overlays, each made and none written.
pub(crate) struct Overlays {
    pub(crate) all: Vec<Overlay>,
    wasm: Wasm,
}

impl Overlays {
    /// Those of these namespaces.
    ///
    /// # Errors
    /// What of the options, the environment, the configuration or the file system is wrong; or that a file is in the way.
    pub(crate) fn new(namespaces: &[Namespace], options: &Options) -> Result<Self, Failure> {
        mesh_wide(namespaces, options).map_err(Failure::Usage)?;
        let wasm = Wasm::read(options)?;
        let all = namespaces.iter().map(|namespace| Overlay::new(options, &wasm, namespace));
        let all = all.collect::<Result<Vec<_>, _>>()?;
        all.iter().try_for_each(|overlay| overlay.directory.check())?;
        Ok(Self { all, wasm })
    }

    /// Writes them all.
    ///
    /// # Errors
    /// Names what cannot be written.
    pub(crate) fn write(&self) -> Result<(), String> {
        self.all.iter().try_for_each(|overlay| overlay.directory.write())
    }

    pub(crate) fn revision(&self) -> &str {
        self.wasm.revision()
    }
}

/// Whether all these namespaces are meant: objects in a mesh's root namespace are for all others too.
fn mesh_wide(namespaces: &[Namespace], options: &Options) -> Result<(), String> {
    let root = options.mesh.mesh().root_namespace();
    let has_root = namespaces.iter().any(|namespace| Some(namespace.as_str()) == root);
    match (has_root, options.mesh_wide, root) {
        (true, false, Some(root)) => Err(format!(
            "{root}: got the root namespace of --mesh {}, whose objects are for the proxies of every namespace: takes --mesh-wide \
             where that is meant",
            options.mesh
        )),
        (false, true, _) => Err(format!(
            "--mesh-wide: given without the root namespace of --mesh {}: takes {}",
            options.mesh,
            root.map_or_else(|| "another mesh, this has none".to_owned(), |root| format!("the namespace {root}"))
        )),
        _ => Ok(()),
    }
}

/// Writes the overlay of each namespace, and tells what to do with it.
///
/// # Errors
/// As [`Overlays::new`]. Nothing is written unless all overlays may be.
pub(crate) fn run(namespaces: &[Namespace], options: &Options) -> Result<(), Failure> {
    let overlays = Overlays::new(namespaces, options)?;
    overlays.write()?;
    for overlay in &overlays.all {
        let path = overlay.directory.path().display();
        overlay.tell(&format!("revision {}; apply it: kubectl apply -k {path}", overlays.revision()));
    }
    if options.delivery == Delivery::Image {
        println!("a WasmPlugin has no list of capabilities: the module may call all of Envoy's host functions");
    }
    Ok(())
}
