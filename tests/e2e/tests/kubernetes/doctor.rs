//! `doctor`, asking a real Envoy.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use http_trace_e2e::admin::Admin;
use http_trace_e2e::case::Case;
use http_trace_e2e::client::Protocol::H1;
use http_trace_e2e::cluster::{Exec, Output};
use http_trace_e2e::collector::Manner;
use http_trace_e2e::envoy::Envoy;
use http_trace_e2e::overlay::Overlay;
use http_trace_e2e::reply::Reply;
use http_trace_e2e::request::Request;
use http_trace_e2e::rig::{Rig, unused_id};
use http_trace_e2e::upstream::Upstream;
use http_trace_e2e::{collector::Collector, wait};
use tempfile::TempDir;

use crate::commands::Site;
use crate::kubectl::workload;

/// A cluster with one workload, whose pod's proxy is a real Envoy with the site's overlay.
pub(crate) struct Ward {
    pub(crate) site: Site,
    pub(crate) rig: Rig,
    /// Holds what Envoy reads.
    _overlay: Overlay,
}

impl Ward {
    /// `whole`: whether the proxy finds a sound wasm.
    pub(crate) async fn open(whole: bool) -> Self {
        Self::at(Site::start(), whole).await
    }

    pub(crate) async fn at(site: Site, whole: bool) -> Self {
        let shop = &site.namespace;
        let upstream = Upstream::start(|_| Reply::ok("served")).await.expect("an upstream");
        let collector = Collector::start().await.expect("a collector");
        site.ok(&format!("overlay {shop} --collector {}", collector.address));
        let overlay = Overlay::at(&site.overlay()).expect("a directory");
        let rendered = overlay.render(upstream.h1, upstream.h2).expect("patches");
        if !whole {
            // Only the proxy's copy: the overlay that is applied is sound.
            fs::remove_file(overlay.wasm()).expect("it was mounted");
        }
        let envoy = Envoy::run(&rendered.bootstrap).await.expect("Envoy");
        let directory = TempDir::new().expect("a directory");
        let rig = Rig { envoy, upstream, collector, directory };
        let admin = rig.envoy.admin();
        site.api.exec_answer(shop, move |exec| answer(&admin, exec));
        Self { site, rig, _overlay: overlay }
    }

    pub(crate) fn deploy(&self) {
        self.site.put(workload("Deployment", "orders"));
        self.site.ok(&format!("deploy {} --collector {}", self.site.namespace, self.rig.collector.address));
    }

    pub(crate) async fn exchange(&self) {
        let mut request = Request::get("/orders");
        request.id = unused_id();
        let case = Case::new("one", H1, request, Reply::ok("served"));
        let exchange = self.rig.exchange(&case, self.rig.envoy.filtered()).await.expect("an answer");
        assert_eq!(exchange.answer.status(), 200);
    }

    pub(crate) fn findings(&self) -> (bool, String) {
        let printed = self.site.run(&format!("doctor {}", self.site.namespace));
        (printed.success, printed.stdout + &printed.stderr)
    }
}

/// What `pilot-agent request GET PATH` prints in the proxy's container.
pub(crate) fn answer(admin: &Admin, exec: &Exec) -> Output {
    let words: Vec<&str> = exec.command.iter().map(String::as_str).collect();
    let ["pilot-agent", "request", "GET", path] = words[..] else {
        return Output { stderr: format!("{words:?} is not found"), code: 127, ..Output::default() };
    };
    assert_eq!(exec.container, "istio-proxy");
    match admin.get(&format!("/{path}")) {
        Ok(stdout) => Output { stdout, ..Output::default() },
        Err(error) => Output { stderr: error.to_string(), code: 1, ..Output::default() },
    }
}

#[track_caller]
pub(crate) fn has(findings: &(bool, String), success: bool, lines: &[&str]) {
    for line in lines {
        assert!(findings.1.contains(line), "{line:?} is not in\n{}", findings.1);
    }
    assert_eq!(findings.0, success, "{}", findings.1);
}

#[tokio::test]
async fn each_step_that_is_missing_is_named() {
    let ward = Ward::open(true).await;
    has(&ward.findings(), false, &["FAIL  EnvoyFilter: []; apply the overlay"]);
    let overlay = ward.site.overlay();
    ward.site.put(workload("Deployment", "orders"));
    ward.site.kubectl(&["apply", "--kustomize", overlay.to_str().expect("UTF-8")]);
    has(&ward.findings(), false, &["ok    ConfigMap: revision ", "FAIL  deployment/orders: mounts nothing; run mount"]);
    ward.site.ok(&format!("mount {}", ward.site.namespace));
    let findings = ward.findings();
    let proxy = ["istio-proxy mounts /var/local/lib/wasm-filters", "has arrived", "has 1 endpoint, "];
    has(&findings, false, &[&proxy[..], &["FAIL", "streams 0, exported 0", "no HTTP traffic passes here"]].concat());
    ward.exchange().await;
    wait::until("a record", || (ward.rig.metric("exported")? == 1).then_some(())).await;
    has(&ward.findings(), true, &[&proxy[..], &["streams 1, exported 1"]].concat());
    let error = ward.site.run("doctor nowhere");
    assert!(error.stdout.contains("FAIL  namespace: it does not exist"), "{error:?}");
}

#[tokio::test]
async fn a_collector_that_refuses_or_is_away_is_named() {
    let ward = Ward::open(true).await;
    ward.deploy();
    ward.rig.collector.behave(Manner::Status(400));
    ward.exchange().await;
    wait::until("a loss", || (ward.rig.metric("dropped_rejected")? == 1).then_some(())).await;
    has(&ward.findings(), false, &["dropped_rejected 1; records are lost"]);
    ward.rig.collector.stop().await;
    ward.exchange().await;
    wait::until("failures", || (ward.rig.metric("export_failures")? > 2).then_some(())).await;
    has(&ward.findings(), false, &["connections failed; nothing listens there"]);
}

#[tokio::test]
async fn a_wasm_that_is_missing_in_the_proxy_is_named() {
    let ward = Ward::open(false).await;
    ward.deploy();
    ward.exchange().await;
    has(
        &ward.findings(),
        false,
        &[
            "istio-proxy has refused the extension 1 time; its log",
            "the filter has no stats; it does not run: the wasm is missing or refused",
        ],
    );
}

/// kubectl that cannot ask the proxy is not taken for a proxy that is well.
#[tokio::test]
async fn an_exec_that_fails_is_an_error() {
    let ward = Ward::open(true).await;
    ward.deploy();
    let asked = Arc::new(AtomicBool::new(false));
    let called = Arc::clone(&asked);
    ward.site.api.exec_answer(&ward.site.namespace, move |_| {
        called.store(true, Ordering::Relaxed);
        Output { stderr: "no such container".to_owned(), code: 1, ..Output::default() }
    });
    has(&ward.findings(), false, &["kubectl exec", "no such container"]);
    assert!(asked.load(Ordering::Relaxed));
}
