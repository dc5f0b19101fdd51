//! What gives no record, and why: the README lists it.

use std::time::Duration;

use http_trace_e2e::bootstrap::{each_manager, ext_authz, in_front};
use http_trace_e2e::case::Case;
use http_trace_e2e::client::Protocol::{H1, H2, H3};
use http_trace_e2e::http3;
use http_trace_e2e::message::{Headers, Message};
use http_trace_e2e::reply::Reply;
use http_trace_e2e::request::Request;
use http_trace_e2e::rig::Given;
use http_trace_e2e::rig::unused_id;
use http_trace_e2e::stage::Stage;
use http_trace_e2e::tunnel_h3::Tunnel;
use http_trace_e2e::wait;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::hostile::frames::{END_HEADERS, END_STREAM, PREFACE, field, frame, kind};

/// How late a record or a count may come.
const LATE: Duration = Duration::from_millis(500);

/// Waits until Envoy's stat has this value, and then for longer than any record takes; how many streams the filter saw.
async fn streams_after(stage: &Stage, name: &str, value: u64) -> u64 {
    let last = || stage.envoy.admin().stats(name).ok()?.get(name).copied();
    let reached = wait::within(Duration::from_secs(5), || (last()? >= value).then_some(())).await;
    assert!(
        reached.is_some(),
        "{name} is {:?}, not {value}:\n{:?}",
        last(),
        stage.envoy.admin().stats("http.filtered")
    );
    tokio::time::sleep(LATE).await;
    stage.metric("streams").expect("a metric")
}

/// Any client can set the mark of the filter's own export requests: they are counted, so that none hides unseen.
#[tokio::test]
async fn own_exports() {
    let stage = Stage::start().await;
    for (at, protocol) in [H1, H2].into_iter().enumerate() {
        let mut request = Request::post("/orders", "{}").header("x-http-trace-filter-export", "1");
        request.id = unused_id();
        stage.check_traffic(&Case::new("marked", protocol, request, Reply::echo())).await;
        let counted = || (stage.metric("own_exports")? == at as u64 + 1).then_some(());
        wait::until("it to be counted", counted).await;
        stage.check(Case::new("not marked", protocol, Request::get("/"), Reply::ok("x"))).await;
    }
    wait::until("two streams", || (stage.metric("streams")? == 2).then_some(())).await;
    assert_eq!(stage.collector.posts().len(), 2, "only those without the mark");
    stage.finish().await;
}

/// Over HTTP/2 and HTTP/3 the codec resets such a stream; over HTTP/1.1 Envoy answers, and logs what it has: see `malformed`.
#[tokio::test]
async fn refused_by_the_codec() {
    let no_underscores = json!({ "headers_with_underscores_action": "REJECT_REQUEST" });
    let change = |given: &mut Given| {
        each_manager(&mut given.bootstrap, |manager| manager["common_http_protocol_options"] = no_underscores.clone());
        http3::listen(&mut given.bootstrap);
    };
    let stage = Stage::serving(None, |_| Reply::echo(), change).await;
    let pseudo = [(":method", "GET"), (":scheme", "https"), (":authority", "shop.test"), (":path", "/")];
    let with = |more: &[(&str, &str)]| -> Headers {
        pseudo.iter().chain(more).map(|(name, value)| ((*name).into(), (*value).into())).collect()
    };
    let many: Vec<String> = (0..200).map(|at| format!("x-{at}")).collect();
    let many: Vec<(&str, &str)> = many.iter().map(|name| (name.as_str(), "1")).collect();
    let mut no_authority = with(&[]);
    no_authority.remove(2);
    let cases = [
        ("too many headers", with(&many)),
        ("an underscore", with(&[("x_a", "1")])),
        ("a name in upper case", with(&[("X-Upper", "1")])),
        ("no authority", no_authority),
    ];
    for (at, (name, fields)) in cases.iter().enumerate() {
        let mut stream = TcpStream::connect(stage.envoy.filtered()).await.expect("a connection");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let block: Vec<u8> = fields.iter().flat_map(|(name, value)| field(&text(name), &text(value))).collect();
        let open = frame(kind::HEADERS, END_STREAM | END_HEADERS, 1, &block);
        stream.write_all(&[PREFACE, &frame(kind::SETTINGS, 0, 0, &[]), &open].concat()).await.expect("to send");
        let count = at as u64 + 1;
        assert_eq!(streams_after(&stage, "http.filtered.downstream_rq_total", count).await, 0, "{name} over HTTP/2");
        assert!(Tunnel::open(stage.envoy.filtered_by(H3), fields).await.is_err(), "{name} over HTTP/3 is answered");
    }
    tokio::time::sleep(LATE).await;
    assert_eq!((stage.metric("streams"), stage.collector.posts().len()), (Some(0), 0), "over HTTP/3");
    for protocol in [H1, H2, H3] {
        stage.check(Case::new("a good request", protocol, Request::get("/"), Reply::ok("x"))).await;
    }
    stage.finish().await;
}

