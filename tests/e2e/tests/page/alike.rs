//! The same exchanges in every format, alone and in batches, by the filter's own encoders: the page's API shows them alike, but
//! for what a format has no place for.

use http_trace_filter::capture::headers::Headers;
use http_trace_filter::capture::{Capture, Direction, Facts};
use http_trace_filter::config::Config;
use http_trace_filter::format::envelope::Envelope;
use http_trace_filter::format::spec::Spec;
use serde_json::Value;

use crate::kinds::{Kind, kinds};
use crate::program::Program;
use crate::shown::{Lacks, differences};

/// What is configured, and how many records are in a request then.
const MANNERS: [(&str, usize); 7] = [
    (r#"{}"#, 1),
    (r#"{"batch":{"max_records":100}}"#, 100),
    (r#"{"batch":{"max_records":100,"framing":"array"}}"#, 100),
    (r#"{"capture":{"content_encoding":"decode"}}"#, 1),
    (r#"{"format":"apiclarity","capture":{"oversize_body":"truncate"}}"#, 1),
    (r#"{"format":"otlp"}"#, 1),
    (r#"{"format":"otlp","batch":{"max_records":100}}"#, 100),
];

/// How the filter encodes an exchange that is configured so.
fn encode(kind: &Kind, config: &Config) -> Vec<u8> {
    let mut capture = Capture::default();
    let [request, response] = kind.headers.clone().map(Headers::from);
    capture.request_headers(request);
    keep(&mut capture, Direction::Request, &kind.bodies[0], config);
    if kind.status > 0 {
        capture.response_headers(response);
        keep(&mut capture, Direction::Response, &kind.bodies[1], config);
        capture.trailers(Direction::Response, Headers::from(kind.trailers.clone()));
    }
    capture.finish(&config.capture, &config.redact, usize::MAX);
    let facts = Facts {
        source_address: kind.addresses[0].into(),
        destination_address: kind.addresses[1].into(),
        destination_namespace: kind.namespace.map(Into::into),
        protocol: kind.version.into(),
        status: kind.status,
        start_ms: 1_795_863_758_226,
        end_ms: 1_795_863_758_286,
        ..Facts::default()
    };
    config.format.encode(&capture.record(&facts, &config.redact))
}

fn keep(capture: &mut Capture, direction: Direction, body: &[u8], config: &Config) {
    capture.keep(direction, body.len(), &config.capture, usize::MAX, |wanted| body[..wanted].to_vec());
}

/// Requests with these records, at most so many in each; the type of all of them.
fn requests(format: &Spec, config: &Config, records: &[Vec<u8>], most: usize) -> (&'static str, Vec<Vec<u8>>) {
    let envelope = Envelope::new(format, config.batch.framing, most, &[], |_| Vec::new());
    let request = |records: &[Vec<u8>]| {
        let bytes = records.iter().enumerate().map(|(before, record)| envelope.record_size(record.len(), before)).sum();
        let mut out = Vec::new();
        envelope.open(&mut out, bytes);
        for (before, record) in records.iter().enumerate() {
            envelope.record(&mut out, record, before);
        }
        envelope.close(&mut out);
        out
    };
    (envelope.content_type, records.chunks(most).map(request).collect())
}

/// All exchanges, sent in this manner and as the page's API has them.
fn shown(manner: &str, most: usize) -> Vec<Value> {
    let config = Config::parse(manner.as_bytes()).unwrap_or_else(|error| panic!("{manner}: {error}"));
    let program = Program::start(&["--quiet"]);
    let records: Vec<Vec<u8>> = kinds().iter().map(|kind| encode(kind, &config)).collect();
    let (content_type, requests) = requests(config.format, &config, &records, most);
    assert_eq!(requests.len(), if most == 1 { records.len() } else { 1 });
    for request in requests {
        let (status, answer) = program.post(&config.collector.path, content_type, &request);
        assert_eq!(status, 200, "{manner}: {}", String::from_utf8_lossy(&answer));
    }
    assert_eq!(program.exchange(records.len() + 1), None);
    (1..=records.len()).map(|number| program.exchange(number).expect("it is kept")).collect()
}

#[test]
fn every_format_is_shown_alike() {
    let [(first, one), others @ ..] = MANNERS;
    let expected = shown(first, one);
    for (kind, shown) in kinds().iter().zip(&expected) {
        // What all others are compared with has what was sent.
        assert_eq!(shown["status"], kind.status, "{}", kind.name);
        assert_eq!(shown["namespace"], kind.namespace.unwrap_or_default(), "{}", kind.name);
        assert_eq!([&shown["source"], &shown["destination"]], kind.addresses, "{}", kind.name);
    }
    for (manner, most) in others {
        let format = Config::parse(manner.as_bytes()).expect("it was parsed before").format.name;
        let lacks = Lacks::of(format);
        for ((kind, expected), shown) in kinds().iter().zip(&expected).zip(shown(manner, most)) {
            let differences = differences(expected, &shown, lacks);
            assert!(differences.is_empty(), "{manner}: {}:\n  {}", kind.name, differences.join("\n  "));
        }
    }
}
