//! A trap in the VM, which must never happen, in a real Envoy: what becomes of the request that meets it, of those in flight
//! and of those to come.
//!
//! `HTTP_TRACE_FILTER_WASM` names a filter that was built with the feature `fault`: see `src/envoy/fault.rs`.

mod policies;
mod scene;

use scene::Scene;

/// Every callback of a stream, and of the root context, by the plainest trap: `unreachable`.
#[tokio::test]
async fn traffic_goes_on_in_each_callback_of_a_stream() {
    for callback in ["request_headers", "request_body", "response_headers", "response_body", "log", "stream_done"] {
        Scene::start(|_| {}).await.stands(callback).await;
    }
}

#[tokio::test]
async fn traffic_goes_on_in_each_callback_of_the_root_context() {
    for callback in ["tick", "http_call_response"] {
        Scene::start(|_| {}).await.stands(callback).await;
    }
    // The root context is asked only once no stream is left.
    let scene = Scene::start(|_| {}).await;
    assert_eq!(scene.trap("done").await.status(), 200);
    scene.goes_on("done").await;
    scene.comes_back("done").await;
}

/// A panic says so in the log before it traps; the stack and the memory have an end.
#[tokio::test]
async fn traffic_goes_on_after_each_kind_of_trap() {
    for callback in ["request_headers", "response_body", "tick"] {
        for kind in ["panic", "stack", "memory"] {
            Scene::start(|_| {}).await.stands(&format!("{callback} {kind}")).await;
        }
    }
}
