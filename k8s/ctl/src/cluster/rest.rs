//! What is there of ours and the overlay no longer says: of another revision, direction, delivery or mesh.

use super::{
    kubectl::{Kubectl, is_forbidden, unknown_kind},
    mount,
};
use crate::{
    mesh::ControlPlane,
    overlay::{Namespace, REVISION, Written, config_map, mounting, selector},
    words::counted,
};
use serde_json::Value;
use std::{
    thread,
    time::{Duration, Instant},
};

/// How long pods that are ending may take until they need nothing any more.
const ENDING: Duration = Duration::from_secs(60);

/// When the rest is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    /// The overlay was just applied. What only repeats what it says goes at once: every exchange would be recorded twice.
    Applied,
    /// The workloads are mounted as it says.
    Mounted,
}

/// What still needs an object.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Need {
    Nothing,
    /// Pods that are not mounted yet: the wasm came to all proxies with their configuration.
    Roll,
    /// Pods that mount this revision.
    Pods(String),
    /// Pods that ask for it by its name.
    Asked(ControlPlane),
}

impl Need {
    /// What needs a patch of the revision `old`, or for all pods; `new`: what is mounted now.
    fn of(old: Option<&str>, new: Option<&str>) -> Self {
        match (old, new) {
            // The new one is for every proxy, or for the same.
            (_, None) => Self::Nothing,
            (Some(old), Some(new)) if old == new => Self::Nothing,
            (Some(old), Some(_)) => Self::Pods(old.to_owned()),
            (None, Some(_)) => Self::Roll,
        }
    }

    /// Whether a pod, or those of a template, are such.
    fn is_of(&self, template: &Value, name: &str) -> bool {
        match self {
            Self::Nothing | Self::Roll => false,
            Self::Pods(revision) => template["metadata"]["labels"][REVISION] == revision[..],
            Self::Asked(mesh) => mesh.mesh().asks_for(template, name),
        }
    }
}

struct Object {
    resource: &'static str,
    place: String,
    name: String,
    need: Need,
}

/// Deletes what no pod needs, and tells what stays and why.
///
/// # Errors
/// What the API server has against it; all else is still done.
pub(crate) fn remove(namespace: &Namespace, written: &Written, flags: &mount::Flags, when: When) -> Result<(), String> {
    let kubectl = flags.connection.kubectl(namespace);
    let (objects, mut errors) = objects(&kubectl, namespace, written);
    for object in objects {
        let Object { resource, place, name, need } = object;
        let stays = match (&need, when) {
            (Need::Nothing, _) => None,
            (_, When::Applied) => continue,
            (Need::Roll, _) if !flags.workloads.is_empty() => {
                Some("only some workloads were to be mounted; the others need it".to_owned())
            }
            (Need::Roll, _) => None,
            (Need::Pods(_) | Need::Asked(_), _) => match users(&kubectl, |template| need.is_of(template, &name)) {
                Ok(users) => users,
                Err(error) => {
                    errors.push(error);
                    continue;
                }
            },
        };
        if let Some(reason) = stays {
            println!("{resource} {name}: it stays until the next deploy: {reason}");
            continue;
        }
        if let Err(error) = delete(&kubectl.elsewhere(place), &[resource, &name], flags) {
            errors.push(error);
        }
    }
    if errors.is_empty() { Ok(()) } else { Err(errors.join("\n")) }
}

/// Deletes what kubectl's words name; nothing, in a cluster that has no such kind.
///
/// # Errors
/// What kubectl complains about.
pub(crate) fn delete(kubectl: &Kubectl, what: &[&str], flags: &mount::Flags) -> Result<(), String> {
    let mut arguments = [&["delete"], what, &["--ignore-not-found"]].concat();
    if flags.dry_run {
        arguments.push("--dry-run=server");
    }
    match kubectl.run(&arguments) {
        Ok(text) => {
            print!("{}", text.replace("No resources found\n", ""));
            Ok(())
        }
        Err(error) if unknown_kind(&error) => Ok(()),
        Err(error) => Err(error),
    }
}

