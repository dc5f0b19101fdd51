//! What Istio's chart `istio-discovery` makes of an istiod that runs outside the cluster: the templates that it injects, and the
//! webhooks that call it.

use std::io;
use std::path::Path;

use fs_err as fs;
use serde_json::{Map, Value, json};

/// Where istiod's webhooks are.
const URL: &str = "https://localhost:15017";

/// The objects.
///
/// # Errors
/// When the chart cannot be read.
pub(crate) fn objects(source: &Path) -> io::Result<Vec<Value>> {
    let chart = source.join("manifests/charts/istio-control/istio-discovery");
    let values = fs::read_to_string(chart.join("values.yaml"))?;
    let values: Value = serde_yaml_ng::from_str(&values).map_err(io::Error::other)?;
    let mut values = values["_internal_defaults_do_not_set"].clone();
    values["global"]["hub"] = json!("docker.io/istio");
    values["global"]["tag"] = json!("test");
    let rules = &values["sidecarInjectorWebhook"];
    let config = json!({
        "defaultTemplates": ["sidecar"], "policy": values["global"]["proxy"]["autoInject"],
        "alwaysInjectSelector": rules["alwaysInjectSelector"], "neverInjectSelector": rules["neverInjectSelector"],
        "injectedAnnotations": rules["injectedAnnotations"],
        "template": "{{ Template_Version_And_Istio_Version_Mismatched_Check_Installation }}",
        "templates": templates(&chart)?,
    });
    let mut objects = vec![
        json!({ "apiVersion": "v1", "kind": "ServiceAccount", "metadata": { "name": "istiod", "namespace": "istio-system" } }),
        json!({
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": { "name": "istio-sidecar-injector", "namespace": "istio-system", "labels": { "istio.io/rev": "default" } },
            // JSON is YAML.
            "data": { "config": config.to_string(), "values": picked(&values).to_string() },
        }),
    ];
    objects.push(injector(&rules["reinvocationPolicy"]));
    objects.push(validator());
    Ok(objects)
}

/// The values that templates may use, as the chart picks them.
fn picked(values: &Value) -> Value {
    let pick = |from: &Value, names: &[&str]| -> Value {
        let named = names.iter().filter(|name| !from[**name].is_null());
        named.map(|name| ((*name).to_owned(), from[*name].clone())).collect::<Map<_, _>>().into()
    };
    let mut picked = pick(values, &["global", "sidecarInjectorWebhook", "revision"]);
    picked["pilot"] = pick(values, &["cni", "env"]);
    picked["gateways"] = pick(&values["gateways"], &["securityContext", "seccompProfile"]);
    picked
}

fn templates(chart: &Path) -> io::Result<Value> {
    let names = [
        ("sidecar", "injection-template"),
        ("gateway", "gateway-injection-template"),
        ("grpc-simple", "grpc-simple"),
        ("grpc-agent", "grpc-agent"),
        ("waypoint", "waypoint"),
        ("kube-gateway", "kube-gateway"),
    ];
    let read = |(name, file): (&str, &str)| {
        let text = fs::read_to_string(chart.join(format!("files/{file}.yaml")))?;
        Ok((name.to_owned(), json!(text.trim())))
    };
    names.into_iter().map(read).collect::<io::Result<Map<_, _>>>().map(Value::from)
}

fn injector(reinvocation: &Value) -> Value {
    let webhook = |name: &str, namespaces: Value, objects: Value| {
        json!({
            "name": name, "clientConfig": { "url": format!("{URL}/inject") }, "sideEffects": "None",
            "rules": [{ "operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"] }],
            "failurePolicy": "Fail", "reinvocationPolicy": reinvocation, "admissionReviewVersions": ["v1"],
            "namespaceSelector": { "matchExpressions": namespaces }, "objectSelector": { "matchExpressions": objects },
        })
    };
    let enabled = json!([{ "key": "istio-injection", "operator": "In", "values": ["enabled"] }]);
    let not_refused = json!([{ "key": "sidecar.istio.io/inject", "operator": "NotIn", "values": ["false"] }]);
    let absent = |key: &str| json!({ "key": key, "operator": "DoesNotExist" });
    let asked =
        json!([{ "key": "sidecar.istio.io/inject", "operator": "In", "values": ["true"] }, absent("istio.io/rev")]);
    let silent = json!([absent("istio-injection"), absent("istio.io/rev")]);
    json!({
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingWebhookConfiguration",
        "metadata": { "name": "istio-sidecar-injector", "labels": { "istio.io/rev": "default", "app": "sidecar-injector" } },
        "webhooks": [
            webhook("namespace.sidecar-injector.istio.io", enabled, not_refused),
            webhook("object.sidecar-injector.istio.io", silent, asked),
        ],
    })
}

fn validator() -> Value {
    let groups = ["security.istio.io", "networking.istio.io", "telemetry.istio.io", "extensions.istio.io"];
    json!({
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration",
        "metadata": {
            "name": "istio-validator-istio-system",
            "labels": { "app": "istiod", "istio": "istiod", "istio.io/rev": "default" },
        },
        "webhooks": [{
            "name": "rev.validation.istio.io", "clientConfig": { "url": format!("{URL}/validate") },
            "rules": [{ "operations": ["CREATE", "UPDATE"], "apiGroups": groups, "apiVersions": ["*"], "resources": ["*"] }],
            // istiod makes it "Fail" once it is ready.
            "failurePolicy": "Ignore", "sideEffects": "None", "admissionReviewVersions": ["v1"],
        }],
    })
}
