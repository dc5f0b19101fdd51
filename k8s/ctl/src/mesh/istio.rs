//! Istio: its EnvoyFilter (<https://istio.io/latest/docs/reference/config/networking/envoy-filter/>), and the annotations of
//! its injection.

use super::{
    Admin, Kind, Mesh, Mount, Proxy,
    edit::{has_volume, is_our_volume, put, set, take},
    entries, wasm_plugin,
};
use crate::overlay::{
    Delivery, Direction, MOUNT, Namespace, Options, Plan, REVISION, envoy_cluster,
    mounting::{self, USER_VOLUME, USER_VOLUME_MOUNT, VOLUME},
    wasm_filter,
};
use serde_json::{Map, Value, json};

const RBAC: &str = "type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC";
/// The network filter that holds HTTP filters.
pub(super) const MANAGER: &str = "envoy.filters.network.http_connection_manager";

/// The container of the proxy.
const PROXY: &str = "istio-proxy";
const INJECT: &str = "sidecar.istio.io/inject";

pub(crate) struct Istio;

impl Mesh for Istio {
    fn directions(&self) -> &'static [Direction] {
        &[Direction::Outbound, Direction::Inbound, Direction::Gateway, Direction::Waypoint]
    }

    fn deliveries(&self) -> &'static [Delivery] {
        &[Delivery::Configmap, Delivery::Inline, Delivery::Image]
    }

    fn options(&self) -> &'static [&'static str] {
        &["--istio-cluster", "--gateway", "--gateway-class", "--service"]
    }

    fn check(&self, options: &Options) -> Result<(), String> {
        wasm_plugin::check(options)
    }

    fn root_namespace(&self) -> Option<&'static str> {
        Some("istio-system")
    }

    /// `DIRECTION|PORT|SUBSET|HOST`.
    fn has_cluster(&self, name: &str) -> bool {
        let parts: Vec<&str> = name.split('|').collect();
        matches!(parts[..], ["outbound", port, _, host] if port.parse::<u16>().is_ok_and(|port| port > 0) && !host.is_empty())
    }

    fn cluster_names(&self) -> &'static str {
        "outbound|PORT||HOST, of a service by its full name"
    }

    fn patches(&self) -> Kind {
        Kind { kind: "EnvoyFilter", resource: "envoyfilters.networking.istio.io", file: "envoyfilter.yaml" }
    }

    /// Puts the filter before the router, and adds the clusters it needs. The filter comes by extension discovery with a
    /// default that does nothing (an RBAC filter without rules), so a wasm that is missing or broken leaves traffic alone.
    fn patch(&self, plan: &Plan<'_>, namespace: Option<&Namespace>) -> Value {
        if let (Delivery::Image, Some(namespace)) = (plan.options.delivery, namespace) {
            return wasm_plugin::beside(plan, namespace);
        }
        let name = plan.name();
        let context = match plan.direction {
            Direction::Outbound => "SIDECAR_OUTBOUND",
            Direction::Inbound | Direction::Waypoint => "SIDECAR_INBOUND",
            Direction::Gateway => "GATEWAY",
        };
        let mut patches = clusters(envoy_cluster::all(plan), context);
        let manager = json!({ "name": MANAGER, "subFilter": { "name": "envoy.filters.http.router" } });
        patches.push(json!({
            "applyTo": "EXTENSION_CONFIG",
            "match": { "context": context },
            "patch": { "operation": "ADD", "value": { "name": name, "typed_config": wasm_filter::typed_config(plan) } },
        }));
        patches.push(json!({
            "applyTo": "HTTP_FILTER",
            "match": { "context": context, "listener": { "filterChain": { "filter": manager } } },
            "patch": { "operation": "INSERT_BEFORE", "value": discovered(&name) },
        }));
        let mut spec = json!({});
        if plan.options.delivery == Delivery::Configmap {
            // Only proxies that mount this revision are given it.
            spec["workloadSelector"] = json!({ "labels": { REVISION: plan.wasm.revision() } });
        }
        spec["configPatches"] = Value::Array(patches);
        envoy_filter(plan.metadata(&name, namespace), spec)
    }

    fn plugins(&self) -> Option<Kind> {
        Some(wasm_plugin::KIND)
    }

    fn plugin(&self, plan: &Plan<'_>, namespace: &Namespace) -> Option<Value> {
        (plan.options.delivery == Delivery::Image).then(|| wasm_plugin::plugin(plan, namespace))
    }

    fn revision_of<'a>(&self, patch: &'a Value) -> Option<&'a str> {
        patch["spec"]["workloadSelector"]["labels"][REVISION].as_str()
    }

    fn filter_of(&self, patch: &Value) -> Option<Value> {
        let patches = patch["spec"]["configPatches"].as_array()?;
        let extension = patches.iter().find(|patch| patch["applyTo"] == "EXTENSION_CONFIG")?;
        Some(extension["patch"]["value"].clone())
    }

    fn proxy(&self) -> Proxy {
        Proxy { container: PROXY, admin: Admin::Agent }
    }

    fn injection(&self) -> &'static str {
        "istio-injection=enabled (or istio.io/rev)"
    }

    fn without_proxy(&self, template: &Value) -> Option<String> {
        // istiod's own Deployment of a Gateway has the proxy in it, and asks for no second one.
        let containers = template["spec"]["containers"].as_array();
        if containers.into_iter().flatten().any(|container| container["name"] == PROXY) {
            return None;
        }
        if template["spec"]["hostNetwork"] == true {
            return Some("its pods get no proxy (hostNetwork)".to_owned());
        }
        // The label counts more.
        let metadata = &template["metadata"];
        let place = ["labels", "annotations"].into_iter().find(|place| metadata[place][INJECT].is_string())?;
        (metadata[place][INJECT] == "false").then(|| format!("its pods get no proxy ({place}: {INJECT})"))
    }

    /// The proxy's container stands in the template of a gateway (<https://istio.io/latest/docs/setup/additional-setup/gateway/>),
    /// whose injection reads no annotations for volumes. Everywhere else they say what the proxy mounts.
    fn mount(&self, template: &mut Value, mount: &Mount) -> Result<(), String> {
        // A ConfigMap that is missing leaves the pod without the filter; Envoy then passes traffic on, by the EnvoyFilter's default.
        let volume = mounting::optional_volume(&mount.config_map);
        let has_proxy = proxies(template).next().is_some();
        if has_proxy || has_volume(template) {
            put(&mut template["spec"]["volumes"], mounting::named(&volume), is_our_volume)
                .map_err(|error| format!("volumes: {error}"))?;
        } else {
            let annotation = &mut template["metadata"]["annotations"][USER_VOLUME];
            let volumes = entries::with(annotation.as_str(), VOLUME, &volume, is_our_volume)
                .map_err(|error| format!("{USER_VOLUME}: {error}"))?;
            *annotation = json!(volumes);
        }
        if has_proxy {
            for container in proxies(template) {
                put(&mut container["volumeMounts"], mounting::named(&mounting::mount()), |_| false)
                    .map_err(|error| format!("{PROXY}: volumeMounts: {error}"))?;
            }
            return Ok(());
        }
        let annotation = &mut template["metadata"]["annotations"][USER_VOLUME_MOUNT];
        let there = |entry: &Value| entry["mountPath"].as_str().is_some_and(|path| path.trim_end_matches('/') == MOUNT);
        if let Some(other) = entries::named(annotation.as_str(), there).into_iter().find(|name| name != VOLUME) {
            return Err(format!(
                "{USER_VOLUME_MOUNT}: got {other:?} at {MOUNT}, where this command mounts: move yours"
            ));
        }
        let mounts = entries::with(annotation.as_str(), VOLUME, &mounting::mount(), |_| false)
            .map_err(|error| format!("{USER_VOLUME_MOUNT}: {error}"))?;
        *annotation = json!(mounts);
        Ok(())
    }

    fn annotations(&self) -> &'static [&'static str] {
        &[USER_VOLUME, USER_VOLUME_MOUNT]
    }

    fn unmount(&self, template: &mut Value, _namespace: &str, before: &Map<String, Value>) {
        for (key, ours) in [(USER_VOLUME, is_our_volume as fn(&Value) -> bool), (USER_VOLUME_MOUNT, is_our_mount)] {
            let annotation = template["metadata"]["annotations"][key].as_str();
            let noted = before.get(key).and_then(Value::as_str);
            let value = entries::without(annotation, VOLUME, ours, noted);
            set(&mut template["metadata"], "annotations", key, value);
        }
        for container in proxies(template) {
            take(container, "volumeMounts", is_our_mount);
        }
    }
}

