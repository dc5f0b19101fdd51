//! What workloads send, by the README's steps, and its other commands for one namespace.

use std::io;

use serde_json::Value;

use crate::mesh::{Mesh, Route, expect};
use crate::users;

/// The overlay is written, applied and mounted; requests of the shop give records.
pub(super) fn outbound(mesh: &Mesh) -> io::Result<()> {
    mesh.readme.run(&[".#overlay", "kubectl apply -k", ".#mount"])?;
    let (route, web) = (mesh.route()?, mesh.pod("shop", "web")?);
    for record in mesh.records(&route)? {
        to_pay(&record)?;
        expect("source", &host(&record["source_address"]), &users::application(web.address).to_string())?;
        // What the application meant: the service.
        expect("destination", &host(&record["destination_address"]), &route.to.ip().to_string())?;
    }
    Ok(())
}

/// Nothing is wrong, says the doctor.
pub(super) fn doctor(mesh: &Mesh) -> io::Result<()> {
    mesh.readme.run(&[".#doctor"]).map(drop)
}

/// A pod that starts without the wasm passes traffic on; one that starts when it is there again gives records.
pub(super) fn wasm_missing(mesh: &Mesh) -> io::Result<()> {
    mesh.readme.run(&[".#deploy"])?;
    let maps =
        ["delete", "configmaps", "--namespace", "shop", "--selector", "app.kubernetes.io/name=http-trace-filter"];
    let deleted = mesh.kubectl.run(maps)?;
    expect("ConfigMaps that were deleted", &deleted.lines().count(), &1)?;
    mesh.replace("shop", "web")?;
    mesh.no_records(&mesh.route()?)?;
    mesh.readme.run(&["kubectl apply -k"])?;
    mesh.replace("shop", "web")?;
    mesh.records(&mesh.route()?).map(drop)
}

/// Another wasm takes the place of the one before.
pub(super) fn upgrade(mesh: &Mesh) -> io::Result<()> {
    mesh.readme.run(&[".#deploy"])?;
    let before = revision(mesh)?;
    let wasm = mesh.other_wasm()?;
    mesh.readme.with(".#deploy", "shop", &format!("--wasm {wasm}"))?;
    let after = revision(mesh)?;
    if before == after || after.is_empty() {
        return Err(io::Error::other(format!("the revision was {before:?}, and is {after:?}")));
    }
    mesh.records(&mesh.route()?)?.iter().try_for_each(to_pay)
}

/// All is as it was.
pub(super) fn undeploy(mesh: &Mesh) -> io::Result<()> {
    mesh.readme.run(&[".#deploy", ".#undeploy"])?;
    mesh.is_as_before("shop")?;
    mesh.no_records(&mesh.route()?)
}

/// Checks what all records of exchanges with `pay` have.
pub(super) fn to_pay(record: &Value) -> io::Result<()> {
    expect("destination_namespace", &record["destination_namespace"], &"pay".into())?;
    expect("status_code", &record["scnt_response"]["status_code"], &"200".into())
}

/// Deploys, looks at the records, and takes it away again.
pub(super) fn there_and_back(
    mesh: &Mesh,
    namespace: &str,
    options: &str,
    route: impl Fn() -> io::Result<Route>,
) -> io::Result<()> {
    mesh.readme.with(".#deploy", namespace, options)?;
    mesh.records(&route()?)?.iter().try_for_each(to_pay)?;
    mesh.readme.with(".#undeploy", namespace, "")?;
    mesh.is_as_before(namespace)?;
    mesh.no_records(&route()?)
}

fn host(address: &Value) -> String {
    let address = address.as_str().unwrap_or_default();
    address.rsplit_once(':').map_or(address, |(host, _)| host).to_owned()
}

/// The revision that the shop's pods mount.
fn revision(mesh: &Mesh) -> io::Result<String> {
    let path = r"jsonpath={.spec.template.metadata.labels.http-trace-filter/revision}";
    mesh.kubectl.run(["get", "deployment/web", "--namespace", "shop", "--output", path])
}
