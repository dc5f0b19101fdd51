//! A waypoint of ambient mode, made by istiod. What comes to it is a Gateway's: it forwards through the waypoint (HBONE), as the
//! service asks of it.

use std::io;

use serde_json::{Value, json};

use super::gateway;
use crate::fixtures;
use crate::mesh::{Mesh, Route, each, expect, until};
use crate::registry::Registry;

const NAMESPACE: &str = "ambient";
const WAYPOINT: &str = "waypoint";

/// The image for the waypoint alone.
pub(super) fn waypoint(mesh: &Mesh) -> io::Result<()> {
    mesh.apply(&objects())?;
    let deployment = format!("/apis/apps/v1/namespaces/{NAMESPACE}/deployments/{WAYPOINT}");
    until("istiod's Deployment of the waypoint", || Ok(mesh.cluster.get(&deployment)?.map(drop)))?;
    mesh.rolled_out(NAMESPACE, WAYPOINT)?;
    mesh.remember(NAMESPACE)?;
    gateway::front(mesh, NAMESPACE, |route| there_and_back(mesh, route))?;
    mesh.kubectl.run(["delete", "namespace", NAMESPACE]).map(drop)
}

fn there_and_back(mesh: &Mesh, route: &dyn Fn() -> io::Result<Route>) -> io::Result<()> {
    mesh.no_records(&route()?)?;
    let registry = Registry::start()?;
    let image = registry.push(&mesh.readme, None)?;
    let options = format!("--image {image} --traffic waypoint --gateway {WAYPOINT}");
    mesh.readme.with(".#deploy", NAMESPACE, &options)?;
    for record in mesh.records(&route()?)? {
        expect("destination_namespace", &record["destination_namespace"], &NAMESPACE.into())?;
        expect("status_code", &record["scnt_response"]["status_code"], &"200".into())?;
    }
    in_place(&mesh.pods.ask(NAMESPACE, WAYPOINT, "config_dump?resource=dynamic_listeners")?)?;
    mesh.readme.with(".#doctor", NAMESPACE, "")?;
    mesh.readme.with(".#undeploy", NAMESPACE, "")?;
    mesh.is_as_before(NAMESPACE)?;
    mesh.no_records(&route()?)
}

/// Checks that the filter stands just before the router where the waypoint takes requests apart, and not around the tunnel.
fn in_place(dump: &Value) -> io::Result<()> {
    let api = format!("inbound-vip|80|http|api.{NAMESPACE}.svc.cluster.local");
    let of_api = filters(dump, "main_internal", &api);
    let is_ours = |name: &String| name.contains("http-trace-filter-waypoint");
    let ours = of_api.iter().filter(|name| is_ours(name)).count();
    let last: Vec<&String> = of_api.iter().rev().take(2).collect();
    match last[..] {
        [router, before] if router == "envoy.filters.http.router" && is_ours(before) && ours == 1 => {}
        _ => {
            let what =
                format!("the waypoint's filters of {api}: got {of_api:?}, expected ours once, just before the router");
            return Err(io::Error::other(what));
        }
    }
    let tunnel = filters(dump, "connect_terminate", "default");
    expect("the tunnel's router", &tunnel.last().map(String::as_str), &Some("envoy.filters.http.router"))?;
    expect("the filter around the tunnel", &tunnel.iter().any(is_ours), &false)
}

/// The names of the HTTP filters in a chain of a listener.
fn filters(dump: &Value, listener: &str, chain: &str) -> Vec<String> {
    let listeners = each(&dump["configs"]).into_iter().filter(|config| config["name"] == listener);
    let chains = listeners.flat_map(|config| each(&config["active_state"]["listener"]["filter_chains"]));
    let filters = chains.filter(|one| one["name"] == chain).flat_map(|one| each(&one["filters"]));
    let filters = filters.flat_map(|filter| each(&filter["typed_config"]["http_filters"]));
    filters.map(|filter| filter["name"].as_str().unwrap_or_default().to_owned()).collect()
}

/// A namespace without sidecars, whose service asks for the waypoint, also of gateways.
fn objects() -> Vec<Value> {
    let mut service = fixtures::service(NAMESPACE, "api", 80, crate::app::PORT);
    service["metadata"]["labels"] =
        json!({ "istio.io/use-waypoint": WAYPOINT, "istio.io/ingress-use-waypoint": "true" });
    let mut namespace = fixtures::namespace(NAMESPACE, false);
    namespace["metadata"]["labels"] = json!({ "istio.io/dataplane-mode": "ambient" });
    let gateway = json!({
        "apiVersion": "gateway.networking.k8s.io/v1", "kind": "Gateway",
        "metadata": { "name": WAYPOINT, "namespace": NAMESPACE, "labels": { "istio.io/waypoint-for": "service" } },
        "spec": {
            "gatewayClassName": "istio-waypoint",
            "listeners": [{ "name": "mesh", "port": 15008, "protocol": "HBONE" }],
        },
    });
    vec![namespace, stock(), fixtures::workload(NAMESPACE, "api"), service, gateway]
}

/// A stock Envoy lacks Istio's own filters, which istiod gives each waypoint: they tell telemetry of peers.
fn stock() -> Value {
    let remove = |name: &str| {
        let manager = json!({ "name": "envoy.filters.network.http_connection_manager", "subFilter": { "name": name } });
        json!({
            "applyTo": "HTTP_FILTER", "match": { "listener": { "filterChain": { "filter": manager } } },
            "patch": { "operation": "REMOVE" },
        })
    };
    let patches = ["waypoint_downstream_peer_metadata", "waypoint_upstream_peer_metadata"].map(remove);
    let reference = json!({ "group": "gateway.networking.k8s.io", "kind": "Gateway", "name": WAYPOINT });
    json!({
        "apiVersion": "networking.istio.io/v1alpha3", "kind": "EnvoyFilter",
        "metadata": { "name": "stock", "namespace": NAMESPACE },
        "spec": { "targetRefs": [reference], "configPatches": patches },
    })
}
