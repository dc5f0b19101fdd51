//! What mounting changes in a workload, and how it is undone. Nothing here calls a cluster.

use super::entries;
use crate::overlay::{
    MOUNT, REVISION,
    mounting::{self, USER_VOLUME, USER_VOLUME_MOUNT, VOLUME},
};
use serde_json::{Map, Value, json};

/// The workload's own annotation (not its template's: it must not roll it) that keeps what unmounting restores.
pub(crate) const BEFORE: &str = "http-trace-filter/before";

const CONTAINER_PATCHES: &str = "kuma.io/container-patches";

/// What is mounted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mount {
    /// Twelve hexadecimal digits.
    pub(crate) revision: String,
    pub(crate) config_map: String,
    /// In Kuma: the ContainerPatch that mounts the pod's volume in the sidecar.
    pub(crate) container_patch: Option<String>,
}

/// How a workload's proxy comes to the mount.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// Istio's injection reads annotations.
    Annotations,
    /// The proxy's container stands in the template, as a gateway's: <https://istio.io/latest/docs/setup/additional-setup/gateway/>.
    Container,
    /// Kuma's injection applies a ContainerPatch to the container; the volume is the pod's.
    ContainerPatch,
}

/// Why a workload gets no mount.
pub(crate) fn skipped(workload: &Value) -> Option<String> {
    if workload["spec"]["template"]["spec"]["hostNetwork"] == true {
        return Some("its pods get no proxy (hostNetwork)".to_owned());
    }
    let metadata = &workload["spec"]["template"]["metadata"];
    for key in ["sidecar.istio.io/inject", "kuma.io/sidecar-injection"] {
        for place in ["labels", "annotations"] {
            if matches!(metadata[place][key].as_str(), Some("false" | "disabled")) {
                return Some(format!("its pods get no proxy ({place}: {key})"));
            }
        }
    }
    None
}

/// The workload with the wasm mounted, and what was there before noted. The same when it is mounted already.
///
/// # Errors
/// When the user's own volumes are in the way; what is there, and what is needed.
pub(crate) fn mounted(workload: &Value, mount: &Mount) -> Result<Value, String> {
    let mut after = workload.clone();
    let way = way(workload, mount);
    let noted = before(workload).unwrap_or_else(|| note(workload, way, mount));
    let template = &mut after["spec"]["template"];
    let ours = |volume: &Value| volume["configMap"]["name"].as_str().is_some_and(is_ours);
    // In Istio a ConfigMap that is missing leaves the pod without the filter; Envoy then passes traffic on, by the EnvoyFilter's
    // default. In Kuma there is no such default: a pod must not start without the file that its proxy will be told to load.
    let volume = match way {
        Way::ContainerPatch => mounting::volume(&mount.config_map),
        Way::Annotations | Way::Container => mounting::optional_volume(&mount.config_map),
    };
    if way == Way::Annotations {
        let annotations = &mut template["metadata"]["annotations"];
        let volumes = annotations[USER_VOLUME].as_str();
        let volumes =
            entries::with(volumes, VOLUME, &volume, ours).map_err(|error| format!("{USER_VOLUME}: {error}"))?;
        let mounts = annotations[USER_VOLUME_MOUNT].as_str();
        let there = |entry: &Value| entry["mountPath"].as_str().is_some_and(|path| path.trim_end_matches('/') == MOUNT);
        if let Some(other) = entries::named(mounts, there).into_iter().find(|name| name != VOLUME) {
            return Err(format!(
                "{USER_VOLUME_MOUNT}: got {other:?} at {MOUNT}, where this command mounts: move yours"
            ));
        }
        let mounts = entries::with(mounts, VOLUME, &mounting::mount(), |_| false)
            .map_err(|error| format!("{USER_VOLUME_MOUNT}: {error}"))?;
        annotations[USER_VOLUME] = json!(volumes);
        annotations[USER_VOLUME_MOUNT] = json!(mounts);
    } else {
        put(&mut template["spec"]["volumes"], mounting::named(&volume), ours)
            .map_err(|error| format!("volumes: {error}"))?;
    }
    if way == Way::Container {
        let containers = template["spec"]["containers"].as_array_mut().into_iter().flatten();
        for container in containers.filter(|container| container["name"] == "istio-proxy") {
            put(&mut container["volumeMounts"], mounting::named(&mounting::mount()), |_| false)
                .map_err(|error| format!("istio-proxy: volumeMounts: {error}"))?;
        }
    }
    if let Some(patch) = &mount.container_patch {
        let annotation = &mut template["metadata"]["annotations"][CONTAINER_PATCHES];
        let mut patches = split(annotation.as_str());
        if !patches.contains(&patch.as_str()) {
            patches.push(patch);
            *annotation = json!(patches.join(","));
        }
    }
    template["metadata"]["labels"][REVISION] = json!(mount.revision);
    after["metadata"]["annotations"][BEFORE] = json!(noted.to_string());
    Ok(after)
}

