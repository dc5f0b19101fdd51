//! Headers beyond all measure: those that Envoy refuses by default, and those that reach the filter where its limits are
//! raised as far as they go.

use http_trace_e2e::bootstrap::configure;
use http_trace_e2e::case::Case;
use http_trace_e2e::client::Protocol::{H1, H2};
use http_trace_e2e::reply::Reply;
use http_trace_e2e::request::Request;
use http_trace_e2e::rig::{Given, unused_id};
use http_trace_e2e::wait;
use serde_json::json;

use crate::hostile::siege::{Siege, stat};

const MANY: usize = 10_000;
const LONG: usize = 1_000_000;

/// Lets through as many headers, as long, as Envoy can be told to: <https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/core/v3/protocol.proto>.
fn raise(given: &mut Given) {
    let common = json!({ "max_headers_count": 20_000 });
    let resources = &mut given.bootstrap["static_resources"];
    for listener in resources["listeners"].as_array_mut().expect("listeners") {
        let manager = &mut listener["filter_chains"][0]["filters"][0]["typed_config"];
        manager["max_request_headers_kb"] = 8192.into();
        manager["common_http_protocol_options"] = common.clone();
    }
    for cluster in resources["clusters"].as_array_mut().expect("clusters") {
        if let Some(options) = cluster["typed_extension_protocol_options"].as_object_mut() {
            let options = &mut options["envoy.extensions.upstreams.http.v3.HttpProtocolOptions"];
            options["common_http_protocol_options"] =
                json!({ "max_headers_count": 20_000, "max_response_headers_kb": 8192 });
        }
    }
}

fn many(mut request: Request) -> Request {
    for at in 0..MANY {
        request = request.header(&format!("x-{at}"), at.to_string());
    }
    request
}

#[tokio::test]
async fn beyond_envoy_s_limits() {
    let siege = Siege::start(|_| {}).await;
    let head = "GET / HTTP/1.1\r\nhost: a\r\n";
    let chunked = |more: &str| format!("POST / HTTP/1.1\r\nhost: a\r\n{more}transfer-encoding: chunked\r\n\r\n");
    let endless = "z".repeat(4 * LONG);
    for (name, bytes) in [
        ("10,000 headers", format!("{head}{}\r\n", "x: 1\r\n".repeat(MANY))),
        ("a value of 1 MB", format!("{head}x: {}\r\n\r\n", "y".repeat(LONG))),
        ("a name of 1 MB", format!("{head}{}: y\r\n\r\n", "x".repeat(LONG))),
        ("a target of 1 MB", format!("GET /{} HTTP/1.1\r\nhost: a\r\n\r\n", "p".repeat(LONG))),
        ("a method of 1 MB", format!("{} / HTTP/1.1\r\nhost: a\r\n\r\n", "M".repeat(LONG))),
        ("trailers of 1 MB", format!("{}0\r\nx: {}\r\n\r\n", chunked(""), "y".repeat(LONG))),
        ("a header that never ends", format!("{head}x: {endless}")),
    ] {
        let answer = siege.same(name, bytes.as_bytes()).await;
        assert!(answer.starts_with(b"HTTP/1.1 4"), "{name}: {}", answer.escape_ascii());
    }
    // Envoy reads past this one.
    let extension = format!("{}1;{endless}\r\nx\r\n0\r\n\r\n", chunked("connection: close\r\n"));
    let answer = siege.same("a chunk extension of 4 MB", extension.as_bytes()).await;
    assert!(answer.starts_with(b"HTTP/1.1 200"), "{}", answer.escape_ascii());
    siege.finish().await;
}

/// The whole record is compared: every header is in it.
#[tokio::test]
async fn as_many_and_as_long_as_envoy_takes() {
    let siege = Siege::start(raise).await;
    let value = "\\\"\u{e9}".repeat(LONG / 4);
    for (name, request, reply) in [
        ("10,000 headers", many(Request::get("/")), Reply::ok("")),
        ("a value of 1 MB", Request::get("/").header("x-long", &value), Reply::ok("").header("y-long", &value)),
        ("a name of 50 kB", Request::get("/").header(&"x".repeat(50_000), "y"), Reply::ok("")),
        ("a target of 1 MB", Request::get(&format!("/{}", "p".repeat(LONG))), Reply::ok("")),
    ] {
        siege.stage.check(Case::new(name, H1, request, reply)).await;
    }
    siege
        .stage
        .check(Case::new(
            "3,000 headers over HTTP/2",
            H2,
            {
                let mut request = Request::get("/");
                for at in 0..3000 {
                    request = request.header(&format!("x-{at}"), at.to_string());
                }
                request
            },
            Reply::ok(""),
        ))
        .await;
    siege.finish().await;
}

/// Bytes that are not UTF-8 take three times the room in JSON: such a record has no place in the queue, and is counted.
#[tokio::test]
async fn longer_than_the_queue() {
    let change = |given: &mut Given| {
        raise(given);
        configure(&mut given.plugin, r#"{"queue":{"max_bytes":8388608}}"#);
    };
    let siege = Siege::start(change).await;
    let value = vec![0xff; 4 * LONG];
    let mut request = Request::get("/").header("x-long", &value);
    request.id = unused_id();
    let case = Case::new("4 MB", H1, request, Reply::ok("answered"));
    let exchange = siege.stage.check_traffic(&case).await;
    assert_eq!((exchange.answer.status(), &exchange.answer.body[..]), (200, &b"answered"[..]));
    wait::until("a record that is dropped", || (siege.stage.metric("dropped_too_large")? == 1).then_some(())).await;
    assert_eq!(stat(&siege.stage, "http.filtered.downstream_rq_2xx"), 1);
    siege.finish().await;
}
