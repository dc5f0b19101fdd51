//! The original filter's format: what Go's `encoding/json` makes of its `SCNTelemetry` struct. Serialize-only: nothing
//! reads it back, so every field borrows.

use super::{
    framing,
    spec::Spec,
    text::{self, Base64, Lossy},
};
use crate::capture::{
    headers::Headers,
    options::{ContentEncoding, OversizeBody},
    record::{Message, Record},
};
use serde::{Serialize, Serializer, ser::SerializeSeq};
use std::borrow::Cow;

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
    write: |record, out| text::write(&Telemetry::from(record), record, out),
};

/// One exchange.
#[derive(Debug, Serialize)]
pub struct Telemetry<'a> {
    request_id: Lossy<'a>,
    scheme: Lossy<'a>,
    destination_address: Lossy<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    destination_namespace: Option<Lossy<'a>>,
    source_address: Lossy<'a>,
    scnt_request: Request<'a>,
    scnt_response: Response<'a>,
}

#[derive(Debug, Serialize)]
struct Request<'a> {
    method: Lossy<'a>,
    path: Cow<'a, str>,
    host: Lossy<'a>,
    version: Lossy<'a>,
    /// Milliseconds since the epoch; with the trailers, what the seed's struct does not have.
    time: u64,
    headers: Pairs<'a>,
    body: Base64,
    truncated_body: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    trailers: Option<Pairs<'a>>,
}

#[derive(Debug, Serialize)]
struct Response<'a> {
    /// A string in the seed's struct.
    status_code: String,
    version: Lossy<'a>,
    /// Milliseconds since the epoch; with the trailers, what the seed's struct does not have.
    time: u64,
    headers: Pairs<'a>,
    body: Base64,
    truncated_body: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    trailers: Option<Pairs<'a>>,
}

/// Headers or trailers as a list of pairs: `[["host", "orders"], …]`.
#[derive(Debug)]
struct Pairs<'a> {
    /// The `:authority`, shown as the first header, as the original does.
    host: Option<&'a [u8]>,
    fields: &'a Headers,
    record: &'a Record<'a>,
}

// === impl Telemetry ===

impl<'a> From<&'a Record<'a>> for Telemetry<'a> {
    fn from(record: &'a Record<'a>) -> Self {
        let (request, response) = (record.request, record.response);
        let pairs = |fields, host| Pairs { host, fields, record };
        let trailers = |message: Message<'a>| message.trailers.exported().next().map(|_| pairs(message.trailers, None));
        Self {
            request_id: Lossy(record.request_id),
            scheme: Lossy(record.scheme),
            destination_address: Lossy(record.destination_address),
            destination_namespace: record.destination_namespace.map(Lossy),
            source_address: Lossy(record.source_address),
            scnt_request: Request {
                method: Lossy(record.pseudo(":method")),
                path: text::lossy(record.path()),
                host: Lossy(record.authority().unwrap_or_default()),
                version: Lossy(record.version),
                time: record.start_ms,
                headers: pairs(request.headers, record.authority()),
                body: Base64::Request,
                truncated_body: request.body.truncated(),
                trailers: trailers(request),
            },
            scnt_response: Response {
                status_code: record.status.to_string(),
                version: Lossy(record.version),
                time: record.end_ms,
                headers: pairs(response.headers, None),
                body: Base64::Response,
                truncated_body: response.body.truncated(),
                trailers: trailers(response),
            },
        }
    }
}

// === impl Pairs ===

impl Serialize for Pairs<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(None)?;
        if let Some(host) = self.host {
            list.serialize_element(&("host", Lossy(host)))?;
        }
        for (name, value) in self.fields.exported() {
            list.serialize_element(&(&name, Lossy(&self.record.redact.header(&name, value))))?;
        }
        list.end()
    }
}
