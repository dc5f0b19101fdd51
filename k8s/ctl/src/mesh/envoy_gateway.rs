//! Envoy Gateway: its EnvoyPatchPolicy, <https://gateway.envoyproxy.io/docs/tasks/extensibility/envoy-patch-policy/>.

use super::{Kind, Mesh, Mount};
use crate::overlay::{Context, Delivery, Namespace, Options, Plan, envoy_cluster, prefix, wasm_filter};
use clap::Args;
use serde_json::{Map, Value, json};

/// What is patched.
#[derive(Args, Clone, Debug, Default)]
#[group(id = "envoy-gateway")]
pub(crate) struct Target {
    /// With --mesh envoy-gateway: the Gateway, which is in the overlay's namespace.
    #[arg(long, value_name = "NAME", value_parser = prefix)]
    gateway: Option<String>,
    /// With --mesh envoy-gateway: the Gateway's listener [default: http].
    #[arg(long, value_name = "NAME", value_parser = prefix)]
    listener: Option<String>,
}

impl Target {
    /// The options that were given.
    pub(crate) fn given(&self) -> impl Iterator<Item = &'static str> {
        [("--gateway", self.gateway.is_some()), ("--listener", self.listener.is_some())]
            .into_iter()
            .filter_map(|(name, given)| given.then_some(name))
    }
}

pub(crate) struct EnvoyGateway;

impl Mesh for EnvoyGateway {
    fn contexts(&self) -> &'static [Context] {
        &[Context::Gateway]
    }

    /// There is no extension discovery here, so the wasm always comes inline: it cannot be missing.
    fn deliveries(&self) -> &'static [Delivery] {
        &[Delivery::Inline]
    }

    fn options(&self) -> &'static [&'static str] {
        &["--gateway", "--listener"]
    }

    fn check(&self, options: &Options) -> Result<(), String> {
        match options.target.gateway {
            Some(_) => Ok(()),
            None => Err("--gateway: --mesh envoy-gateway takes the name of the Gateway".to_owned()),
        }
    }

    fn patches(&self) -> Kind {
        Kind {
            kind: "EnvoyPatchPolicy",
            resource: "envoypatchpolicies.gateway.envoyproxy.io",
            file: "envoypatchpolicy.yaml",
        }
    }

    /// Puts the filter first in the gateway's listener, and adds the clusters it needs.
    fn patch(&self, plan: &Plan<'_>, namespace: Option<&Namespace>) -> Value {
        let (name, target) = (plan.name(), &plan.options.target);
        let gateway = target.gateway.as_deref().unwrap_or_default();
        let listener = target.listener.as_deref().unwrap_or("http");
        let clusters = envoy_cluster::all(plan);
        let clusters = clusters.iter().map(|cluster| {
            json!({
                "type": "type.googleapis.com/envoy.config.cluster.v3.Cluster",
                "name": cluster["name"],
                "operation": { "op": "add", "path": "", "value": cluster },
            })
        });
        let filter = json!({
            "type": "type.googleapis.com/envoy.config.listener.v3.Listener",
            "name": format!("{}/{gateway}/{listener}", namespace.map_or("default", Namespace::as_str)),
            "operation": {
                "op": "add",
                // In whichever filter chain: that of a listener with TLS is another.
                "jsonPath": "..filters[?match(@.name, 'envoy.filters.network.http_connection_manager')].typed_config",
                "path": "http_filters/0",
                "value": { "name": name, "typed_config": wasm_filter::typed_config(plan) },
            },
        });
        json!({
            "apiVersion": "gateway.envoyproxy.io/v1alpha1",
            "kind": self.patches().kind,
            "metadata": plan.metadata(&name, namespace),
            "spec": {
                "type": "JSONPatch",
                "targetRef": { "group": "gateway.networking.k8s.io", "kind": "Gateway", "name": gateway },
                "jsonPatches": clusters.chain([filter]).collect::<Vec<_>>(),
            },
        })
    }

    fn revision_of<'a>(&self, _patch: &'a Value) -> Option<&'a str> {
        None
    }

    /// Nothing is mounted, whoever has a proxy.
    fn without_proxy(&self, _template: &Value) -> Option<String> {
        None
    }

    fn mount(&self, _template: &mut Value, _mount: &Mount) -> Result<(), String> {
        Ok(())
    }

    fn annotations(&self) -> &'static [&'static str] {
        &[]
    }

    fn unmount(&self, _template: &mut Value, _namespace: &str, _before: &Map<String, Value>) {}
}
