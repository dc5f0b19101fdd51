//! `--delivery image`: a WasmPlugin, and the EnvoyFilter beside it.

use super::{Place, refused, text};
use std::fs;

/// An image's digest.
const DIGEST: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// Istio fetches the wasm itself: a WasmPlugin, and beside it an EnvoyFilter for the same proxies, without the filter in it.
#[test]
fn an_image_is_a_plugin_and_what_it_needs() {
    let image = format!("oci://registry.example/filter@sha256:{DIGEST}");
    let gateway = |kind: &str, name: &str| {
        format!(
            "  targetRefs:\n    - group: \"gateway.networking.k8s.io\"\n      kind: \"{kind}\"\n      name: \"{name}\"\n"
        )
    };
    let service = "  targetRefs:\n    - group: \"\"\n      kind: \"Service\"\n      name: \"web\"\n".to_owned();
    let mode = |mode: &str| format!("  match:\n    - mode: \"{mode}\"\n");
    for (traffic, plugin_has, filter_has, context) in [
        ("outbound", mode("CLIENT"), String::new(), "ANY"),
        ("inbound", mode("SERVER"), String::new(), "SIDECAR_INBOUND"),
        ("gateway --gateway front", gateway("Gateway", "front"), gateway("Gateway", "front"), "GATEWAY"),
        ("waypoint --gateway way", gateway("Gateway", "way"), gateway("Gateway", "way"), "SIDECAR_INBOUND"),
        ("waypoint --gateway way --service web", service, gateway("Gateway", "way"), "SIDECAR_INBOUND"),
        (
            "waypoint --gateway-class istio-waypoint",
            gateway("GatewayClass", "istio-waypoint"),
            gateway("GatewayClass", "istio-waypoint"),
            "SIDECAR_INBOUND",
        ),
    ] {
        let place = Place::new();
        let arguments = format!("shop --image {image} --traffic {traffic} --collector collector.example:9000");
        let filter = place.written(&arguments, &[]);
        let files = place.files().into_keys().map(|path| path.file_name().expect("a name").to_owned());
        let files: Vec<_> = files.collect();
        assert_eq!(
            files,
            ["envoyfilter.yaml", "generated.sha256", "kustomization.yaml", "wasmplugin.yaml"],
            "{traffic}"
        );
        let plugin = fs::read_to_string(place.0.path().join("k8s/overlays/shop/wasmplugin.yaml")).expect("text");
        let direction = traffic.split(' ').next().expect("a word");
        for (text, expected) in [
            (&plugin, format!("  name: \"http-trace-filter-{direction}\"\n")),
            (&plugin, "    http-trace-filter/revision: \"0123456789ab\"\n".to_owned()),
            (&plugin, format!("  url: \"{image}\"\n")),
            (&plugin, "  failStrategy: \"FAIL_OPEN\"\n".to_owned()),
            (&plugin, format!("  pluginConfig:\n    collector:\n      cluster: \"trace_analyzer_{direction}\"\n")),
            (&plugin, plugin_has),
            (&filter, filter_has),
            (&filter, format!("    - applyTo: \"CLUSTER\"\n      match:\n        context: \"{context}\"\n")),
            (&filter, format!("name: \"extensions.istio.io/wasmplugin/shop.http-trace-filter-{direction}\"\n")),
            (&filter, "          default_config:\n".to_owned()),
        ] {
            assert!(text.contains(&expected), "{traffic}: {expected} is not in\n{text}");
        }
        let secret = "imagePullSecret";
        assert!(!plugin.contains(secret) && !filter.contains("workloadSelector"), "{traffic}: {plugin}{filter}");
        assert_eq!(filter.contains("targetRefs"), plugin.contains("targetRefs"), "{traffic}");
        place.written(&format!("{arguments} --image-pull-secret pull"), &[]);
        let plugin = fs::read_to_string(place.0.path().join("k8s/overlays/shop/wasmplugin.yaml")).expect("text");
        assert!(plugin.contains("  imagePullSecret: \"pull\"\n"), "{plugin}");
    }
}

/// Gateways and waypoints have Istio's cluster of a service only if something refers to it.
#[test]
fn a_waypoint_is_told_of_the_collector_s_service() {
    let place = Place::new();
    let collector = "collector.observability.svc.cluster.local";
    let image = format!("--image registry.example/filter@sha256:{DIGEST} --istio-cluster --collector {collector}:9000");
    let filter = place.written(&format!("shop --traffic waypoint --gateway way {image}"), &[]);
    assert!(filter.contains(&format!("envoyfilter.istio.io/referenced-services: \"{collector}\"\n")), "{filter}");
    assert!(!filter.contains("CLUSTER"), "{filter}");
    assert!(!place.written(&format!("shop {image}"), &[]).contains("referenced-services"));
}

/// What cannot be had is said, and what does not go together is refused.
#[test]
fn an_image_has_its_limits() {
    let place = Place::new();
    let image = format!("--image oci://registry.example/filter@sha256:{DIGEST}");
    let told = text(&place.run(&format!("shop {image}")).stdout);
    assert!(told.contains("revision 0123456789ab; ") && told.contains("no list of capabilities"), "{told}");
    // No wasm is needed here.
    let without = place.run_with(&format!("shop {image}"), &[("WASM_FILTER_BINARY_PATH", "absent.wasm")]);
    assert!(without.status.success(), "{without:?}");
    let before = place.files();
    for (arguments, expected) in [
        ("--delivery image", "--image: not given, --delivery image takes oci://"),
        ("--image oci://registry.example/filter:v1", "a tag alone may be another image tomorrow"),
        ("IMAGE --delivery inline", "--image: takes --delivery image, and got --delivery inline"),
        ("IMAGE --wasm filter.wasm", "--wasm: got filter.wasm, --delivery image takes none"),
        ("IMAGE --mesh kuma", "--delivery: got image, --mesh kuma takes configmap or inline"),
        ("IMAGE --traffic gateway", "--gateway: not given, --traffic gateway takes"),
        ("IMAGE --traffic waypoint", "--gateway: not given, --traffic waypoint takes"),
        ("IMAGE --traffic gateway,outbound --gateway front", "--traffic: got gateway and more"),
        ("IMAGE --gateway front", "--gateway: takes --traffic gateway or waypoint"),
        ("IMAGE --traffic gateway --gateway front --service web", "take --traffic waypoint"),
        ("IMAGE --traffic waypoint --service web", "--gateway <NAME>"),
        ("IMAGE --traffic waypoint --gateway a --gateway-class b", "cannot be used with"),
        ("--traffic waypoint", "--traffic: got waypoint, takes it with --delivery image"),
        ("--image-pull-secret pull", "--image"),
    ] {
        refused(&place, &format!("shop {}", arguments.replace("IMAGE", &image)), &[], 2, expected);
        assert_eq!(place.files(), before, "{arguments}");
    }
}
