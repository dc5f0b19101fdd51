//! The `otlp` format, decoded by OpenTelemetry's own messages.

mod bodies;
mod exchange;
mod fields;
mod request;

use http_trace_filter::{
    capture::{Capture, Direction, Facts, headers::Headers},
    config::Config,
};
use opentelemetry_proto::tonic::{
    common::v1::{AnyValue, KeyValue, any_value::Value as Any},
    logs::v1::LogRecord,
};
use prost::Message;
use serde_json::{Map, Value, json};

/// An exchange and the configuration that it is seen with; the request's and the response's part each have two elements.
struct Exchange {
    configuration: &'static str,
    facts: Facts,
    headers: [Vec<(&'static str, Vec<u8>)>; 2],
    bodies: [Vec<Vec<u8>>; 2],
    trailers: [Vec<(&'static str, Vec<u8>)>; 2],
    cut: bool,
}

impl Default for Exchange {
    fn default() -> Self {
        Self {
            configuration: "",
            // A number that is zero need not be written: then a record would not be as long as it should be.
            facts: Facts { start_ms: 1, end_ms: 1, ..Facts::default() },
            headers: Default::default(),
            bodies: Default::default(),
            trailers: Default::default(),
            cut: false,
        }
    }
}

impl Exchange {
    /// One whose request has these headers, and that ended with 200.
    fn of(request: &[(&'static str, &str)]) -> Self {
        let headers = |pairs: &[(&'static str, &str)]| pairs.iter().map(|(n, v)| (*n, v.as_bytes().to_vec())).collect();
        Self {
            facts: Facts { status: 200, ..Self::default().facts },
            headers: [headers(request), Vec::new()],
            ..Self::default()
        }
    }

    /// The bytes of its record.
    fn encode(&self) -> Vec<u8> {
        let configuration = if self.configuration.is_empty() { "{}" } else { self.configuration };
        let mut configuration: Value = serde_json::from_str(configuration).expect("JSON");
        configuration["format"] = "otlp".into();
        let config = Config::parse(configuration.to_string().as_bytes()).expect("a valid configuration");
        let map = |pairs: &[(&str, Vec<u8>)]| {
            Headers::from(pairs.iter().map(|(n, v)| ((*n).to_owned(), v.clone())).collect::<Vec<_>>())
        };
        let mut capture = Capture::default();
        let [request, response] = &self.headers;
        capture.request_headers(map(request));
        let feed = |capture: &mut Capture, direction, chunks: &[Vec<u8>]| {
            for chunk in chunks {
                capture.keep(direction, chunk.len(), &config.capture, usize::MAX, |wanted| chunk[..wanted].to_vec());
            }
            if self.cut {
                capture.cut(direction, &config.capture);
            }
        };
        feed(&mut capture, Direction::Request, &self.bodies[0]);
        capture.response_headers(map(response));
        feed(&mut capture, Direction::Response, &self.bodies[1]);
        capture.trailers(Direction::Request, map(&self.trailers[0]));
        capture.trailers(Direction::Response, map(&self.trailers[1]));
        capture.finish(&config.capture, &config.redact, usize::MAX);
        config.format.encode(&capture.record(&self.facts, &config.redact))
    }

    fn record(&self) -> LogRecord {
        let bytes = self.encode();
        let record = LogRecord::decode(bytes.as_slice()).expect("a LogRecord");
        // Each field once, and no number or length with more bytes than it needs.
        assert_eq!(record.encoded_len(), bytes.len(), "{record:?}");
        record
    }

    /// The record's attributes.
    fn attributes(&self) -> Map<String, Value> {
        attributes(&self.record().attributes)
    }

    /// One of the record's attributes, or null.
    fn attribute(&self, name: &str) -> Value {
        self.attributes().remove(name).unwrap_or_default()
    }
}

fn attributes(list: &[KeyValue]) -> Map<String, Value> {
    let mut attributes = Map::new();
    for KeyValue { key, value, .. } in list {
        let value = value.as_ref().unwrap_or_else(|| panic!("{key} without a value"));
        assert_eq!(attributes.insert(key.clone(), shown(value)), None, "{key} stands twice");
    }
    attributes
}

/// A value as JSON; bytes as `{"bytes": […]}`.
fn shown(value: &AnyValue) -> Value {
    match value.value.as_ref().expect("a value") {
        Any::StringValue(text) => json!(text),
        Any::BoolValue(value) => json!(value),
        Any::IntValue(number) => json!(number),
        Any::DoubleValue(number) => json!(number),
        Any::ArrayValue(list) => list.values.iter().map(shown).collect(),
        Any::BytesValue(bytes) => json!({ "bytes": bytes }),
        other => panic!("not in a record: {other:?}"),
    }
}
