//! The configuration: defaults, and refusals that name the field, what was got and what it takes.

use http_trace_filter::{config::Config, mesh::Mesh, queue::Overflow};
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
    assert_eq!(config.redact_headers, ["authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key"]);
}

#[test]
fn every_field_is_honoured() {
    let config = parse(
        r#"{"format":"publish","mesh":"kuma",
            "collector":{"cluster":"c","authority":"a:1","path":"/p","headers":{"X-Token":"t"},"timeout_ms":7},
            "retry":{"max_attempts":2,"initial_backoff_ms":3,"max_backoff_ms":4},
            "queue":{"max_bytes":2048,"max_in_flight":5,"overflow":"drop_newest"},
            "memory":{"max_bytes":70000},
            "capture":{"max_body_bytes":6,"request_body":false,"response_body":false},
            "redact":{"headers":["X-Secret"]}}"#,
    );
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
    assert_eq!(config.redact_headers, ["x-secret"]);
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
        (r#"{"format":"xml"}"#, ["format:", "\"xml\"", "one of publish"]),
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
