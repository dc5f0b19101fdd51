//! The format `apiclarity`: APIClarity's `Telemetry`.

use serde::Deserialize;

use super::json::{fields, text};
use super::publish::{decode_body, status};
use crate::exchange::{Exchange, Message};

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Telemetry {
    #[serde(rename = "requestID", deserialize_with = "text")]
    request_id: String,
    #[serde(deserialize_with = "text")]
    scheme: String,
    #[serde(deserialize_with = "text")]
    destination_address: String,
    #[serde(deserialize_with = "text")]
    destination_namespace: String,
    #[serde(deserialize_with = "text")]
    source_address: String,
    request: Request,
    response: Response,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Request {
    method: String,
    path: String,
    host: String,
    common: Common,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Response {
    status_code: String,
    common: Common,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Common {
    version: String,
    #[serde(deserialize_with = "fields")]
    headers: Vec<Header>,
    body: Option<String>,
    #[serde(rename = "TruncatedBody")]
    truncated: bool,
    time: u64,
}

#[derive(Deserialize)]
struct Header {
    key: String,
    value: String,
}

pub(super) fn exchange(record: Telemetry) -> Result<Exchange, String> {
    let Telemetry { request, response, .. } = record;
    let (start, end) = (request.common.time, response.common.time);
    let message_of_request = message(request.common, "request")?;
    // The record's own host is normalised for APIClarity; the header shows what the client asked for.
    let host = message_of_request.header("host").map_or(request.host, str::to_owned);
    Ok(Exchange {
        request_id: record.request_id,
        scheme: record.scheme,
        method: request.method,
        host,
        path: request.path,
        status: status(&response.status_code)?,
        start,
        end,
        source: record.source_address,
        destination: record.destination_address,
        namespace: record.destination_namespace,
        request: message_of_request,
        response: message(response.common, "response")?,
    })
}

fn message(common: Common, whose: &str) -> Result<Message, String> {
    Ok(Message {
        version: common.version,
        headers: common.headers.into_iter().map(|Header { key, value }| (key, value)).collect(),
        trailers: Vec::new(),
        body: decode_body(common.body.as_deref().unwrap_or_default(), whose)?,
        truncated: common.truncated,
    })
}
