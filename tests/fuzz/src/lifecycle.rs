//! The whole filter, with the host of `tests/envoy` in place of Envoy: callbacks in any order, any bytes in headers,
//! host calls that fail, answers of any kind, new configurations that take the place of old ones. Nothing panics, each
//! stream is counted once, and in the end nothing is held.

mod proxy;

use crate::{
    host::{Call, host},
    input::Input,
};
use proxy::Proxy;
use serde::de::IgnoredAny;

const NAMES: [&str; 12] = [
    ":authority",
    ":path",
    ":method",
    ":status",
    "x-request-id",
    "content-type",
    "x-envoy-a",
    "cookie",
    "retry-after",
    "x-http-trace-filter-export",
    "\u{e9}\"",
    "",
];
const VALUES: [&str; 8] = ["200", "101", "503", "429", "404", "7", "CONNECT", "application/json"];
const PROPERTIES: [&str; 11] = [
    "source.address",
    "destination.address",
    "request.protocol",
    "request.id",
    "request.time",
    "request.size",
    "response.size",
    "response.code",
    "connection.tls_version",
    "xds.upstream_host_metadata.filter_metadata.istio.workload",
    "xds.cluster_metadata.filter_metadata.istio.services.0.namespace",
];
const HOSTS: [&str; 4] = ["", "{", r#"{"hosts":["*"]}"#, r#"{"hosts":["a.b:80"]}"#];
/// The host functions' statuses that the SDK knows to be possible: `BadArgument`, `InternalFailure`.
const REFUSALS: [Option<u32>; 3] = [None, Some(2), Some(10)];
/// `SerializationFailure`, `InternalFailure`.
const PROPERTY_REFUSALS: [Option<u32>; 3] = [None, Some(3), Some(10)];

pub(crate) fn run(input: &[u8]) {
    let mut input = Input::new(input);
    let mut proxy = Proxy::start(&mut input);
    while !input.is_empty() {
        step(&mut proxy, &mut input);
        balance();
    }
    proxy.finish();
}

fn step(proxy: &mut Proxy, input: &mut Input<'_>) {
    match input.below(23) {
        0 | 1 => proxy.open(input),
        2 => proxy.request_headers(input),
        3 => proxy.response_headers(input),
        4 => proxy.request_body(input),
        5 => proxy.response_body(input),
        6 | 7 => proxy.log(input),
        8 => proxy.close(input),
        9 => proxy.tick(input),
        10 | 11 => proxy.answer(input),
        12 => pass(input.choose(&[0, 1, 50, 400, 20_000])),
        13 => host(|host| host.refuse = input.choose(&REFUSALS)),
        14 => host(|host| host.refuse_properties = input.choose(&PROPERTY_REFUSALS)),
        15 => host(|host| {
            let value = match input.below(3) {
                0 => input.number().to_le_bytes().to_vec(),
                _ => input.bytes().to_vec(),
            };
            host.properties.insert(input.choose(&PROPERTIES).to_owned(), value);
        }),
        16 => proxy.refused_configuration(),
        17 => host(|host| {
            host.no_buffers = input.flag();
            host.short_buffers = input.choose(&[None, Some(0), Some(1), Some(5_000)]);
        }),
        18 => proxy.request_trailers(input),
        19 => proxy.response_trailers(input),
        20 => host(|host| host.now = host.now.saturating_sub(input.choose(&[1, 7_200_000_000_000]))),
        21 => proxy.raw_headers(input),
        _ => proxy.replace(input),
    }
}

/// The identity of contract 5, as `balanced` of `tests/envoy` checks it, without making a map at every step.
fn balance() {
    host(|host| {
        let sign = |name: &str| match name.trim_start_matches("http_trace_filter.") {
            "streams" => 1,
            "sampled_out" | "exported" | "queued" | "in_flight" => -1,
            name if name.starts_with("dropped_") => -1,
            _ => 0,
        };
        let rest: i64 = host.metrics.iter().map(|(name, value)| sign(name) * value).sum();
        assert_eq!(rest, 0, "{:?}", host.metrics);
    });
}

fn pass(milliseconds: u64) {
    host(|host| host.now += milliseconds * 1_000_000);
}

fn headers(input: &mut Input<'_>) -> Vec<(&'static str, Vec<u8>)> {
    let pair = |input: &mut Input<'_>| {
        let name = input.choose(&NAMES);
        let value = if input.flag() { input.choose(&VALUES).into() } else { input.bytes().to_vec() };
        (name, value)
    };
    (0..input.below(6)).map(|_| pair(input)).collect()
}

fn body(input: &mut Input<'_>) -> Vec<u8> {
    vec![input.byte(); input.choose(&[0, 1, 100, 4_096, 9_000])]
}

/// The body of an export request is one JSON text, or several.
fn is_json(call: &Call) {
    let mut texts = serde_json::Deserializer::from_slice(&call.body).into_iter::<IgnoredAny>();
    assert!(texts.all(|text| text.is_ok()), "{}", String::from_utf8_lossy(&call.body));
}
