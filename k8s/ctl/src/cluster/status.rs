//! `status`: where the filter is, of which revision, and where its records go.

use super::{
    connection::Connection,
    kubectl::{Kubectl, is_forbidden},
    output::Output,
    patch::Patch,
};
use crate::{mesh::ControlPlane, overlay::Namespace};
use serde_json::{Value, json};

const TITLES: [&str; 6] = ["NAMESPACE", "MESH", "REVISION", "TRAFFIC", "DELIVERY", "RECORDS GO TO"];

/// Prints a line for each patch of these namespaces; of all, where none is given.
///
/// # Errors
/// What the API server has against it.
pub(crate) fn run(namespaces: &[Namespace], connection: &Connection, output: Output) -> Result<(), String> {
    connection.reach()?;
    let mut patches = Vec::new();
    if namespaces.is_empty() {
        patches = find(&connection.anywhere(), &["--all-namespaces"]).map_err(|error| {
            let todo = if is_forbidden(&error) { "; name the namespaces that you may look into" } else { "" };
            format!("{error}{todo}")
        })?;
    }
    for namespace in namespaces {
        let kubectl = connection.kubectl(namespace);
        let found = find(&kubectl, &[]).map_err(|error| format!("{namespace}: {error}"))?;
        if found.is_empty() {
            kubectl.must_exist()?;
        }
        patches.extend(found);
    }
    patches.sort_by(|a, b| (&a.namespace, &a.name).cmp(&(&b.namespace, &b.name)));
    match output {
        Output::Json => println!("{:#}", patches.iter().map(object).collect::<Value>()),
        Output::Text if patches.is_empty() => println!("the filter is in none of these namespaces"),
        Output::Text => print!("{}", table(&patches)),
    }
    Ok(())
}

/// Those of every mesh. Who may not look at a mesh that is not theirs has nothing there; who may look at none is told.
fn find(kubectl: &Kubectl, place: &[&str]) -> Result<Vec<Patch>, String> {
    let (mut patches, mut forbidden) = (Vec::new(), Vec::new());
    for which in ControlPlane::ALL {
        match kubectl.found(which, place) {
            Ok(found) => patches.extend(found.patches),
            Err(error) if is_forbidden(&error) => forbidden.push(error),
            Err(error) => return Err(error),
        }
    }
    if forbidden.len() == ControlPlane::ALL.len() { Err(forbidden.remove(0)) } else { Ok(patches) }
}

fn cells(patch: &Patch) -> [String; 6] {
    let to = patch.authority.as_ref().unwrap_or(&patch.cluster);
    let (mesh, delivery) = (patch.mesh.to_string(), patch.delivery.word().to_owned());
    [patch.namespace.clone(), mesh, patch.revision.clone(), patch.direction.clone(), delivery, to.clone()]
}

fn object(patch: &Patch) -> Value {
    let [namespace, mesh, revision, traffic, delivery, _] = cells(patch);
    json!({
        "namespace": namespace, "mesh": mesh, "revision": revision, "traffic": traffic, "delivery": delivery,
        "collector": patch.authority, "cluster": patch.cluster,
    })
}

/// Columns as wide as what is in them.
fn table(patches: &[Patch]) -> String {
    let rows: Vec<[String; 6]> = std::iter::once(TITLES.map(str::to_owned)).chain(patches.iter().map(cells)).collect();
    let widths: Vec<usize> =
        (0..TITLES.len()).map(|at| rows.iter().map(|row| row[at].len()).max().unwrap_or(0)).collect();
    let line = |row: &[String; 6]| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        format!("{}\n", cells.collect::<Vec<_>>().join("  ").trim_end())
    };
    rows.iter().map(line).collect()
}
