//! The rows: their defaults, what they take and make of it, and what they refuse.

use http_trace_filter::{
    capture::{
        mesh::Mesh,
        options::{CaptureConfig, OversizeBody},
        redact::RedactConfig,
    },
    config::Config,
    delivery::{
        options::{BatchConfig, CollectorConfig, Framing, QueueConfig, RetryConfig},
        queue::Overflow,
    },
    format::Format,
    sampling::options::{HostsConfig, SamplingConfig, UntilKnown},
};
use std::time::Duration;

const fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

fn strings(list: &[&str]) -> Vec<String> {
    list.iter().map(|&text| text.to_owned()).collect()
}

pub(crate) fn hosts() -> HostsConfig {
    HostsConfig { cluster: "trace-sampling-manager".to_owned(), interval: ms(60_000), until_known: UntilKnown::All }
}

pub(crate) fn defaults() -> Config {
    let redacted = ["authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key"];
    Config {
        format: Format::Publish,
        collector: CollectorConfig {
            cluster: "trace_analyzer".to_owned(),
            authority: "trace_analyzer".to_owned(),
            path: "/publish".to_owned(),
            headers: Vec::new(),
            timeout: ms(5_000),
        },
        batch: BatchConfig { max_records: 1, max_bytes: 1_048_576, linger: ms(50), framing: Framing::Ndjson },
        retry: RetryConfig { max_attempts: 5, initial_backoff: ms(200), max_backoff: ms(10_000) },
        queue: QueueConfig { max_bytes: 8_388_608, max_in_flight: 64, overflow: Overflow::DropOldest },
        memory_max_bytes: 67_108_864,
        capture: CaptureConfig {
            max_body_bytes: 1_000_000,
            oversize_body: OversizeBody::Truncate,
            request_body: true,
            response_body: true,
            content_types: Vec::new(),
        },
        redact: RedactConfig { headers: strings(&redacted), query_params: Vec::new() },
        sampling: SamplingConfig { rate: 1.0, hosts: None },
        mesh: Mesh::Istio,
    }
}

