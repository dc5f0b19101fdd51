//! Exchanges of every kind, by a real Envoy with the filter.

use std::io::Write as _;
use std::net::SocketAddr;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http_trace_e2e::bootstrap;
use http_trace_e2e::case::Case;
use http_trace_e2e::client::Protocol::{H1, H2};
use http_trace_e2e::envoy;
use http_trace_e2e::reply::Reply;
use http_trace_e2e::request::Request;
use http_trace_e2e::rig::{Rig, unused_id};
use serde_json::{Value, json};

/// What a browser would run, were it markup.
pub(crate) const HOSTILE: &str = "<script>window.ran=1</script><img src=x onerror='window.ran=1'>";

/// Envoy, whose filter reports to this collector.
pub(crate) async fn rig(collector: SocketAddr, configuration: &Value) -> Rig {
    rig_with(collector, configuration, &[]).await
}

/// As [`rig`], with more filters, each with a collector and a configuration of its own.
pub(crate) async fn rig_with(collector: SocketAddr, configuration: &Value, more: &[(SocketAddr, Value)]) -> Rig {
    let change = |bootstrap: &mut Value| {
        let clusters = bootstrap["static_resources"]["clusters"].as_array_mut().expect("clusters");
        let cluster = clusters.iter_mut().find(|cluster| cluster["name"] == "trace_analyzer").expect("the collector's");
        let socket = "/load_assignment/endpoints/0/lb_endpoints/0/endpoint/address/socket_address/port_value";
        *cluster.pointer_mut(socket).expect("a port") = json!(collector.port());
        let first = cluster.clone();
        for (at, (collector, configuration)) in more.iter().enumerate() {
            let name = format!("collector-{at}");
            let mut cluster = first.clone();
            cluster["name"] = json!(name);
            cluster["load_assignment"]["cluster_name"] = json!(name);
            *cluster.pointer_mut(socket).expect("a port") = json!(collector.port());
            let clusters = bootstrap["static_resources"]["clusters"].as_array_mut().expect("clusters");
            clusters.push(cluster);
            let mut configuration = configuration.clone();
            configuration["collector"] = json!({ "cluster": name });
            let wasm = envoy::wasm().expect("the filter");
            bootstrap::one_more(bootstrap, &name, bootstrap::plugin(&wasm, Some(&configuration.to_string())));
        }
    };
    let configuration = configuration.to_string();
    let rig = Rig::start_with(Some(&configuration), |_| Reply::echo(), |given| change(&mut given.bootstrap)).await;
    rig.unwrap_or_else(|error| panic!("{error}"))
}

/// One exchange of each kind, in the order in which they are sent.
pub(crate) async fn send(rig: &Rig) -> usize {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(br#"{"coded":"inside"}"#).expect("memory");
    let gzip = gzip.finish().expect("memory");
    let json_body = r#"{"items":[{"id":12345678901234567890}],"note":"é"}"#;
    let binary: Vec<u8> = (0..=255).collect();
    let grpc = Bytes::from_static(&[0, 0, 0, 0, 2, 8, 42]);
    let typed = |body: Vec<u8>, of: &str| Reply::ok(body).header("content-type", of);
    let cases = [
        (
            H1,
            Request::post("/json", json_body).header("content-type", "application/json"),
            typed(json_body.into(), "application/json").header("x-markup", HOSTILE),
        ),
        (H1, Request::get("/gzip"), typed(gzip, "application/json").header("content-encoding", "gzip")),
        (H1, Request::get("/binary"), typed(binary, "application/octet-stream")),
        (H1, Request::get("/cut"), typed(b"0123456789".repeat(1000), "text/plain")),
        (
            H2,
            Request::post_chunks("/h2/shop.Orders/Get", std::slice::from_ref(&grpc))
                .header("content-type", "application/grpc")
                .header("te", "trailers"),
            Reply::chunks(&[grpc])
                .header("content-type", "application/grpc")
                .trailer("grpc-status", "0")
                .trailer("grpc-message", "fine"),
        ),
        (H1, Request::get("/hostile?q=<img/src=x/onerror=window.ran=1>"), typed(HOSTILE.into(), "text/html")),
        (H1, Request::get("/missing"), Reply::status(404).with_body("no such page")),
    ];
    let count = cases.len();
    for (protocol, mut request, reply) in cases {
        request.id = unused_id();
        let name = String::from_utf8_lossy(&request.target).into_owned();
        let case = Case::new(name, protocol, request, reply);
        rig.exchange(&case, rig.envoy.filtered_by(protocol))
            .await
            .unwrap_or_else(|error| panic!("{}: {error}", case.name));
    }
    rig.settle(count as u64).await;
    count
}
