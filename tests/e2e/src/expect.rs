//! The record that an exchange should give.

use std::net::SocketAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::case::{Case, Exchange};
use crate::client::Protocol;
use crate::message::{End, Headers, Message};
use crate::request::Framing;

/// How much of a body a record holds.
pub const BODY_LIMIT: usize = 1_000_000;

/// One direction of a record, as bytes.
#[derive(Clone, Debug, Default)]
pub struct Half {
    /// Header fields, names in lower case.
    pub headers: Headers,
    /// The body: the whole of it, or what the filter saw.
    pub body: Vec<u8>,
    /// The filter saw the stream end before this body did.
    pub cut: bool,
    /// Trailer fields, names in lower case.
    pub trailers: Headers,
}

/// An expected record.
#[derive(Clone, Debug)]
pub struct Expected {
    pub request_id: String,
    /// `scheme`.
    pub scheme: &'static str,
    /// `source_address`.
    pub source: SocketAddr,
    /// `destination_address`.
    pub destination: SocketAddr,
    /// `version`, of both.
    pub version: String,
    /// `scnt_request.method`.
    pub method: String,
    /// `scnt_request.path`, as bytes.
    pub path: Vec<u8>,
    /// `scnt_request.host`.
    pub host: String,
    /// Headers (beside `host`) and body of the request.
    pub request: Half,
    /// `scnt_response.status_code`.
    pub status: u16,
    /// Headers and body of the response.
    pub response: Half,
}

impl Expected {
    /// The record of an exchange of `case` that went as `exchange` did.
    #[must_use]
    pub fn of(case: &Case, exchange: &Exchange, destination: SocketAddr) -> Self {
        let (request, answer) = (&case.request, &exchange.answer);
        let mut sent = lower(&request.fields());
        let scheme = if case.protocol == Protocol::H3 { "https" } else { "http" };
        sent.push((b"x-forwarded-proto".to_vec(), scheme.into()));
        let upstream_answered = answer.header("x-envoy-upstream-service-time").is_some();
        // A request that Envoy answered itself is known by its headers only.
        let unread = exchange.seen.is_none() && request.framing != Framing::None && !request.is_empty_by_length();
        let seen = exchange.seen.clone().unwrap_or_default();
        let headers = if upstream_answered { reply_fields(case, &seen) } else { without_added(answer) };
        Self {
            request_id: request.id.clone(),
            scheme,
            source: exchange.source,
            destination,
            version: case.protocol.name().to_owned(),
            method: request.method.clone(),
            path: request.target.clone(),
            host: request.host.clone(),
            request: Half {
                headers: sent,
                body: seen.body,
                cut: unread || case.hold.is_some_and(|sent| sent < request.whole_body().len()) || seen.end == End::Cut,
                trailers: lower(&seen.trailers),
            },
            status: answer.status(),
            response: Half {
                headers: lower(&headers),
                body: answer.body.clone(),
                cut: answer.status() != 0 && answer.end == End::Cut,
                trailers: lower(&answer.trailers),
            },
        }
    }

    /// The record of a request that Envoy answered before any filter saw it.
    #[must_use]
    pub fn unseen(source: SocketAddr, destination: SocketAddr, answer: &Message) -> Self {
        // When it logs, Envoy has the whole answer, but for an empty body's length.
        let mut headers = answer.headers.clone();
        headers.retain(|(name, value)| (&name[..], &value[..]) != (b"content-length", b"0"));
        Self {
            request_id: String::new(),
            scheme: "http",
            source,
            destination,
            version: "HTTP/1.1".to_owned(),
            method: String::new(),
            path: Vec::new(),
            host: String::new(),
            request: Half::default(),
            status: answer.status(),
            response: Half { headers, cut: !answer.body.is_empty(), ..Half::default() },
        }
    }

    /// The filter does not see this header of the request, or leaves it out.
    pub fn drop_request_header(&mut self, name: &str) {
        self.request.headers.retain(|(n, _)| n != name.as_bytes());
    }

    /// The filter does not see this header of the response, or leaves it out.
    pub fn drop_response_header(&mut self, name: &str) {
        self.response.headers.retain(|(n, _)| n != name.as_bytes());
    }

    /// As JSON, without the times: see [`take_times`].
    #[must_use]
    pub fn json(&self) -> Value {
        // Without an `:authority` there is no host.
        let host = (!self.host.is_empty()).then(|| json!(["host", self.host]));
        let request: Vec<Value> = host.into_iter().chain(pairs(&self.request.headers)).collect();
        let mut record = json!({
            "request_id": self.request_id,
            "scheme": self.scheme,
            "destination_address": self.destination.to_string(),
            "source_address": self.source.to_string(),
            "scnt_request": {
                "method": self.method,
                "path": text(&self.path),
                "host": self.host,
                "version": self.version,
                "headers": request,
                "body": body(&self.request.body),
                "truncated_body": self.request.cut || self.request.body.len() > BODY_LIMIT,
            },
            "scnt_response": {
                "status_code": self.status.to_string(),
                "version": self.version,
                "headers": pairs(&self.response.headers).collect::<Vec<_>>(),
                "body": body(&self.response.body),
                "truncated_body": self.response.cut || self.response.body.len() > BODY_LIMIT,
            },
        });
        for (half, name) in [(&self.request, "scnt_request"), (&self.response, "scnt_response")] {
            if !half.trailers.is_empty() {
                record[name]["trailers"] = pairs(&half.trailers).collect();
            }
        }
        record
    }
}

/// Removes from a record when the request began and when the response was over, in milliseconds since the epoch.
///
/// # Errors
/// When one is missing, or no such number, or the response came first.
pub fn take_times(record: &mut Value) -> Result<[u64; 2], String> {
    let mut times = [0; 2];
    for (time, name) in times.iter_mut().zip(["scnt_request", "scnt_response"]) {
        let got = record[name].as_object_mut().and_then(|half| half.remove("time"));
        *time = got.as_ref().and_then(Value::as_u64).ok_or_else(|| format!("{name}.time: got {got:?}"))?;
    }
    if times[0] > times[1] { Err(format!("the response came before the request: {times:?}")) } else { Ok(times) }
}

fn reply_fields(case: &Case, seen: &Message) -> Headers {
    let mut reply = case.reply.clone();
    if reply.echo {
        reply.body = vec![seen.body.clone().into()];
    }
    let mut fields = reply.fields();
    if seen.start.ends_with(b"HTTP/2") {
        fields.retain(|(name, _)| name != b"transfer-encoding");
    }
    fields
}

/// A local reply without what Envoy adds to it after the filters.
fn without_added(answer: &Message) -> Headers {
    let added = |name: &[u8], value: &[u8]| match name {
        b"date" | b"server" | b"connection" => true,
        b"content-length" => value == b"0",
        _ => name.starts_with(b"x-envoy-"),
    };
    answer.headers.iter().filter(|(name, value)| !added(name, value)).cloned().collect()
}

fn lower(headers: &Headers) -> Headers {
    headers.iter().map(|(name, value)| (name.to_ascii_lowercase(), value.clone())).collect()
}

fn pairs(headers: &Headers) -> impl Iterator<Item = Value> {
    headers.iter().map(|(name, value)| json!([text(name), text(value)]))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn body(bytes: &[u8]) -> String {
    STANDARD.encode(&bytes[..bytes.len().min(BODY_LIMIT)])
}
