//! Every kind of overlay, rendered by the real kustomize and kubectl: what is in it, that it is sound, and that it can be
//! applied. And the components, in the kustomization of a team that owns its manifests.
//!
//! `HTTP_TRACE_CTL` names the generator, `HTTP_TRACE_FILTER_WASM` the filter, `KUBECTL` and `KUSTOMIZE` the two programs,
//! `K8S` a copy of the repository's directory `k8s`.

mod collector;
mod components;
mod schemas;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http_trace_e2e::envoy;
use http_trace_e2e::overlay::Overlay;
use http_trace_e2e::yaml;
use serde_json::Value;

/// The label that ties everything of one wasm together.
const REVISION: &str = "http-trace-filter/revision";

/// What the annotations of an object may have, all together:
/// <https://kubernetes.io/docs/concepts/overview/working-with-objects/annotations/>.
const ANNOTATIONS: usize = 262_144;

fn program(variable: &str) -> PathBuf {
    let path = env::var_os(variable).unwrap_or_else(|| panic!("{variable} is not set: it takes the path of a program"));
    path.into()
}

/// What the two programs make of a directory; they must agree.
fn render(directory: &Path) -> Vec<Value> {
    let run = |variable: &str, argument: &str| {
        let output = Command::new(program(variable)).arg(argument).arg(directory).output().expect("it runs");
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success() && error.is_empty(), "{variable} {}: {error}", directory.display());
        yaml::documents(&String::from_utf8(output.stdout).expect("UTF-8")).expect("YAML")
    };
    let rendered = run("KUBECTL", "kustomize");
    assert_eq!(rendered, run("KUSTOMIZE", "build"), "kubectl and kustomize disagree");
    rendered
}

fn overlay(arguments: &[&str]) -> Overlay {
    let wasm = envoy::wasm().expect("the filter");
    let collector = "collector.observability.svc.cluster.local:9000";
    let mut arguments = [arguments, &["--collector", collector]].concat();
    // An image has its own.
    if !arguments.contains(&"--image") {
        arguments.extend(["--wasm", wasm.to_str().expect("UTF-8")]);
    }
    Overlay::generate(&arguments).unwrap_or_else(|error| panic!("{arguments:?}: {error}"))
}

/// Every mesh, context and delivery that there is.
fn kinds() -> Vec<Vec<&'static str>> {
    let mut kinds = Vec::new();
    for (mesh, contexts) in [("istio", &["outbound", "inbound", "gateway"][..]), ("kuma", &["outbound", "inbound"])] {
        for context in contexts {
            for delivery in ["configmap", "inline"] {
                kinds.push(vec!["--mesh", mesh, "--traffic", context, "--delivery", delivery]);
            }
        }
    }
    let gateway = ["--mesh", "envoy-gateway", "--traffic", "gateway", "--delivery", "inline"];
    kinds.push([&gateway[..], &["--gateway", "eg"]].concat());
    kinds.push([&gateway[..], &["--gateway-class", "eg", "--xds-listener", "tcp-80"]].concat());
    kinds.push(vec!["--mesh", "istio", "--traffic", "outbound,inbound", "--delivery", "configmap"]);
    let image = [
        "--image",
        "oci://registry.example/filter@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
    ];
    for traffic in [
        &["outbound"][..],
        &["inbound"],
        &["outbound,inbound"],
        &["gateway", "--gateway", "front"],
        &["waypoint", "--gateway", "way", "--service", "web"],
        &["waypoint", "--gateway-class", "istio-waypoint"],
    ] {
        let delivery = [&["--mesh", "istio", "--traffic", traffic[0], "--delivery", "image"], &image[..]].concat();
        kinds.push([&delivery[..], &traffic[1..]].concat());
    }
    kinds
}

/// The texts in a value.
fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        Value::Object(members) => members.values().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}

fn labels(object: &Value) -> Option<&str> {
    object["metadata"]["labels"][REVISION].as_str()
}

