//! Istio's WasmPlugin (<https://istio.io/latest/docs/reference/config/proxy_extensions/wasm-plugin/>), whose image the proxy's agent
//! fetches, and the EnvoyFilter beside it.

use super::{Kind, istio, target::Target};
use crate::overlay::{Delivery, Direction, Namespace, Options, Plan, envoy_cluster};
use serde_json::{Value, json};

/// The plugin's kind.
pub(super) const KIND: Kind =
    Kind { kind: "WasmPlugin", resource: "wasmplugins.extensions.istio.io", file: "wasmplugin.yaml" };
/// For Gateways and waypoints, Istio leaves out services that nothing refers to.
const REFERENCED: &str = "envoyfilter.istio.io/referenced-services";
const GATEWAYS: &str = "gateway.networking.k8s.io";

/// What is wrong with the options of an overlay for Istio.
///
/// # Errors
/// Names the option, and what it takes.
pub(super) fn check(options: &Options) -> Result<(), String> {
    let (target, has) = (&options.target, |direction| options.directions.contains(&direction));
    if options.delivery != Delivery::Image {
        if let Some(option) = target.given().next() {
            return Err(format!("{option}: takes --delivery image or --mesh envoy-gateway"));
        }
        if has(Direction::Waypoint) {
            return Err(
                "--traffic: got waypoint, takes it with --delivery image: nothing can be mounted in a waypoint"
                    .to_owned(),
            );
        }
        return Ok(());
    }
    if options.image.is_none() {
        return Err("--image: not given, --delivery image takes oci://REGISTRY/REPOSITORY@sha256:DIGEST".to_owned());
    }
    if has(Direction::Gateway) && options.directions.len() > 1 {
        return Err("--traffic: got gateway and more, --delivery image takes it alone: a WasmPlugin for what is outbound is for \
                    the gateways of the namespace, too"
            .to_owned());
    }
    match (has(Direction::Gateway), has(Direction::Waypoint)) {
        (true, _) if target.gateway.is_none() => Err(
            "--gateway: not given, --traffic gateway takes the name of a Gateway of the Gateway API; for Istio's own \
                 Gateways give another --delivery"
                .to_owned(),
        ),
        (_, true) if target.gateway.is_none() && target.gateway_class.is_none() => {
            Err("--gateway: not given, --traffic waypoint takes the name of the waypoint, or --gateway-class"
                .to_owned())
        }
        (_, false) if target.gateway_class.is_some() || target.service.is_some() => {
            Err("--gateway-class, --service: take --traffic waypoint".to_owned())
        }
        (false, false) if target.gateway.is_some() => Err("--gateway: takes --traffic gateway or waypoint".to_owned()),
        _ => Ok(()),
    }
}

/// The plugin.
pub(super) fn plugin(plan: &Plan<'_>, namespace: &Namespace) -> Value {
    let options = plan.options;
    let mut spec = json!({});
    if let Some(refs) = attached(plan) {
        spec["targetRefs"] = match &options.target.service {
            Some(service) => json!([{ "group": "", "kind": "Service", "name": service }]),
            None => refs,
        };
    }
    spec["url"] = json!(options.image.as_ref().map(ToString::to_string));
    spec["imagePullPolicy"] = json!("IfNotPresent");
    if let Some(secret) = &options.image_pull_secret {
        spec["imagePullSecret"] = json!(secret);
    }
    spec["pluginName"] = json!("http_trace_filter");
    spec["pluginConfig"] = configuration(plan);
    spec["failStrategy"] = json!("FAIL_OPEN");
    match plan.direction {
        Direction::Outbound => spec["match"] = json!([{ "mode": "CLIENT" }]),
        Direction::Inbound => spec["match"] = json!([{ "mode": "SERVER" }]),
        // What they serve is neither to them.
        Direction::Gateway | Direction::Waypoint => {}
    }
    json!({
        "apiVersion": "extensions.istio.io/v1alpha1",
        "kind": KIND.kind,
        "metadata": plan.metadata(&plan.name(), Some(namespace)),
        "spec": spec,
    })
}

/// The EnvoyFilter beside it: the clusters, and a default for the time in which proxies have no module. Istio gives them none, and
/// Envoy answers 500 for a filter that it has refused: a module that is broken, whatever its `failStrategy`.
pub(super) fn beside(plan: &Plan<'_>, namespace: &Namespace) -> Value {
    let context = match plan.direction {
        // A plugin for clients is for gateways, too; ANY adds a cluster to each proxy once.
        Direction::Outbound => "ANY",
        // Such are a waypoint's listeners.
        Direction::Inbound | Direction::Waypoint => "SIDECAR_INBOUND",
        Direction::Gateway => "GATEWAY",
    };
    let mut patches = istio::clusters(envoy_cluster::all(plan), context);
    for name in resources(namespace.as_str(), &plan.name()) {
        let manager = json!({ "name": istio::MANAGER, "subFilter": { "name": name } });
        patches.push(json!({
            "applyTo": "HTTP_FILTER",
            "match": { "context": "ANY", "listener": { "filterChain": { "filter": manager } } },
            "patch": { "operation": "REPLACE", "value": istio::discovered(&name) },
        }));
    }
    let mut metadata = plan.metadata(&plan.name(), Some(namespace));
    let mut spec = json!({});
    if let Some(refs) = attached(plan) {
        spec["targetRefs"] = refs;
        let configuration = configuration(plan);
        let hosts = hosts(&configuration);
        if !hosts.is_empty() {
            metadata["annotations"] = json!({ REFERENCED: hosts.join(",") });
        }
    }
    spec["configPatches"] = Value::Array(patches);
    istio::envoy_filter(metadata, spec)
}

/// What Envoy calls the filter of a plugin. Istio of 2026 makes a TrafficExtension of it, and of earlier ones it is its own.
pub(crate) fn resources(namespace: &str, name: &str) -> [String; 2] {
    [
        format!("extensions.istio.io/wasmplugin/{namespace}.{name}"),
        format!("extensions.istio.io/trafficextension/{namespace}.{name}~istio-translated-wasmplugin"),
    ]
}

/// The proxies of a Gateway, a waypoint or all waypoints; nothing for all proxies of the namespace.
fn attached(plan: &Plan<'_>) -> Option<Value> {
    let Target { gateway, gateway_class, .. } = &plan.options.target;
    if !matches!(plan.direction, Direction::Gateway | Direction::Waypoint) {
        return None;
    }
    let (kind, name) = match gateway {
        Some(name) => ("Gateway", Some(name)),
        None => ("GatewayClass", gateway_class.as_ref()),
    };
    name.map(|name| json!([{ "group": GATEWAYS, "kind": kind, "name": name }]))
}

/// The filter's configuration as an object, of which Istio makes text again.
fn configuration(plan: &Plan<'_>) -> Value {
    serde_json::from_str(&plan.configuration.json).unwrap_or_default()
}

/// The services whose clusters, Istio's own, the configuration names.
fn hosts(configuration: &Value) -> Vec<&str> {
    let named = [&configuration["collector"]["cluster"], &configuration["sampling"]["hosts"]["cluster"]];
    let of = |cluster: &&Value| cluster.as_str().filter(|name| name.starts_with("outbound|")).is_some();
    let hosts = named.into_iter().filter(of).filter_map(|cluster| cluster.as_str()?.rsplit('|').next());
    let mut hosts: Vec<&str> = hosts.collect();
    hosts.sort_unstable();
    hosts.dedup();
    hosts
}
