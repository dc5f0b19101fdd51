//! Where records go: said once, defined by somebody, and told.

use super::{COLLECTOR, NOWHERE, Place, REVISION, refused, text};
use std::fs;

/// A place with this configuration.
fn configured(configuration: &str) -> Place {
    let place = Place::new();
    fs::write(place.0.path().join("c.json"), configuration).expect("a file");
    place
}

/// No host that nobody has stands in for what is not said.
#[test]
fn somebody_says_where_records_go() {
    let place = configured(r#"{"format":"otlp"}"#);
    for arguments in ["shop", "shop --config c.json", "shop --tls", "shop --mesh kuma"] {
        refused(&place, arguments, NOWHERE, 2, "--collector: not given, takes HOST:PORT");
    }
    assert!(place.files().is_empty());
    let patch = place.written("shop --config c.json --collector otel-collector.observability:4318", NOWHERE);
    assert!(patch.contains("port_value: 4318") && patch.contains(r#"\"format\":\"otlp\""#), "{patch}");
}

/// Each overlay says it, on the terminal and in its file.
#[test]
fn each_overlay_says_where_its_records_go() {
    let place = configured(
        r#"{"format":"otlp","collector":{"cluster":"outbound|4318||otel.observability.svc.cluster.local"}}"#,
    );
    for (arguments, expected) in [
        ("--collector a.example:9000", "http://a.example:9000/publish"),
        ("--collector [2001:db8::1]:443 --tls --mesh kuma", "https://[2001:db8::1]:443/publish"),
        (
            "--collector a.b.svc.cluster.local:9 --istio-cluster",
            "http://a.b.svc.cluster.local:9/publish, by Istio's cluster \"outbound|9||a.b.svc.cluster.local\"",
        ),
        (
            "--config c.json --traffic inbound,outbound",
            "Envoy's cluster \"outbound|4318||otel.observability.svc.cluster.local\", as POST /v1/logs",
        ),
    ] {
        let printed = place.run_with(&format!("shop billing {arguments}"), NOWHERE);
        for namespace in ["shop", "billing"] {
            let line = format!("k8s/overlays/{namespace}: records go to {expected}\n");
            assert!(text(&printed.stdout).contains(&line), "{line} is not in {printed:?}");
            let patch = place.written(&format!("{namespace} {arguments}"), NOWHERE);
            assert!(patch.contains(&format!("\n# Records go to {expected}.\n")), "{}", &patch[..400]);
        }
    }
}

/// What the configuration says is not said again: one of the two would be lost.
#[test]
fn what_contradicts_the_configuration_is_refused() {
    let cluster = "outbound|9000||collector.observability.svc.cluster.local";
    let place = configured(&format!(
        r#"{{"collector":{{"cluster":"{cluster}"}},"sampling":{{"hosts":{{"cluster":"{cluster}"}}}},"mesh":"kuma"}}"#
    ));
    let beside = format!("given beside collector.cluster {cluster:?} in c.json");
    for option in ["--collector a:1", "--tls", "--http2", "--istio-cluster"] {
        let name = option.split(' ').next().expect("a name");
        refused(&place, &format!("shop --config c.json {option}"), NOWHERE, 2, &format!("{name}: {beside}"));
    }
    refused(&place, "shop --config c.json", &[], 2, &format!("${}: {beside}", COLLECTOR.0));
    let sampling = "--sampling: given beside sampling.hosts.cluster";
    refused(&place, "shop --config c.json --sampling a:1", NOWHERE, 2, sampling);
    for (mesh, got) in [("istio", "mesh"), ("envoy-gateway --gateway eg", "mesh")] {
        // The clusters of both are others.
        let arguments = format!("shop --config c.json --cluster-exists --mesh {mesh}");
        refused(&place, &arguments, NOWHERE, 2, &format!("got {got} \"kuma\" in c.json"));
    }
    assert!(place.files().is_empty());
    let place = configured(r#"{"service_mesh":"istio"}"#);
    refused(&place, "shop --config c.json --mesh kuma", &[], 2, r#"takes "kuma" or "none" there"#);
    let place = configured(r#"{"collector":{"cluster":"outbound|1||a.b.svc"},"sampling":{"hosts":true}}"#);
    refused(&place, "shop --config c.json", NOWHERE, 2, "--sampling: not given");
    let patch = place.written("shop --config c.json --sampling manager.example:2", NOWHERE);
    assert!(patch.contains(r#"address: "manager.example""#) && !patch.contains("trace_analyzer"), "{patch}");
}

/// Envoy takes a filter whose cluster is nowhere, and its records are lost.
#[test]
fn a_cluster_that_nothing_defines_is_refused() {
    for (mesh, known, unknown) in [
        ("istio", "outbound|9000||collector.observability.svc.cluster.local", "trace_analyzer"),
        ("istio", "outbound|9000|v1|collector.observability.svc.cluster.local", "outbound|0||collector"),
        ("kuma", "collector_observability_svc_9000", "outbound|9000||collector.observability.svc.cluster.local"),
        ("kuma", "kri_msvc_default_zone_observability_collector_9000", "collector_svc_port"),
        ("envoy-gateway --gateway eg", "httproute/observability/collector/rule/0", "trace_analyzer_gateway"),
    ] {
        let place = configured(&format!(r#"{{"collector":{{"cluster":"{unknown}"}}}}"#));
        let arguments = format!("shop --config c.json --mesh {mesh}");
        refused(
            &place,
            &arguments,
            NOWHERE,
            1,
            &format!("c.json: collector.cluster: got {unknown:?}, which nothing defines"),
        );
        place.written(&format!("{arguments} --cluster-exists"), NOWHERE);
        let place = configured(&format!(r#"{{"collector":{{"cluster":"{known}"}}}}"#));
        place.written(&arguments, NOWHERE);
    }
}

/// What kubectl cannot apply is refused before it is written, to the byte.
#[test]
fn a_configuration_that_is_too_large_for_an_object_is_refused() {
    let place = Place::new();
    let with = |bytes: usize| {
        let configuration = format!(r#"{{"otlp":{{"resource":{{"a":"{}"}}}}}}"#, "<".repeat(bytes));
        fs::write(place.0.path().join("c.json"), configuration).expect("a file");
        place.run("shop --config c.json")
    };
    let refused = with(200_000);
    let error = text(&refused.stderr);
    assert_eq!(refused.status.code(), Some(1), "{error}");
    assert!(error.starts_with(&format!("EnvoyFilter http-trace-filter-outbound-{REVISION}: got ")), "{error}");
    assert!(error.contains("takes at most 262144") && error.contains("are the configuration"), "{error}");
    assert!(place.files().is_empty());
    // Go writes six bytes for each `<`.
    assert!(with(40_000).status.success());
    assert!(!with(44_000).status.success());
}

/// The root namespace is meant only where it is said.
#[test]
fn the_root_namespace_wants_a_word() {
    let place = Place::new();
    place.written("istio-system --mesh-wide", &[]);
    place.written("kuma-system --mesh kuma --mesh-wide", &[]);
    // It is nothing special to another mesh.
    place.written("istio-system --mesh kuma", &[]);
}
