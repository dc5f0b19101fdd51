//! The scenarios, in their order: each leaves the mesh as it found it, but for the first ones, which build on each other.

mod directions;
mod gateway;
mod image;
mod outbound;
mod policy;
mod strict;
mod unfetched;
mod waypoint;

use std::io;

use tokio::runtime::Handle;

use crate::control_plane;
use crate::mesh::Mesh;
use crate::report::Report;

type Scenario = fn(&Mesh) -> io::Result<()>;

const ALL: &[(&str, Scenario)] = &[
    ("outbound", outbound::outbound),
    ("doctor", outbound::doctor),
    ("wasm missing", outbound::wasm_missing),
    ("upgrade", outbound::upgrade),
    ("undeploy", outbound::undeploy),
    ("inbound", directions::inbound),
    ("--delivery inline", directions::inline),
    ("--istio-cluster under STRICT mTLS", strict::strict),
    ("gateway", gateway::gateway),
    ("Gateway API", gateway::gateway_api),
    ("admission policy", policy::policy),
    ("--delivery image: outbound", image::outbound),
    ("--delivery image: inbound", image::inbound),
    ("--delivery image: Gateway API", image::gateway),
    ("--delivery image: registry away", unfetched::registry_away),
    ("--delivery image: wrong digest", unfetched::wrong_digest),
    ("--delivery image: broken module", unfetched::broken_module),
    ("--delivery image: waypoint", waypoint::waypoint),
];

/// Runs those with one of these words in their names, or all; gives whether all went well.
///
/// # Errors
/// When the mesh does not start.
pub(crate) fn run(tasks: &Handle, words: &[String]) -> io::Result<bool> {
    let mut report = Report::new();
    let mesh = match Mesh::start(tasks, |what| report.say(what)) {
        Ok(mesh) => mesh,
        Err(error) => {
            report.ended("the mesh", &Err(error));
            return Ok(report.end());
        }
    };
    let wanted = |name: &str| words.is_empty() || words.iter().any(|word| name.contains(&word[..]));
    let mut logs = String::new();
    for (name, scenario) in ALL.iter().filter(|(name, _)| wanted(name)) {
        if !report.ended(name, &scenario(&mesh)) {
            logs += &format!(
                "When {name} failed, istiod said:\n{}\nand the proxies:\n{}",
                control_plane::log(15),
                mesh.pods.complaints(25)
            );
        }
    }
    eprint!("{logs}");
    Ok(report.end())
}
