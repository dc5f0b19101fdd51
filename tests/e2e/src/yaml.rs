//! YAML documents as JSON values, as Kubernetes reads them.

use std::io;

use serde::Deserialize;
use serde_json::Value;

/// Every document of a text.
///
/// # Errors
/// When one is no YAML, or has what JSON does not.
pub fn documents(text: &str) -> io::Result<Vec<Value>> {
    let documents = serde_yaml_ng::Deserializer::from_str(text).map(Value::deserialize);
    documents.collect::<Result<_, _>>().map_err(io::Error::other)
}
