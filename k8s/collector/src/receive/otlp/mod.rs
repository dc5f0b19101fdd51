//! The format `otlp`: OpenTelemetry's log records, whose attributes are an exchange:
//! <https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/logs/v1/logs.proto>.

mod value;
mod wire;

use super::{Bounded, MOST_FIELDS};
use crate::exchange::{Exchange, Message};
use value::{Value, attribute, elements};
use wire::{Fields, Wire, messages, text};

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
    let malformed = |error| format!("the request is no ExportLogsServiceRequest in protobuf: {error}");
    let mut read = Bounded::default();
    for resource in messages(body, 1) {
        for scope in messages(resource.map_err(malformed)?, 2) {
            for record in messages(scope.map_err(malformed)?, 2) {
                let number = read.exchanges.len() + 1;
                let exchange = exchange(record.map_err(malformed)?);
                read.add(exchange.map_err(|error| format!("log record {number} of the request: {error}"))?)?;
            }
        }
    }
    Ok(read.exchanges)
}

/// Reads a `LogRecord`.
fn exchange(record: &[u8]) -> Result<Exchange, String> {
    let mut parts = Parts::default();
    let mut event = "";
    for field in Fields(record) {
        match field? {
            (1, Wire::Fixed64(start)) => parts.exchange.start = start / 1_000_000,
            (11, Wire::Fixed64(end)) => parts.exchange.end = end / 1_000_000,
            (12, Wire::Bytes(name)) => event = text(name)?,
            (6, Wire::Bytes(bytes)) => {
                let (key, value) = attribute(bytes)?;
                parts.attribute(key, value)?;
            }
            _ => {}
        }
    }
    if event != "http.exchange" {
        return Err(format!("it is an event {event:?}: \"http.exchange\" was expected"));
    }
    Ok(parts.join())
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
    /// The exchange that they are.
    fn join(self) -> Exchange {
        let Self { mut exchange, query, protocol, version, source, destination, server, grpc } = self;
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
        exchange
    }

    fn attribute(&mut self, key: &str, value: Value<'_>) -> Result<(), String> {
        if value == Value::Other {
            return Ok(());
        }
        let exchange = &mut self.exchange;
        if let Some(rest) = key.strip_prefix("http.request.") {
            match rest {
                // The original stands where the other is none that the conventions know; it comes first or last.
                "method" if !exchange.method.is_empty() => {}
                "method" | "method_original" => exchange.method = value.into_text(),
                _ => part(&mut exchange.request, rest, value)?,
            }
            return Ok(());
        }
        match (key, value) {
            ("http.response.status_code", Value::Int(status)) => exchange.status = status.try_into().unwrap_or(0),
            (_, value) if key.starts_with("http.response.") => {
                part(&mut exchange.response, &key["http.response.".len()..], value)?;
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
                    _ => return Ok(()),
                };
                *place = value.into_text();
            }
        }
        Ok(())
    }
}

/// A header or the body of one direction.
fn part(message: &mut Message, key: &str, value: Value<'_>) -> Result<(), String> {
    match (key, value) {
        ("body.content", Value::Bytes(body)) => message.body = body.into(),
        ("body.content", value) => message.body = value.into_text().into_bytes().into_boxed_slice(),
        (key, Value::Array(array)) => {
            let Some(name) = key.strip_prefix("header.") else { return Ok(()) };
            for value in elements(array) {
                message.headers.push((name.to_owned(), value?.into_text()));
                if message.headers.len() > MOST_FIELDS {
                    return Err(format!("a message has more than {MOST_FIELDS} fields"));
                }
            }
        }
        _ => {}
    }
    Ok(())
}

#[cfg(test)]
pub(super) mod tests;
