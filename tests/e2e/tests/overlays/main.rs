//! What `http-trace-ctl overlay` writes, in a real Envoy: it validates, exports records, and a wasm file that is missing or
//! broken never stops traffic.
//!
//! `ENVOY` names the Envoy, `HTTP_TRACE_FILTER_WASM` the filter, `HTTP_TRACE_CTL` the generator.

use std::fs;

use http_trace_e2e::case::Case;
use http_trace_e2e::client::Protocol::{H1, H2};
use http_trace_e2e::collector::Collector;
use http_trace_e2e::envoy::{self, Envoy};
use http_trace_e2e::overlay::{Overlay, Rendered};
use http_trace_e2e::reply::Reply;
use http_trace_e2e::request::Request;
use http_trace_e2e::rig::{Rig, unused_id};
use http_trace_e2e::upstream::Upstream;
use http_trace_e2e::wait;
use serde_json::Value;
use tempfile::TempDir;

/// Upstream, collector, and an overlay that names the collector.
struct Site {
    upstream: Upstream,
    collector: Collector,
    overlay: Overlay,
}

impl Site {
    async fn new(arguments: &[&str]) -> Self {
        let upstream = Upstream::start(|_| Reply::ok("served")).await.expect("an upstream");
        let collector = Collector::start().await.expect("a collector");
        let address = collector.address.to_string();
        let wasm = envoy::wasm().expect("the filter");
        let wasm = wasm.to_str().expect("UTF-8");
        let arguments = [&["--wasm", wasm, "--collector", &address], arguments].concat();
        let overlay = Overlay::generate(&arguments).unwrap_or_else(|error| panic!("{arguments:?}: {error}"));
        Self { upstream, collector, overlay }
    }

    fn render(&self) -> Rendered {
        self.overlay.render(self.upstream.h1, self.upstream.h2).unwrap_or_else(|error| panic!("{error}"))
    }

    async fn run(self, bootstrap: &Value) -> (Rig, Overlay) {
        let envoy = Envoy::run(bootstrap).await.unwrap_or_else(|error| panic!("{error}"));
        let directory = TempDir::new().expect("a directory");
        (Rig { envoy, upstream: self.upstream, collector: self.collector, directory }, self.overlay)
    }
}

/// Sends an exchange through the filtered listener; its id.
async fn served(rig: &Rig) -> String {
    let mut request = Request::post("/orders", "an order");
    request.id = unused_id();
    let id = request.id.clone();
    for protocol in [H1, H2] {
        let case = Case::new("served", protocol, request.clone(), Reply::ok("served"));
        let exchange = rig.exchange(&case, rig.envoy.filtered()).await.expect("an answer");
        assert_eq!((exchange.answer.status(), &exchange.answer.body[..]), (200, &b"served"[..]));
    }
    id
}

#[tokio::test]
async fn every_kind_validates_and_exports() {
    for context in ["outbound", "inbound", "gateway"] {
        for delivery in ["configmap", "inline"] {
            let name = format!("{context}, {delivery}");
            let site = Site::new(&["--traffic", context, "--delivery", delivery]).await;
            let rendered = site.render();
            Envoy::validate(&rendered.bootstrap).unwrap_or_else(|error| panic!("{name}: {error}"));
            let (rig, overlay) = site.run(&rendered.bootstrap).await;
            assert_eq!(overlay.wasm().exists(), delivery == "configmap", "{name}");
            let id = served(&rig).await;
            let post = wait::until(format!("{name}: a record"), || rig.collector.record("request_id", &id)).await;
            assert_eq!(post.message.start.escape_ascii().to_string(), "POST /publish HTTP/1.1", "{name}");
            rig.settle(2).await;
            assert!(!rig.envoy.log().contains("[critical]"), "{name}: {}", rig.envoy.log_tail());
        }
    }
}

#[tokio::test]
async fn kuma_s_patches_validate_and_export() {
    for (context, delivery) in [("outbound", "configmap"), ("inbound", "inline")] {
        let site = Site::new(&["--mesh", "kuma", "--traffic", context, "--delivery", delivery]).await;
        let bootstrap = site.overlay.render_kuma(site.upstream.h1, site.upstream.h2).expect("a MeshProxyPatch");
        Envoy::validate(&bootstrap).unwrap_or_else(|error| panic!("{context}, {delivery}: {error}"));
        let (rig, _overlay) = site.run(&bootstrap).await;
        let id = served(&rig).await;
        wait::until(format!("{context}, {delivery}: a record"), || rig.collector.record("request_id", &id)).await;
    }
}

