//! What was made here and is in the cluster: EnvoyFilters, WasmPlugins, ConfigMaps, and what the mesh asks of connections.

use crate::{
    cluster::kubectl::Kubectl,
    mesh::{ControlPlane, wasm_plugin},
    overlay::{REVISION, WASM},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// One of our EnvoyFilters with the filter in it, or of our WasmPlugins.
pub(super) struct Filter {
    pub(super) name: String,
    /// What Envoy may call the extension.
    pub(super) called: Vec<String>,
    /// Which pods it is for; `None`: all.
    pub(super) revision: Option<String>,
    /// Only the proxies of this Gateway: the label of their pods, and its value.
    pub(super) gateway: Option<(&'static str, String)>,
    /// What a WasmPlugin has proxies fetch.
    pub(super) image: Option<String>,
    /// Where its records go.
    pub(super) cluster: String,
    /// `HOST:PORT` of the collector, where the overlay knew it.
    authority: Option<String>,
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

impl Filter {
    /// Of an EnvoyFilter.
    pub(super) fn read(object: &Value) -> Option<Self> {
        let patches = object["spec"]["configPatches"].as_array()?;
        let extension = patches.iter().find(|patch| patch["applyTo"] == "EXTENSION_CONFIG")?;
        let value = &extension["patch"]["value"];
        let configuration = value["typed_config"]["config"]["configuration"]["value"].as_str()?;
        let configuration: Value = serde_json::from_str(configuration).ok()?;
        Some(Self {
            name: text(&value["name"])?,
            called: vec![text(&value["name"])?],
            revision: ControlPlane::Istio.mesh().revision_of(object).map(str::to_owned),
            gateway: None,
            image: None,
            cluster: text(&configuration["collector"]["cluster"])?,
            authority: text(&configuration["collector"]["authority"]),
        })
    }

    /// Of a WasmPlugin, with what stands beside it.
    pub(super) fn plugin(object: &Value, beside: Option<&Value>) -> Option<Self> {
        let (metadata, spec) = (&object["metadata"], &object["spec"]);
        let name = text(&metadata["name"])?;
        let collector = &spec["pluginConfig"]["collector"];
        // One for a Service does not say whose proxies have it.
        let target = [&spec["targetRefs"][0], &beside.unwrap_or(&Value::Null)["spec"]["targetRefs"][0]];
        let label = |target: &&Value| match target["kind"].as_str()? {
            "Gateway" => Some(("gateway.networking.k8s.io/gateway-name", text(&target["name"])?)),
            "GatewayClass" => Some(("gateway.networking.k8s.io/gateway-class-name", text(&target["name"])?)),
            _ => None,
        };
        Some(Self {
            called: wasm_plugin::resources(metadata["namespace"].as_str()?, &name).to_vec(),
            name,
            revision: None,
            gateway: target.iter().find_map(label),
            image: Some(text(&spec["url"])?),
            cluster: text(&collector["cluster"])?,
            authority: text(&collector["authority"]),
        })
    }

    /// Whether pods of this revision are given it.
    pub(super) fn is_for(&self, revision: Option<&str>) -> bool {
        self.revision.is_none() || self.revision.as_deref() == revision
    }

    /// Whether this pod is given it.
    pub(super) fn is_for_pod(&self, pod: &Value) -> bool {
        let of_gateway =
            self.gateway.as_ref().is_none_or(|(label, name)| pod["metadata"]["labels"][*label] == name[..]);
        of_gateway && self.is_for(super::labelled(pod))
    }

    /// Whether every pod is to have it.
    pub(super) fn is_for_all(&self) -> bool {
        self.revision.is_none() && self.gateway.is_none()
    }

    /// What may be wrong with a connection that comes about and then carries no request: nothing, where the cluster is Istio's own.
    pub(super) fn mutual_tls(&self, kubectl: &Kubectl) -> Option<String> {
        if self.cluster.starts_with("outbound|") {
            return None;
        }
        // NAME.NAMESPACE.svc…
        let namespace = self.authority.as_deref().and_then(|authority| authority.split(['.', ':']).nth(1));
        let strict = [namespace, Some("istio-system")]
            .into_iter()
            .flatten()
            .find_map(|namespace| strict(&kubectl.elsewhere(namespace), namespace));
        Some(match strict {
            Some(name) => format!(
                "PeerAuthentication {name} asks for mutual TLS (STRICT), and this cluster speaks without: deploy with --istio-cluster"
            ),
            None => "if mutual TLS is asked for there (a PeerAuthentication, STRICT), deploy with --istio-cluster"
                .to_owned(),
        })
    }
}

/// The first PeerAuthentication of a namespace that is STRICT, as far as it may be seen.
fn strict(kubectl: &Kubectl, namespace: &str) -> Option<String> {
    let all = kubectl.list(&["peerauthentications.security.istio.io"]).unwrap_or_default();
    let strict = all.iter().find(|one| one["spec"]["mtls"]["mode"] == "STRICT")?;
    Some(format!("{namespace}/{}", strict["metadata"]["name"].as_str()?))
}

/// One of our ConfigMaps.
pub(super) struct Map {
    pub(super) revision: String,
    /// Whether the wasm in it is that of its revision.
    pub(super) sound: bool,
    /// When it was made, as RFC 3339 writes it: such texts compare as the moments do.
    pub(super) made: String,
}

impl Map {
    pub(super) fn read(object: &Value) -> Option<Self> {
        let metadata = &object["metadata"];
        let revision = metadata["labels"][REVISION].as_str()?.to_owned();
        let wasm = object["binaryData"][WASM].as_str().and_then(|text| STANDARD.decode(text.replace('\n', "")).ok());
        let sound = wasm.is_some_and(|wasm| format!("{:x}", Sha256::digest(wasm)).starts_with(&revision));
        Some(Self { revision, sound, made: metadata["creationTimestamp"].as_str().unwrap_or_default().to_owned() })
    }
}
