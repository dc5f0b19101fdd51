//! Refusals that are not about one field's value: they name the field, what was got and what it takes, and show no secret.

use crate::at;
use http_trace_filter::{capture::EXPORT_MARK, config::Config};

fn refusal(json: &str) -> String {
    Config::parse(json.as_bytes()).expect_err(json).to_string()
}

#[test]
fn what_is_no_object_of_known_fields_is_refused() {
    for (json, parts) in [
        ("[]", ["configuration", "a list of 0", "an object"]),
        ("{", ["configuration", "not JSON", "line 1"]),
        ("\n{", ["configuration", "not JSON", "line 2"]),
        // {"format": "apiclarity"} as the bytes of a protobuf message, as Envoy hands a Struct over.
        (
            "\n\u{16}\n\u{6}format\u{12}\u{c}\u{1a}\napiclarity",
            ["configuration", "got a google.protobuf.Struct", "takes JSON in a google.protobuf.StringValue"],
        ),
        (r#"{"formats":"publish"}"#, ["formats: unknown", "takes one of format", "did you mean format?"]),
        (
            r#"{"collector":{"clutser":"x"}}"#,
            ["collector.clutser: unknown", "cluster", "did you mean collector.cluster?"],
        ),
        (r#"{"mesh":"kuma","mesh":"istio"}"#, ["mesh:", "given twice", ""]),
    ] {
        let error = refusal(json);
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
    let error = refusal(r#"{"collector":{"headers":{"x-token":"s3cret\n"}}}"#);
    assert!(!error.contains("s3cret"), "{error}");
}

#[test]
fn a_header_that_cannot_be_sent_is_refused_by_its_name() {
    let refusal_of = |headers: &str| refusal(&at("collector.headers", headers));
    for name in ["", "a b", "é", "a:"] {
        let error = refusal_of(&format!(r#"{{"x-good":"b","{name}":"b"}}"#));
        assert_eq!(error, format!("collector.headers: got {name:?}, takes header names"));
    }
    for (value, got) in [
        (r#""b\u0000""#, "\"…\""),
        (r#""b\r""#, "\"…\""),
        (r#""é""#, "\"…\""),
        ("7", "7"),
        ("null", "null"),
        ("[]", "a list of 0"),
    ] {
        let error = refusal_of(&format!(r#"{{"x-good":"b","x-a":{value}}}"#));
        assert_eq!(error, format!("collector.headers.x-a: got {got}, takes a string of printable ASCII"), "{value}");
    }
}

#[test]
fn a_long_value_is_cut() {
    let problem = |text: &str, shown: &str| {
        let error = refusal(&at("mesh", &format!("{text:?}")));
        assert_eq!(error, format!("mesh: got {shown}, takes one of istio, kuma, none"));
    };
    problem(&"é".repeat(60), &format!("{:?}", "é".repeat(60)));
    problem(&"é".repeat(61), &format!("{:?}…", "é".repeat(60)));
}

/// Found by fuzzing: a line break in an unknown name broke the one line of the log.
#[test]
fn a_name_that_would_break_the_line_is_quoted_and_cut() {
    let problem = |name: &str| {
        let json = serde_json::json!({ "batch": { name: 1 } }).to_string();
        refusal(&json).split(": unknown field").next().unwrap_or_default().to_owned()
    };
    assert_eq!(problem("max-records"), "batch.max-records");
    assert_eq!(problem("a\nERROR b"), r#"batch."a\nERROR b""#);
    assert_eq!(problem(""), r#"batch."""#);
    assert_eq!(problem(&"n".repeat(61)), format!("batch.\"{}\"…", "n".repeat(60)));
}

#[test]
fn a_header_that_the_filter_or_envoy_sets_itself_is_refused() {
    let takes = "takes each header once, and none that the filter or Envoy sets itself";
    let names = ["Host", "content-length", "transfer-encoding", "connection", "keep-alive", "te", "trailer", "upgrade"];
    for name in names.iter().chain(&["proxy-connection", EXPORT_MARK]) {
        let error = refusal(&at("collector.headers", &format!(r#"{{"x-good":"b","{name}":"s3cret"}}"#)));
        assert_eq!(error, format!("collector.headers: got {:?}, {takes}", name.to_ascii_lowercase()));
    }
    let error = refusal(&at("collector.headers", r#"{"x-a":"b","X-A":"c"}"#));
    assert_eq!(error, format!("collector.headers: got \"x-a\", {takes}"));
}

#[test]
fn what_does_not_go_together_is_refused() {
    let error = refusal(r#"{"format":"apiclarity","batch":{"max_records":2}}"#);
    assert_eq!(error, "batch.max_records: got 2, takes 1 with this format: its collector takes one record a request");
    assert!(Config::parse(br#"{"format":"apiclarity","batch":{"max_records":1}}"#).is_ok());
    assert!(Config::parse(br#"{"format":"publish","batch":{"max_records":2}}"#).is_ok());
    for framing in ["ndjson", "array", "otlp"] {
        let error = refusal(&format!(r#"{{"format":"otlp","batch":{{"framing":"{framing}"}}}}"#));
        assert_eq!(error, format!("batch.framing: got {framing:?}, takes no value with this format"));
    }
    assert!(Config::parse(br#"{"format":"otlp","batch":{"max_records":2}}"#).is_ok());
}

/// Each of the two is good alone.
#[test]
fn what_contradicts_itself_is_refused() {
    for (first, second, problem) in [
        (r#""mesh":"istio""#, r#""service_mesh":"kuma""#, "service_mesh: contradictory, takes what mesh says"),
        (
            r#""sampling":{"hosts":true}"#,
            r#""trace_sampling_enabled":"false""#,
            "trace_sampling_enabled: contradictory, takes what sampling.hosts says",
        ),
        (
            r#""sampling":{"hosts":false}"#,
            r#""trace_sampling_enabled":true"#,
            "trace_sampling_enabled: contradictory, takes what sampling.hosts says",
        ),
        (
            r#""queue":{"max_bytes":65537}"#,
            r#""memory":{"max_bytes":65536}"#,
            "queue.max_bytes: contradictory, takes at most memory.max_bytes",
        ),
    ] {
        assert_eq!(refusal(&format!("{{{first},{second}}}")), problem);
        assert_eq!(refusal(&format!("{{{second},{first}}}")), problem, "in either order");
        for alone in [first, second] {
            assert!(Config::parse(format!("{{{alone}}}").as_bytes()).is_ok(), "{alone}");
        }
    }
    for (retry, taken) in [
        (r#""initial_backoff_ms":201,"max_backoff_ms":200"#, false),
        (r#""max_backoff_ms":200,"initial_backoff_ms":200"#, true),
        // A default gives way.
        (r#""max_backoff_ms":199"#, true),
        (r#""initial_backoff_ms":5001"#, true),
    ] {
        let problem = "retry.initial_backoff_ms: contradictory, takes at most max_backoff_ms";
        let refused = Config::parse(format!(r#"{{"retry":{{{retry}}}}}"#).as_bytes()).err().map(|error| error.problems);
        assert_eq!(refused, (!taken).then(|| vec![problem.to_owned()]), "{retry}");
    }
    for batch in [r#"{"framing":"array"}"#, r#"{"max_records":1,"framing":"ndjson"}"#] {
        let problem = "batch.framing: contradictory, takes max_records from 2 on beside it";
        assert_eq!(refusal(&at("batch", batch)), problem);
    }
}

/// What is wrong has its default, which must not be told as what contradicts the rest.
#[test]
fn a_wrong_value_is_no_contradiction_too() {
    let error = refusal(r#"{"batch":{"max_records":0,"framing":"array"}}"#);
    assert_eq!(error, "batch.max_records: got 0, takes a whole number from 1 to 10000");
}

#[test]
fn the_same_in_the_original_s_key_is_none_either() {
    for json in [
        r#"{"mesh":"kuma","service_mesh":"kuma"}"#,
        r#"{"trace_sampling_enabled":"true","sampling":{"hosts":{"cluster":"m"}}}"#,
        r#"{"trace_sampling_enabled":"false","sampling":{"hosts":false}}"#,
        r#"{"trace_sampling_enabled":"false","sampling":{"rate":0.5}}"#,
    ] {
        assert!(Config::parse(json.as_bytes()).is_ok(), "{json}");
    }
}

#[test]
fn an_attribute_of_the_resource_has_a_name_and_a_string_once() {
    for (resource, problem) in [
        (r#"{"":"a"}"#, r#"otlp.resource: got "", takes each name once, and none empty"#),
        (r#"{"a":"b","a":"c"}"#, r#"otlp.resource: got "a", takes each name once, and none empty"#),
        (r#"{"a":7}"#, "otlp.resource.a: got 7, takes a string"),
        (r#"{"a":null}"#, "otlp.resource.a: got null, takes a string"),
    ] {
        assert_eq!(refusal(&at("otlp.resource", resource)), problem);
    }
}
