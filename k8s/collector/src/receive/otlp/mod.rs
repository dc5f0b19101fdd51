//! The format `otlp`: OpenTelemetry's log records, whose attributes are an exchange.

pub(super) mod message;

use std::mem;

use prost::Message as _;

use crate::exchange::{Exchange, Message};
use message::{ExportLogsServiceRequest, KeyValue, LogRecord, Value};

/// gRPC's statuses, each in the place of its number.
const GRPC: [&str; 17] = [
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
];

/// Reads an `ExportLogsServiceRequest`.
pub(super) fn exchanges(body: &[u8]) -> Result<Vec<Exchange>, String> {
    let request = ExportLogsServiceRequest::decode(body)
        .map_err(|error| format!("the request is no ExportLogsServiceRequest in protobuf: {error}"))?;
    let scopes = request.resource_logs.into_iter().flat_map(|resource| resource.scope_logs);
    let records = scopes.flat_map(|scope| scope.log_records).enumerate();
    records
        .map(|(at, record)| match record.event_name.as_str() {
            "http.exchange" => Ok(exchange(record)),
            other => Err(format!("log record {} is an event {other:?}: \"http.exchange\" was expected", at + 1)),
        })
        .collect()
}

fn exchange(record: LogRecord) -> Exchange {
    let mut parts = Parts::default();
    for KeyValue { key, value } in record.attributes {
        if let Some(value) = value.and_then(|value| value.value) {
            parts.attribute(&key, value);
        }
    }
    let Parts { mut exchange, query, protocol, version, source, destination, server, grpc } = parts;
    exchange.start = record.time_unix_nano / 1_000_000;
    exchange.end = record.observed_time_unix_nano / 1_000_000;
    exchange.source = source.join();
    exchange.destination = destination.join();
    exchange.host = exchange.request.header("host").map_or_else(|| server.join(), str::to_owned);
    if let Some(query) = query {
        exchange.path = format!("{}?{query}", exchange.path);
    }
    if !version.is_empty() {
        let version = format!("{}/{version}", protocol.to_ascii_uppercase());
        exchange.request.version.clone_from(&version);
        exchange.response.version = version;
    }
    // An answer that is nothing but trailers has the status among its headers.
    if exchange.response.header("grpc-status").is_none() {
        let code = GRPC.iter().position(|name| *name == grpc).map(|code| code.to_string());
        let code = code.or(Some(grpc).filter(|code| !code.is_empty()));
        exchange.response.trailers = code.map(|code| ("grpc-status".to_owned(), code)).into_iter().collect();
    }
    // The filter removes what it can.
    (exchange.request.decoded, exchange.response.decoded) = (true, true);
    exchange
}

/// An address and a port.
#[derive(Default)]
struct Address {
    host: String,
    port: Option<i64>,
}

impl Address {
    fn join(self) -> String {
        match self.port {
            Some(port) if self.host.contains(':') => format!("[{}]:{port}", self.host),
            Some(port) => format!("{}:{port}", self.host),
            None => self.host,
        }
    }
}

/// An exchange whose attributes are being read, and those that become one.
#[derive(Default)]
struct Parts {
    exchange: Exchange,
    query: Option<String>,
    protocol: String,
    version: String,
    source: Address,
    destination: Address,
    server: Address,
    grpc: String,
}

impl Parts {
    fn attribute(&mut self, key: &str, value: Value) {
        let exchange = &mut self.exchange;
        if let Some(rest) = key.strip_prefix("http.request.") {
            match rest {
                // The original stands where the other is none that the conventions know; it comes first or last.
                "method" if !exchange.method.is_empty() => {}
                "method" | "method_original" => exchange.method = text(value),
                _ => part(&mut exchange.request, rest, value),
            }
            return;
        }
        match (key, value) {
            ("http.response.status_code", Value::Int(status)) => exchange.status = status.try_into().unwrap_or(0),
            (_, value) if key.starts_with("http.response.") => {
                part(&mut exchange.response, &key["http.response.".len()..], value);
            }
            ("network.peer.port", Value::Int(port)) => self.source.port = Some(port),
            ("network.local.port", Value::Int(port)) => self.destination.port = Some(port),
            ("server.port", Value::Int(port)) => self.server.port = Some(port),
            ("http_trace_filter.request.body.truncated", Value::Bool(truncated)) => {
                exchange.request.truncated = truncated;
            }
            ("http_trace_filter.response.body.truncated", Value::Bool(truncated)) => {
                exchange.response.truncated = truncated;
            }
            (_, value) => {
                let place = match key {
                    "url.scheme" => &mut exchange.scheme,
                    "url.path" => &mut exchange.path,
                    "url.query" => self.query.get_or_insert_default(),
                    "network.protocol.name" => &mut self.protocol,
                    "network.protocol.version" => &mut self.version,
                    "network.peer.address" => &mut self.source.host,
                    "network.local.address" => &mut self.destination.host,
                    "server.address" => &mut self.server.host,
                    "rpc.response.status_code" => &mut self.grpc,
                    "http_trace_filter.request_id" => &mut exchange.request_id,
                    "http_trace_filter.destination.namespace" => &mut exchange.namespace,
                    _ => return,
                };
                *place = text(value);
            }
        }
    }
}

/// A header or the body of one direction.
fn part(message: &mut Message, key: &str, value: Value) {
    match (key, value) {
        ("body.content", Value::Bytes(body)) => message.body = body.into_boxed_slice(),
        ("body.content", value) => message.body = text(value).into_bytes().into_boxed_slice(),
        (key, Value::Array(array)) => {
            let Some(name) = key.strip_prefix("header.") else { return };
            let values = array.values.into_iter().filter_map(|value| value.value);
            message.headers.extend(values.map(|value| (name.to_owned(), text(value))));
        }
        _ => {}
    }
}

fn text(mut value: Value) -> String {
    match &mut value {
        Value::String(text) => mem::take(text),
        Value::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        Value::Bool(yes) => yes.to_string(),
        Value::Int(number) => number.to_string(),
        Value::Double(number) => number.to_string(),
        Value::Array(_) => String::new(),
    }
}

#[cfg(test)]
pub(super) mod tests;
