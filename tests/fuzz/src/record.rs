//! Any headers, bodies and facts: the record is JSON without repeated names, and decodes to what went in.

mod otlp;

use crate::input::Input;
use base64::{Engine, engine::general_purpose::STANDARD};
use http_trace_filter::{
    capture::{
        Capture, Direction, Facts,
        headers::Headers,
        options::{CaptureConfig, ContentEncoding, OversizeBody},
        redact::RedactConfig,
    },
    format::FORMATS,
    json::{Json, reader::parse},
    sampling::host_name,
};
use serde_json::{Value, json};

const NAMES: [&str; 14] = [
    ":authority",
    ":path",
    ":method",
    ":scheme",
    ":status",
    "x-request-id",
    "content-type",
    "x-envoy-attempt-count",
    "host",
    "cookie",
    "",
    "x\"\\\u{0}",
    ":",
    "x-envoy",
];

/// From this size on the filter does not join chunks.
const LARGE: usize = 4096;

type Pairs = Vec<(String, Vec<u8>)>;

struct Exchange {
    request: Pairs,
    request_chunks: Vec<Vec<u8>>,
    request_trailers: Pairs,
    request_cut: bool,
    /// Whether an answer came at all.
    response: Option<Pairs>,
    response_chunks: Vec<Vec<u8>>,
    response_trailers: Pairs,
    response_cut: bool,
    facts: Facts,
    limit: usize,
    oversize: OversizeBody,
}

pub(crate) fn run(input: &[u8]) {
    walk(input);
    let exchange = Exchange::read(&mut Input::new(input));
    let capture = exchange.capture();
    let redact = RedactConfig::default();
    let record = capture.record(&exchange.facts, &redact);
    for format in FORMATS {
        let bytes = format.encode(&record);
        let expected = match format.name {
            "publish" => exchange.publish(),
            "apiclarity" => exchange.apiclarity(),
            "otlp" => {
                otlp::same(&bytes, &exchange.publish());
                continue;
            }
            other => panic!("what a record of format {other} holds is not said here"),
        };
        let shown: Value = serde_json::from_slice(&bytes)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&bytes)));
        assert_eq!(shown, expected, "{format:?}");
        no_name_twice(&parse(&bytes).expect("JSON"));
    }
}

/// Any bytes as a header map: what comes of them is no more than went in.
fn walk(input: &[u8]) {
    let headers = Headers::new(input.to_vec());
    let shown: usize = headers.exported().map(|(_, value)| value.len()).sum();
    assert!(shown <= input.len());
    assert!(headers.get("x").is_none_or(|value| value.len() <= input.len()));
}

fn no_name_twice(json: &Json) {
    match json {
        Json::Object(members) => {
            for (index, (name, value)) in members.iter().enumerate() {
                assert!(members[..index].iter().all(|(other, _)| other != name), "{name:?} stands twice");
                no_name_twice(value);
            }
        }
        Json::List(list) => list.iter().for_each(no_name_twice),
        _ => {}
    }
}

// === impl Exchange ===

impl Exchange {
    fn read(input: &mut Input<'_>) -> Self {
        let limit = input.choose(&[0, 1, 7, 40, LARGE + 1, 1_000_000]);
        let oversize = input.choose(&[OversizeBody::Truncate, OversizeBody::Drop]);
        let answered = input.flag();
        Self {
            limit,
            oversize,
            request: headers(input),
            request_chunks: chunks(input),
            request_trailers: headers(input),
            request_cut: input.flag(),
            response: answered.then(|| headers(input)),
            response_chunks: chunks(input),
            response_trailers: headers(input),
            response_cut: input.flag(),
            facts: Facts {
                source_address: input.bytes().to_vec(),
                destination_address: input.bytes().to_vec(),
                destination_namespace: input.flag().then(|| input.bytes().to_vec()),
                protocol: input.bytes().to_vec(),
                tls: input.flag(),
                request_id: input.bytes().to_vec(),
                status: input.number() as u16,
                start_ms: input.number(),
                end_ms: input.number(),
            },
        }
    }

    fn capture(&self) -> Capture {
        let config = CaptureConfig {
            max_body_bytes: self.limit,
            oversize_body: self.oversize,
            content_encoding: ContentEncoding::Keep,
            request_body: true,
            response_body: true,
            trailers: true,
            content_types: Vec::new(),
        };
        let mut capture = Capture::default();
        let feed = |capture: &mut Capture, direction, chunks: &[Vec<u8>]| {
            for chunk in chunks {
                capture.keep(direction, chunk.len(), &config, usize::MAX, |wanted| chunk[..wanted].to_vec());
            }
        };
        capture.request_headers(Headers::from(self.request.clone()));
        feed(&mut capture, Direction::Request, &self.request_chunks);
        if let Some(response) = &self.response {
            capture.response_headers(Headers::from(response.clone()));
        }
        feed(&mut capture, Direction::Response, &self.response_chunks);
        capture.trailers(Direction::Request, Headers::from(self.request_trailers.clone()));
        capture.trailers(Direction::Response, Headers::from(self.response_trailers.clone()));
        for (direction, cut) in [(Direction::Request, self.request_cut), (Direction::Response, self.response_cut)] {
            if cut {
                capture.cut(direction, &config);
            }
        }
        capture
    }

    // What is expected, as contract 2 and 3 have it.

    fn pseudo(&self, name: &str) -> String {
        lossy(first(&self.request, name).unwrap_or_default())
    }

    fn scheme(&self) -> String {
        let fallback: &[u8] = if self.facts.tls { b"https" } else { b"http" };
        lossy(first(&self.request, ":scheme").unwrap_or(fallback))
    }

