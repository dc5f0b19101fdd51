//! Methods, targets, hosts and headers.

use http_trace_e2e::case::Case;
use http_trace_e2e::client::Connection;
use http_trace_e2e::client::Protocol::{H1, H2};
use http_trace_e2e::reply::Reply;
use http_trace_e2e::request::Request;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use serde_json::json;

use crate::log::list;
use crate::pair::Pair;

#[tokio::test]
async fn methods_targets_and_hosts() {
    let pair = Pair::start(json!({}), json!({}), |_| Reply::ok("x")).await;
    for protocol in [H1, H2] {
        for request in [
            Request::get("/orders"),
            Request::get("/orders?a=1&b=%20&c=?"),
            Request::get("/orders?"),
            Request::new("PATCH", "/h2/orders"),
            Request::get("/in-mesh/orders").host("orders"),
            Request::get("/").host("shop.test:8080"),
            Request::get("/").host("[2001:db8::1]:8443"),
            Request::get("/").host("[2001:db8::1]"),
        ] {
            let name = format!("{} {} at {}", request.method, request.target.escape_ascii(), request.host);
            pair.check(Case::new(name, protocol, request, Reply::ok("x"))).await;
        }
    }
    // Over HTTP/1.1, Envoy refuses a method that it does not know.
    let (_, log) = pair.check(Case::new("BREW", H2, Request::new("BREW", "/h2/pot"), Reply::ok("x"))).await;
    let methods = ["http.request.method", "http.request.method_original"].map(|name| log.text(name));
    assert_eq!(methods, [Some("_OTHER"), Some("BREW")]);
    pair.finish().await;
}

#[tokio::test]
async fn repeated_hidden_and_not_utf8() {
    let pair = Pair::start(json!({}), json!({ "redact": { "headers": ["x-secret"] } }), |_| Reply::ok("x")).await;
    for protocol in [H1, H2] {
        let request = Request::get("/")
            .header("x-twice", "1")
            .header("x-between", "1")
            .header("x-twice", "2")
            .header("x-odd", b"caf\xe9")
            .header("x-empty", "")
            .header("authorization", "Bearer s3cret")
            .header("x-secret", "s3cret")
            .header("user-agent", "curl/8");
        let reply = Reply::ok("x").header("set-cookie", "a=s3cret").header("x-odd", b"\xff").header("x-twice", "1");
        let reply = reply.header("x-twice", "2");
        let (_, log) = pair.check(Case::new("headers", protocol, request, reply)).await;
        assert_eq!(log.attributes["http.request.header.x-odd"], list(["caf\u{fffd}"]));
        for side in ["request", "response"] {
            assert_eq!(log.attributes[&format!("http.{side}.header.x-twice")], list(["1", "2"]));
        }
        assert_eq!(log.text("user_agent.original"), Some("curl/8"));
        assert!(!format!("{log:?}").contains("s3cret"), "{log:?}");
    }
    pair.finish().await;
}

/// The trace that the record belongs to.
#[tokio::test]
async fn traces() {
    let pair = Pair::start(json!({}), json!({}), |_| Reply::ok("x")).await;
    let (trace, span) = ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7");
    let get = || Request::get("/traced");
    for (name, request, flags) in [
        ("W3C", get().header("traceparent", format!("00-{trace}-{span}-01")), Some(1)),
        ("W3C, not sampled", get().header("traceparent", format!("00-{trace}-{span}-00")), Some(0)),
        ("b3", get().header("b3", format!("{trace}-{span}-1")), Some(1)),
        ("b3, two parts", get().header("b3", format!("{trace}-{span}")), Some(0)),
        ("x-b3", get().header("x-b3-traceid", trace).header("x-b3-spanid", span).header("x-b3-sampled", "1"), Some(1)),
        ("zeros", get().header("traceparent", format!("00-{}-{span}-01", "0".repeat(32))), None),
        ("nonsense", get().header("traceparent", "00-xyz-1-1"), None),
        ("none", get(), None),
    ] {
        for protocol in [H1, H2] {
            let (_, log) = pair.check(Case::new(name, protocol, request.clone(), Reply::ok("x"))).await;
            let ids = [&log.record.trace_id, &log.record.span_id].map(|id| {
                let digits: Vec<String> = id.iter().map(|byte| format!("{byte:02x}")).collect();
                digits.concat()
            });
            let expected = flags.map_or(["", ""], |_| [trace, span]);
            assert_eq!((ids, log.record.flags), (expected.map(str::to_owned), flags.unwrap_or(0)), "{name}");
        }
    }
    pair.finish().await;
}

/// Attributes of the resource that the configuration adds, or gives in place of the node's.
#[tokio::test]
async fn the_resource_as_configured() {
    let resource = json!({ "otlp": { "resource": { "deployment.environment.name": "test" } } });
    let pair = Pair::start(resource, json!({}), |_| Reply::ok("x")).await;
    let (_, log) = pair.check(Case::new("configured", H1, Request::get("/"), Reply::ok("x"))).await;
    assert_eq!(log.resource["deployment.environment.name"], Value::StringValue("test".to_owned()));
    pair.finish().await;
}

/// What Envoy's codec refuses, it only logs: there is no method, no path, no id.
#[tokio::test]
async fn of_a_request_that_no_filter_saw() {
    let pair = Pair::start(json!({}), json!({}), |_| Reply::ok("x")).await;
    let connection = Connection::open(pair.stage.envoy.filtered()).await.expect("a connection");
    let source = connection.source.to_string();
    let answer = connection.send_raw(b"GET / HTTP/1.1\r\nhost: a\r\nbad name: 1\r\n\r\n").await.expect("an answer");
    assert_eq!(answer.status(), 400);
    let log = pair.compare("refused", &source).await;
    assert_eq!(log.attributes["http.response.status_code"], Value::IntValue(400));
    pair.stage.finish_lossy().await;
}