/// All of ours but what the overlay says; patches first, then what proxies mount. And what went wrong.
fn objects(kubectl: &Kubectl, namespace: &Namespace, written: &Written) -> (Vec<Object>, Vec<String>) {
    let (mut patches, mut mounts, mut errors) = (Vec::new(), Vec::new(), Vec::new());
    let said = |kind: &str, name: &str| {
        written.objects.iter().any(|object| object["kind"] == kind && object["metadata"]["name"] == name)
    };
    let new = written.mount.as_ref().map(|mount| &mount.revision[..]);
    let of_pods = written.mesh.mesh().is_of_pods();
    for which in ControlPlane::ALL.into_iter().filter(|which| which.mesh().is_of_pods() == of_pods) {
        let mesh = which.mesh();
        for kind in mesh.kinds() {
            match labelled(kubectl, kind.resource) {
                Ok(found) => {
                    let rest = found.into_iter().filter(|(name, _)| !said(kind.kind, name));
                    patches.extend(rest.map(|(name, object)| Object {
                        resource: kind.resource,
                        place: namespace.to_string(),
                        need: Need::of(mesh.revision_of(&object), new),
                        name,
                    }));
                }
                // Who may not look at what the overlay has none of has nothing there.
                Err(error) if is_forbidden(&error) && !written.has(kind) => {}
                Err(error) => errors.push(error),
            }
        }
        if let Some((kind, place)) = mesh.beside().filter(|_| which != written.mesh || written.mount.is_none()) {
            let name = mounting::container_patch(namespace.as_str());
            let found = kubectl.elsewhere(place).find(&[kind.resource, &name]);
            match found {
                Ok(false) => {}
                Ok(true) => mounts.push(Object {
                    resource: kind.resource,
                    place: place.to_owned(),
                    name,
                    need: Need::Asked(which),
                }),
                Err(error) if which != written.mesh && is_forbidden(&error) => {}
                Err(error) => errors.push(error),
            }
        }
    }
    if !of_pods {
        return (patches, errors);
    }
    match labelled(kubectl, "configmaps") {
        Ok(found) => {
            for (name, object) in found.into_iter().filter(|(name, _)| !said(config_map::KIND, name)) {
                let revision = object["metadata"]["labels"][REVISION].as_str().unwrap_or_default().to_owned();
                let place = namespace.to_string();
                mounts.push(Object { resource: "configmaps", place, name, need: Need::Pods(revision) });
            }
        }
        Err(error) => errors.push(error),
    }
    patches.append(&mut mounts);
    (patches, errors)
}

fn labelled(kubectl: &Kubectl, resource: &str) -> Result<Vec<(String, Value)>, String> {
    let objects = kubectl.list(&[resource, "--selector", &selector()])?;
    let name = |object: &Value| object["metadata"]["name"].as_str().unwrap_or_default().to_owned();
    Ok(objects.into_iter().map(|object| (name(&object), object)).collect())
}

/// Which pods or templates need something, in words. Pods that are ending are waited for.
fn users(kubectl: &Kubectl, needs: impl Fn(&Value) -> bool) -> Result<Option<String>, String> {
    let start = Instant::now();
    loop {
        let pods = kubectl.list(&["pods"])?;
        let over = |pod: &Value| matches!(pod["status"]["phase"].as_str(), Some("Succeeded" | "Failed"));
        let pods: Vec<&Value> = pods.iter().filter(|pod| needs(pod) && !over(pod)).collect();
        let ending = |pod: &&Value| !pod["metadata"]["deletionTimestamp"].is_null();
        if pods.is_empty() {
            break;
        }
        if !pods.iter().all(ending) || start.elapsed() >= ENDING {
            let named = pods.iter().find(|pod| !ending(pod)).unwrap_or(&pods[0]);
            let named = named["metadata"]["name"].as_str().unwrap_or_default();
            return Ok(Some(format!("mounted by {}, such as {named}", counted(pods.len(), "pod"))));
        }
        thread::sleep(Duration::from_secs(1));
    }
    let workloads = kubectl.list(&["deployments,statefulsets,daemonsets"])?;
    let user = workloads.iter().find(|workload| needs(&workload["spec"]["template"]));
    Ok(user.map(|user| format!("mounted by {}", user["metadata"]["name"].as_str().unwrap_or_default())))
}
