//! Stands in for Istio's injection: a container `istio-proxy` in each new pod, with the volumes that annotations ask for. A
//! webhook, as Istio's is, so that the API server calls it at the same place: after its policies.

use std::io;
use std::net::SocketAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::Method;
use serde_json::{Map, Value, json};

use super::client::{Client, JSON};
use super::kinds::Kind;
use super::{certificate_pem, objects};

/// The label of the namespaces that it is for, as Istio's.
pub(crate) const LABEL: (&str, &str) = ("istio-injection", "enabled");
/// Where the node is called for it.
pub(crate) const PATH: &str = "/inject";

/// Makes the API server call it; returns once it does.
///
/// # Errors
/// When the API server refuses.
pub(crate) async fn install(owner: &Client, node: SocketAddr) -> io::Result<()> {
    let certificate = STANDARD.encode(certificate_pem());
    let configuration = json!({
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingWebhookConfiguration",
        "metadata": { "name": "istio-sidecar-injector" },
        "webhooks": [{
            "name": "namespace.sidecar-injector.istio.io", "sideEffects": "None", "admissionReviewVersions": ["v1"],
            "clientConfig": { "url": format!("https://{node}{PATH}"), "caBundle": certificate },
            "namespaceSelector": { "matchLabels": { LABEL.0: LABEL.1 } }, "failurePolicy": "Fail",
            "rules": [{ "apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"] }],
        }],
    });
    objects::put(owner, &configuration).await?;
    let name = "injects";
    objects::put(owner, &objects::namespace(name, &json!({ LABEL.0: LABEL.1 }))).await?;
    objects::populated(owner, name).await?;
    let spec = json!({ "containers": [{ "name": "own", "image": "image:1" }] });
    let pod = json!({ "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "probe" }, "spec": spec });
    let path = format!("{}?dryRun=All", Kind::named("pods").path(name, ""));
    objects::until("a pod with a sidecar", || async {
        let made = owner.ok(Method::POST, &path, JSON, Some(&pod)).await?;
        Ok(made["spec"]["containers"][1]["name"] == "istio-proxy")
    })
    .await?;
    owner.ok(Method::DELETE, &Kind::named("namespaces").path("", name), JSON, None).await.map(drop)
}

/// Answers the API server: an AdmissionReview of a pod.
pub(crate) fn review(review: &Value) -> Value {
    let request = &review["request"];
    let mut pod = request["object"].clone();
    inject(&mut pod);
    let patch = json!([{ "op": "replace", "path": "/spec", "value": pod["spec"] }]);
    let patch = STANDARD.encode(patch.to_string());
    let response = json!({ "uid": request["uid"], "allowed": true, "patchType": "JSONPatch", "patch": patch });
    json!({ "apiVersion": review["apiVersion"], "kind": review["kind"], "response": response })
}

/// Adds the sidecar, unless the pod has one or does not want one.
fn inject(pod: &mut Value) {
    let metadata = pod["metadata"].clone();
    let spec = &mut pod["spec"];
    let containers = spec["containers"].as_array().cloned().unwrap_or_default();
    let is_out = ["labels", "annotations"].iter().any(|place| metadata[place]["sidecar.istio.io/inject"] == "false");
    if is_out || spec["hostNetwork"] == true || containers.iter().any(|container| container["name"] == "istio-proxy") {
        return;
    }
    let sidecar = json!({
        "name": "istio-proxy", "image": "proxyv2",
        "volumeMounts": entries(&metadata["annotations"]["sidecar.istio.io/userVolumeMount"]),
    });
    spec["containers"] = containers.into_iter().chain([sidecar]).collect();
    let volumes = spec["volumes"].as_array().cloned().unwrap_or_default();
    let added = entries(&metadata["annotations"]["sidecar.istio.io/userVolume"]);
    spec["volumes"] = volumes.into_iter().chain(added).collect();
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