    fn request_id(&self) -> String {
        lossy(first(&self.request, "x-request-id").unwrap_or(&self.facts.request_id))
    }

    /// What the filter saw of it, which may not be what the client was sent.
    fn seen_status(&self) -> u16 {
        let status = self.response.as_ref().and_then(|response| first(response, ":status"));
        status.and_then(|status| std::str::from_utf8(status).ok()?.parse().ok()).unwrap_or(0)
    }

    /// What flows after an upgrade is no body.
    fn is_tunnel(&self) -> bool {
        let connect = first(&self.request, ":method") == Some(b"CONNECT");
        let status = self.seen_status();
        status == 101 || connect && (200..300).contains(&status)
    }

    /// The body in base64, and whether it is not all.
    fn body(&self, chunks: &[Vec<u8>], cut: bool) -> (String, bool) {
        if self.is_tunnel() {
            return (String::new(), false);
        }
        let whole = chunks.concat();
        let truncated = cut || whole.len() > self.limit;
        let kept = match self.oversize {
            OversizeBody::Drop if truncated => &[],
            _ => &whole[..whole.len().min(self.limit)],
        };
        (STANDARD.encode(kept), truncated)
    }

    /// Both lists as pairs.
    fn lists(&self) -> [Vec<(String, String)>; 2] {
        let host = first(&self.request, ":authority").map(|host| ("host".to_owned(), lossy(host)));
        let request = host.into_iter().chain(shown(&self.request)).collect();
        [request, self.response.as_ref().map(shown).unwrap_or_default()]
    }

    fn publish(&self) -> Value {
        let [request, response] = self.lists();
        let facts = &self.facts;
        let version = lossy(&facts.protocol);
        let (request_body, request_truncated) = self.body(&self.request_chunks, self.request_cut);
        let (response_body, response_truncated) = self.body(&self.response_chunks, self.response_cut);
        let mut record = json!({
            "request_id": self.request_id(), "scheme": self.scheme(),
            "destination_address": lossy(&facts.destination_address), "source_address": lossy(&facts.source_address),
            "scnt_request": {
                "method": self.pseudo(":method"), "path": self.pseudo(":path"), "host": self.pseudo(":authority"),
                "version": version, "time": facts.start_ms, "headers": request, "body": request_body,
                "truncated_body": request_truncated,
            },
            "scnt_response": {
                "status_code": facts.status.to_string(), "version": version, "time": facts.end_ms, "headers": response,
                "body": response_body, "truncated_body": response_truncated,
            },
        });
        if let Some(namespace) = &facts.destination_namespace {
            record["destination_namespace"] = lossy(namespace).into();
        }
        for (half, trailers) in [("scnt_request", &self.request_trailers), ("scnt_response", &self.response_trailers)] {
            let trailers = shown(trailers);
            if !trailers.is_empty() {
                record[half]["trailers"] = json!(trailers);
            }
        }
        record
    }

    fn apiclarity(&self) -> Value {
        let facts = &self.facts;
        let common = |list: &[(String, String)], (chunks, cut): (&[Vec<u8>], bool), time: u64| {
            let headers: Vec<_> = list.iter().map(|(key, value)| json!({ "key": key, "value": value })).collect();
            let (body, truncated) = self.body(chunks, cut);
            json!({
                "version": lossy(&facts.protocol), "headers": headers, "body": body, "TruncatedBody": truncated,
                "time": time,
            })
        };
        let [request, response] = self.lists();
        let namespace = facts.destination_namespace.as_deref().map(lossy);
        let mut record = json!({
            "requestID": self.request_id(), "scheme": self.scheme(),
            "destinationAddress": lossy(&facts.destination_address), "sourceAddress": lossy(&facts.source_address),
            "request": {
                "method": self.pseudo(":method"), "path": self.pseudo(":path"),
                "host": host_name::normalise(&self.pseudo(":authority"), namespace.as_deref()),
                "common": common(&request, (&self.request_chunks, self.request_cut), facts.start_ms),
            },
            "response": {
                "statusCode": facts.status.to_string(),
                "common": common(&response, (&self.response_chunks, self.response_cut), facts.end_ms),
            },
        });
        if let Some(namespace) = namespace {
            record["destinationNamespace"] = namespace.into();
        }
        record
    }
}

/// What a record shows of them.
fn shown(pairs: &Pairs) -> Vec<(String, String)> {
    let shown = pairs.iter().filter(|(name, _)| !name.starts_with(':') && !name.starts_with("x-envoy-"));
    shown.map(|(name, value)| (name.clone(), lossy(value))).collect()
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn first<'a>(pairs: &'a Pairs, name: &str) -> Option<&'a [u8]> {
    pairs.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_slice())
}

fn headers(input: &mut Input<'_>) -> Pairs {
    let pair = |input: &mut Input<'_>| {
        let name = if input.flag() { input.choose(&NAMES).to_owned() } else { input.text() };
        let value = match input.below(4) {
            0 => input.choose(&[&b"200"[..], b"101", b"CONNECT", b"https"]).to_vec(),
            _ => input.bytes().to_vec(),
        };
        (name, value)
    };
    (0..input.below(8)).map(|_| pair(input)).collect()
}

fn chunks(input: &mut Input<'_>) -> Vec<Vec<u8>> {
    let chunk = |input: &mut Input<'_>| match input.below(5) {
        0 => vec![input.byte(); LARGE + input.below(4)],
        _ => input.bytes().to_vec(),
    };
    (0..input.below(6)).map(|_| chunk(input)).collect()
}