/// The workload as it was before it was mounted; the same when it is not.
pub(crate) fn unmounted(workload: &Value) -> Value {
    let Some(noted) = before(workload) else { return workload.clone() };
    let mut after = workload.clone();
    let template = &mut after["spec"]["template"];
    for key in [USER_VOLUME, USER_VOLUME_MOUNT] {
        let annotation = template["metadata"]["annotations"][key].as_str();
        let value = entries::without(annotation, VOLUME, noted[key].as_str());
        set(&mut template["metadata"], "annotations", key, value);
    }
    if let Some(own) = noted["containerPatch"].as_str() {
        let now = template["metadata"]["annotations"][CONTAINER_PATCHES].as_str();
        let rest: Vec<&str> = split(now).into_iter().filter(|name| *name != own).collect();
        let was = noted[CONTAINER_PATCHES].as_str();
        let value = if rest == split(was) { was.map(str::to_owned) } else { Some(rest.join(",")) };
        set(&mut template["metadata"], "annotations", CONTAINER_PATCHES, value);
    }
    set(&mut template["metadata"], "labels", REVISION, noted[REVISION].as_str().map(str::to_owned));
    if noted["way"] != "annotations" {
        take(&mut template["spec"], "volumes");
        for container in template["spec"]["containers"].as_array_mut().into_iter().flatten() {
            if container["name"] == "istio-proxy" {
                take(container, "volumeMounts");
            }
        }
    }
    set(&mut after["metadata"], "annotations", BEFORE, None);
    after
}

/// What a workload's pods mount: the revision, if any.
pub(crate) fn revision(workload: &Value) -> Option<&str> {
    workload["spec"]["template"]["metadata"]["labels"][REVISION].as_str()
}

/// A ConfigMap of this command, whatever its prefix: the name ends with a revision.
fn is_ours(name: &str) -> bool {
    let tail = name.rsplit_once('-').map(|(_, tail)| tail);
    tail.is_some_and(|tail| tail.len() == 12 && tail.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

fn way(workload: &Value, mount: &Mount) -> Way {
    let template = &workload["spec"]["template"];
    let containers = template["spec"]["containers"].as_array();
    let has_proxy = containers.into_iter().flatten().any(|container| container["name"] == "istio-proxy");
    if mount.container_patch.is_some() {
        Way::ContainerPatch
    } else if has_proxy {
        Way::Container
    } else {
        Way::Annotations
    }
}

/// What [`unmounted`] needs. Not a copy of the template: the user may change that meanwhile.
fn note(workload: &Value, way: Way, mount: &Mount) -> Value {
    let metadata = &workload["spec"]["template"]["metadata"];
    let mut noted = Map::new();
    noted.insert("way".to_owned(), json!(if way == Way::Annotations { "annotations" } else { "volumes" }));
    if let Some(patch) = &mount.container_patch {
        noted.insert("containerPatch".to_owned(), json!(patch));
    }
    for (place, key) in [
        ("annotations", USER_VOLUME),
        ("annotations", USER_VOLUME_MOUNT),
        ("annotations", CONTAINER_PATCHES),
        ("labels", REVISION),
    ] {
        if let Some(value) = metadata[place][key].as_str() {
            noted.insert(key.to_owned(), json!(value));
        }
    }
    Value::Object(noted)
}

fn before(workload: &Value) -> Option<Value> {
    serde_json::from_str(workload["metadata"]["annotations"][BEFORE].as_str()?).ok()
}

fn split(names: Option<&str>) -> Vec<&str> {
    names.unwrap_or_default().split(',').map(str::trim).filter(|name| !name.is_empty()).collect()
}

/// Adds an entry to a list, or puts it in the place of an earlier one of ours.
fn put(list: &mut Value, entry: Value, ours: impl Fn(&Value) -> bool) -> Result<(), String> {
    if !list.is_array() {
        *list = json!([]);
    }
    let list = list.as_array_mut().expect("it was just made one");
    match list.iter_mut().find(|other| other["name"] == entry["name"]) {
        Some(there) if covers(there, &entry) => {}
        Some(there) if ours(there) => *there = entry,
        Some(there) => {
            return Err(format!("got {there}, under the name that this command needs for {entry}: rename yours"));
        }
        None => list.push(entry),
    }
    Ok(())
}

/// Whether all of `entry` is in `there`, which the API server may have filled with defaults.
fn covers(there: &Value, entry: &Value) -> bool {
    match (there, entry) {
        (Value::Object(there), Value::Object(entry)) => {
            entry.iter().all(|(name, value)| there.get(name).is_some_and(|there| covers(there, value)))
        }
        (there, entry) => there == entry,
    }
}

/// Takes our entry out of a list, and the list away when nothing is left: the API server keeps no empty one.
fn take(owner: &mut Value, field: &str) {
    let Some(list) = owner[field].as_array_mut() else {
        owner.as_object_mut().map(|owner| owner.remove(field));
        return;
    };
    list.retain(|entry| entry["name"] != VOLUME);
    if list.is_empty() {
        owner.as_object_mut().map(|owner| owner.remove(field));
    }
}

/// Sets or removes one of the labels or annotations; a map that is then empty goes, as the API server keeps none.
fn set(metadata: &mut Value, place: &str, key: &str, value: Option<String>) {
    match value {
        Some(value) => metadata[place][key] = json!(value),
        None => {
            let Some(map) = metadata[place].as_object_mut() else {
                metadata.as_object_mut().map(|metadata| metadata.remove(place));
                return;
            };
            map.shift_remove(key);
            if map.is_empty() {
                metadata.as_object_mut().map(|metadata| metadata.remove(place));
            }
        }
    }
}