/// Path, first and last value, and what a value makes of the defaults.
pub(crate) type Number = (&'static str, u64, u64, fn(&mut Config, u64));

pub(crate) const NUMBERS: &[Number] = &[
    ("collector.timeout_ms", 1, 600_000, |c, n| c.collector.timeout = ms(n)),
    ("batch.max_records", 1, 10_000, |c, n| c.batch.max_records = n as usize),
    ("batch.max_bytes", 1_024, 67_108_864, |c, n| c.batch.max_bytes = n as usize),
    ("batch.linger_ms", 1, 60_000, |c, n| c.batch.linger = ms(n)),
    ("retry.max_attempts", 1, 100, |c, n| c.retry.max_attempts = n as u32),
    ("retry.initial_backoff_ms", 1, 600_000, |c, n| c.retry.initial_backoff = ms(n)),
    ("retry.max_backoff_ms", 1, 3_600_000, |c, n| c.retry.max_backoff = ms(n)),
    ("queue.max_bytes", 1_024, 1_073_741_824, |c, n| c.queue.max_bytes = n as usize),
    ("queue.max_in_flight", 1, 1_024, |c, n| c.queue.max_in_flight = n as usize),
    ("memory.max_bytes", 65_536, 2_147_483_648, |c, n| c.memory_max_bytes = n as usize),
    ("capture.max_body_bytes", 0, 67_108_864, |c, n| c.capture.max_body_bytes = n as usize),
    ("sampling.hosts.interval_ms", 100, 86_400_000, |c, n| {
        c.sampling.hosts = Some(HostsConfig { interval: ms(n), ..hosts() });
    }),
];

/// Path, JSON, and what it makes of the defaults.
pub(crate) type Accepted = (&'static str, &'static str, fn(&mut Config));

pub(crate) const ACCEPTED: &[Accepted] = &[
    ("format", r#""publish""#, |_| ()),
    ("format", r#""apiclarity""#, |c| (c.format, c.collector.path) = (Format::Apiclarity, "/api/telemetry".to_owned())),
    ("collector.cluster", r#""a~ b""#, |c| {
        (c.collector.cluster, c.collector.authority) = ("a~ b".into(), "a~ b".into())
    }),
    ("collector.cluster", r#""outbound|9|v1|a.b""#, |c| {
        (c.collector.cluster, c.collector.authority) = ("outbound|9|v1|a.b".to_owned(), "a.b:9".to_owned());
    }),
    ("collector.cluster", r#""outbound|9||""#, |c| {
        (c.collector.cluster, c.collector.authority) = ("outbound|9||".to_owned(), "outbound|9||".to_owned());
    }),
    ("collector.authority", r#""a:1""#, |c| c.collector.authority = "a:1".to_owned()),
    ("collector.path", r#""/""#, |c| c.collector.path = "/".to_owned()),
    ("collector.path", r#""/!~""#, |c| c.collector.path = "/!~".to_owned()),
    ("collector.headers", "{}", |_| ()),
    ("collector.headers", r#"{"X-A":"B\t c~","x-b":""}"#, |c| {
        c.collector.headers = vec![("x-a".to_owned(), "B\t c~".to_owned()), ("x-b".to_owned(), String::new())];
    }),
    ("batch.framing", r#""ndjson""#, |_| ()),
    ("batch.framing", r#""array""#, |c| c.batch.framing = Framing::Array),
    ("queue.overflow", r#""drop_oldest""#, |_| ()),
    ("queue.overflow", r#""drop_newest""#, |c| c.queue.overflow = Overflow::DropNewest),
    ("capture.oversize_body", r#""truncate""#, |_| ()),
    ("capture.oversize_body", r#""drop""#, |c| c.capture.oversize_body = OversizeBody::Drop),
    ("capture.request_body", "true", |_| ()),
    ("capture.request_body", "false", |c| c.capture.request_body = false),
    ("capture.response_body", "true", |_| ()),
    ("capture.response_body", "false", |c| c.capture.response_body = false),
    ("capture.content_types", "[]", |_| ()),
    ("capture.content_types", r#"["*/*","Text/*","a+B/c.d"]"#, |c| {
        c.capture.content_types = strings(&["*/*", "text/*", "a+b/c.d"]);
    }),
    ("redact.headers", "[]", |c| c.redact.headers.clear()),
    ("redact.headers", r#"["X-A","b"]"#, |c| c.redact.headers = strings(&["x-a", "b"])),
    ("redact.query_params", "[]", |_| ()),
    ("redact.query_params", r#"["To ken","é"]"#, |c| c.redact.query_params = strings(&["To ken", "é"])),
    ("sampling.rate", "1", |_| ()),
    ("sampling.rate", "1.0", |_| ()),
    ("sampling.rate", "0.25", |c| c.sampling.rate = 0.25),
    ("sampling.rate", "0.0", |c| c.sampling.rate = 0.0),
    ("sampling.rate", "0", |c| c.sampling.rate = 0.0),
    ("sampling.hosts", "false", |_| ()),
    ("sampling.hosts", "true", |c| c.sampling.hosts = Some(hosts())),
    ("sampling.hosts", "{}", |c| c.sampling.hosts = Some(hosts())),
    ("sampling.hosts.cluster", r#""a""#, |c| {
        c.sampling.hosts = Some(HostsConfig { cluster: "a".to_owned(), ..hosts() });
    }),
    ("sampling.hosts.until_known", r#""all""#, |c| c.sampling.hosts = Some(hosts())),
    ("sampling.hosts.until_known", r#""none""#, |c| {
        c.sampling.hosts = Some(HostsConfig { until_known: UntilKnown::None, ..hosts() });
    }),
    ("mesh", r#""istio""#, |_| ()),
    ("mesh", r#""kuma""#, |c| c.mesh = Mesh::Kuma),
    ("mesh", r#""none""#, |c| c.mesh = Mesh::None),
    ("trace_sampling_enabled", r#""false""#, |_| ()),
    ("trace_sampling_enabled", r#""true""#, |c| c.sampling.hosts = Some(hosts())),
    ("service_mesh", r#""kuma""#, |c| c.mesh = Mesh::Kuma),
    ("service_mesh", r#""none""#, |c| c.mesh = Mesh::None),
];

/// A value of each JSON type, and how a refusal names it.
pub(crate) const TYPES: [(&str, &str, &str); 8] = [
    ("null", "null", "null"),
    ("bool", "true", "true"),
    ("whole", "7", "7"),
    ("negative", "-7", "a negative number"),
    ("fraction", "0.5", "a fractional number"),
    ("string", r#""?""#, r#""?""#),
    ("list", "[7]", "a list of 1"),
    ("object", r#"{"?":7}"#, "an object"),
];

/// Path, the JSON types that it takes, further values (of a list: entries) that it refuses, what it takes in words.
pub(crate) type Refused = (&'static str, &'static [&'static str], &'static [&'static str], &'static str);

const TEXTS: &[&str] = &[r#""""#, r#""a\nb""#, r#""\u001f""#, r#""\u007f""#, r#""é""#];
const PATHS: &[&str] = &[r#""""#, r#""a""#, r#""/ ""#, r#""/\u007f""#, r#""/é""#];
const TYPES_OF_MEDIA: &[&str] =
    &["7", r#""*""#, r#""*/json""#, r#""/json""#, r#""a/""#, r#""text""#, r#""a b/c""#, r#""a/b;c=d""#];
const FLAGS: &[&str] = &[r#""True""#, r#""""#];

pub(crate) const REFUSED: &[Refused] = &[
    ("format", &[], &[r#""Publish""#, r#""""#], "one of publish, apiclarity"),
    ("collector.cluster", &["string"], TEXTS, "a string that is not empty, of printable ASCII"),
    ("collector.authority", &["string"], TEXTS, "a string that is not empty, of printable ASCII"),
    ("collector.path", &[], PATHS, "a path that starts with \"/\", of printable ASCII without spaces"),
    ("collector.headers", &["object"], &[], "an object of header names and values"),
    ("batch.framing", &[], &[r#""NDJSON""#], "one of ndjson, array"),
    ("queue.overflow", &[], &[r#""drop""#], "one of drop_oldest, drop_newest"),
    ("capture.oversize_body", &[], &[r#""Drop""#], "one of truncate, drop"),
    ("capture.request_body", &["bool"], &[r#""true""#], "true or false"),
    ("capture.response_body", &["bool"], &[r#""true""#], "true or false"),
    ("capture.content_types", &["list"], TYPES_OF_MEDIA, "a list of type/subtype, type/* or */*, without parameters"),
    ("redact.headers", &["list"], &["7", r#""""#, r#""a b""#, r#""a:""#, r#""é""#], "a list of header names"),
    ("redact.query_params", &["list"], &["7", "null", r#""""#], "a list of strings that are not empty"),
    ("sampling.rate", &["fraction"], &["2", "1.0001", "-0.0001", "1e9"], "a number from 0.0 to 1.0"),
    ("sampling.hosts", &["bool", "object"], &[r#""true""#], "true, false or an object"),
    ("sampling.hosts.cluster", &["string"], TEXTS, "a string that is not empty, of printable ASCII"),
    ("sampling.hosts.until_known", &[], &[r#""ALL""#], "one of all, none"),
    ("mesh", &[], &[r#""Istio""#], "one of istio, kuma, none"),
    ("trace_sampling_enabled", &["bool"], FLAGS, "\"true\" or \"false\""),
    ("service_mesh", &[], &[r#""Kuma""#], "one of istio, kuma, none"),
];

pub(crate) const SECTIONS: [&str; 8] =
    ["collector", "batch", "retry", "queue", "memory", "capture", "redact", "sampling"];

/// Every field, with a value that is not its default.
pub(crate) const GOOD: &str = r#"{
    "format": "apiclarity", "mesh": "kuma", "service_mesh": "none", "trace_sampling_enabled": "true",
    "collector": {"cluster": "c", "authority": "a", "path": "/p", "headers": {"x-a": "b"}, "timeout_ms": 2},
    "batch": {"max_records": 2, "max_bytes": 2000, "linger_ms": 2, "framing": "array"},
    "retry": {"max_attempts": 2, "initial_backoff_ms": 2, "max_backoff_ms": 2},
    "queue": {"max_bytes": 2000, "max_in_flight": 2, "overflow": "drop_newest"}, "memory": {"max_bytes": 70000},
    "capture": {"max_body_bytes": 2, "oversize_body": "drop", "request_body": false, "response_body": false,
                "content_types": ["a/b"]},
    "redact": {"headers": ["a"], "query_params": ["b"]},
    "sampling": {"rate": 0.25, "hosts": {"cluster": "d", "interval_ms": 200, "until_known": "none"}}}"#;
