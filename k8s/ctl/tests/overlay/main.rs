//! `http-trace-ctl overlay`: what it writes, and that wrong input gives one clear line and leaves what was there.

mod destination;
mod image;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};
use tempfile::TempDir;

/// The smallest module.
const WASM: &[u8] = b"\0asm\x01\0\0\0";
/// Where records go, unless a test says otherwise.
const COLLECTOR: (&str, &str) = ("WASM_FILTER_TRACE_BACKEND_ADDRESS", "collector.observability");
/// Nothing says where they go.
const NOWHERE: &[(&str, &str)] = &[(COLLECTOR.0, "")];
/// The first 12 digits of its SHA-256.
const REVISION: &str = "93a44bbb96c7";

/// A directory to run in, removed at the end.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        let directory = TempDir::new().expect("a directory");
        fs::write(directory.path().join("filter.wasm"), WASM).expect("a file");
        Self(directory)
    }

    fn run_with(&self, arguments: &str, environment: &[(&str, &str)]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_http-trace-ctl"));
        command.current_dir(self.0.path()).arg("overlay").args(arguments.split_whitespace());
        let always = [("WASM_FILTER_BINARY_PATH", "filter.wasm"), COLLECTOR];
        command.env_clear().envs(always).envs(environment.iter().copied());
        command.output().expect("it runs")
    }

    fn run(&self, arguments: &str) -> Output {
        self.run_with(arguments, &[])
    }

    /// Runs it, which must succeed; the overlay's EnvoyFilter, MeshProxyPatch or EnvoyPatchPolicy.
    fn written(&self, arguments: &str, environment: &[(&str, &str)]) -> String {
        let output = self.run_with(arguments, environment);
        assert!(output.status.success(), "{arguments}: {}", text(&output.stderr));
        let namespace = arguments.split_whitespace().next().expect("a namespace");
        let root = self.0.path().join("k8s/overlays").join(namespace);
        let file = ["envoyfilter.yaml", "meshproxypatch.yaml", "envoypatchpolicy.yaml"].map(|name| root.join(name));
        fs::read_to_string(file.iter().find(|path| path.exists()).expect("a patch")).expect("text")
    }

    /// Everything below `k8s`.
    fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        fn walk(path: &Path, all: &mut BTreeMap<PathBuf, Vec<u8>>) {
            for entry in fs::read_dir(path).into_iter().flatten() {
                let path = entry.expect("an entry").path();
                if path.is_dir() {
                    walk(&path, all);
                } else {
                    all.insert(path.clone(), fs::read(path).expect("a file"));
                }
            }
        }
        let mut all = BTreeMap::new();
        walk(&self.0.path().join("k8s"), &mut all);
        all
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn the_same_bytes_every_time_and_a_list_that_sha256sum_takes() {
    let place = Place::new();
    assert!(place.run("shop billing --collector collector.observability:9000").status.success());
    let files = place.files();
    let names: Vec<_> =
        files.keys().map(|path| path.strip_prefix(place.0.path()).expect("below").display().to_string()).collect();
    let of = |namespace: &str| {
        ["configmap.yaml", "envoyfilter.yaml", "generated.sha256", "kustomization.yaml"]
            .map(|name| format!("k8s/overlays/{namespace}/{name}"))
    };
    assert_eq!(names, [of("billing"), of("shop")].concat());
    let again = place.run("shop billing --collector collector.observability:9000");
    assert_eq!((again.status.success(), place.files()), (true, files));
    assert!(text(&again.stdout).contains(&format!("k8s/overlays/shop: revision {REVISION}; ")), "{again:?}");
    let mut check = Command::new("sha256sum");
    check.args(["--check", "--strict", "generated.sha256"]).current_dir(place.0.path().join("k8s/overlays/shop"));
    let checked = check.output().expect("sha256sum");
    assert!(checked.status.success(), "{checked:?}");
}

#[test]
fn another_kind_takes_the_place_of_the_first_and_leaves_strangers() {
    let place = Place::new();
    place.written("shop", &[]);
    let notes = place.0.path().join("k8s/overlays/shop/NOTES.md");
    fs::write(&notes, "ours").expect("a file");
    place.written("shop --delivery inline --mesh kuma", &[]);
    let names: Vec<_> = place
        .files()
        .into_keys()
        .map(|path| path.file_name().expect("a name").to_string_lossy().into_owned())
        .collect();
    assert_eq!(names, ["NOTES.md", "generated.sha256", "kustomization.yaml", "meshproxypatch.yaml"]);
}