#[test]
fn every_overlay_has_one_revision_no_workload_and_can_be_applied() {
    for kind in kinds() {
        let objects = render(&overlay(&kind).root());
        let mounted = kind[5] == "configmap";
        let got: BTreeSet<&str> = objects.iter().filter_map(|object| object["kind"].as_str()).collect();
        let expected: &[&str] = match (kind[1], mounted) {
            ("istio", false) if kind[5] == "image" => &["EnvoyFilter", "WasmPlugin"],
            ("istio", true) => &["ConfigMap", "EnvoyFilter"],
            ("istio", false) => &["EnvoyFilter"],
            ("kuma", true) => &["ConfigMap", "ContainerPatch", "MeshProxyPatch"],
            ("kuma", false) => &["MeshProxyPatch"],
            _ => &["EnvoyPatchPolicy"],
        };
        assert_eq!(got, expected.iter().copied().collect(), "{kind:?}");
        let revisions: BTreeSet<Option<&str>> = objects.iter().map(labels).collect();
        assert_eq!(revisions.len(), 1, "{kind:?}: {revisions:?}");
        let revision = labels(&objects[0]).expect("a revision");
        assert!(revision.len() == 12 && revision.bytes().all(|byte| byte.is_ascii_hexdigit()), "{revision}");
        for object in &objects {
            let (name, what) = (&object["metadata"]["name"], format!("{kind:?}: {}", object["kind"]));
            let namespace = if object["kind"] == "ContainerPatch" { "kuma-system" } else { "shop" };
            assert_eq!(object["metadata"]["namespace"], namespace, "{what}");
            for text in texts(object).iter().flat_map(|text| text.split(['"', '/', '\n', ' '])) {
                let named = text.strip_prefix("http-trace-filter-").filter(|_| text.matches('-').count() >= 3);
                let tail = named.and_then(|text| text.rsplit('-').next()).filter(|tail| tail.len() == 12);
                assert!(tail.is_none_or(|tail| tail == revision), "{what}: another revision: {text}");
            }
            // What client-side apply keeps in an annotation, whose name counts too.
            let applied = object.to_string().len() + 1 + "kubectl.kubernetes.io/last-applied-configuration".len();
            println!("{what} {name}: {applied} bytes as an annotation");
            assert!(applied < ANNOTATIONS, "{what}: {applied} bytes as an annotation");
        }
    }
}

/// The mount, the selector and the names agree.
#[test]
fn the_proxy_finds_what_the_config_map_holds() {
    let objects = render(&overlay(&[]).root());
    let object = |kind: &str| objects.iter().find(|object| object["kind"] == kind).expect("there is one");
    let (map, filter) = (object("ConfigMap"), object("EnvoyFilter"));
    let revision = labels(map).expect("a revision");
    assert_eq!(map["metadata"]["name"], format!("http-trace-filter-{revision}"));
    assert_eq!(map["immutable"], true);
    let data = map["binaryData"].as_object().expect("data");
    assert_eq!(data.keys().collect::<Vec<_>>(), ["http-trace-filter.wasm"]);
    assert_eq!(filter["spec"]["workloadSelector"]["labels"][REVISION], revision);
    let files: Vec<&str> = texts(filter).into_iter().filter(|text| text.starts_with("/var/")).collect();
    assert_eq!(files, ["/var/local/lib/wasm-filters/http-trace-filter.wasm"]);
    let inline = render(&overlay(&["--delivery", "inline"]).root());
    assert!(inline[0]["spec"]["workloadSelector"].is_null(), "inline is for every proxy of the namespace");
}

/// The one in the repository is what the generator makes of the filter in the repository.
#[test]
fn the_example_is_there_and_names_this_filter() {
    let root = program("K8S").join("overlays/example");
    let objects = render(&root);
    let map = objects.iter().find(|object| object["kind"] == "ConfigMap").expect("a ConfigMap");
    let wasm = map["binaryData"]["http-trace-filter.wasm"].as_str().expect("base64");
    // One line: the API server keeps it so, and a second apply finds nothing to change.
    let wasm = STANDARD.decode(wasm).expect("base64 without line breaks");
    let built = fs::read(envoy::wasm().expect("the filter")).expect("the wasm");
    // Not `assert_eq`, which would print both.
    assert!(wasm == built, "another filter is built");
    assert!(objects.iter().all(|object| object["metadata"]["namespace"] == "example"));
}
