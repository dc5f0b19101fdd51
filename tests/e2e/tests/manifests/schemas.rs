//! Against the schemas: Kubernetes' own types, and strict ones of the meshes' kinds.

use std::collections::BTreeMap;

use boon::{Compiler, Schemas};
use k8s_openapi::api::admissionregistration::v1beta1::{MutatingAdmissionPolicy, MutatingAdmissionPolicyBinding};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{ConfigMap, Namespace, Service};
use k8s_openapi::api::networking::v1::NetworkPolicy;
use serde_json::{Value, json};

use crate::{kinds, overlay, program, render};

/// A schema of `tests/schemas` for each kind that is not Kubernetes' own.
fn schema(kind: &str) -> Option<&'static str> {
    match kind {
        "EnvoyFilter" => Some(include_str!("../../../schemas/envoyfilter.json")),
        "WasmPlugin" => Some(include_str!("../../../schemas/wasmplugin.json")),
        "MeshProxyPatch" => Some(include_str!("../../../schemas/meshproxypatch.json")),
        "EnvoyPatchPolicy" => Some(include_str!("../../../schemas/envoypatchpolicy.json")),
        "ContainerPatch" => Some(include_str!("../../../schemas/containerpatch.json")),
        _ => None,
    }
}

/// What is wrong with an object; fields that are not known are wrong.
pub(crate) fn check(object: &Value) -> Result<(), String> {
    let kind = object["kind"].as_str().unwrap_or_default();
    if let Some(schema) = schema(kind) {
        let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
        compiler.add_resource("schema.json", serde_json::from_str(schema).expect("JSON")).expect("a resource");
        let index = compiler.compile("schema.json", &mut schemas).expect("a schema");
        return schemas.validate(object, index).map_err(|error| format!("{error:#}"));
    }
    let mut object = object.clone();
    let mut unknown = Vec::new();
    let mut note = |path: serde_ignored::Path<'_>| unknown.push(path.to_string());
    match kind {
        "ConfigMap" => serde_ignored::deserialize::<_, _, ConfigMap>(&object, &mut note).map(drop),
        "Deployment" => serde_ignored::deserialize::<_, _, Deployment>(&object, &mut note).map(drop),
        "Namespace" => serde_ignored::deserialize::<_, _, Namespace>(&object, &mut note).map(drop),
        "NetworkPolicy" => serde_ignored::deserialize::<_, _, NetworkPolicy>(&object, &mut note).map(drop),
        "Service" => serde_ignored::deserialize::<_, _, Service>(&object, &mut note).map(drop),
        "MutatingAdmissionPolicy" | "MutatingAdmissionPolicyBinding" => {
            // The types are those of Kubernetes 1.34, in which they are v1beta1; 1.36 made them v1 as they were.
            let version =
                object["apiVersion"].as_str().and_then(|version| version.strip_prefix("admissionregistration.k8s.io/"));
            if !matches!(version, Some("v1" | "v1beta1")) {
                return Err(format!("apiVersion: got {}", object["apiVersion"]));
            }
            object["apiVersion"] = json!("admissionregistration.k8s.io/v1beta1");
            if kind == "MutatingAdmissionPolicy" {
                serde_ignored::deserialize::<_, _, MutatingAdmissionPolicy>(&object, &mut note).map(drop)
            } else {
                serde_ignored::deserialize::<_, _, MutatingAdmissionPolicyBinding>(&object, &mut note).map(drop)
            }
        }
        other => return Err(format!("kind: got {other:?}, takes one that is made here")),
    }
    .map_err(|error| error.to_string())?;
    if unknown.is_empty() { Ok(()) } else { Err(format!("unknown fields: {unknown:?}")) }
}

#[test]
fn every_object_of_every_overlay_holds() {
    let mut seen = BTreeMap::new();
    for kind in kinds() {
        for object in render(&overlay(&kind).root()) {
            check(&object).unwrap_or_else(|error| panic!("{kind:?}: {error}"));
            seen.insert(object["kind"].as_str().unwrap_or_default().to_owned(), object);
        }
    }
    assert_eq!(seen.len(), 6, "{:?}", seen.keys());
    // None of them lets a mistake pass.
    for (kind, object) in seen {
        let mut spoilt = vec![object.clone(), object.clone(), object.clone()];
        spoilt[0]["unknown"] = json!(1);
        spoilt[1]["metadata"]["labels"] = json!("text");
        let field = if kind == "ConfigMap" { "binaryData" } else { "spec" };
        spoilt[2][field] = json!([]);
        for spoilt in spoilt {
            assert!(check(&spoilt).is_err(), "{kind}: passes: {spoilt}");
        }
    }
}

/// The policy does nothing unless a namespace asks for it, and never stops a pod.
#[test]
fn the_policy_holds_and_is_off_unless_asked_for() {
    let objects = render(&program("K8S").join("cluster"));
    let mut beta = render(&program("K8S").join("cluster/v1beta1"));
    for object in &mut beta {
        check(object).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(object["apiVersion"], "admissionregistration.k8s.io/v1beta1");
        object["apiVersion"] = json!("admissionregistration.k8s.io/v1");
    }
    assert_eq!(objects, beta, "the two differ in nothing else");
    assert_eq!(objects.len(), 2);
    for object in &objects {
        check(object).unwrap_or_else(|error| panic!("{error}"));
        let mut spoilt = object.clone();
        spoilt["spec"]["failurPolicy"] = json!("Ignore");
        assert!(check(&spoilt).is_err());
    }
    let policy = objects.iter().find(|object| object["kind"] == "MutatingAdmissionPolicy").expect("a policy");
    let selector = &policy["spec"]["matchConstraints"]["namespaceSelector"]["matchLabels"];
    assert_eq!(*selector, json!({ "http-trace-filter/mount": "enabled" }));
    assert_eq!(policy["spec"]["failurePolicy"], "Ignore");
    let expression = policy["spec"]["mutations"][0]["jsonPatch"]["expression"].as_str().expect("text");
    let map = format!("http-trace-filter-{}", crate::labels(policy).expect("a revision"));
    assert!(expression.contains(&map), "{expression}");
}
