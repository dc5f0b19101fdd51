//! The configuration: defaults, and refusals that name the field, what was got and what it takes.

use http_trace_filter::{
    capture::{mesh::Mesh, options::OversizeBody},
    config::Config,
    delivery::{options::Framing, queue::Overflow},
    format::Format,
    sampling::options::{HostsConfig, UntilKnown},
};
use std::time::Duration;

fn parse(json: &str) -> Config {
    Config::parse(json.as_bytes()).unwrap_or_else(|e| panic!("{json} was refused: {e}"))
}

#[test]
fn nothing_at_all_is_every_default() {
    let config = parse("");
    assert_eq!(config, parse("{}"));
    assert_eq!(config, parse(" \n"));
    assert_eq!((config.collector.cluster.as_str(), config.collector.path.as_str()), ("trace_analyzer", "/publish"));
    assert_eq!((config.capture.max_body_bytes, config.queue.max_bytes), (1_000_000, 8 << 20));
    assert_eq!(config.redact.headers, ["authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key"]);
}

#[test]
fn every_field_is_honoured() {
    let config = parse(
        r#"{"format":"apiclarity","mesh":"kuma",
            "collector":{"cluster":"c","authority":"a:1","path":"/p","headers":{"X-Token":"t"},"timeout_ms":7},
            "batch":{"max_records":9,"max_bytes":4096,"linger_ms":8,"framing":"array"},
            "sampling":{"rate":0.25,"hosts":{"cluster":"m","interval_ms":100,"until_known":"none"}},
            "retry":{"max_attempts":2,"initial_backoff_ms":3,"max_backoff_ms":4},
            "queue":{"max_bytes":2048,"max_in_flight":5,"overflow":"drop_newest"},
            "memory":{"max_bytes":70000},
            "capture":{"max_body_bytes":6,"request_body":false,"response_body":false,
                       "oversize_body":"drop","content_types":["Text/*","application/json"]},
            "redact":{"headers":["X-Secret"],"query_params":["token"]}}"#,
    );
    assert_eq!(config.format, Format::Apiclarity);
    let batch = config.batch;
    let linger = Duration::from_millis(8);
    assert_eq!((batch.max_records, batch.max_bytes, batch.linger, batch.framing), (9, 4096, linger, Framing::Array));
    let hosts = config.sampling.hosts.expect("on");
    assert_eq!((hosts.cluster.as_str(), hosts.interval), ("m", Duration::from_millis(100)));
    assert_eq!((config.sampling.rate, hosts.until_known), (0.25, UntilKnown::None));
    assert_eq!(config.capture.oversize_body, OversizeBody::Drop);
    assert_eq!(config.capture.content_types, ["text/*", "application/json"]);
    assert_eq!(config.redact.query_params, ["token"]);
    assert_eq!(config.mesh, Mesh::Kuma);
    let collector = &config.collector;
    assert_eq!((collector.cluster.as_str(), collector.authority.as_str(), collector.path.as_str()), ("c", "a:1", "/p"));
    assert_eq!(collector.headers, [("x-token".to_owned(), "t".to_owned())]);
    assert_eq!(collector.timeout, Duration::from_millis(7));
    let retry = config.retry;
    let (first, longest) = (Duration::from_millis(3), Duration::from_millis(4));
    assert_eq!((retry.max_attempts, retry.initial_backoff, retry.max_backoff), (2, first, longest));
    let queue = config.queue;
    assert_eq!((queue.max_bytes, queue.max_in_flight, queue.overflow), (2048, 5, Overflow::DropNewest));
    assert_eq!(config.memory_max_bytes, 70_000);
    let capture = config.capture;
    assert_eq!((capture.max_body_bytes, capture.request_body, capture.response_body), (6, false, false));
    assert_eq!(config.redact.headers, ["x-secret"]);
}

