//! `k8s/envoy/envoy.yaml`: a whole configuration of Envoy, which runs as it stands. It is written by hand, with comments, but
//! for what must not drift: the wasm and the list of capabilities.

use super::{Wasm, yaml};
use base64::{Engine, engine::general_purpose::STANDARD};

/// Its file.
pub(super) const FILE: &str = "envoy.yaml";

const TEMPLATE: &str = include_str!("envoy.yaml");
const CAPABILITIES: &str = include_str!("capabilities.txt");

pub(super) fn bootstrap(wasm: &Wasm) -> Vec<u8> {
    let bytes = STANDARD.encode(wasm.bytes());
    let mut text = yaml::HEADER.to_owned();
    for line in TEMPLATE.lines() {
        match line.split_once("@CAPABILITIES@") {
            Some((indent, _)) => text.extend(CAPABILITIES.lines().map(|name| format!("{indent}{name}: {{}}\n"))),
            None => text += &format!("{}\n", line.replace("@WASM@", &bytes)),
        }
    }
    text.into_bytes()
}
