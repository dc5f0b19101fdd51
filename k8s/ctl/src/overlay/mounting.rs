//! What a mount is made of. The mount commands, the components and the admission policy all write it, and must agree.

use super::MOUNT;
use serde_json::{Value, json};

/// The annotation in which Istio's injection looks for volumes, by name.
pub(crate) const USER_VOLUME: &str = "sidecar.istio.io/userVolume";
/// And for where the proxy mounts them.
pub(crate) const USER_VOLUME_MOUNT: &str = "sidecar.istio.io/userVolumeMount";
/// The volume's name.
pub(crate) const VOLUME: &str = "http-trace-filter";

/// The volume, without its name.
pub(crate) fn volume(config_map: &str) -> Value {
    json!({ "configMap": { "name": config_map } })
}

/// The same, for pods that start without it too: in Istio the proxy then passes traffic on, by the EnvoyFilter's default.
pub(crate) fn optional_volume(config_map: &str) -> Value {
    let mut volume = volume(config_map);
    volume["configMap"]["optional"] = json!(true);
    volume
}

/// Where the proxy mounts it, without its name.
pub(crate) fn mount() -> Value {
    json!({ "mountPath": MOUNT, "readOnly": true })
}

/// The same with the volume's name, as it stands in a list.
pub(crate) fn named(entry: &Value) -> Value {
    let mut named = json!({ "name": VOLUME });
    for (key, value) in entry.as_object().into_iter().flatten() {
        named[key] = value.clone();
    }
    named
}

/// What Istio's two annotations hold where there is nothing else: volume and mount.
pub(crate) fn annotations(config_map: &str) -> [(&'static str, String); 2] {
    let entries = |entry: Value| json!({ VOLUME: entry }).to_string();
    [(USER_VOLUME, entries(optional_volume(config_map))), (USER_VOLUME_MOUNT, entries(mount()))]
}

/// Kuma's ContainerPatch of a namespace.
pub(crate) fn container_patch(namespace: &str) -> String {
    format!("http-trace-filter-{namespace}")
}
