//! One of our patches as it is in a cluster, of whichever mesh.

use crate::{
    mesh::{ControlPlane, wasm_plugin},
    overlay::{Delivery, REVISION},
};
use serde_json::Value;

/// An EnvoyFilter, a WasmPlugin, a MeshProxyPatch or an EnvoyPatchPolicy with the filter in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Patch {
    pub(crate) mesh: ControlPlane,
    pub(crate) namespace: String,
    pub(crate) name: String,
    /// What Envoy may call the extension.
    pub(crate) called: Vec<String>,
    /// Only the proxies of this Gateway: the label of their pods, and its value.
    pub(crate) gateway: Option<(&'static str, String)>,
    /// What a WasmPlugin has proxies fetch.
    pub(crate) image: Option<String>,
    /// Which pods it is for; `None`: all.
    pub(crate) selects: Option<String>,
    /// That of its wasm.
    pub(crate) revision: String,
    pub(crate) direction: String,
    pub(crate) delivery: Delivery,
    /// Where its records go.
    pub(crate) cluster: String,
    /// `HOST:PORT` of the collector, where the overlay knew it.
    pub(crate) authority: Option<String>,
}

impl Patch {
    /// Nothing, where somebody made of it what this command never writes.
    pub(crate) fn read(which: ControlPlane, object: &Value) -> Option<Self> {
        let (mesh, metadata) = (which.mesh(), &object["metadata"]);
        let filter = mesh.filter_of(object)?;
        let config = &filter["typed_config"]["config"];
        let configuration: Value = serde_json::from_str(config["configuration"]["value"].as_str()?).ok()?;
        let name = text(&filter["name"])?;
        let is_inline = config["vm_config"]["code"]["local"]["inline_bytes"].is_string();
        Some(Self {
            mesh: which,
            namespace: text(&metadata["namespace"])?,
            called: vec![name.clone()],
            direction: direction(&name)?,
            name,
            gateway: None,
            image: None,
            selects: mesh.revision_of(object).map(str::to_owned),
            revision: text(&metadata["labels"][REVISION])?,
            delivery: if is_inline { Delivery::Inline } else { Delivery::Configmap },
            cluster: text(&configuration["collector"]["cluster"])?,
            authority: text(&configuration["collector"]["authority"]),
        })
    }

    /// Of a WasmPlugin, with the EnvoyFilter that stands beside it.
    pub(crate) fn plugin(object: &Value, beside: Option<&Value>) -> Option<Self> {
        let (metadata, spec) = (&object["metadata"], &object["spec"]);
        let (name, namespace) = (text(&metadata["name"])?, text(&metadata["namespace"])?);
        let collector = &spec["pluginConfig"]["collector"];
        // One for a Service does not say whose proxies have it.
        let target = [&spec["targetRefs"][0], &beside.unwrap_or(&Value::Null)["spec"]["targetRefs"][0]];
        let label = |target: &&Value| match target["kind"].as_str()? {
            "Gateway" => Some(("gateway.networking.k8s.io/gateway-name", text(&target["name"])?)),
            "GatewayClass" => Some(("gateway.networking.k8s.io/gateway-class-name", text(&target["name"])?)),
            _ => None,
        };
        Some(Self {
            mesh: ControlPlane::Istio,
            called: wasm_plugin::resources(&namespace, &name).to_vec(),
            namespace,
            direction: direction(&name)?,
            name,
            gateway: target.iter().find_map(label),
            image: Some(text(&spec["url"])?),
            selects: None,
            revision: text(&metadata["labels"][REVISION])?,
            delivery: Delivery::Image,
            cluster: text(&collector["cluster"])?,
            authority: text(&collector["authority"]),
        })
    }

    /// Whether a pod of this revision is given it.
    pub(crate) fn is_for(&self, revision: Option<&str>) -> bool {
        self.selects.is_none() || self.selects.as_deref() == revision
    }

    /// Whether this pod is given it.
    pub(crate) fn is_for_pod(&self, pod: &Value) -> bool {
        let labels = &pod["metadata"]["labels"];
        let of_gateway = self.gateway.as_ref().is_none_or(|(label, name)| labels[*label] == name[..]);
        of_gateway && self.is_for(labels[REVISION].as_str())
    }

    /// Whether every pod is to have it.
    pub(crate) fn is_for_all(&self) -> bool {
        self.selects.is_none() && self.gateway.is_none()
    }
}

/// What an overlay has of one mesh: patches, and plugins each with the patch of its name beside it.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) patches: Vec<Patch>,
    /// The patches as they are, also those beside plugins.
    pub(crate) objects: Vec<Value>,
    /// Names of what this command never writes so.
    pub(crate) strange: Vec<String>,
}

impl Found {
    pub(crate) fn new(which: ControlPlane, objects: Vec<Value>, plugins: &[Value]) -> Self {
        let name = |object: &Value| text(&object["metadata"]["name"]).unwrap_or_default();
        let key = |object: &Value| (text(&object["metadata"]["namespace"]), name(object));
        let is_beside = |object: &&Value| plugins.iter().any(|plugin| key(plugin) == key(object));
        let (mut patches, mut strange) = (Vec::new(), Vec::new());
        let mut add = |patch: Option<Patch>, object: &Value| match patch {
            Some(patch) => patches.push(patch),
            None => strange.push(name(object)),
        };
        for object in objects.iter().filter(|object| !is_beside(object)) {
            add(Patch::read(which, object), object);
        }
        for plugin in plugins {
            add(Patch::plugin(plugin, objects.iter().find(|object| key(object) == key(plugin))), plugin);
        }
        Self { patches, objects, strange }
    }

    /// Whether there is nothing.
    pub(crate) fn is_empty(&self) -> bool {
        self.patches.is_empty() && self.strange.is_empty()
    }
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

/// The direction in an object's name.
fn direction(name: &str) -> Option<String> {
    Some(name.strip_prefix("http-trace-filter-")?.split('-').next()?.to_owned())
}
