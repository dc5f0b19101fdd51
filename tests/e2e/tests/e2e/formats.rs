//! Formats, batches, and what is hidden in records.

use std::time::{SystemTime, UNIX_EPOCH};

use http_trace_e2e::case::Case;
use http_trace_e2e::client::Protocol::{H1, H2};
use http_trace_e2e::message::Message;
use http_trace_e2e::reply::Reply;
use http_trace_e2e::request::Request;
use http_trace_e2e::rig::unused_id;
use http_trace_e2e::stage::Stage;
use http_trace_e2e::wait;
use serde_json::{Value, json};

use crate::collector::{balanced, traffic};

/// Sends a request through the filter and without it; the only POST that comes of it.
async fn post_of(stage: &Stage, request: Request) -> Message {
    let request = Request { id: unused_id(), ..request };
    stage.check_traffic(&Case::new("one", H1, request, Reply::ok("an answer"))).await;
    let post = wait::until("its record", || stage.collector.take().pop()).await;
    post.message
}

fn json_of(message: &Message) -> Value {
    serde_json::from_slice(&message.body).expect("a record is JSON")
}

fn millis() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_millis() as u64
}

#[tokio::test]
async fn apiclarity_with_the_namespace_of_each_mesh() {
    for (mesh, namespace) in [("istio", Some("sock-shop")), ("kuma", Some("kuma-shop")), ("none", None)] {
        let stage = Stage::with(Some(&format!(r#"{{"format":"apiclarity","mesh":"{mesh}"}}"#))).await;
        let before = millis();
        let post = post_of(&stage, Request::post("/in-mesh/a?b=c", r#"{"a":1}"#).host("orders:8080")).await;
        let after = millis();
        assert_eq!(post.start.escape_ascii().to_string(), "POST /api/telemetry HTTP/1.1");
        assert_eq!(post.header("content-type"), Some(&b"application/json"[..]));
        let record = json_of(&post);
        let expected_host = namespace.map_or("orders".to_owned(), |namespace| format!("orders.{namespace}"));
        assert_eq!(record["request"]["host"], expected_host, "{mesh}: {record}");
        assert_eq!(record["destinationNamespace"], json!(namespace), "{mesh}: {record}");
        assert_eq!(record["request"]["path"], "/in-mesh/a?b=c");
        assert_eq!(record["request"]["common"]["body"], "eyJhIjoxfQ==");
        assert_eq!(record["request"]["common"]["headers"][0], json!({ "key": "host", "value": "orders:8080" }));
        assert_eq!(record["response"]["statusCode"], "200");
        assert_eq!(record["response"]["common"]["TruncatedBody"], false);
        let [start, end] = ["request", "response"].map(|side| record[side]["common"]["time"].as_u64().expect("a time"));
        assert!(before <= start && start <= end && end <= after, "{before} {start} {end} {after}");
        stage.finish_lossy().await;
    }
}

/// What a proxy receives, Istio names by the cluster.
#[tokio::test]
async fn namespace_of_what_is_received() {
    let stage = Stage::start().await;
    let record = json_of(&post_of(&stage, Request::get("/inbound").host("orders")).await);
    assert_eq!(record["destination_namespace"], "pay", "{record}");
    stage.finish_lossy().await;
    let stage = Stage::with(Some(r#"{"format":"apiclarity"}"#)).await;
    let record = json_of(&post_of(&stage, Request::get("/inbound").host("orders")).await);
    assert_eq!((&record["destinationNamespace"], &record["request"]["host"]), (&json!("pay"), &json!("orders.pay")));
    stage.finish_lossy().await;
    for mesh in ["kuma", "none"] {
        let stage = Stage::with(Some(&format!(r#"{{"mesh":"{mesh}"}}"#))).await;
        let record = json_of(&post_of(&stage, Request::get("/inbound").host("orders")).await);
        assert_eq!(record.get("destination_namespace"), None, "{mesh}: {record}");
        stage.finish_lossy().await;
    }
}

/// As clients and other proxies write them.
#[tokio::test]
async fn apiclarity_with_hosts_in_every_writing() {
    let stage = Stage::with(Some(r#"{"format":"apiclarity"}"#)).await;
    for (authority, host) in [
        ("u@shop.example.com", "shop.example.com"),
        ("u:p@shop.example.com:8080", "shop.example.com"),
        ("::1", "[::1]"),
        ("[::1", "[::1]"),
        ("[::1]:8080", "[::1]"),
        ("2001:DB8::1", "[2001:db8::1]"),
    ] {
        let record = json_of(&post_of(&stage, Request::get("/").host(authority)).await);
        assert_eq!(record["request"]["host"], host, "{authority}");
    }
    stage.finish_lossy().await;
}

#[tokio::test]
async fn publish_has_the_namespace_too() {
    let stage = Stage::start().await;
    let record = json_of(&post_of(&stage, Request::get("/in-mesh").host("orders")).await);
    assert_eq!(record["destination_namespace"], "sock-shop");
    assert_eq!(record["scnt_request"]["host"], "orders");
    stage.finish_lossy().await;
}

#[tokio::test]
async fn batches_of_lines_and_arrays() {
    for (framing, content_type) in [("ndjson", "application/x-ndjson"), ("array", "application/json")] {
        let configuration = format!(r#"{{"batch":{{"max_records":8,"linger_ms":60000,"framing":"{framing}"}}}}"#);
        let stage = Stage::with(Some(&configuration)).await;
        // Only full batches are sent: no record lingers for so long.
        traffic(&stage, 12).await;
        wait::until("every record", || (stage.metric("exported")? == 24).then_some(())).await;
        let mut sizes = Vec::new();
        for post in stage.collector.posts() {
            assert_eq!(post.message.header("content-type"), Some(content_type.as_bytes()));
            let body = String::from_utf8(post.message.body.clone()).expect("UTF-8");
            let records: Vec<Value> = match framing {
                "array" => serde_json::from_str(&body).expect("an array"),
                _ => body.lines().map(|line| serde_json::from_str(line).expect("an object a line")).collect(),
            };
            assert!(records.iter().all(|record| record["scnt_request"]["path"].is_string()), "{body}");
            sizes.push(records.len());
        }
        assert_eq!(sizes, [8, 8, 8]);
        balanced(&stage, 24).await;
        stage.finish_lossy().await;
    }
}

#[tokio::test]
async fn a_redacted_value_is_nowhere() {
    let stage = Stage::with(Some(r#"{"redact":{"headers":["x-secret"],"query_params":["token"]}}"#)).await;
    let request =
        Request::get("/a?token=s3cret&b=1").header("x-secret", "s3cret").header("referer", "http://a/?token=s3cret");
    let post = post_of(&stage, request).await;
    assert_eq!(json_of(&post)["scnt_request"]["path"], "/a?token=[redacted]&b=1");
    assert!(!post.body.windows(6).any(|window| window == b"s3cret"), "{}", String::from_utf8_lossy(&post.body));
    assert!(!stage.envoy.log().contains("s3cret"));
    stage.finish_lossy().await;
}

#[tokio::test]
async fn bodies_by_type_and_size() {
    let configuration = r#"{"capture":{"content_types":["application/json","application/*+json"],"max_body_bytes":10,"oversize_body":"drop"}}"#;
    let stage = Stage::with(Some(configuration)).await;
    for (content_type, body, expected, truncated) in [
        ("application/json", "[1]", "WzFd", false),
        ("application/json", "[1,2,3,4,5,6]", "", true),
        ("text/plain", "[1]", "", false),
        ("application/problem+json; charset=utf-8", "[1]", "WzFd", false),
        ("application/problem+xml", "[1]", "", false),
    ] {
        let request = Request::post("/", body).header("content-type", content_type);
        let record = json_of(&post_of(&stage, request).await);
        let request = &record["scnt_request"];
        assert_eq!((&request["body"], &request["truncated_body"]), (&json!(expected), &json!(truncated)), "{body}");
    }
    stage.finish_lossy().await;
}

#[tokio::test]
async fn the_filter_s_own_requests_are_not_recorded() {
    let stage = Stage::start().await;
    for protocol in [H1, H2] {
        let mut request = Request::post("/publish", "{}").header("x-http-trace-filter-export", "1");
        request.id = unused_id();
        stage.check_traffic(&Case::new("an export", protocol, request, Reply::ok("x"))).await;
    }
    stage.check(Case::new("after it", H1, Request::get("/"), Reply::ok("x"))).await;
    assert_eq!(stage.metric("streams"), Some(1));
    stage.finish().await;
}

/// The collector is behind the very listener that the filter watches: its own requests come through the filter.
#[tokio::test]
async fn a_collector_behind_the_filter_makes_no_loop() {
    let stage = Stage::start().await;
    let configuration = json!({ "collector": {
        "cluster": "by_header",
        "path": "/through-the-filter/publish",
        "headers": { "x-envoy-original-dst-host": stage.envoy.filtered().to_string() },
    } });
    stage.reconfigure(&configuration.to_string()).await.expect("a new configuration");
    for protocol in [H1, H2] {
        let mut request = Request::post("/orders", "an order");
        request.id = stage.id();
        stage.check_traffic(&Case::new("recorded", protocol, request, Reply::ok("x"))).await;
    }
    wait::until("both records", || (stage.metric("exported")? == 2).then_some(())).await;
    let through = stage.envoy.admin().stats("http.filtered.downstream_rq_total").expect("stats");
    assert_eq!(through.values().sum::<u64>(), 4, "two exchanges and two requests of the filter: {through:?}");
    assert_eq!(stage.metric("streams"), Some(2));
    assert_eq!(stage.metric("export_requests"), Some(2));
    stage.finish().await;
}

/// A collector that takes lines, but under another type.
#[tokio::test]
async fn the_configured_content_type_replaces_the_filter_s() {
    let configuration = r#"{"batch":{"max_records":2},"collector":{"headers":{"Content-Type":"application/json"}}}"#;
    let stage = Stage::with(Some(configuration)).await;
    let post = post_of(&stage, Request::get("/")).await;
    let types: Vec<_> = post.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case(b"content-type")).collect();
    assert_eq!(types, [&(b"content-type".to_vec(), b"application/json".to_vec())]);
    assert_eq!(post.body.last(), Some(&b'}'), "no line break at the end");
    stage.finish_lossy().await;
}

#[tokio::test]
async fn a_header_that_the_filter_sets_itself_is_refused() {
    for name in ["Host", "content-length", "x-http-trace-filter-export"] {
        let stage = Stage::start().await;
        let configuration = json!({ "collector": { "headers": { name: "s3cret" } } });
        assert!(stage.reconfigure(&configuration.to_string()).await.is_err(), "{name}");
        let log = stage.envoy.log();
        let refusal = format!("collector.headers: got \"{}\", takes each header once", name.to_ascii_lowercase());
        assert!(log.contains(&refusal) && !log.contains("s3cret"), "{log}");
        stage.finish_refusing().await;
    }
}