#[test]
fn istio_s_cluster_names_give_the_authority() {
    let authority = |cluster: &str| parse(&format!(r#"{{"collector":{{"cluster":"{cluster}"}}}}"#)).collector.authority;
    assert_eq!(authority("outbound|9000||collector.ns.svc.cluster.local"), "collector.ns.svc.cluster.local:9000");
    assert_eq!(authority("plain"), "plain");
}

#[test]
fn a_refusal_names_path_value_and_what_it_takes() {
    for (json, parts) in [
        ("[]", ["configuration", "a list of 0", "an object"]),
        ("{", ["configuration", "not JSON", "line 1"]),
        (r#"{"format":"xml"}"#, ["format:", "\"xml\"", "one of publish, apiclarity"]),
        (r#"{"formats":"publish"}"#, ["formats: unknown", "takes one of format", "did you mean format?"]),
        (r#"{"collector":3}"#, ["collector:", "got 3", "an object"]),
        (r#"{"collector":{"cluster":""}}"#, ["collector.cluster:", "\"\"", "not empty"]),
        (
            r#"{"collector":{"clutser":"x"}}"#,
            ["collector.clutser: unknown", "cluster", "did you mean collector.cluster?"],
        ),
        (r#"{"collector":{"path":"publish"}}"#, ["collector.path:", "\"publish\"", "starts with \"/\""]),
        (r#"{"collector":{"timeout_ms":0}}"#, ["collector.timeout_ms:", "got 0", "from 1 to 600000"]),
        (r#"{"collector":{"timeout_ms":-1}}"#, ["collector.timeout_ms:", "got a negative", "a whole number"]),
        (r#"{"queue":{"max_in_flight":"many"}}"#, ["queue.max_in_flight:", "\"many\"", "from 1 to 1024"]),
        (r#"{"capture":{"request_body":"true"}}"#, ["capture.request_body:", "\"true\"", "true or false"]),
        (r#"{"batch":{"max_records":0}}"#, ["batch.max_records:", "got 0", "from 1 to 10000"]),
        (r#"{"batch":{"max_bytes":1}}"#, ["batch.max_bytes:", "got 1", "from 1024"]),
        (r#"{"batch":{"linger_ms":1.5}}"#, ["batch.linger_ms:", "a fractional number", "a whole number"]),
        (r#"{"batch":{"framing":"lines"}}"#, ["batch.framing:", "\"lines\"", "one of ndjson, array"]),
        (r#"{"retry":{"max_attempts":0}}"#, ["retry.max_attempts:", "got 0", "from 1 to 100"]),
        (r#"{"retry":{"initial_backoff_ms":[]}}"#, ["retry.initial_backoff_ms:", "a list", "a whole number"]),
        (r#"{"retry":{"max_backoff_ms":null}}"#, ["retry.max_backoff_ms:", "got null", "a whole number"]),
        (r#"{"queue":{"max_bytes":10}}"#, ["queue.max_bytes:", "got 10", "from 1024"]),
        (r#"{"queue":{"overflow":"block"}}"#, ["queue.overflow:", "\"block\"", "one of drop_oldest, drop_newest"]),
        (r#"{"memory":{"max_bytes":1}}"#, ["memory.max_bytes:", "got 1", "from 65536"]),
        (r#"{"capture":{"max_body_bytes":"1MB"}}"#, ["capture.max_body_bytes:", "\"1MB\"", "a whole number"]),
        (r#"{"capture":{"oversize_body":"keep"}}"#, ["capture.oversize_body:", "\"keep\"", "one of truncate, drop"]),
        (r#"{"capture":{"response_body":0}}"#, ["capture.response_body:", "got 0", "true or false"]),
        (r#"{"capture":{"content_types":["json"]}}"#, ["capture.content_types:", "\"json\"", "type/subtype"]),
        (r#"{"collector":{"authority":"a\nb"}}"#, ["collector.authority:", "a\\nb", "printable ASCII"]),
        (r#"{"collector":{"headers":[]}}"#, ["collector.headers:", "a list of 0", "an object"]),
        (r#"{"redact":{"query_params":[1]}}"#, ["redact.query_params:", "got 1", "a list of strings"]),
        (r#"{"sampling":{"rate":1.5}}"#, ["sampling.rate:", "a fractional number", "from 0.0 to 1.0"]),
        (r#"{"sampling":{"hosts":"on"}}"#, ["sampling.hosts:", "\"on\"", "an object"]),
        (r#"{"sampling":{"hosts":{"cluster":1}}}"#, ["sampling.hosts.cluster:", "got 1", "a string"]),
        (r#"{"sampling":{"hosts":{"interval_ms":1}}}"#, ["sampling.hosts.interval_ms:", "got 1", "from 100"]),
        (r#"{"sampling":{"hosts":{"until_known":"some"}}}"#, ["sampling.hosts.until_known:", "some", "all, none"]),
        (r#"{"mesh":"linkerd"}"#, ["mesh:", "\"linkerd\"", "one of istio, kuma, none"]),
        (r#"{"service_mesh":"consul"}"#, ["service_mesh:", "\"consul\"", "one of istio"]),
        (r#"{"trace_sampling_enabled":"yes"}"#, ["trace_sampling_enabled:", "\"yes\"", "\"true\" or \"false\""]),
        (r#"{"mesh":"kuma","mesh":"istio"}"#, ["mesh:", "given twice", ""]),
        (r#"{"redact":{"headers":["a b"]}}"#, ["redact.headers:", "a b", "a list of header names"]),
    ] {
        let error = Config::parse(json.as_bytes()).expect_err(json).to_string();
        for part in parts {
            assert!(error.contains(part), "{json}: {part:?} is missing in: {error}");
        }
    }
}

#[test]
fn every_problem_is_reported_at_once() {
    let error = Config::parse(br#"{"format":1,"queue":{"max_bytes":1},"nonsense":{}}"#).expect_err("three problems");
    assert_eq!(error.problems.len(), 3, "{error}");
}

#[test]
fn header_values_of_the_configuration_are_not_repeated_in_errors() {
    let error = Config::parse(br#"{"collector":{"headers":{"x-token":"s3cret\n"}}}"#).expect_err("a line break");
    assert!(!error.to_string().contains("s3cret"), "{error}");
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

#[test]
fn hosts_to_trace_are_off_unless_asked_for() {
    assert_eq!(parse("{}").sampling.hosts, None);
    assert_eq!(parse(r#"{"sampling":{"hosts":false}}"#).sampling.hosts, None);
    for on in ["true", "{}"] {
        let config = parse(&format!(r#"{{"sampling":{{"hosts":{on}}}}}"#));
        assert_eq!(config.sampling.hosts, Some(HostsConfig::default()), "{on}");
    }
}

#[test]
fn the_reference_names_every_field_once_and_its_default_is_accepted() {
    let reference = Config::reference();
    let mut paths: Vec<&str> = reference.iter().map(|field| field.path.as_str()).collect();
    assert!(paths.len() > 25 && paths.contains(&"sampling.hosts.until_known"), "{paths:?}");
    paths.sort_unstable();
    let count = paths.len();
    paths.dedup();
    assert_eq!(paths.len(), count);
    assert!(reference.iter().all(|field| !field.meaning.is_empty() && !field.takes.is_empty()));
}

/// Found by fuzzing: a line break in an unknown name broke the one line of the log.
#[test]
fn a_name_that_would_break_the_line_is_quoted_and_cut() {
    let problem = |name: &str| {
        let json = serde_json::json!({ "batch": { name: 1 } }).to_string();
        let error = Config::parse(json.as_bytes()).expect_err(&json).to_string();
        error.split(": unknown field").next().unwrap_or_default().to_owned()
    };
    assert_eq!(problem("max-records"), "batch.max-records");
    assert_eq!(problem("a\nERROR b"), r#"batch."a\nERROR b""#);
    assert_eq!(problem(""), r#"batch."""#);
    assert_eq!(problem(&"n".repeat(61)), format!("batch.\"{}\"…", "n".repeat(60)));
}
