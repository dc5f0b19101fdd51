//! Images that proxies cannot have, or cannot run: traffic passes, and the doctor names the cause.

use std::io;

use crate::environment;
use crate::mesh::{Mesh, until};
use crate::registry::Registry;

/// The registry is away when the filter is deployed. When it is there again, a new pod has the filter.
pub(super) fn registry_away(mesh: &Mesh) -> io::Result<()> {
    let image = Registry::start()?.push(&mesh.readme, None)?;
    // An agent keeps what it has fetched once.
    mesh.replace("shop", "web")?;
    harmless(mesh, &image, &["could not fetch", "connection refused", "the proxy does not reach the registry"])?;
    let _registry = Registry::start()?;
    mesh.replace("shop", "web")?;
    mesh.records(&mesh.route()?)?;
    undeploy(mesh)
}

/// The registry has no image of this digest.
pub(super) fn wrong_digest(mesh: &Mesh) -> io::Result<()> {
    let registry = Registry::start()?;
    let image = registry.push(&mesh.readme, None)?;
    let name = image.split('@').next().unwrap_or_default();
    let other = format!("{name}@sha256:{}", "0".repeat(64));
    harmless(mesh, &other, &["could not fetch", "MANIFEST_UNKNOWN", "the registry has no such image"])?;
    undeploy(mesh)
}

/// The image holds a module that Envoy refuses.
pub(super) fn broken_module(mesh: &Mesh) -> io::Result<()> {
    let broken = environment::path("BROKEN_IMAGE", "an OCI layout with a module that no proxy can run")?;
    let registry = Registry::start()?;
    let image = registry.push(&mesh.readme, Some(&broken))?;
    harmless(mesh, &image, &["has arrived, and does not run", "its log says \"", "Wasm"])?;
    undeploy(mesh)
}

/// Deploys an image that does not run. Neither running proxies nor new ones mind.
fn harmless(mesh: &Mesh, image: &str, findings: &[&str]) -> io::Result<()> {
    mesh.readme.with(".#deploy", "shop", &format!("--image {image}"))?;
    diagnosed(mesh, findings)?;
    mesh.no_records(&mesh.route()?)?;
    mesh.replace("shop", "web")?;
    diagnosed(mesh, findings)?;
    mesh.no_records(&mesh.route()?)
}

/// Asks the doctor until it says all of this in one line, and that it is wrong.
fn diagnosed(mesh: &Mesh, findings: &[&str]) -> io::Result<()> {
    let mut last = String::new();
    let diagnosis = until("the doctor's diagnosis", || {
        last = match mesh.readme.run(&[".#doctor"]) {
            Ok(printed) => printed,
            Err(error) => error.to_string(),
        };
        let is_it = |line: &str| line.contains("FAIL") && findings.iter().all(|finding| line.contains(finding));
        Ok(last.lines().any(is_it).then_some(()))
    });
    diagnosis.map_err(|error| io::Error::other(format!("{error} ({findings:?} in one line); the last:\n{last}")))
}

fn undeploy(mesh: &Mesh) -> io::Result<()> {
    mesh.readme.run(&[".#undeploy"])?;
    mesh.is_as_before("shop")?;
    mesh.no_records(&mesh.route()?)
}
