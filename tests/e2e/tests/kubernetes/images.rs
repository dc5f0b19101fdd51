//! `doctor` for `--delivery image`, asking a real Envoy, which was given what Istio's agent gives it.

use std::fs;

use http_trace_e2e::collector::Collector;
use http_trace_e2e::envoy::Envoy;
use http_trace_e2e::reply::Reply;
use http_trace_e2e::upstream::Upstream;
use http_trace_e2e::{bootstrap, yaml};
use serde_json::{Value, json};

use crate::commands::Site;
use crate::doctor::{answer, has};
use crate::kubectl::workload;

const IMAGE: &str =
    "oci://registry.example/filter@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
const RBAC: &str = "type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC";

/// The proxy: the filter that istiod makes of the WasmPlugin, as the EnvoyFilter beside it says; in its place, one that does
/// nothing came by discovery, as from an agent that could not fetch the image.
async fn proxy(site: &Site) -> Envoy {
    let text = fs::read_to_string(site.overlay().join("envoyfilter.yaml")).expect("an EnvoyFilter");
    let filter = &yaml::documents(&text).expect("YAML")[0];
    let patches = filter["spec"]["configPatches"].as_array().expect("patches");
    let values = |kind: &str| -> Vec<Value> {
        let of = patches.iter().filter(|patch| patch["applyTo"] == kind);
        of.map(|patch| patch["patch"]["value"].clone()).collect()
    };
    let mut filters = values("HTTP_FILTER");
    filters.truncate(1);
    let ecds = site.path().join("ecds.json");
    filters[0]["config_discovery"]["config_source"] =
        json!({ "path_config_source": { "path": ecds }, "initial_fetch_timeout": "0s", "resource_api_version": "V3" });
    let given = json!({
        "@type": "type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig", "name": filters[0]["name"],
        "typed_config": { "@type": RBAC },
    });
    fs::write(&ecds, json!({ "resources": [given] }).to_string()).expect("a file");
    let upstream = Upstream::start(|_| Reply::ok("served")).await.expect("an upstream");
    let bootstrap = bootstrap::around(filters, values("CLUSTER"), upstream.h1, upstream.h2);
    Envoy::run(&bootstrap).await.expect("Envoy")
}

#[tokio::test]
async fn an_image_that_is_not_fetched_is_named_with_its_cause() {
    let site = Site::start();
    let (shop, collector) = (&site.namespace, Collector::start().await.expect("a collector"));
    site.put(workload("Deployment", "orders"));
    site.ok(&format!("deploy {shop} --image {IMAGE} --collector {}", collector.address));
    let envoy = proxy(&site).await;
    let admin = envoy.admin();
    site.api.exec_answer(shop, move |exec| answer(&admin, exec));
    let findings = || {
        let printed = site.run(&format!("doctor {shop}"));
        (printed.success, printed.stdout + &printed.stderr)
    };
    let plugin = format!("ok    WasmPlugin: http-trace-filter-outbound: {IMAGE}");
    let failed = format!("could not fetch {IMAGE}");
    // Nobody may read the log.
    has(&findings(), false, &[&plugin[..], &failed, "the log of istio-proxy names the cause"]);
    let cause = "could not fetch manifest: GET https://registry.example/v2/filter: MANIFEST_UNKNOWN: manifest unknown";
    let line = format!("error\twasm\tcannot fetch Wasm module {IMAGE}: {cause}. applying allow RBAC filter\n");
    site.api.log_answer(shop, move |_| Some(line.clone()));
    let told =
        format!("{failed}: {cause}; the registry has no such image: push it, or mend --image, and replace the pod");
    has(&findings(), false, &[&plugin[..], &told]);
    site.kubectl(&["delete", "envoyfilter", "http-trace-filter-outbound"]);
    has(&findings(), false, &["FAIL  EnvoyFilter: none beside the WasmPlugin http-trace-filter-outbound"]);
}
