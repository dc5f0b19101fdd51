//! The format `publish`, read and written.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::json::text;
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
    scnt_request: Request,
    scnt_response: Response,
}

#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
struct Request {
    method: String,
    path: String,
    host: String,
    #[serde(flatten)]
    common: Common,
}

#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
struct Response {
    status_code: String,
    #[serde(flatten)]
    common: Common,
}

/// What both directions have.
#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
struct Common {
    version: String,
    time: u64,
    headers: Option<Fields>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trailers: Option<Fields>,
    body: Option<String>,
    truncated_body: bool,
}

pub(super) fn exchange(record: Record) -> Result<Exchange, String> {
    let Record { scnt_request: Request { method, path, host, common: request }, scnt_response: response, .. } = record;
    let status = status(&response.status_code)?;
    let (start, end) = (request.time, response.common.time);
    Ok(Exchange {
        request_id: record.request_id,
        scheme: record.scheme,
        method,
        host,
        path,
        status,
        start,
        end,
        source: record.source_address,
        destination: record.destination_address,
        namespace: record.destination_namespace,
        request: message(request, "request")?,
        response: message(response.common, "response")?,
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

fn message(common: Common, whose: &str) -> Result<Message, String> {
    Ok(Message {
        version: common.version,
        headers: common.headers.unwrap_or_default(),
        trailers: common.trailers.unwrap_or_default(),
        body: decode_body(common.body.as_deref().unwrap_or_default(), whose)?,
        truncated: common.truncated_body,
        decoded: false,
    })
}

/// The exchange as a record of this format, and a line break.
#[must_use]
pub fn line(exchange: &Exchange) -> Vec<u8> {
    let common = |message: &Message, time| Common {
        version: message.version.clone(),
        time,
        headers: Some(message.headers.clone()),
        trailers: (!message.trailers.is_empty()).then(|| message.trailers.clone()),
        body: Some(STANDARD.encode(&message.body)),
        truncated_body: message.truncated,
    };
    let record = Record {
        request_id: exchange.request_id.clone(),
        scheme: exchange.scheme.clone(),
        destination_address: exchange.destination.clone(),
        destination_namespace: exchange.namespace.clone(),
        source_address: exchange.source.clone(),
        scnt_request: Request {
            method: exchange.method.clone(),
            path: exchange.path.clone(),
            host: exchange.host.clone(),
            common: common(&exchange.request, exchange.start),
        },
        scnt_response: Response {
            status_code: exchange.status.to_string(),
            common: common(&exchange.response, exchange.end),
        },
    };
    let mut line = serde_json::to_vec(&record).unwrap_or_default();
    line.push(b'\n');
    line
}
