//! HAR 1.2, which browsers and many other tools open: <http://www.softwareishard.com/blog/har-12-spec/>.

mod body;
mod file;
mod url;

use axum::http::StatusCode;
use chrono::{DateTime, SecondsFormat};
use serde_json::{Value, json};

use crate::exchange::{Exchange, Fields, Message};

pub use file::HarFile;
pub use url::of as url;

/// What stands before the entries.
pub const HEAD: &str = concat!(
    r#"{"log":{"version":"1.2","creator":{"name":"http-trace-collector","version":""#,
    env!("CARGO_PKG_VERSION"),
    r#""},"entries":["#
);

/// What stands between two entries.
pub const BETWEEN: &str = ",\n";

/// What stands behind the entries.
pub const TAIL: &str = "\n]}}\n";

/// The last one of the year 9999: no later one has a date that all readers know.
const LAST_MILLISECOND: u64 = 253_402_300_799_999;

/// An entry. What HAR has no place for is in fields whose names begin with `_`, as it demands.
#[must_use]
pub fn entry(exchange: &Exchange) -> Value {
    let url = url::of(exchange);
    let duration = exchange.duration();
    let start = exchange.start.min(LAST_MILLISECOND);
    let started = DateTime::from_timestamp_millis(start as i64).unwrap_or_default();
    let (server, _) = exchange.destination.rsplit_once(':').unwrap_or((&exchange.destination, ""));
    let (_, connection) = exchange.source.rsplit_once(':').unwrap_or_default();
    let mut entry = json!({
        "startedDateTime": started.to_rfc3339_opts(SecondsFormat::Millis, true),
        "time": duration,
        "request": request(exchange, &url),
        "response": response(exchange),
        "cache": {},
        "timings": {"blocked": -1, "dns": -1, "connect": -1, "ssl": -1, "send": 0, "wait": duration, "receive": 0},
        "serverIPAddress": server.trim_matches(['[', ']']),
        "connection": connection,
        "_requestId": exchange.request_id,
        "_sourceAddress": exchange.source,
        "_destinationAddress": exchange.destination,
        "_requestTruncated": exchange.request.truncated,
        "_responseTruncated": exchange.response.truncated,
    });
    if !exchange.namespace.is_empty() {
        entry["_destinationNamespace"] = json!(exchange.namespace);
    }
    entry
}

fn request(exchange: &Exchange, url: &str) -> Value {
    let message = &exchange.request;
    let query = url.split_once('?').map_or("", |(_, query)| query);
    let query = form_urlencoded::parse(query.as_bytes());
    let query: Vec<Value> = query.map(|(name, value)| json!({"name": name, "value": value})).collect();
    let mut request = json!({
        "method": or(&exchange.method, "GET"),
        "url": url,
        "httpVersion": or(&message.version, "HTTP/1.1"),
        "cookies": [],
        "headers": fields(&message.headers),
        "queryString": query,
        "headersSize": -1,
        "bodySize": size(message),
    });
    if !message.body.is_empty() {
        request["postData"] = body::post_data(message);
    }
    trailers(&mut request, message);
    request
}

fn response(exchange: &Exchange) -> Value {
    let message = &exchange.response;
    let reason = StatusCode::from_u16(exchange.status).ok().and_then(|status| status.canonical_reason());
    let mut response = json!({
        "status": exchange.status,
        "statusText": reason.unwrap_or_default(),
        "httpVersion": or(&message.version, "HTTP/1.1"),
        "cookies": [],
        "headers": fields(&message.headers),
        "content": body::content(message),
        "redirectURL": message.header("location").unwrap_or_default(),
        "headersSize": -1,
        "bodySize": size(message),
    });
    if exchange.status == 0 {
        response["_error"] = json!("no response was sent to the client");
    }
    trailers(&mut response, message);
    response
}

/// The bytes of a body on the wire; -1: not known.
fn size(message: &Message) -> i64 {
    message.size().and_then(|size| size.try_into().ok()).unwrap_or(-1)
}

fn trailers(to: &mut Value, message: &Message) {
    if !message.trailers.is_empty() {
        to["_trailers"] = fields(&message.trailers);
    }
}

fn fields(fields: &Fields) -> Value {
    fields.iter().map(|(name, value)| json!({"name": name, "value": value})).collect()
}

fn or<'a>(text: &'a str, other: &'a str) -> &'a str {
    if text.is_empty() { other } else { text }
}