#[tokio::test]
async fn overload() {
    let stage = Stage::serving(
        None,
        |_| Reply::echo(),
        |given| {
            given.bootstrap["overload_manager"] = json!({
                "refresh_interval": "0.05s",
                "resource_monitors": [{ "name": "envoy.resource_monitors.fixed_heap", "typed_config": {
                    "@type": "type.googleapis.com/envoy.extensions.resource_monitors.fixed_heap.v3.FixedHeapConfig",
                    "max_heap_size_bytes": 1,
                } }],
                "actions": [{
                    "name": "envoy.overload_actions.stop_accepting_requests",
                    "triggers": [{ "name": "envoy.resource_monitors.fixed_heap", "threshold": { "value": 0.5 } }],
                }],
            });
        },
    )
    .await;
    let active =
        || stage.envoy.admin().stats("overload.envoy.overload_actions").ok()?.into_values().find(|on| *on == 1);
    wait::until("Envoy to be overloaded", active).await;
    for protocol in [H1, H2] {
        let mut request = Request::post("/orders", "{}");
        request.id = unused_id();
        let exchange = stage.check_traffic(&Case::new("refused", protocol, request, Reply::echo())).await;
        assert_eq!(exchange.answer.status(), 503, "{:?}", exchange.answer);
    }
    assert_eq!(streams_after(&stage, "http.filtered.downstream_rq_overload_close", 2).await, 0);
    stage.finish_lossy().await;
}

/// Over HTTP/3, Envoy logs a whole exchange after it deleted the filter, which never began where a filter in front denied the
/// request.
#[tokio::test]
async fn denied_in_front_over_http_3() {
    let denies = |_: &Message| Reply::status(403).after(Duration::from_millis(100));
    let change = |given: &mut Given| {
        in_front(&mut given.bootstrap, &ext_authz());
        http3::listen(&mut given.bootstrap);
    };
    let stage = Stage::serving(None, denies, change).await;
    let mut request = Request::post("/orders", "{}");
    request.id = unused_id();
    let exchange = stage.check_traffic(&Case::new("denied", H3, request, Reply::echo())).await;
    assert_eq!(exchange.answer.status(), 403);
    assert_eq!(streams_after(&stage, "http.filtered-h3.downstream_rq_4xx", 1).await, 0);
    stage.finish_lossy().await;
}

/// Not one, but two: Envoy begins a stream of its own for where an internal redirect leads.
#[tokio::test]
async fn internal_redirects() {
    let stage = Stage::start().await;
    let mut request = Request::get("/redirect-inside");
    request.id = unused_id();
    let id = request.id.clone();
    let reply = Reply::status(302).header("location", "http://shop.test/elsewhere").with_body("moved");
    stage.check_traffic(&Case::new("redirected", H1, request, reply)).await;
    wait::until("both streams", || (stage.metric("exported")? == 2).then_some(())).await;
    let records: Vec<_> = stage.collector.posts().iter().map(|post| post.json().expect("JSON")).collect();
    let told = |record: &Value| (record["request_id"].clone(), record["scnt_request"]["path"].clone());
    let expected = ["/redirect-inside", "/elsewhere"].map(|path| (json!(id), json!(path)));
    assert!(expected.iter().all(|expected| records.iter().any(|record| told(record) == *expected)), "{records:?}");
    stage.finish_lossy().await;
}

/// Where it is an upstream HTTP filter, which Envoy never logs, the filter tells each attempt.
#[tokio::test]
async fn as_an_upstream_filter() {
    let change = |given: &mut Given| {
        let wasm = "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm";
        // In a VM of its own: in Envoy 1.36 what it counts belongs to the cluster.
        let mut plugin = given.plugin.clone();
        plugin["vm_config"]["vm_id"] = json!("upstream");
        let filter = json!({ "name": "wasm", "typed_config": { "@type": wasm, "config": plugin } });
        let codec = "type.googleapis.com/envoy.extensions.filters.http.upstream_codec.v3.UpstreamCodec";
        let codec = json!({ "name": "envoy.filters.http.upstream_codec", "typed_config": { "@type": codec } });
        let clusters = given.bootstrap["static_resources"]["clusters"].as_array_mut().expect("clusters");
        let upstream = clusters.iter_mut().find(|cluster| cluster["name"] == "upstream").expect("the upstream");
        let options = upstream["typed_extension_protocol_options"].as_object_mut().expect("options");
        for options in options.values_mut() {
            options["http_filters"] = json!([filter, codec]);
        }
    };
    let stage = Stage::serving(None, |_| Reply::echo(), change).await;
    let mut request = Request::post("/orders", "an order");
    request.id = unused_id();
    let id = request.id.clone();
    // Through the listener without the filter.
    let case = Case::new("upstream", H1, request, Reply::echo());
    let exchange = stage.exchange(&case, stage.envoy.plain()).await.expect("an answer");
    assert_eq!(exchange.answer.status(), 200);
    let post = wait::until("the record of the attempt", || stage.collector.record("request_id", &id)).await;
    let record = post.json().expect("JSON");
    assert_eq!(record["scnt_request"]["body"], "YW4gb3JkZXI=");
    assert_eq!(record["scnt_response"]["body"], "YW4gb3JkZXI=");
    stage.finish_lossy().await;
}
