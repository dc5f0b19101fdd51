//! OpenTelemetry's logs (OTLP/HTTP, protobuf): a record is one `LogRecord`, whose attributes are those of the semantic
//! conventions. The bytes are written as they are sent, without a tree of messages between.

pub mod answer;
pub mod message;
mod names;
pub mod options;
pub mod resource;
pub mod trace;

use super::{decimal::push_decimal, spec::Spec};
use crate::{
    capture::{
        headers::Headers,
        options::{ContentEncoding, OversizeBody},
        record::{Message, Record},
        redact::REDACTED,
        words::{contains, cut, number},
    },
    sampling::host_name,
};
use message::{Attributes, ITEM, OF_RECORD, field, moment, string, tagged};
use names::Names;

/// OpenTelemetry's: `POST /v1/logs`, one `ExportLogsServiceRequest` of one record or many.
pub static SPEC: Spec = Spec {
    name: "otlp",
    path: "/v1/logs",
    content_type: "application/x-protobuf",
    framings: &[],
    one_a_request: false,
    // What its protocol allows, and no other.
    retry_statuses: &[429, 502, 503, 504],
    oversize_body: OversizeBody::Truncate,
    content_encoding: ContentEncoding::Decode,
    partial_success: true,
    write,
};

/// The methods that the conventions know.
const METHODS: &[u8] = b"GET POST PUT HEAD PATCH DELETE OPTIONS CONNECT TRACE QUERY";

/// gRPC's statuses.
const GRPC: &[u8] = b"0=OK 1=CANCELLED 2=UNKNOWN 3=INVALID_ARGUMENT 4=DEADLINE_EXCEEDED 5=NOT_FOUND 6=ALREADY_EXISTS \
    7=PERMISSION_DENIED 8=RESOURCE_EXHAUSTED 9=FAILED_PRECONDITION 10=ABORTED 11=OUT_OF_RANGE 12=UNIMPLEMENTED \
    13=INTERNAL 14=UNAVAILABLE 15=DATA_LOSS 16=UNAUTHENTICATED";

/// What the types of texts have in them, or their parameters; `javascript` and `ecmascript` among them.
const TEXTS: [&[u8]; 7] = [b"json", b"text/", b"xml", b"yaml", b"script", b"urlencoded", b"charset="];

const OURS: &str = "http_trace_filter.";

fn write(record: &Record<'_>, out: &mut Vec<u8>) {
    let headers = record.request.headers;
    out.reserve(4096);
    let is_error = record.status == 0 || record.status >= 500;
    let url = record.path();
    let (path, query) = cut(&url, b'?');
    let method = record.pseudo(":method");

    moment(out, 0x09, record.start_ms);
    moment(out, 0x59, record.end_ms);
    let (number, word): (_, &[u8]) = if is_error { (17, b"ERROR") } else { (9, b"INFO") };
    tagged(out, 0x10, number);
    field(out, 0x1a, word);
    field(out, 0x62, b"http.exchange");
    let mut values = [method, b" ", path, b" "].concat();
    let before = values.len();
    push_decimal(&mut values, record.status.into());
    let status = values.get(before..).unwrap_or_default();
    string(out, 0x2a, &values);
    trace::write(out, |name| shown(record, headers, name));

    let mut put = Attributes { out, of: OF_RECORD, start: "" };
    let known = find(METHODS, method);
    put.text("http.request.method", known.unwrap_or(b"_OTHER"));
    if known.is_none() {
        put.text("http.request.method_original", method);
    }
    put.text("url.scheme", record.scheme);
    put.text("url.path", path);
    put.text("url.query", query.unwrap_or_default());
    if record.status > 0 {
        put.int("http.response.status_code", record.status.into());
    }
    if is_error {
        put.text("error.type", if record.status == 0 { b"_OTHER" } else { status });
    }
    if let (_, Some(version)) = cut(record.version, b'/') {
        put.text("network.protocol.name", b"http");
        put.text("network.protocol.version", version);
    }
    put.text("user_agent.original", shown(record, headers, "user-agent"));
    put.text("rpc.response.status_code", grpc_status(record));
    put.start = OURS;
    put.text("destination.namespace", record.destination_namespace.unwrap_or_default());
    put.text("request_id", record.request_id);
    put.double("duration", record.end_ms.saturating_sub(record.start_ms) as f64 / 1000.0);
    let authority = record.authority();
    write_address(&mut put, &["server."], authority.unwrap_or_default());
    write_address(&mut put, &["client.", "network.peer."], record.source_address);
    write_address(&mut put, &["network.local."], record.destination_address);
    write_message(&mut put, &REQUEST, record, &record.request, authority, &mut values);
    write_message(&mut put, &RESPONSE, record, &record.response, None, &mut values);
}

