//! What else Envoy can be told to do about a trap, and why the filter is given `fail_open`: all else stops traffic.

use http_trace_e2e::client::Protocol::H1;
use http_trace_e2e::rig::Given;
use http_trace_e2e::wait;
use serde_json::Value;

use crate::scene::{Scene, case};

/// `failure_policy` in the place of `fail_open`: Envoy refuses both at once.
fn policy(policy: &str) -> impl FnOnce(&mut Given) {
    move |given| {
        given.plugin.as_object_mut().map(|plugin| plugin.remove("fail_open"));
        given.plugin["failure_policy"] = Value::from(policy);
    }
}

/// The name that `fail_open` has since Envoy 1.33. It is not the same: up to 1.40 at least, what meets the trap in flight may
/// get a 503 with it, and with `fail_open` does not. What comes later passes.
#[tokio::test]
async fn open_by_its_new_name() {
    for fault in ["request_headers", "request_body", "response_headers", "response_body", "log"] {
        let scene = Scene::start(policy("FAIL_OPEN")).await;
        let statuses = scene.trap_in_flight(fault).await.map(|answer| answer.status());
        println!("{fault}: what met the trap, and what was in flight: {statuses:?}");
        assert!(statuses.iter().all(|status| [200, 503].contains(status)), "{fault}: {statuses:?}");
        scene.goes_on(fault).await;
        scene.comes_back(fault).await;
    }
}

/// Envoy's default.
#[tokio::test]
async fn closed() {
    for change in ["FAIL_CLOSED", "UNSPECIFIED"] {
        let scene = Scene::start(policy(change)).await;
        let answers = scene.trap_in_flight("request_headers").await;
        assert_eq!(answers.map(|answer| answer.status()), [503; 3], "what met the trap, and what was in flight");
        for _ in 0..3 {
            assert_eq!(scene.pass(&case(H1)).await.answer.status(), 503, "what came after it");
        }
        scene.0.finish_trapped();
    }
}

/// The filter comes back by itself, but until it does, for a second at least, nothing passes.
#[tokio::test]
async fn reload() {
    let scene = Scene::start(policy("FAIL_RELOAD")).await;
    let answers = scene.trap_in_flight("request_headers").await;
    assert_eq!(answers.map(|answer| answer.status()), [503; 3], "what met the trap, and what was in flight");
    assert_eq!(scene.pass(&case(H1)).await.answer.status(), 503, "what came after it");
    let reloaded = || {
        let stats = scene.0.envoy.admin().stats("wasm.http_trace_filter.vm_reload_success").ok()?;
        stats.values().any(|count| *count > 0).then_some(())
    };
    let ask = async {
        loop {
            scene.pass(&case(H1)).await;
        }
    };
    tokio::select! {
        () = wait::until("Envoy to load the VM again", reloaded) => {}
        () = ask => {}
    }
    scene.recorded(H1).await;
    scene.0.finish_trapped();
}
