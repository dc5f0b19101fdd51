//! The wasm from a registry: a WasmPlugin, whose image each proxy's agent fetches. No pod is replaced.

use std::io;

use super::gateway;
use super::outbound::to_pay;
use crate::mesh::{Mesh, Route, expect};
use crate::registry::Registry;

/// What the shop sends.
pub(super) fn outbound(mesh: &Mesh) -> io::Result<()> {
    there_and_back(mesh, "shop", "--traffic outbound", || mesh.route())
}

/// What `pay` receives.
pub(super) fn inbound(mesh: &Mesh) -> io::Result<()> {
    there_and_back(mesh, "pay", "--traffic inbound", || mesh.route())
}

/// What a Gateway of the Gateway API forwards.
pub(super) fn gateway(mesh: &Mesh) -> io::Result<()> {
    gateway::front(mesh, "pay", |route| there_and_back(mesh, "front", "--traffic gateway --gateway front", route))
}

/// Deploys the image, looks at the records, asks the doctor, and takes it away again.
fn there_and_back(
    mesh: &Mesh,
    namespace: &str,
    options: &str,
    route: impl Fn() -> io::Result<Route>,
) -> io::Result<()> {
    let registry = Registry::start()?;
    let image = registry.push(&mesh.readme, None)?;
    let pods = mesh.pods.addresses(namespace);
    mesh.readme.with(".#deploy", namespace, &format!("--image {image} {options}"))?;
    mesh.records(&route()?)?.iter().try_for_each(to_pay)?;
    mesh.readme.with(".#doctor", namespace, "")?;
    expect("the pods", &mesh.pods.addresses(namespace), &pods)?;
    mesh.readme.with(".#undeploy", namespace, "")?;
    mesh.is_as_before(namespace)?;
    mesh.no_records(&route()?)
}
