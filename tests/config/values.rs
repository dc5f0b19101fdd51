//! Values that become something else, and defaults that depend on other fields.

use crate::{at, parse};
use http_trace_filter::{
    capture::{
        mesh::Mesh,
        options::{ContentEncoding, OversizeBody},
        redact::RedactConfig,
    },
    config::Config,
    format::framing::Framing,
    sampling::options::{HostsConfig, UntilKnown},
};

#[test]
fn nothing_at_all_is_the_original_s_behaviour() {
    for nothing in ["", "{}", " \n"] {
        let config = parse(nothing);
        let collector = &config.collector;
        assert_eq!((collector.cluster.as_str(), collector.path.as_str()), ("trace_analyzer", "/publish"));
        assert_eq!((config.capture.max_body_bytes, config.queue.max_bytes), (1_000_000, 48 << 20));
        assert_eq!(config.redact, RedactConfig { defaults: true, ..RedactConfig::default() });
        assert_eq!(config.capture.content_encoding, ContentEncoding::Keep);
        assert_eq!((config.mesh, &config.sampling.hosts), (Mesh::Istio, &None));
    }
}

/// Path, JSON, and what it makes of the defaults.
type Row = (&'static str, &'static str, fn(&mut Config));

const ROWS: &[Row] = &[
    ("format", r#""apiclarity""#, |c| {
        c.format = &http_trace_filter::format::apiclarity::SPEC;
        c.collector.path = "/api/telemetry".to_owned();
        c.retry.statuses = vec![408, 429, 502, 503, 504];
        (c.capture.oversize_body, c.capture.content_encoding) = (OversizeBody::Drop, ContentEncoding::Decode);
    }),
    ("format", r#""otlp""#, |c| {
        c.format = &http_trace_filter::format::otlp::SPEC;
        c.collector.path = "/v1/logs".to_owned();
        c.retry.statuses = vec![429, 502, 503, 504];
        c.batch.framing = Framing::Otlp;
        c.capture.content_encoding = ContentEncoding::Decode;
    }),
    ("otlp.resource", r#"{"Service.name":"é","a":""}"#, |c| {
        c.otlp.resource = vec![("Service.name".to_owned(), "é".to_owned()), ("a".to_owned(), String::new())];
    }),
    ("collector.cluster", r#""a~ b""#, |c| {
        (c.collector.cluster, c.collector.authority) = ("a~ b".into(), "a~ b".into());
    }),
    ("collector.cluster", r#""outbound|9|v1|a.b""#, |c| {
        (c.collector.cluster, c.collector.authority) = ("outbound|9|v1|a.b".to_owned(), "a.b:9".to_owned());
    }),
    ("collector.cluster", r#""outbound|9||""#, |c| {
        (c.collector.cluster, c.collector.authority) = ("outbound|9||".to_owned(), "outbound|9||".to_owned());
    }),
    ("collector.headers", r#"{"X-A":"B\t c~","x-b":""}"#, |c| {
        c.collector.headers = vec![("x-a".to_owned(), "B\t c~".to_owned()), ("x-b".to_owned(), String::new())];
    }),
    ("collector.headers", r#"{"Content-Type":"text/plain"}"#, |c| {
        c.collector.headers = vec![("content-type".to_owned(), "text/plain".to_owned())];
    }),
    ("retry.statuses", r#"[502,"4xx"]"#, |c| c.retry.statuses = vec![502, 4]),
    ("retry.statuses", "[]", |c| c.retry.statuses.clear()),
    ("retry.statuses", r#"[408,429,"5xx"]"#, |_| ()),
    ("memory.max_bytes", "1000000", |c| (c.memory_max_bytes, c.queue.max_bytes) = (1_000_000, 750_000)),
    ("capture.content_types", r#"["*/*","Text/*","a+B/c.d","A/*+B"]"#, |c| {
        c.capture.content_types = strings(&["*/*", "text/*", "a+b/c.d", "a/*+b"]);
    }),
    ("redact.headers", r#"["X-A-*","b"]"#, |c| c.redact.headers = strings(&["x-a-*", "b"])),
    ("redact.query_params", r#"["To ken","é"]"#, |c| c.redact.query_params = strings(&["To ken", "é"])),
    ("sampling.rate", "0", |c| c.sampling.rate = 0.0),
    ("sampling.hosts", "false", |_| ()),
    ("sampling.hosts", "true", |c| c.sampling.hosts = Some(HostsConfig::default())),
    ("sampling.hosts", "{}", |c| c.sampling.hosts = Some(HostsConfig::default())),
    ("sampling.hosts.until_known", r#""none""#, |c| {
        c.sampling.hosts = Some(HostsConfig { until_known: UntilKnown::None, ..HostsConfig::default() });
    }),
    ("sampling.hosts.headers", r#"{"X-A":"B"}"#, |c| {
        let headers = vec![("x-a".to_owned(), "B".to_owned())];
        c.sampling.hosts = Some(HostsConfig { headers, ..HostsConfig::default() });
    }),
    ("trace_sampling_enabled", r#""false""#, |_| ()),
    ("trace_sampling_enabled", r#""true""#, |c| c.sampling.hosts = Some(HostsConfig::default())),
    ("service_mesh", r#""none""#, |c| c.mesh = Mesh::None),
];

fn strings(list: &[&str]) -> Vec<String> {
    list.iter().map(|&text| text.to_owned()).collect()
}

#[test]
fn values_become_what_the_filter_needs() {
    for (path, value, set) in ROWS {
        let mut expected = parse("{}");
        set(&mut expected);
        assert_eq!(Config::parse(at(path, value).as_bytes()), Ok(expected), "{path}: {value}");
    }
}

#[test]
fn the_original_s_keys_are_accepted() {
    let config = parse(r#"{"trace_sampling_enabled":"true","service_mesh":"kuma"}"#);
    assert_eq!(config.sampling.hosts, Some(HostsConfig::default()));
    assert_eq!(config.mesh, Mesh::Kuma);
    let config = parse(r#"{"trace_sampling_enabled":"false","service_mesh":"istio"}"#);
    assert_eq!((config.sampling.hosts, config.mesh), (None, Mesh::Istio));
    let config = parse(r#"{"trace_sampling_enabled":"true","sampling":{"hosts":{"cluster":"m"}}}"#);
    assert_eq!(config.sampling.hosts, Some(HostsConfig { cluster: "m".to_owned(), ..HostsConfig::default() }));
}
