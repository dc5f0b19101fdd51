//! Which exchanges give a record.

use http_trace_e2e::case::Case;
use http_trace_e2e::client::Protocol::{H1, H2};
use http_trace_e2e::reply::Reply;
use http_trace_e2e::request::Request;
use http_trace_e2e::rig::unused_id;
use http_trace_e2e::stage::Stage;
use http_trace_e2e::wait;

use crate::collector::{balanced, traffic};

/// Whether an exchange with this host gives a record.
async fn is_kept(stage: &Stage, target: &str, host: &str) -> bool {
    let metric = |name| stage.metric(name).unwrap_or(0);
    let (kept, excluded) = (metric("exported"), metric("sampled_out"));
    let mut request = Request::post(target, "a body").host(host);
    request.id = unused_id();
    let id = request.id.clone();
    let case = Case::new(format!("to {host}"), H1, request, Reply::ok("x"));
    assert_eq!(stage.check_traffic(&case).await.answer.status(), 200);
    wait::until("the decision", || (metric("exported") + metric("sampled_out") > kept + excluded).then_some(())).await;
    let recorded = stage.collector.record("request_id", &id).is_some();
    assert_eq!(metric("sampled_out") == excluded, recorded, "counted as it was decided");
    recorded
}

/// Waits until the filter has asked twice more: the first of the two may have been answered as before.
async fn asked_again(stage: &Stage) {
    let before = stage.collector.asked();
    wait::until("two polls", || (stage.collector.asked() >= before + 2).then_some(())).await;
}

#[tokio::test]
async fn none_of_them() {
    let stage = Stage::with(Some(r#"{"sampling":{"rate":0}}"#)).await;
    traffic(&stage, 5).await;
    wait::until("ten to be excluded", || (stage.metric("sampled_out")? == 10).then_some(())).await;
    assert_eq!((stage.metric("captured_bytes"), stage.metric("export_requests")), (Some(0), Some(0)));
    balanced(&stage, 10).await;
    stage.finish().await;
}

#[tokio::test]
async fn a_share_by_request_id() {
    let stage = Stage::with(Some(r#"{"sampling":{"rate":0.5}}"#)).await;
    let mut outcomes = Vec::new();
    for _ in 0..20 {
        let id = unused_id();
        for protocol in [H1, H2] {
            let mut request = Request::get("/");
            request.id.clone_from(&id);
            stage.check_traffic(&Case::new("sampled", protocol, request, Reply::ok("x"))).await;
        }
        outcomes.push(id);
    }
    balanced(&stage, 40).await;
    stage.settle(40).await;
    let posts = stage.collector.posts();
    let records: Vec<String> = posts.iter().map(|post| post.json().expect("JSON")["request_id"].to_string()).collect();
    for id in &outcomes {
        let count = records.iter().filter(|record| record.contains(id.as_str())).count();
        assert!(count == 0 || count == 2, "{id}: both proxies on its way must agree");
    }
    assert!((1..40).contains(&records.len()), "{} of 40 at a rate of 0.5", records.len());
    stage.finish_lossy().await;
}

#[tokio::test]
async fn hosts_to_trace() {
    let stage = Stage::with(Some(r#"{"sampling":{"hosts":{"interval_ms":100,"until_known":"none"}}}"#)).await;
    assert!(!is_kept(&stage, "/", "shop.test").await, "nothing is known yet");
    let port = stage.envoy.filtered().port();
    let list = |names: &[&str]| {
        let names: Vec<String> = names.iter().map(|name| format!(r#""{name}:{port}""#)).collect();
        format!(r#"{{"hosts":[{}]}}"#, names.join(","))
    };
    stage.collector.manage(200, "application/json", &list(&["shop.test", "orders.sock-shop"]));
    asked_again(&stage).await;
    assert!(is_kept(&stage, "/", "shop.test").await);
    assert!(is_kept(&stage, "/", "SHOP.test:80").await);
    assert!(!is_kept(&stage, "/", "other.test").await);
    assert!(is_kept(&stage, "/in-mesh", "orders").await, "decided when the response names the namespace");
    assert!(!is_kept(&stage, "/in-mesh", "users").await);
    assert!(is_kept(&stage, "/", "users").await, "its namespace stays unknown");
    for (status, content_type) in [(500, "application/json"), (200, "text/html")] {
        stage.collector.manage(status, content_type, r#"{"hosts":["*"]}"#);
        asked_again(&stage).await;
        assert!(is_kept(&stage, "/", "shop.test").await, "the last good list stays after {status} {content_type}");
        assert!(!is_kept(&stage, "/", "other.test").await, "{status} {content_type}");
    }
    stage.collector.manage(200, "application/json", r#"{"hosts":["*"]}"#);
    asked_again(&stage).await;
    assert!(is_kept(&stage, "/", "other.test").await);
    stage.finish_lossy().await;
}

#[tokio::test]
async fn hosts_in_every_writing() {
    let stage = Stage::with(Some(r#"{"sampling":{"hosts":{"interval_ms":100}}}"#)).await;
    let port = stage.envoy.filtered().port();
    for (entry, host, kept) in [
        ("shop.test:8080", "shop.test:8080", true),
        ("shop.test:8080", "shop.test", false),
        ("shop.test", "shop.test", true),
        ("shop.test", "shop.test:8080", true),
        ("shop.test", "shop.test.eu", false),
        ("2001:db8::1:8080", "[2001:db8::1]:8080", true),
        ("[2001:DB8::1]", "[2001:db8::1]:8080", true),
        ("2001:db8::1", "[2001:db8::1]", true),
        ("2001:db8::1", "[2001:db8::2]", false),
        (&format!("2001:db8::1:{port}"), "[2001:db8::1]", true),
    ] {
        stage.collector.manage(200, "application/json", &format!(r#"{{"hosts":["{entry}"]}}"#));
        asked_again(&stage).await;
        assert_eq!(is_kept(&stage, "/", host).await, kept, "{host} when {entry} is listed");
    }
    stage.finish_lossy().await;
}

#[tokio::test]
async fn the_poll_carries_its_own_headers() {
    let configuration = r#"{"sampling":{"hosts":{"interval_ms":100,"headers":{"X-Trace-Source-Token":"t0ken"}}},
                            "collector":{"headers":{"x-of-exports":"u"}}}"#;
    let stage = Stage::with(Some(configuration)).await;
    asked_again(&stage).await;
    let poll = stage.collector.last_poll();
    assert_eq!(poll.header("x-trace-source-token"), Some(&b"t0ken"[..]));
    assert_eq!(poll.header("x-of-exports"), None);
    assert!(!stage.envoy.log().contains("t0ken"), "it is a secret");
    stage.finish_lossy().await;
}
