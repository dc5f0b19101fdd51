//! An overlay as it stands on the disk: what is to be in the cluster.

use super::{NAME_LABEL, Namespace, REVISION, config_map, directory, kustomization, selector};
use crate::mesh::{ControlPlane, Kind, Mount};
use serde::Deserialize;
use serde_json::Value;
use std::{
    fs,
    path::{Path, PathBuf},
};

/// All objects of an overlay.
pub(crate) struct Written {
    pub(crate) objects: Vec<Value>,
    pub(crate) mesh: ControlPlane,
    /// What is to be mounted; `None`: the wasm comes with the configuration.
    pub(crate) mount: Option<Mount>,
    pub(crate) directory: PathBuf,
}

impl Written {
    /// Reads the overlay of a namespace.
    ///
    /// # Errors
    /// When there is none, or not one as this command writes it.
    pub(crate) fn read(namespace: &Namespace, overlays: &Path) -> Result<Self, String> {
        let directory = overlays.join(namespace.as_str());
        let list = directory.join(directory::LIST);
        let takes = takes(namespace);
        if directory.is_dir() && !list.exists() {
            let got = "got a directory that this command did not write (it has no such file)";
            return Err(format!("{}: {got}, {takes}", list.display()));
        }
        Self::of(namespace, &directory, |name| {
            let path = directory.join(name);
            fs::read_to_string(&path).map_err(|error| format!("{}: {error}; {takes}", path.display()))
        })
    }

    /// The overlay of a namespace whose files `read` gives.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub(crate) fn of(
        namespace: &Namespace,
        directory: &Path,
        read: impl Fn(&str) -> Result<String, String>,
    ) -> Result<Self, String> {
        let (path, takes) = (directory.join(kustomization::FILE), takes(namespace));
        let kustomization = documents(&path, &read(kustomization::FILE)?)?;
        let resources = kustomization.first().and_then(|document| document["resources"].as_array());
        let mut objects = Vec::new();
        for name in resources.into_iter().flatten().filter_map(Value::as_str) {
            objects.extend(documents(&directory.join(name), &read(name)?)?);
        }
        let of = |kind: &str| objects.iter().find(|object| object["kind"] == kind);
        let mesh = ControlPlane::ALL.into_iter().find(|mesh| of(mesh.mesh().patches().kind).is_some());
        // Versions before this one let kustomize make the ConfigMap.
        let Some(mesh) = mesh.filter(|_| kustomization[0]["configMapGenerator"].is_null()) else {
            return Err(format!("{}: got another kustomization; {takes}", path.display()));
        };
        for object in &objects {
            let metadata = &object["metadata"];
            let what = format!("{}: {} {}", path.display(), text(&object["kind"]), text(&metadata["name"]));
            if metadata["labels"][NAME_LABEL.0] != NAME_LABEL.1 {
                return Err(format!("{what}: got an object without our label {}; {takes}", selector()));
            }
            // What a mount needs beside the ConfigMap is where the mesh looks for it.
            let beside = mesh.mesh().beside().map(|(_, place)| place);
            if metadata["namespace"] != namespace.as_str() && metadata["namespace"].as_str() != beside {
                return Err(format!("{what}: got the namespace {}; {takes}", metadata["namespace"]));
            }
        }
        let mount = of(config_map::KIND).map(|map| {
            let metadata = &map["metadata"];
            let (revision, config_map) = (text(&metadata["labels"][REVISION]), text(&metadata["name"]));
            Mount { mesh, namespace: namespace.to_string(), revision, config_map }
        });
        Ok(Self { mount, mesh, objects, directory: directory.to_owned() })
    }

    /// Whether there are objects of this kind.
    pub(crate) fn has(&self, kind: Kind) -> bool {
        self.objects.iter().any(|object| object["kind"] == kind.kind)
    }
}

fn takes(namespace: &Namespace) -> String {
    format!("takes the overlay that `overlay {namespace}` writes")
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn documents(path: &Path, text: &str) -> Result<Vec<Value>, String> {
    let documents = serde_yaml_ng::Deserializer::from_str(text).map(Value::deserialize);
    documents.collect::<Result<_, _>>().map_err(|error| format!("{}: {error}", path.display()))
}
