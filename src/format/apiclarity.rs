//! APIClarity's `Telemetry` (its plugin API's swagger). `TruncatedBody` really is spelled so.

use super::{framing, json::Writer, spec::Spec};
use crate::{
    capture::{
        options::{ContentEncoding, OversizeBody},
        record::{Message, Record},
    },
    sampling::host_name,
};

/// APIClarity's: `POST /api/telemetry`, one `Telemetry` object.
pub static SPEC: Spec = Spec {
    name: "apiclarity",
    path: "/api/telemetry",
    content_type: "application/json",
    framings: framing::JSON,
    one_a_request: true,
    // Its server answers 500 to what it cannot read, and would again.
    retry_statuses: &[408, 429, 502, 503, 504],
    // It takes a part of a body for the whole, and refuses what is then no JSON.
    oversize_body: OversizeBody::Drop,
    content_encoding: ContentEncoding::Decode,
    partial_success: false,
    write,
};

fn write(record: &Record<'_>, out: &mut Vec<u8>) {
    let json = &mut Writer::new(out, record);
    json.open(b'{');
    json.member("requestID", record.request_id);
    json.member("scheme", record.scheme);
    json.member("destinationAddress", record.destination_address);
    if let Some(namespace) = record.destination_namespace {
        json.member("destinationNamespace", namespace);
    }
    json.member("sourceAddress", record.source_address);

    let namespace = record.destination_namespace.map(String::from_utf8_lossy);
    let authority = String::from_utf8_lossy(record.authority().unwrap_or_default());
    json.object("request");
    json.member("method", record.pseudo(":method"));
    json.member("path", &record.path());
    json.member("host", host_name::normalise(&authority, namespace.as_deref()).as_bytes());
    common(json, record, record.request, record.start_ms, record.authority());

    json.object("response");
    // The server parses a number out of this string.
    json.digits("statusCode", record.status);
    common(json, record, record.response, record.end_ms, None);
    json.close(b'}');
}

/// What both directions have, and the end of their object. `time` is in milliseconds since the epoch. The `:authority` is shown as the
/// first header.
fn common(json: &mut Writer<'_>, record: &Record<'_>, message: Message<'_>, time: u64, host: Option<&[u8]>) {
    json.object("common");
    json.member("version", record.version);
    json.name("headers");
    json.open(b'[');
    if let Some(host) = host {
        header(json, b"host", host);
    }
    for (name, value) in message.headers.exported() {
        header(json, name, &record.redact.header(name, value));
    }
    json.close(b']');
    json.base64("body", message.body);
    json.bool("TruncatedBody", message.body.truncated());
    json.number("time", time);
    json.close(b'}');
    json.close(b'}');
}

#[inline(never)]
fn header(json: &mut Writer<'_>, name: &[u8], value: &[u8]) {
    json.open(b'{');
    json.member("key", name);
    json.member("value", value);
    json.close(b'}');
}
