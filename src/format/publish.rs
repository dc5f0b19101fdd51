//! The original filter's format: what Go's `encoding/json` makes of its `SCNTelemetry` struct.

use super::{framing, json::Writer, spec::Spec};
use crate::capture::{
    headers::Headers,
    options::{ContentEncoding, OversizeBody},
    record::{Message, Record},
};

/// The original filter's: `POST /publish`, one `SCNTelemetry` object.
pub static SPEC: Spec = Spec {
    name: "publish",
    path: "/publish",
    content_type: "application/json",
    framings: framing::JSON,
    one_a_request: false,
    retry_statuses: &[408, 429, 5],
    oversize_body: OversizeBody::Truncate,
    content_encoding: ContentEncoding::Keep,
    partial_success: false,
    write,
};

fn write(record: &Record<'_>, out: &mut Vec<u8>) {
    let json = &mut Writer::new(out, record);
    json.open(b'{');
    json.member("request_id", record.request_id);
    json.member("scheme", record.scheme);
    json.member("destination_address", record.destination_address);
    if let Some(namespace) = record.destination_namespace {
        json.member("destination_namespace", namespace);
    }
    json.member("source_address", record.source_address);

    let authority = record.authority();
    json.object("scnt_request");
    json.member("method", record.pseudo(":method"));
    json.member("path", &record.path());
    json.member("host", authority.unwrap_or_default());
    message(json, record, record.request, record.start_ms, authority);

    json.object("scnt_response");
    // A string in the seed's struct.
    json.digits("status_code", record.status);
    message(json, record, record.response, record.end_ms, None);
    json.close(b'}');
}

/// What both directions have, and the end of their object. `time` is in milliseconds since the epoch; with the trailers, it is what the
/// seed's struct does not have.
fn message(json: &mut Writer<'_>, record: &Record<'_>, message: Message<'_>, time: u64, host: Option<&[u8]>) {
    json.member("version", record.version);
    json.number("time", time);
    json.name("headers");
    pairs(json, record, message.headers, host);
    json.base64("body", message.body);
    json.bool("truncated_body", message.body.truncated());
    if message.trailers.exported().next().is_some() {
        json.name("trailers");
        pairs(json, record, message.trailers, None);
    }
    json.close(b'}');
}

/// Headers or trailers as a list of pairs: `[["host", "orders"], …]`. The `:authority` is shown as the first header, as the original does.
#[inline(never)]
fn pairs(json: &mut Writer<'_>, record: &Record<'_>, fields: &Headers, host: Option<&[u8]>) {
    json.open(b'[');
    if let Some(host) = host {
        pair(json, b"host", host);
    }
    for (name, value) in fields.exported() {
        pair(json, name, &record.redact.header(name, value));
    }
    json.close(b']');
}

#[inline(never)]
fn pair(json: &mut Writer<'_>, name: &[u8], value: &[u8]) {
    json.open(b'[');
    json.string(name);
    json.string(value);
    json.close(b']');
}