/// A host, and its port if there is one, under each of these names.
#[inline(never)]
fn write_address(put: &mut Attributes<'_>, starts: &'static [&'static str], address: &[u8]) {
    let (host, port) = host_name::split(address);
    let port = port.and_then(number).unwrap_or(0);
    for start in starts {
        put.start = start;
        put.text("address", host);
        if port > 0 {
            put.int("port", port);
        }
    }
}

/// How the names of one direction's attributes begin: of headers, of the body; and one that is ours.
type Starts = [&'static str; 3];

static REQUEST: Starts = ["http.request.header.", "http.request.body.", "request.body.truncated"];
static RESPONSE: Starts = ["http.response.header.", "http.response.body.", "response.body.truncated"];

/// What one direction had: each header's name once, with all its values; the authority is the first value of `host`. Of the
/// body what was kept, and its size as far as it is known: what was not kept may have been there.
#[inline(never)]
fn write_message(
    put: &mut Attributes<'_>,
    [of_header, of_body, truncated]: &Starts,
    record: &Record<'_>,
    Message { headers, body, .. }: &Message<'_>,
    host: Option<&[u8]>,
    values: &mut Vec<u8>,
) {
    put.start = of_header;
    let mut names = Names::default();
    if host.is_some() {
        names.see(b"host");
    }
    for (name, _) in headers.exported() {
        names.see(name);
    }
    let mut write_header = |name: &[u8], index, value: &[u8]| {
        values.clear();
        if !names.may_repeat(name) {
            if put.one(name, value) {
                return;
            }
            string(values, ITEM, value);
        } else {
            if let Some(authority) = host.filter(|_| name == b"host") {
                if index > 0 {
                    return;
                }
                string(values, ITEM, authority);
            }
            for (at, (other, value)) in (1..).zip(headers.exported()) {
                if other == name {
                    if at < index {
                        return;
                    }
                    string(values, ITEM, &record.redact.header(name, value));
                }
            }
        }
        put.list(name, values);
    };
    if let Some(authority) = host {
        write_header(b"host", 0, authority);
    }
    for (index, (name, value)) in (1..).zip(headers.exported()) {
        write_header(name, index, &record.redact.header(name, value));
    }

    put.start = of_body;
    let mut size = number(shown(record, headers, "content-length"));
    if !body.is_empty() {
        put.content("content", body, is_textual(headers.get("content-type").unwrap_or_default()));
        if size.is_none() && !body.truncated() && headers.get("content-encoding").is_none() {
            size = Some(body.len() as u64);
        }
    }
    if let Some(size) = size {
        put.int("size", size);
    }
    if body.truncated() {
        put.start = OURS;
        put.yes(truncated);
    }
}

/// A header's first value as records show it, or nothing.
#[inline(never)]
fn shown<'a>(record: &Record<'a>, headers: &'a Headers, name: &str) -> &'a [u8] {
    match headers.get(name) {
        Some(_) if record.redact.hides_header(name.as_bytes()) => REDACTED,
        value => value.unwrap_or_default(),
    }
}

/// What stands for this word in a list of words, as `word=other` or without another.
#[inline(never)]
fn find(list: &'static [u8], wanted: &[u8]) -> Option<&'static [u8]> {
    let mut rest = Some(list);
    loop {
        let (entry, after) = cut(rest?, b' ');
        let (word, other) = cut(entry, b'=');
        if word == wanted {
            return other.or(Some(word));
        }
        rest = after;
    }
}

/// Where an answer is nothing but trailers, Envoy shows them as headers.
fn grpc_status<'a>(record: &Record<'a>) -> &'a [u8] {
    let mut code = shown(record, record.response.trailers, "grpc-status");
    if code.is_empty() {
        code = shown(record, record.response.headers, "grpc-status");
    }
    if code.is_empty() { code } else { find(GRPC, code).unwrap_or(code) }
}

/// Whether a body of this type is a text, when it is UTF-8 too.
fn is_textual(content_type: &[u8]) -> bool {
    TEXTS.iter().any(|part| contains(content_type, part))
}