/// Patches that add clusters.
pub(super) fn clusters(clusters: Vec<Value>, context: &str) -> Vec<Value> {
    let patch = |cluster| {
        json!({
            "applyTo": "CLUSTER",
            "match": { "context": context },
            "patch": { "operation": "ADD", "value": cluster },
        })
    };
    clusters.into_iter().map(patch).collect()
}

/// A filter that comes by discovery, with a default that does nothing.
pub(super) fn discovered(name: &str) -> Value {
    json!({
        "name": name,
        "config_discovery": {
            "config_source": { "ads": {}, "initial_fetch_timeout": "0s", "resource_api_version": "V3" },
            "default_config": { "@type": RBAC },
            "apply_default_config_without_warming": true,
            "type_urls": [wasm_filter::TYPE, RBAC],
        },
    })
}

/// The object.
pub(super) fn envoy_filter(metadata: Value, spec: Value) -> Value {
    json!({
        "apiVersion": "networking.istio.io/v1alpha3",
        "kind": Istio.patches().kind,
        "metadata": metadata,
        "spec": spec,
    })
}

/// The containers of the proxy that stand in a template.
fn proxies(template: &mut Value) -> impl Iterator<Item = &mut Value> {
    let containers = template["spec"]["containers"].as_array_mut().into_iter().flatten();
    containers.filter(|container| container["name"] == PROXY)
}

fn is_our_mount(mount: &Value) -> bool {
    mount["mountPath"] == MOUNT
}
