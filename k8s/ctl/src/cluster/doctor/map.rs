//! What the pods mount, as it is in the cluster.

use crate::overlay::{REVISION, WASM};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// One of our ConfigMaps.
pub(super) struct Map {
    pub(super) revision: String,
    /// Whether the wasm in it is that of its revision.
    pub(super) sound: bool,
    /// When it was made, as RFC 3339 writes it: such texts compare as the moments do.
    pub(super) made: String,
}

impl Map {
    pub(super) fn read(object: &Value) -> Option<Self> {
        let metadata = &object["metadata"];
        let revision = metadata["labels"][REVISION].as_str()?.to_owned();
        let wasm = object["binaryData"][WASM].as_str().and_then(|text| STANDARD.decode(text.replace('\n', "")).ok());
        let sound = wasm.is_some_and(|wasm| format!("{:x}", Sha256::digest(wasm)).starts_with(&revision));
        Some(Self { revision, sound, made: metadata["creationTimestamp"].as_str().unwrap_or_default().to_owned() })
    }
}
