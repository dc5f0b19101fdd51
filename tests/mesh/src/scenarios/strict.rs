//! A collector in the mesh that takes nothing but mutual TLS.

use std::io;

use serde_json::{Value, json};

use super::outbound::there_and_back;
use crate::mesh::Mesh;

const LABEL: &str = "istio-injection";
const NAMESPACE: &str = "observability";

/// A cluster of plain TCP is refused by it; Istio's own reaches it.
pub(super) fn strict(mesh: &Mesh) -> io::Result<()> {
    mesh.kubectl.run(["label", "namespace", NAMESPACE, &format!("{LABEL}=enabled")])?;
    mesh.apply(&[peer_authentication()])?;
    mesh.replace(NAMESPACE, "collector")?;
    mesh.readme.with(".#deploy", "shop", "")?;
    mesh.no_records(&mesh.route()?)?;
    there_and_back(mesh, "shop", "--istio-cluster", || mesh.route())?;
    mesh.kubectl.run(["delete", "peerauthentication", "strict", "--namespace", NAMESPACE])?;
    mesh.kubectl.run(["label", "namespace", NAMESPACE, &format!("{LABEL}-")])?;
    mesh.replace(NAMESPACE, "collector")
}

fn peer_authentication() -> Value {
    json!({
        "apiVersion": "security.istio.io/v1", "kind": "PeerAuthentication",
        "metadata": { "name": "strict", "namespace": NAMESPACE }, "spec": { "mtls": { "mode": "STRICT" } },
    })
}
