//! The bill of materials beside the wasm, `http-trace-filter.cdx.json`: `HTTP_TRACE_FILTER_WASM` names the wasm.
//! That it lists the right crates, the check `sbom` sees by `cargo tree`.

use std::fs;

use boon::{Compiler, Schemas};
use http_trace_e2e::envoy;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

const SCHEMAS: [(&str, &str); 3] = [
    ("bom-1.5", include_str!("../../../schemas/cyclonedx/bom-1.5.schema.json")),
    ("spdx", include_str!("../../../schemas/cyclonedx/spdx.schema.json")),
    ("jsf-0.82", include_str!("../../../schemas/cyclonedx/jsf-0.82.schema.json")),
];

/// The schemas refer to each other by the addresses at which CycloneDX publishes them.
fn address(name: &str) -> String {
    format!("http://cyclonedx.org/schema/{name}.schema.json")
}

fn check(bom: &Value) -> Result<(), String> {
    let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
    for (name, text) in SCHEMAS {
        compiler.add_resource(&address(name), serde_json::from_str(text).expect("JSON")).expect("a resource");
    }
    let index = compiler.compile(&address("bom-1.5"), &mut schemas).expect("a schema");
    schemas.validate(bom, index).map_err(|error| format!("{error:#}"))
}

fn bom() -> Value {
    let path = envoy::wasm().expect("the filter").with_extension("cdx.json");
    let text = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_slice(&text).expect("JSON")
}

#[test]
fn is_valid() {
    check(&bom()).unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn would_be_refused_with_a_fault() {
    for (pointer, fault) in [
        ("/specVersion", json!(1.5)),
        ("/components/0/hashes/0/content", json!("no hash")),
        ("/components/0/scope", json!("sometimes")),
        ("/metadata/component/licenses", json!([{"license": {"id": "No-Such-Licence"}}])),
    ] {
        let mut bom = bom();
        *bom.pointer_mut(pointer).unwrap_or_else(|| panic!("there is no {pointer}")) = fault;
        assert!(check(&bom).is_err(), "{pointer}");
    }
}

#[test]
fn names_the_wasm_beside_it() {
    let wasm = fs::read(envoy::wasm().expect("the filter")).expect("the wasm");
    let sha256 = format!("{:x}", Sha256::digest(&wasm));
    assert_eq!(bom()["metadata"]["component"]["hashes"], json!([{"alg": "SHA-256", "content": sha256}]));
}

/// What depends on what: everything is there, and reached from the wasm.
#[test]
fn is_one_graph() {
    let bom = bom();
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let mut reached = vec![bom["metadata"]["component"]["bom-ref"].clone()];
    let mut next = 0;
    while next < reached.len() {
        let of = |entry: &&Value| entry["ref"] == reached[next];
        let entries = list(&bom["dependencies"]);
        let entry = entries.iter().find(of).unwrap_or_else(|| panic!("no dependencies of {}", reached[next]));
        reached.extend(list(&entry["dependsOn"]).into_iter().filter(|to| !reached.contains(to)).collect::<Vec<_>>());
        next += 1;
    }
    let mut reached: Vec<_> = reached[1..].iter().map(|reference| reference.as_str().expect("a string")).collect();
    reached.sort_unstable();
    let components = list(&bom["components"]);
    let listed: Vec<_> = components.iter().map(|component| component["bom-ref"].as_str().expect("a string")).collect();
    assert_eq!(reached, listed);
}
