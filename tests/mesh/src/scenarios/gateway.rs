//! Gateways: one whose Deployment is the user's, and one that istiod makes of a Gateway of the Gateway API.

use std::io;

use serde_json::{Value, json};

use super::outbound::there_and_back;
use crate::fixtures;
use crate::mesh::{Mesh, Route, until};

/// The host that they forward.
const HOST: &str = "api.example";
const API: &str = "api.pay.svc.cluster.local";

/// Istio's own Gateway and VirtualService.
pub(super) fn gateway(mesh: &Mesh) -> io::Result<()> {
    mesh.apply(&of_istio())?;
    mesh.remember("edge")?;
    there_and_back(mesh, "edge", "--traffic gateway", || to(mesh, "edge", "gateway", 8080))?;
    mesh.kubectl.run(["delete", "namespace", "edge"]).map(drop)
}

/// The Gateway API: the Deployment is istiod's.
pub(super) fn gateway_api(mesh: &Mesh) -> io::Result<()> {
    front(mesh, "pay", |route| there_and_back(mesh, "front", "--traffic gateway", route))
}

/// Does something with a Gateway of the Gateway API, `front`, and a route through it to the service `api` of a namespace.
pub(super) fn front(
    mesh: &Mesh,
    backend: &str,
    scenario: impl Fn(&dyn Fn() -> io::Result<Route>) -> io::Result<()>,
) -> io::Result<()> {
    mesh.apply(&of_kubernetes(backend))?;
    until("istiod's Deployment of the Gateway", || {
        let found = mesh.cluster.get("/apis/apps/v1/namespaces/front/deployments/front-istio")?;
        Ok(found.map(drop))
    })?;
    mesh.rolled_out("front", "front-istio")?;
    mesh.remember("front")?;
    scenario(&|| to(mesh, "front", "front-istio", 80))?;
    // It would stay for the next Gateway of this name, and be the older one of two for the same host.
    mesh.kubectl.run(["--namespace", backend, "delete", "httproute", "front"])?;
    mesh.kubectl.run(["delete", "namespace", "front"]).map(drop)
}

fn to(mesh: &Mesh, namespace: &str, app: &str, port: u16) -> io::Result<Route> {
    let gateway = mesh.pod(namespace, app)?;
    Ok(Route { from: None, to: (gateway.address, port).into(), host: HOST.to_owned() })
}

fn of_istio() -> Vec<Value> {
    let mut workload = fixtures::workload("edge", "gateway");
    let template = &mut workload["spec"]["template"];
    template["metadata"]["labels"]["sidecar.istio.io/inject"] = json!("true");
    template["metadata"]["annotations"] = json!({ "inject.istio.io/templates": "gateway" });
    template["spec"]["containers"] = json!([{ "name": "istio-proxy", "image": "auto" }]);
    let servers = json!([{ "port": { "number": 8080, "name": "http", "protocol": "HTTP" }, "hosts": [HOST] }]);
    let to = json!([{ "route": [{ "destination": { "host": API, "port": { "number": 80 } } }] }]);
    let object = |kind: &str, spec: Value| {
        json!({
            "apiVersion": "networking.istio.io/v1", "kind": kind,
            "metadata": { "name": "gateway", "namespace": "edge" }, "spec": spec,
        })
    };
    vec![
        fixtures::namespace("edge", true),
        fixtures::service("edge", "gateway", 8080, 8080),
        object("Gateway", json!({ "selector": { "app": "gateway" }, "servers": servers })),
        object("VirtualService", json!({ "hosts": [HOST], "gateways": ["gateway"], "http": to })),
        workload,
    ]
}

fn of_kubernetes(backend: &str) -> Vec<Value> {
    let object = |kind: &str, namespace: &str, spec: Value| {
        json!({
            "apiVersion": "gateway.networking.k8s.io/v1", "kind": kind,
            "metadata": { "name": "front", "namespace": namespace }, "spec": spec,
        })
    };
    let listener =
        json!({ "name": "http", "port": 80, "protocol": "HTTP", "allowedRoutes": { "namespaces": { "from": "All" } } });
    let parents = json!([{ "name": "front", "namespace": "front" }]);
    let rules = json!([{ "backendRefs": [{ "name": "api", "port": 80 }] }]);
    vec![
        fixtures::namespace("front", false),
        object("Gateway", "front", json!({ "gatewayClassName": "istio", "listeners": [listener] })),
        object("HTTPRoute", backend, json!({ "parentRefs": parents, "hostnames": [HOST], "rules": rules })),
    ]
}