#[tokio::test]
async fn envoy_gateway_s_patches_validate_and_export() {
    let site = Site::new(&["--mesh", "envoy-gateway", "--gateway", "eg", "--listener", "web"]).await;
    let (bootstrap, listener) = site.overlay.render_gateway(site.upstream.h1, site.upstream.h2).expect("patches");
    assert_eq!(listener, "shop/eg/web");
    Envoy::validate(&bootstrap).unwrap_or_else(|error| panic!("{error}"));
    let (rig, _overlay) = site.run(&bootstrap).await;
    let id = served(&rig).await;
    wait::until("a record", || rig.collector.record("request_id", &id)).await;
}

/// TLS and HTTP/2 to the collector, as far as Envoy judges a configuration.
#[tokio::test]
async fn a_cluster_with_tls_and_http2_validates() {
    let directory = TempDir::new().expect("a directory");
    let authorities = directory.path().join("ca.pem");
    fs::write(&authorities, include_str!("ca.pem")).expect("a file");
    let authorities = authorities.to_str().expect("UTF-8");
    let site = Site::new(&["--tls", "--tls-name", "collector.example", "--tls-ca", authorities, "--http2"]).await;
    Envoy::validate(&site.render().bootstrap).unwrap_or_else(|error| panic!("{error}"));
    fs::write(authorities, "no certificate").expect("a file");
    assert!(Envoy::validate(&site.render().bootstrap).is_err(), "Envoy reads the authorities");
}

/// A patch that Envoy does not know must be found by these tests.
#[tokio::test]
async fn an_unknown_field_is_found() {
    let site = Site::new(&[]).await;
    let mut rendered = site.render();
    let filters = "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config/http_filters";
    let filters = rendered.bootstrap.pointer_mut(filters).expect("filters");
    filters[0]["config_discovery"]["apply_default_config"] = true.into();
    let error = Envoy::validate(&rendered.bootstrap).expect_err("an unknown field").to_string();
    assert!(error.contains("apply_default_config"), "{error}");
}

#[tokio::test]
async fn without_a_sound_wasm_traffic_goes_on() {
    for fault in ["missing", "truncated", "garbage"] {
        let site = Site::new(&[]).await;
        let rendered = site.render();
        let path = site.overlay.wasm();
        let wasm = fs::read(&path).expect("the overlay's wasm");
        fs::remove_file(&path).expect("it was written here");
        match fault {
            "truncated" => fs::write(&path, &wasm[..wasm.len() / 2]).expect("a file"),
            "garbage" => fs::write(&path, b"no wasm at all").expect("a file"),
            _ => {}
        }
        let (rig, _overlay) = site.run(&rendered.bootstrap).await;
        let what = format!("{fault}: the extension to be refused");
        let refused = || (config_fails(&rig)? > 0).then_some(());
        wait::until(what, refused).await;
        served(&rig).await;
        assert_eq!(rig.metric("streams"), None, "{fault}: there is no filter");
    }
}

/// A wasm that arrives after the proxy started is taken with the next configuration (Envoy does not try the same one again), and
/// a broken one after it does not take it away.
#[tokio::test]
async fn a_wasm_that_comes_late_is_taken_and_kept() {
    let site = Site::new(&[]).await;
    let mut rendered = site.render();
    let path = site.overlay.wasm();
    let wasm = fs::read(&path).expect("the overlay's wasm");
    fs::remove_file(&path).expect("it was written here");
    let (rig, _overlay) = site.run(&rendered.bootstrap).await;
    let refused = |times: u64| config_fails(&rig).filter(|fails| *fails == times);
    wait::until("the extension to be refused", || refused(1)).await;
    served(&rig).await;
    fs::write(&path, wasm).expect("a file");
    change(&mut rendered, "/first");
    wait::until("the filter", || rig.metric("streams").is_some().then_some(())).await;
    let id = served(&rig).await;
    let post = wait::until("a record", || rig.collector.record("request_id", &id)).await;
    assert!(post.message.start.starts_with(b"POST /first "));
    fs::write(&path, b"no wasm any more").expect("a file");
    change(&mut rendered, "/second");
    wait::until("the broken one to be refused", || refused(2)).await;
    let id = served(&rig).await;
    let post = wait::until("a record", || rig.collector.record("request_id", &id)).await;
    assert!(post.message.start.starts_with(b"POST /first "), "the last good one stays");
}

/// Publishes the extension with another path of the collector.
fn change(rendered: &mut Rendered, path: &str) {
    let value = &mut rendered.extension["typed_config"]["config"]["configuration"]["value"];
    let mut configuration: Value = serde_json::from_str(value.as_str().expect("text")).expect("JSON");
    configuration["collector"]["path"] = path.into();
    *value = configuration.to_string().into();
    rendered.publish().expect("the extension again");
}

fn config_fails(rig: &Rig) -> Option<u64> {
    let stats = rig.envoy.admin().stats("extension_config_discovery").ok()?;
    stats.iter().find(|(name, _)| name.ends_with(".config_fail")).map(|(_, value)| *value)
}
