//! APIClarity's `Telemetry` (its plugin API's swagger). `TruncatedBody` really is spelled so.

use super::{
    framing,
    spec::Spec,
    text::{self, Base64, Lossy},
};
use crate::{
    capture::{
        options::{ContentEncoding, OversizeBody},
        record::{Message, Record},
    },
    sampling::host_name,
};
use serde::{Serialize, Serializer, ser::SerializeSeq};
use std::borrow::Cow;

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
    write: |record, out| text::write(&Telemetry::from(record), record, out),
};

/// One exchange.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Telemetry<'a> {
    #[serde(rename = "requestID")]
    request_id: Lossy<'a>,
    scheme: Lossy<'a>,
    destination_address: Lossy<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    destination_namespace: Option<Lossy<'a>>,
    source_address: Lossy<'a>,
    request: Request<'a>,
    response: Response<'a>,
}

#[derive(Debug, Serialize)]
struct Request<'a> {
    method: Lossy<'a>,
    path: Cow<'a, str>,
    host: String,
    common: Common<'a>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Response<'a> {
    /// The server parses a number out of this string.
    status_code: String,
    common: Common<'a>,
}

#[derive(Debug, Serialize)]
struct Common<'a> {
    version: Lossy<'a>,
    headers: Headers<'a>,
    body: Base64,
    #[serde(rename = "TruncatedBody")]
    truncated_body: bool,
    /// Milliseconds since the epoch.
    time: u64,
}

#[derive(Debug)]
struct Headers<'a> {
    host: Option<&'a [u8]>,
    message: Message<'a>,
    record: &'a Record<'a>,
}

#[derive(Serialize)]
struct Header<'a> {
    key: &'a str,
    value: Lossy<'a>,
}

// === impl Telemetry ===

impl<'a> From<&'a Record<'a>> for Telemetry<'a> {
    fn from(record: &'a Record<'a>) -> Self {
        let namespace = record.destination_namespace.map(String::from_utf8_lossy);
        let authority = String::from_utf8_lossy(record.authority().unwrap_or_default());
        let common = |message: Message<'a>, body, host, time| Common {
            version: Lossy(record.version),
            headers: Headers { host, message, record },
            body,
            truncated_body: message.body.truncated(),
            time,
        };
        Self {
            request_id: Lossy(record.request_id),
            scheme: Lossy(record.scheme),
            destination_address: Lossy(record.destination_address),
            destination_namespace: record.destination_namespace.map(Lossy),
            source_address: Lossy(record.source_address),
            request: Request {
                method: Lossy(record.pseudo(":method")),
                path: text::lossy(record.path()),
                host: host_name::normalise(&authority, namespace.as_deref()),
                common: common(record.request, Base64::Request, record.authority(), record.start_ms),
            },
            response: Response {
                status_code: record.status.to_string(),
                common: common(record.response, Base64::Response, None, record.end_ms),
            },
        }
    }
}

// === impl Headers ===

impl Serialize for Headers<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(None)?;
        if let Some(host) = self.host {
            list.serialize_element(&Header { key: "host", value: Lossy(host) })?;
        }
        for (key, value) in self.message.headers.exported() {
            list.serialize_element(&Header { key: &key, value: Lossy(&self.record.redact.header(&key, value)) })?;
        }
        list.end()
    }
}