#[test]
fn the_original_s_variables_are_honoured() {
    let place = Place::new();
    let patch = place.written("defaults", &[]);
    assert!(patch.contains(r#"address: "collector.observability""#), "{patch}");
    assert!(patch.contains("port_value: 9000") && !patch.contains("sampling"), "{patch}");
    let environment = [
        ("WASM_FILTER_TRACE_BACKEND_ADDRESS", "backend.example"),
        ("WASM_FILTER_TRACE_BACKEND_PORT", "9100"),
        ("WASM_FILTER_TRACE_SAMPLING_PORT", "9200"),
        ("WASM_FILTER_CONFIG_MAP_NAME", "wasm-filter"),
        ("TRACE_SAMPLING_ENABLED", "true"),
    ];
    let patch = place.written("shop", &environment);
    for expected in [
        r#"address: "backend.example""#,
        "port_value: 9100",
        "port_value: 9200",
        r#"{\"collector\":{\"cluster\":\"trace_analyzer_outbound\",\"authority\":\"backend.example:9100\"}"#,
        r#"\"sampling\":{\"hosts\":{\"cluster\":\"trace_sampling_manager_outbound\"}}"#,
    ] {
        assert!(patch.contains(expected), "{expected} is not in\n{patch}");
    }
    let map = fs::read_to_string(place.0.path().join("k8s/overlays/shop/configmap.yaml")).expect("text");
    assert!(map.contains(&format!("  name: \"wasm-filter-{REVISION}\"\n")), "{map}");
    // The command line counts more.
    let patch = place.written("shop --collector [2001:db8::1]:1 --sampling manager.example:2", &environment);
    assert!(patch.contains(r#"address: "2001:db8::1""#) && patch.contains("type: \"STATIC\""), "{patch}");
    assert!(patch.contains(r#"address: "manager.example""#) && patch.contains("port_value: 2\n"), "{patch}");
}

#[test]
fn the_configuration_is_the_user_s_with_what_is_missing() {
    let place = Place::new();
    let configuration =
        r#"{"sampling":{"rate":0.5,"hosts":true},"collector":{"path":"/in","authority":"a"},"mesh":"none"}"#;
    fs::write(place.0.path().join("c.json"), configuration).expect("a file");
    let patch = place.written("shop --config c.json --traffic inbound", &[]);
    let expected = r#"{"sampling":{"rate":0.5,"hosts":{"cluster":"trace_sampling_manager_inbound"}},"collector":{"path":"/in","authority":"a","cluster":"trace_analyzer_inbound"},"mesh":"none"}"#;
    assert!(patch.contains(&expected.replace('"', "\\\"")), "{patch}");
    fs::write(place.0.path().join("c.json"), r#"{"collector":{"cluster":"own"}}"#).expect("a file");
    let patch = place.written("shop --config c.json --mesh kuma --delivery inline --cluster-exists", NOWHERE);
    assert!(!patch.contains("cluster:"), "no cluster is added: {patch}");
    let name = "collector.observability.svc.cluster.local";
    let patch = place.written(&format!("mesh --istio-cluster --collector {name}:9000"), &[]);
    assert!(patch.contains(&format!("outbound|9000||{name}")) && !patch.contains("CLUSTER"), "{patch}");
}

#[test]
fn tls_and_http2_are_the_cluster_s() {
    let place = Place::new();
    let patch = place.written(
        "shop --collector a.example:443 --tls --tls-ca /ca.pem --tls-cert /c.pem --tls-key /k.pem --http2",
        &[],
    );
    for expected in
        ["sni: \"a.example\"", "\"/ca.pem\"", "\"/c.pem\"", "\"/k.pem\"", "http2_protocol_options", "- \"h2\""]
    {
        assert!(patch.contains(expected), "{expected} is not in\n{patch}");
    }
}

/// By the Gateway's listener, by Envoy's own name for it, and for the GatewayClass of Gateways that are merged.
#[test]
fn envoy_gateway_s_listeners_have_any_name() {
    let place = Place::new();
    for (arguments, listener, kind, target) in [
        ("--gateway eg", "shop/eg/http", "Gateway", "eg"),
        ("--gateway eg --listener web", "shop/eg/web", "Gateway", "eg"),
        ("--gateway eg --xds-listener tcp-80", "tcp-80", "Gateway", "eg"),
        ("--gateway-class merged --xds-listener tcp-443", "tcp-443", "GatewayClass", "merged"),
        ("--gateway-class merged --xds-listener shop/eg/web", "shop/eg/web", "GatewayClass", "merged"),
    ] {
        let patch = place.written(&format!("shop --mesh envoy-gateway {arguments}"), &[]);
        for expected in
            [format!("      name: \"{listener}\"\n"), format!("    kind: \"{kind}\"\n    name: \"{target}\"\n")]
        {
            assert!(patch.contains(&expected), "{arguments}: {expected} is not in\n{}", &patch[..600]);
        }
    }
}

/// One filter for each direction, and one ConfigMap for all.
#[test]
fn several_directions_are_each_a_patch() {
    let place = Place::new();
    let patch = place.written("shop --traffic gateway,inbound --traffic outbound,inbound", &[]);
    let documents: Vec<&str> = patch.split("---\n").collect();
    let contexts = ["outbound", "inbound", "gateway"];
    assert_eq!(documents.len(), contexts.len(), "{patch}");
    for (document, context) in documents.iter().zip(contexts) {
        assert!(document.contains(&format!("  name: \"http-trace-filter-{context}-{REVISION}\"\n")), "{document}");
        assert!(document.contains(&format!("name: \"trace_analyzer_{context}\"\n")), "{document}");
    }
}

/// For every mesh, in the order of the list; only who asks for it gets a VM that may do everything.
#[test]
fn the_vm_may_do_what_the_filter_needs() {
    let place = Place::new();
    let names = include_str!("../../src/overlay/capabilities.txt").lines();
    let names: Vec<String> = names.map(|name| format!("{name}: {{}}")).collect();
    for mesh in ["istio", "kuma", "istio --delivery inline", "envoy-gateway --gateway eg"] {
        let patch = place.written(&format!("shop --mesh {mesh}"), &[]);
        let (_, list) = patch.split_once("allowed_capabilities:\n").expect("a list");
        let list: Vec<&str> = list.lines().map(str::trim).take_while(|line| line.starts_with("proxy_")).collect();
        assert_eq!(list, names, "{mesh}");
        let patch = place.written(&format!("shop --unrestricted --mesh {mesh}"), &[]);
        assert!(!patch.contains("capabilit"), "{mesh}: {patch}");
    }
}

/// Whatever is wrong: one line that says so, and not a byte has changed. With the command line: exit code 2, else 1.
#[test]
fn wrong_input_changes_nothing() {
    let place = Place::new();
    place.written("shop", &[]);
    fs::write(place.0.path().join("bad.json"), r#"{"queue":{"max_bytes":-1}}"#).expect("a file");
    fs::write(place.0.path().join("text.wasm"), "no module").expect("a file");
    fs::write(place.0.path().join("large.wasm"), [WASM, &[0; 190_000]].concat()).expect("a file");
    fs::write(place.0.path().join("file"), "").expect("a file");
    let before = place.files();
    let long = "a".repeat(64);
    let usage = [
        ("", "<NAMESPACE>"),
        ("Shop", "invalid value 'Shop'"),
        ("../up", "invalid value '../up'"),
        (&long, "takes 1 to 63 lower-case letters"),
        ("shop --collector collector:70000", r#"port: got "70000", takes 1 to 65535"#),
        ("shop --collector collector:0", r#"port: got "0""#),
        ("shop --collector collector", r#"got "collector", takes HOST:PORT"#),
        ("shop --collector a_b..c:1", r#"host: got "a_b..c""#),
        ("shop --colector a:1", "a similar argument exists: '--collector'"),
        ("shop --traffic sideways", "possible values: outbound, inbound, gateway"),
        ("shop --config-map-name Bad", "--config-map-name"),
        ("shop --istio-cluster --collector collector.observability:9000", "collector.observability.svc.cluster.local"),
        ("istio-system", "istio-system: got the root namespace of --mesh istio"),
        ("shop istio-system --delivery inline", "takes --mesh-wide"),
        ("kuma-system --mesh kuma", "kuma-system: got the root namespace of --mesh kuma"),
        ("shop --mesh-wide", "--mesh-wide: given without the root namespace"),
        ("shop --sampling a:1", "leaves sampling.hosts off"),
        ("shop --cluster-exists", "names no cluster"),
        ("shop --istio-cluster --tls", "cannot be used with"),
        ("shop --mesh kuma --istio-cluster", "takes --mesh istio"),
        ("shop --mesh kuma --traffic gateway", "takes outbound or inbound"),
        ("shop --mesh envoy-gateway", "--gateway: --mesh envoy-gateway takes the name"),
        ("shop --mesh envoy-gateway --gateway eg --traffic inbound", "takes gateway"),
        ("shop --mesh envoy-gateway --gateway eg --delivery configmap", "takes inline"),
        ("shop --mesh envoy-gateway --gateway-class eg", "--xds-listener"),
        ("shop --mesh envoy-gateway --gateway-class eg --gateway a --xds-listener tcp-80", "cannot be used with"),
        ("shop --mesh envoy-gateway --gateway a --listener b --xds-listener tcp-80", "cannot be used with"),
        ("shop --xds-listener tcp-80", "--xds-listener: takes --mesh envoy-gateway"),
        ("shop --gateway eg", "--gateway: takes --delivery image or --mesh envoy-gateway"),
        ("shop --mesh envoy-gateway --gateway eg --service web", "--service: takes --mesh istio"),
        ("shop --mesh envoy-gateway --gateway a/b", "--gateway"),
        ("shop --tls-ca /ca.pem", "--tls"),
    ];
    let other = [
        ("shop --config absent.json", "absent.json: No such file"),
        ("shop --config bad.json", "bad.json: queue.max_bytes: got a negative number"),
        ("shop --wasm absent.wasm", "absent.wasm: No such file"),
        ("shop --wasm text.wasm", "text.wasm: got a file that is no WebAssembly module"),
        ("shop --wasm large.wasm", "got 190008 bytes, takes at most 190000"),
        ("shop --out file", "file/shop"),
    ];
    for (code, of_code) in [(2, &usage[..]), (1, &other)] {
        for (arguments, expected) in of_code {
            refused(&place, arguments, &[], code, expected);
            assert_eq!(place.files(), before, "{arguments}");
        }
    }
    for (name, value, expected) in [
        ("WASM_FILTER_TRACE_BACKEND_PORT", "70000", r#"WASM_FILTER_TRACE_BACKEND_PORT: got "70000""#),
        ("WASM_FILTER_TRACE_BACKEND_ADDRESS", "a b", "WASM_FILTER_TRACE_BACKEND_ADDRESS: host: got"),
        ("WASM_FILTER_TRACE_SAMPLING_PORT", "x", "WASM_FILTER_TRACE_SAMPLING_PORT"),
        ("WASM_FILTER_CONFIG_MAP_NAME", "Bad", r#"WASM_FILTER_CONFIG_MAP_NAME: got "Bad""#),
        ("TRACE_SAMPLING_ENABLED", "yes", r#"TRACE_SAMPLING_ENABLED: got "yes", takes true or false"#),
    ] {
        refused(&place, "shop", &[(name, value)], 2, expected);
        assert_eq!(place.files(), before, "{name}={value}");
    }
    refused(&place, "shop", &[("WASM_FILTER_BINARY_PATH", "")], 1, "no wasm: give --wasm FILE");
}

/// Every problem of the configuration is a line of its own.
#[test]
fn each_problem_is_a_line() {
    let place = Place::new();
    fs::write(place.0.path().join("bad.json"), r#"{"formt":"publish","queue":{"max_bytes":-1}}"#).expect("a file");
    let error = text(&place.run("shop --config bad.json").stderr);
    let lines: Vec<&str> = error.lines().collect();
    let [range, unknown] = &lines[..] else { panic!("{error}") };
    assert!(unknown.starts_with("bad.json: formt: unknown field"), "{error}");
    assert!(range.starts_with("bad.json: queue.max_bytes: got a negative number"), "{error}");
}

fn refused(place: &Place, arguments: &str, environment: &[(&str, &str)], code: i32, expected: &str) {
    let output = place.run_with(arguments, environment);
    let error = text(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{arguments}: {error}");
    assert_eq!(error.trim_end().lines().count(), 1, "{arguments}: {error}");
    assert!(error.contains(expected), "{arguments} {environment:?}: {expected:?} is not in {error:?}");
    assert!(output.stdout.is_empty(), "{arguments}: {output:?}");
}

/// An overlay that a hand has touched stays, and so do all others of the same call.
#[test]
fn what_it_did_not_write_is_not_overwritten() {
    let place = Place::new();
    place.written("shop", &[]);
    let filter = place.0.path().join("k8s/overlays/shop/envoyfilter.yaml");
    let written = fs::read_to_string(&filter).expect("text");
    fs::write(&filter, format!("{written}# by hand\n")).expect("a file");
    let before = place.files();
    refused(&place, "billing shop", &[], 1, "k8s/overlays/shop/envoyfilter.yaml: got a file that");
    refused(&place, "shop --delivery inline --mesh kuma", &[], 1, "takes only its own: move it away");
    assert_eq!(place.files(), before);
    // Undone, it is its own again.
    fs::write(&filter, written).expect("a file");
    place.written("shop --traffic inbound", &[]);
    // A directory that was there before is not its own.
    let own = place.0.path().join("k8s/overlays/own");
    fs::create_dir(&own).expect("a directory");
    fs::write(own.join("kustomization.yaml"), "resources: []\n").expect("a file");
    refused(&place, "own", &[], 1, "k8s/overlays/own/kustomization.yaml: got a file that");
    fs::write(place.0.path().join("k8s/overlays/shop/generated.sha256"), "garbage\n").expect("a file");
    refused(&place, "shop", &[], 1, "generated.sha256: got something else than sha256sum's list");
}
