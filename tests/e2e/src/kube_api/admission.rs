//! What Istio's injection makes of a pod: a container `istio-proxy`, with the volumes that annotations ask for.

use serde_json::{Map, Value, json};

/// Adds the sidecar, unless the pod has one or does not want one.
pub(crate) fn inject(pod: &mut Value) {
    let annotations = pod["metadata"]["annotations"].clone();
    let spec = &mut pod["spec"];
    let containers = spec["containers"].as_array().cloned().unwrap_or_default();
    let opted_out = |object: &Value| object["sidecar.istio.io/inject"] == "false";
    if opted_out(&annotations) || containers.iter().any(|container| container["name"] == "istio-proxy") {
        return;
    }
    let sidecar = json!({
        "name": "istio-proxy", "image": "proxyv2",
        "volumeMounts": entries(&annotations["sidecar.istio.io/userVolumeMount"]),
    });
    spec["containers"] = containers.into_iter().chain([sidecar]).collect();
    let volumes = spec["volumes"].as_array().cloned().unwrap_or_default();
    spec["volumes"] = volumes.into_iter().chain(entries(&annotations["sidecar.istio.io/userVolume"])).collect();
}

/// As the injection template does: each value of the annotation's map or list, the name from the map's key.
fn entries(annotation: &Value) -> Vec<Value> {
    let value: Value = serde_json::from_str(annotation.as_str().unwrap_or("{}")).unwrap_or_default();
    let named = |(name, entry): (&String, &Value)| {
        let mut whole = Map::from_iter([("name".to_owned(), json!(name))]);
        whole.extend(entry.as_object().cloned().unwrap_or_default());
        Value::Object(whole)
    };
    match &value {
        Value::Object(map) => map.iter().map(named).collect(),
        Value::Array(list) => list.clone(),
        _ => Vec::new(),
    }
}
