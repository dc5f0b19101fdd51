//! Envoy Gateway: its EnvoyPatchPolicy, <https://gateway.envoyproxy.io/docs/tasks/extensibility/envoy-patch-policy/>.

use super::{Admin, Kind, Mesh, Mount, Proxy};
use crate::overlay::{Delivery, Direction, Namespace, Options, Plan, envoy_cluster, wasm_filter};
use serde_json::{Map, Value, json};

pub(crate) struct EnvoyGateway;

impl Mesh for EnvoyGateway {
    fn directions(&self) -> &'static [Direction] {
        &[Direction::Gateway]
    }

    /// There is no extension discovery here, so the wasm always comes inline: it cannot be missing.
    fn deliveries(&self) -> &'static [Delivery] {
        &[Delivery::Inline]
    }

    /// Its proxies are its own: what a mesh has in the namespace is none of its business, and the other way round.
    fn is_of_pods(&self) -> bool {
        false
    }

    fn options(&self) -> &'static [&'static str] {
        &["--gateway", "--gateway-class", "--listener", "--xds-listener"]
    }

    fn check(&self, options: &Options) -> Result<(), String> {
        let target = &options.target;
        if target.gateway_class.is_some() && target.xds_listener.is_none() {
            return Err("--xds-listener: not given, --mesh envoy-gateway takes it with --gateway-class".to_owned());
        }
        if target.gateway.is_some() || target.gateway_class.is_some() {
            return Ok(());
        }
        Err("--gateway: --mesh envoy-gateway takes the name of the Gateway, or --gateway-class".to_owned())
    }

    /// `httproute/NAMESPACE/NAME/rule/NUMBER`, and those of the other kinds of routes.
    fn has_cluster(&self, name: &str) -> bool {
        let parts: Vec<&str> = name.split('/').collect();
        matches!(parts[..], [kind, _, _, "rule", _, ..] if kind.ends_with("route"))
    }

    fn cluster_names(&self) -> &'static str {
        "httproute/NAMESPACE/NAME/rule/NUMBER, of a route"
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
        let (kind, target_name) = match &target.gateway_class {
            Some(class) => ("GatewayClass", &class[..]),
            None => ("Gateway", gateway),
        };
        let listener = target.xds_listener.clone().unwrap_or_else(|| {
            let namespace = namespace.map_or("default", Namespace::as_str);
            format!("{namespace}/{gateway}/{}", target.listener.as_deref().unwrap_or("http"))
        });
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
            "name": listener,
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
                "targetRef": { "group": "gateway.networking.k8s.io", "kind": kind, "name": target_name },
                "jsonPatches": clusters.chain([filter]).collect::<Vec<_>>(),
            },
        })
    }

    fn revision_of<'a>(&self, _patch: &'a Value) -> Option<&'a str> {
        None
    }

    fn filter_of(&self, patch: &Value) -> Option<Value> {
        let patches = patch["spec"]["jsonPatches"].as_array()?;
        let filter = patches.iter().find(|patch| patch["operation"]["path"] == "http_filters/0")?;
        Some(filter["operation"]["value"].clone())
    }

    fn proxy(&self) -> Proxy {
        Proxy { container: "envoy", admin: Admin::Port(19000) }
    }

    /// It is Envoy Gateway itself that makes such pods.
    fn injection(&self) -> &'static str {
        "of Envoy Gateway's own"
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
