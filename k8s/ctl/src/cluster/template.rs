//! What mounting changes in a workload, and how it is undone. Nothing here calls a cluster.

use crate::{
    mesh::{ControlPlane, Mount, set, take_volume},
    overlay::REVISION,
};
use serde_json::{Map, Value, json};

/// The workload's own annotation (not its template's: it must not roll it) that keeps what unmounting restores.
pub(crate) const BEFORE: &str = "http-trace-filter/before";

/// The workload with the wasm mounted, and what was there before noted. The same when it is mounted already.
///
/// # Errors
/// When the user's own volumes are in the way; what is there, and what is needed.
pub(crate) fn mounted(workload: &Value, mount: &Mount) -> Result<Value, String> {
    let mut after = workload.clone();
    // Without a note, what stands there of ours is not the user's.
    let noted = before(workload).unwrap_or_else(|| note(&unmounted(workload)));
    let template = &mut after["spec"]["template"];
    for other in ControlPlane::ALL.into_iter().filter(|other| *other != mount.mesh) {
        other.mesh().unmount(template, &mount.namespace, &noted);
    }
    mount.mesh.mesh().mount(template, mount)?;
    template["metadata"]["labels"][REVISION] = json!(mount.revision);
    after["metadata"]["annotations"][BEFORE] = json!(Value::Object(noted).to_string());
    Ok(after)
}

/// The workload as it was before it was mounted; the same when it is not. What is ours is known by what it is, so that a note that
/// is lost costs only the spelling of what the user had.
pub(crate) fn unmounted(workload: &Value) -> Value {
    let noted = before(workload);
    if noted.is_none() && revision(workload).is_none() {
        return workload.clone();
    }
    let (mut after, noted) = (workload.clone(), noted.unwrap_or_default());
    let namespace = workload["metadata"]["namespace"].as_str().unwrap_or_default();
    let template = &mut after["spec"]["template"];
    for mesh in ControlPlane::ALL {
        mesh.mesh().unmount(template, namespace, &noted);
    }
    take_volume(template);
    set(&mut template["metadata"], "labels", REVISION, None);
    set(&mut after["metadata"], "annotations", BEFORE, None);
    after
}

/// What a workload's pods mount: the revision, if any.
pub(crate) fn revision(workload: &Value) -> Option<&str> {
    workload["spec"]["template"]["metadata"]["labels"][REVISION].as_str()
}

/// What [`unmounted`] needs. Not a copy of the template: the user may change that meanwhile.
fn note(workload: &Value) -> Map<String, Value> {
    let annotations = &workload["spec"]["template"]["metadata"]["annotations"];
    let keys = ControlPlane::ALL.into_iter().flat_map(|mesh| mesh.mesh().annotations());
    keys.filter_map(|key| Some(((*key).to_owned(), json!(annotations[key].as_str()?)))).collect()
}

fn before(workload: &Value) -> Option<Map<String, Value>> {
    serde_json::from_str(workload["metadata"]["annotations"][BEFORE].as_str()?).ok()
}
