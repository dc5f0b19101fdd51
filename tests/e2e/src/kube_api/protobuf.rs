//! The protobuf form of the objects that kubectl sends so: those of `kubectl create configmap` and `create namespace`.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use prost::Message;
use serde_json::{Map, Value, json};

use super::status::Failure;

/// The media type.
pub(crate) const MEDIA_TYPE: &str = "application/vnd.kubernetes.protobuf";
/// What such a body begins with.
const MAGIC: &[u8] = b"k8s\0";

#[derive(Message)]
struct Unknown {
    #[prost(message, required, tag = "1")]
    type_meta: TypeMeta,
    #[prost(bytes = "vec", tag = "2")]
    raw: Vec<u8>,
}

#[derive(Message)]
struct TypeMeta {
    #[prost(string, tag = "1")]
    api_version: String,
    #[prost(string, tag = "2")]
    kind: String,
}

#[derive(Message)]
struct ConfigMap {
    #[prost(message, required, tag = "1")]
    metadata: ObjectMeta,
    #[prost(btree_map = "string, string", tag = "2")]
    data: BTreeMap<String, String>,
    #[prost(btree_map = "string, bytes", tag = "3")]
    binary_data: BTreeMap<String, Vec<u8>>,
    #[prost(bool, optional, tag = "4")]
    immutable: Option<bool>,
}

/// Without what only the server writes.
#[derive(Message)]
struct Namespace {
    #[prost(message, required, tag = "1")]
    metadata: ObjectMeta,
}

#[derive(Message)]
struct ObjectMeta {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(string, tag = "3")]
    namespace: String,
    #[prost(btree_map = "string, string", tag = "11")]
    labels: BTreeMap<String, String>,
    #[prost(btree_map = "string, string", tag = "12")]
    annotations: BTreeMap<String, String>,
}

/// The object as JSON.
///
/// # Errors
/// When it is of another kind, or no such body.
pub(crate) fn read(body: &[u8]) -> Result<Value, Failure> {
    let wrong = |error: &dyn std::fmt::Display| Failure::bad_request(format!("the body is not {MEDIA_TYPE}: {error}"));
    let message = body.strip_prefix(MAGIC).ok_or_else(|| wrong(&"it does not begin with k8s\\0"))?;
    let unknown = Unknown::decode(message).map_err(|error| wrong(&error))?;
    let TypeMeta { api_version, kind } = unknown.type_meta;
    let mut object = json!({ "apiVersion": api_version, "kind": kind });
    match kind.as_str() {
        "Namespace" => {
            let namespace = Namespace::decode(unknown.raw.as_slice()).map_err(|error| wrong(&error))?;
            object["metadata"] = namespace.metadata.json();
        }
        "ConfigMap" => {
            let map = ConfigMap::decode(unknown.raw.as_slice()).map_err(|error| wrong(&error))?;
            object["metadata"] = map.metadata.json();
            let binary = map.binary_data.into_iter().map(|(key, bytes)| (key, STANDARD.encode(bytes))).collect();
            set(&mut object, "data", map.data);
            set(&mut object, "binaryData", binary);
            if let Some(immutable) = map.immutable {
                object["immutable"] = json!(immutable);
            }
        }
        _ => return Err(Failure::bad_request(format!("the double of the API server reads a {kind} as JSON alone"))),
    }
    Ok(object)
}

impl ObjectMeta {
    fn json(self) -> Value {
        let mut metadata = json!({ "name": self.name });
        if !self.namespace.is_empty() {
            metadata["namespace"] = json!(self.namespace);
        }
        set(&mut metadata, "labels", self.labels);
        set(&mut metadata, "annotations", self.annotations);
        metadata
    }
}

fn set(object: &mut Value, field: &str, map: BTreeMap<String, String>) {
    if !map.is_empty() {
        object[field] = Value::Object(map.into_iter().map(|(key, value)| (key, json!(value))).collect::<Map<_, _>>());
    }
}
