//! The log record that an exchange should give, made of its `publish` record: the semantic conventions, written once more.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use opentelemetry_proto::tonic::common::v1::AnyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use serde_json::Value as Json;

use crate::log::{Attributes, list};

/// The methods that the conventions know.
const METHODS: &str = " CONNECT DELETE GET HEAD OPTIONS PATCH POST PUT QUERY TRACE ";

/// gRPC's statuses, from 0 on.
const GRPC: [&str; 17] = [
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
];

/// The log record without its attributes and the time when it was seen, and the attributes without `duration`.
pub(crate) fn expected(publish: &Json) -> (LogRecord, Attributes) {
    let (request, response) = (Side::of(publish, "scnt_request"), Side::of(publish, "scnt_response"));
    let status: i64 = response.text("status_code").parse().expect("a status");
    let is_error = status == 0 || status >= 500;
    let (path, query) = cut(request.text("path"), '?');
    let method = request.text("method");
    let trace = trace(&request);
    let record = LogRecord {
        time_unix_nano: request.json["time"].as_u64().expect("a time") * 1_000_000,
        severity_number: if is_error { 17 } else { 9 },
        severity_text: if is_error { "ERROR" } else { "INFO" }.to_owned(),
        event_name: "http.exchange".to_owned(),
        body: Some(AnyValue { value: Some(string(&format!("{method} {path} {status}"))) }),
        trace_id: trace.as_ref().map(|trace| trace.0.clone()).unwrap_or_default(),
        span_id: trace.as_ref().map(|trace| trace.1.clone()).unwrap_or_default(),
        flags: trace.map_or(0, |trace| trace.2),
        ..LogRecord::default()
    };

    let mut attributes = Attributes::new();
    let known = METHODS.contains(&format!(" {method} "));
    let mut text = |name: &str, value: &str| {
        if !value.is_empty() {
            attributes.insert(name.to_owned(), string(value));
        }
    };
    text("http.request.method", if known { method } else { "_OTHER" });
    text("http.request.method_original", if known { "" } else { method });
    text("url.scheme", publish["scheme"].as_str().expect("a scheme"));
    text("url.path", path);
    text("url.query", query);
    match status {
        0 => text("error.type", "_OTHER"),
        500.. => text("error.type", response.text("status_code")),
        _ => {}
    }
    let (protocol, version) = cut(request.text("version"), '/');
    text("network.protocol.name", &protocol.to_ascii_lowercase());
    text("network.protocol.version", version);
    text("user_agent.original", request.header("user-agent").unwrap_or_default());
    text("rpc.response.status_code", &grpc_status(&response));
    text("http_trace_filter.request_id", publish["request_id"].as_str().expect("an id"));
    text("http_trace_filter.destination.namespace", publish["destination_namespace"].as_str().unwrap_or_default());

    let address = |name: &str| publish[name].as_str().expect("an address");
    for (name, value) in [
        ("server", request.text("host")),
        ("client", address("source_address")),
        ("network.peer", address("source_address")),
        ("network.local", address("destination_address")),
    ] {
        let (host, port) = host_and_port(value);
        if !host.is_empty() {
            attributes.insert(format!("{name}.address"), string(host));
        }
        if let Some(port) = port {
            attributes.insert(format!("{name}.port"), Value::IntValue(port));
        }
    }
    if status > 0 {
        attributes.insert("http.response.status_code".to_owned(), Value::IntValue(status));
    }
    request.put("request", &mut attributes);
    response.put("response", &mut attributes);
    (record, attributes)
}

/// One direction of a `publish` record.
struct Side<'a> {
    json: &'a Json,
}

impl<'a> Side<'a> {
    fn of(publish: &'a Json, name: &str) -> Self {
        Self { json: &publish[name] }
    }

