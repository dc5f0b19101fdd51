//! As much of `/openapi` as `kubectl apply` reads: that the server checks fields itself.

use serde_json::{Map, Value, json};

use super::resources::RESOURCES;

/// The media type of `/openapi/v2`, which kubectl reads as protobuf alone.
pub(crate) const V2_MEDIA_TYPE: &str = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";
/// A document that describes no type, so that kubectl leaves the checks to the server: `swagger: "2.0"`.
pub(crate) const V2: &[u8] = b"\x0a\x032.0";

/// The answer to an OpenAPI path, if it is one.
pub(crate) fn answer(path: &str) -> Option<Value> {
    if path == "/openapi/v3" {
        let paths: Map<String, Value> = RESOURCES
            .iter()
            .map(|known| root(&known.api_version()))
            .map(|root| (root.clone(), json!({ "serverRelativeURL": format!("/openapi/v3/{root}") })))
            .collect();
        return Some(json!({ "paths": paths }));
    }
    let wanted = path.strip_prefix("/openapi/v3/")?;
    let of_group = RESOURCES.iter().filter(|known| root(&known.api_version()) == wanted);
    let paths: Map<String, Value> = of_group
        .map(|known| {
            let kind = json!({ "group": known.group, "version": known.version, "kind": known.kind });
            let parameter = |name: &str| json!({ "name": name, "in": "query", "schema": { "type": "string" } });
            let parameters = ["dryRun", "fieldManager", "fieldValidation"].map(parameter);
            let patch = json!({ "x-kubernetes-group-version-kind": kind, "parameters": parameters, "responses": {} });
            (format!("/{wanted}/namespaces/{{namespace}}/{}/{{name}}", known.plural), json!({ "patch": patch }))
        })
        .collect();
    let info = json!({ "title": "Kubernetes", "version": "v1.32.0" });
    (!paths.is_empty()).then(|| json!({ "openapi": "3.0.0", "info": info, "paths": paths }))
}

fn root(api_version: &str) -> String {
    if api_version.contains('/') { format!("apis/{api_version}") } else { format!("api/{api_version}") }
}
