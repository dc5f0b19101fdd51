//! The format `publish`, read and written.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::json::{fields, text};
use crate::exchange::{Exchange, Fields, Message};

/// A record as it is sent.
#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct Record {
    #[serde(deserialize_with = "text")]
    request_id: String,
    #[serde(deserialize_with = "text")]
    scheme: String,
    #[serde(deserialize_with = "text")]
    destination_address: String,
    #[serde(deserialize_with = "text", skip_serializing_if = "String::is_empty")]
    destination_namespace: String,
    #[serde(deserialize_with = "text")]
    source_address: String,
    scnt_request: Half,
    scnt_response: Half,
}

/// One direction. What the other one has instead is not there.
#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
struct Half {
    #[serde(skip_serializing_if = "Option::is_none")]
    method: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    host: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status_code: Option<String>,
    version: String,
    time: u64,
    #[serde(deserialize_with = "fields")]
    headers: Fields,
    #[serde(deserialize_with = "fields", skip_serializing_if = "Vec::is_empty")]
    trailers: Fields,
    #[serde(deserialize_with = "text")]
    body: String,
    truncated_body: bool,
}

pub(super) fn exchange(record: Record) -> Result<Exchange, String> {
    let Record { scnt_request: mut request, scnt_response: response, .. } = record;
    Ok(Exchange {
        request_id: record.request_id,
        scheme: record.scheme,
        method: request.method.take().unwrap_or_default(),
        host: request.host.take().unwrap_or_default(),
        path: request.path.take().unwrap_or_default(),
        status: status(response.status_code.as_deref().unwrap_or_default())?,
        start: request.time,
        end: response.time,
        source: record.source_address,
        destination: record.destination_address,
        namespace: record.destination_namespace,
        request: message(request, "request")?,
        response: message(response, "response")?,
    })
}

/// The status that a record's string is.
pub(super) fn status(text: &str) -> Result<u16, String> {
    if text.is_empty() {
        return Ok(0);
    }
    text.parse().map_err(|_| format!("the status is {text:?}: a number was expected"))
}

/// The body that a record's base64 is; `whose`, for errors.
pub fn decode_body(base64: &str, whose: &str) -> Result<Box<[u8]>, String> {
    let body = STANDARD.decode(base64).map_err(|error| format!("the {whose}'s body is no base64: {error}"))?;
    Ok(body.into_boxed_slice())
}

fn message(half: Half, whose: &str) -> Result<Message, String> {
    Ok(Message {
        version: half.version,
        headers: half.headers,
        trailers: half.trailers,
        body: decode_body(&half.body, whose)?,
        truncated: half.truncated_body,
    })
}

/// The exchange as a record of this format, and a line break.
#[must_use]
pub fn line(exchange: &Exchange) -> Vec<u8> {
    let half = |message: &Message, time| Half {
        version: message.version.clone(),
        time,
        headers: message.headers.clone(),
        trailers: message.trailers.clone(),
        body: STANDARD.encode(&message.body),
        truncated_body: message.truncated,
        ..Half::default()
    };
    let record = Record {
        request_id: exchange.request_id.clone(),
        scheme: exchange.scheme.clone(),
        destination_address: exchange.destination.clone(),
        destination_namespace: exchange.namespace.clone(),
        source_address: exchange.source.clone(),
        scnt_request: Half {
            method: Some(exchange.method.clone()),
            path: Some(exchange.path.clone()),
            host: Some(exchange.host.clone()),
            ..half(&exchange.request, exchange.start)
        },
        scnt_response: Half {
            status_code: Some(exchange.status.to_string()),
            ..half(&exchange.response, exchange.end)
        },
    };
    let mut line = serde_json::to_vec(&record).unwrap_or_default();
    line.push(b'\n');
    line
}