    fn text(&self, name: &str) -> &'a str {
        self.json[name].as_str().unwrap_or_else(|| panic!("{name}: {}", self.json))
    }

    /// Headers, or trailers.
    fn fields(&self, section: &str) -> Vec<(&'a str, &'a str)> {
        let fields = self.json[section].as_array().map(Vec::as_slice).unwrap_or_default();
        let text = |value: &'a Json| value.as_str().expect("a string");
        fields.iter().map(|pair| (text(&pair[0]), text(&pair[1]))).collect()
    }

    /// The first value of a header.
    fn header(&self, name: &str) -> Option<&'a str> {
        self.fields("headers").into_iter().find(|(n, _)| *n == name).map(|(_, value)| value)
    }

    /// Its headers and its body.
    fn put(&self, side: &str, attributes: &mut Attributes) {
        let headers = self.fields("headers");
        for (name, _) in &headers {
            let values = headers.iter().filter(|(n, _)| n == name).map(|(_, value)| *value);
            attributes.insert(format!("http.{side}.header.{name}"), list(values));
        }
        let body = STANDARD.decode(self.text("body")).expect("base64");
        let truncated = self.json["truncated_body"].as_bool().expect("a flag");
        if truncated {
            attributes.insert(format!("http_trace_filter.{side}.body.truncated"), Value::BoolValue(true));
        }
        let plain = self.header("content-encoding").is_none_or(|coding| coding == "identity");
        let length = self.header("content-length").and_then(|length| length.parse().ok());
        let kept = (!body.is_empty() && !truncated && plain).then_some(body.len() as i64);
        if let Some(size) = length.or(kept) {
            attributes.insert(format!("http.{side}.body.size"), Value::IntValue(size));
        }
        if !body.is_empty() {
            let content = content(body, self.header("content-type").unwrap_or_default(), truncated);
            attributes.insert(format!("http.{side}.body.content"), content);
        }
    }
}

/// A text is a string, also when it was cut within a character; all else is bytes.
fn content(body: Vec<u8>, content_type: &str, truncated: bool) -> Value {
    if !is_textual(content_type) {
        return Value::BytesValue(body);
    }
    match String::from_utf8(body) {
        Ok(text) => Value::StringValue(text),
        Err(error) if truncated && error.utf8_error().error_len().is_none() => {
            let whole = error.utf8_error().valid_up_to();
            string(std::str::from_utf8(&error.as_bytes()[..whole]).expect("whole characters"))
        }
        Err(error) => Value::BytesValue(error.into_bytes()),
    }
}

fn is_textual(content_type: &str) -> bool {
    let content_type = content_type.to_ascii_lowercase();
    let (kind, parameters) = cut(&content_type, ';');
    let ends = ["/json", "+json", "/xml", "+xml", "/yaml", "+yaml", "/javascript", "-urlencoded"];
    kind.starts_with("text/") || ends.iter().any(|end| kind.trim().ends_with(end)) || parameters.contains("charset=")
}

fn grpc_status(response: &Side<'_>) -> String {
    let [trailers, headers] = ["trailers", "headers"].map(|section| response.fields(section));
    let status = trailers.iter().chain(&headers).find(|(name, _)| *name == "grpc-status").map(|(_, value)| *value);
    let status = status.unwrap_or_default();
    let name = status.parse().ok().and_then(|code: usize| GRPC.get(code));
    name.map_or(status, |name| *name).to_owned()
}

/// Trace, span and flags: of `traceparent`, else of `b3`, else of `x-b3-*`.
fn trace(request: &Side<'_>) -> Option<(Vec<u8>, Vec<u8>, u32)> {
    let header = |name| request.header(name).unwrap_or_default();
    let w3c: Vec<&str> = header("traceparent").split('-').collect();
    if let [version, trace, span, flags, ..] = w3c[..] {
        if version != "ff" {
            return Some((hex(trace, 32)?, hex(span, 16)?, u32::from(hex(flags, 2)?[0])));
        }
    }
    let b3: Vec<&str> = header("b3").split('-').collect();
    let (trace, span, sampled) = match b3[..] {
        [trace, span] => (trace, span, ""),
        [trace, span, sampled, ..] => (trace, span, sampled),
        _ => (header("x-b3-traceid"), header("x-b3-spanid"), header("x-b3-sampled")),
    };
    let flags = u32::from(matches!(sampled, "1" | "d"));
    Some((hex(&format!("{trace:0>32}"), 32)?, hex(span, 16)?, flags))
}

fn hex(text: &str, digits: usize) -> Option<Vec<u8>> {
    let bytes: Option<Vec<u8>> =
        (0..digits / 2).map(|at| u8::from_str_radix(text.get(2 * at..2 * at + 2)?, 16).ok()).collect();
    // Ids are never zero; flags may be.
    bytes.filter(|bytes| text.len() == digits && (digits == 2 || bytes.iter().any(|byte| *byte != 0)))
}

fn host_and_port(address: &str) -> (&str, Option<i64>) {
    match address.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') || host.ends_with(']') => {
            (host.trim_matches(['[', ']']), port.parse().ok())
        }
        _ => (address.trim_matches(['[', ']']), None),
    }
}

fn cut(text: &str, at: char) -> (&str, &str) {
    text.split_once(at).unwrap_or((text, ""))
}

fn string(text: &str) -> Value {
    Value::StringValue(text.to_owned())
}
