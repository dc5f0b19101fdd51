//! A record of the format `otlp` decodes, and holds the same facts as one of `publish`.

use base64::{Engine, engine::general_purpose::STANDARD};
use opentelemetry_proto::tonic::{
    common::v1::{AnyValue, any_value::Value as Any},
    logs::v1::LogRecord,
};
use prost::Message;
use serde_json::Value;
use std::collections::BTreeMap;

type Attributes = BTreeMap<String, Any>;

pub(super) fn same(bytes: &[u8], publish: &Value) {
    let record = LogRecord::decode(bytes).expect("a LogRecord");
    let mut attributes = Attributes::new();
    for attribute in record.attributes {
        let value = attribute.value.and_then(|any| any.value).expect("a value");
        assert!(attributes.insert(attribute.key.clone(), value).is_none(), "{} stands twice", attribute.key);
    }
    let (request, response) = (&publish["scnt_request"], &publish["scnt_response"]);
    let time = |side: &Value| side["time"].as_u64().expect("a time").wrapping_mul(1_000_000);
    assert_eq!((record.time_unix_nano, record.observed_time_unix_nano), (time(request), time(response)));

    let known = text(&attributes, "http.request.method").expect("a method");
    let method = if known == "_OTHER" { text(&attributes, "http.request.method_original") } else { Some(known) };
    assert_eq!(method.unwrap_or_default(), request["method"]);
    let [path, query] = ["url.path", "url.query"].map(|name| text(&attributes, name).unwrap_or_default());
    let url = request["path"].as_str().expect("a path");
    // A query of nothing is left out.
    assert_eq!([path, query].join("?").trim_end_matches('?'), url.trim_end_matches('?'));
    let status = response["status_code"].as_str().expect("a status");
    let line = format!("{} {path} {status}", request["method"].as_str().expect("a method"));
    assert_eq!(record.body.and_then(|body| body.value), Some(Any::StringValue(line)));
    let code: i64 = status.parse().expect("a number");
    let expected = (code > 0).then_some(Any::IntValue(code));
    assert_eq!(attributes.get("http.response.status_code"), expected.as_ref());
    for (name, value) in [
        ("url.scheme", &publish["scheme"]),
        ("http_trace_filter.request_id", &publish["request_id"]),
        ("http_trace_filter.destination.namespace", &publish["destination_namespace"]),
    ] {
        assert_eq!(text(&attributes, name).unwrap_or_default(), value.as_str().unwrap_or_default(), "{name}");
    }
    for (side, name) in [(request, "request"), (response, "response")] {
        headers(&attributes, side, name);
        let truncated = attributes.get(&format!("http_trace_filter.{name}.body.truncated"));
        assert_eq!(truncated.is_some(), side["truncated_body"] == true);
        body(&attributes, side, name, truncated.is_some());
    }
}

fn text<'a>(attributes: &'a Attributes, name: &str) -> Option<&'a str> {
    attributes.get(name).map(|value| string(value, name))
}

fn string<'a>(value: &'a Any, name: &str) -> &'a str {
    match value {
        Any::StringValue(text) => text,
        other => panic!("{name}: {other:?} is no string"),
    }
}

/// Each name once, with its values in their order.
fn headers(attributes: &Attributes, side: &Value, name: &str) {
    let start = format!("http.{name}.header.");
    let mut expected: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for pair in side["headers"].as_array().expect("pairs") {
        let [name, value] = [0, 1].map(|index| pair[index].as_str().expect("a string"));
        expected.entry(format!("{start}{name}")).or_default().push(value);
    }
    let of = |any: &'_ AnyValue| string(any.value.as_ref().expect("a value"), &start).to_owned();
    let found = attributes.iter().filter(|(name, _)| name.starts_with(&start)).map(|(name, value)| match value {
        Any::ArrayValue(list) => (name.clone(), list.values.iter().map(of).collect::<Vec<_>>()),
        other => panic!("{name}: {other:?} is no list"),
    });
    let found: BTreeMap<_, _> = found.collect();
    assert_eq!(found.len(), expected.len(), "{found:?}, not {expected:?}");
    for (name, values) in expected {
        assert_eq!(found[&name], values, "{name}");
    }
}

fn body(attributes: &Attributes, side: &Value, name: &str, truncated: bool) {
    let expected = STANDARD.decode(side["body"].as_str().expect("base64")).expect("base64");
    match attributes.get(&format!("http.{name}.body.content")) {
        None => assert!(expected.is_empty()),
        Some(Any::BytesValue(bytes)) => assert_eq!(*bytes, expected),
        // A character that was cut is left out.
        Some(Any::StringValue(text)) => {
            let rest = expected.strip_prefix(text.as_bytes()).expect("the same bytes");
            assert!(rest.is_empty() || truncated && rest.len() < 4, "{rest:?}");
        }
        Some(other) => panic!("a body is {other:?}"),
    }
}
