//! An overlay as it stands on the disk: what is to be in the cluster.

use super::{Namespace, REVISION, config_map, kustomization};
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
        let path = directory.join(kustomization::FILE);
        let takes = format!("takes the overlay that `overlay {namespace}` writes");
        let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}; {takes}", path.display()))?;
        let kustomization = documents(&path, &text)?;
        let resources = kustomization.first().and_then(|document| document["resources"].as_array());
        let mut objects = Vec::new();
        for name in resources.into_iter().flatten().filter_map(Value::as_str) {
            let path = directory.join(name);
            let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
            objects.extend(documents(&path, &text)?);
        }
        let of = |kind: &str| objects.iter().find(|object| object["kind"] == kind);
        let mesh = ControlPlane::ALL.into_iter().find(|mesh| of(mesh.mesh().patches().kind).is_some());
        // Versions before this one let kustomize make the ConfigMap.
        let Some(mesh) = mesh.filter(|_| kustomization[0]["configMapGenerator"].is_null()) else {
            return Err(format!("{}: got another kustomization; {takes}", path.display()));
        };
        let mount = of(config_map::KIND).map(|map| {
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let metadata = &map["metadata"];
            let (revision, config_map) = (text(&metadata["labels"][REVISION]), text(&metadata["name"]));
            Mount { mesh, namespace: namespace.to_string(), revision, config_map }
        });
        Ok(Self { mount, mesh, objects, directory })
    }

    /// Whether there are objects of this kind.
    pub(crate) fn has(&self, kind: Kind) -> bool {
        self.objects.iter().any(|object| object["kind"] == kind.kind)
    }
}

fn documents(path: &Path, text: &str) -> Result<Vec<Value>, String> {
    let documents = serde_yaml_ng::Deserializer::from_str(text).map(Value::deserialize);
    documents.collect::<Result<_, _>>().map_err(|error| format!("{}: {error}", path.display()))
}
