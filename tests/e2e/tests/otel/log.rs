//! What arrived as OTLP: a log record, and whose it is.

use std::collections::BTreeMap;

use http_trace_e2e::collector::Post;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::resource::v1::Resource;
use prost::Message as _;

/// Attributes by name.
pub(crate) type Attributes = BTreeMap<String, Value>;

/// A log record with its attributes by name, and the resource and scope that it stands in.
#[derive(Clone, Debug)]
pub(crate) struct Log {
    pub(crate) resource: Attributes,
    pub(crate) scope: InstrumentationScope,
    /// Of the resource.
    pub(crate) schema_url: String,
    /// Its own attributes are in `attributes`.
    pub(crate) record: LogRecord,
    pub(crate) attributes: Attributes,
}

/// The log records of a POST to a backend.
pub(crate) fn read(post: &Post) -> Vec<Log> {
    let message = &post.message;
    assert_eq!(message.start.escape_ascii().to_string(), "POST /v1/logs HTTP/1.1");
    assert_eq!(message.header("content-type"), Some(&b"application/x-protobuf"[..]));
    let request = ExportLogsServiceRequest::decode(&message.body[..]);
    let request = request.unwrap_or_else(|error| panic!("no OTLP: {error}"));
    let mut logs = Vec::new();
    for of_resource in request.resource_logs {
        let Resource { attributes: resource, .. } = of_resource.resource.expect("a resource");
        let resource = by_name(resource);
        for of_scope in of_resource.scope_logs {
            let scope = of_scope.scope.expect("a scope");
            for mut record in of_scope.log_records {
                let attributes = by_name(std::mem::take(&mut record.attributes));
                let (resource, scope, schema_url) = (resource.clone(), scope.clone(), of_resource.schema_url.clone());
                logs.push(Log { resource, scope, schema_url, record, attributes });
            }
        }
    }
    logs
}

/// The protocol forbids a name that is there twice, and a value that is none.
fn by_name(attributes: Vec<KeyValue>) -> Attributes {
    let mut named = Attributes::new();
    for KeyValue { key, value, .. } in attributes {
        let value = value.and_then(|value| value.value).unwrap_or_else(|| panic!("{key} has no value"));
        assert!(named.insert(key.clone(), value).is_none(), "{key} is there twice");
    }
    named
}

impl Log {
    /// The value of an attribute that is a string.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        match self.attributes.get(name)? {
            Value::StringValue(text) => Some(text),
            other => panic!("{name} is no string: {other:?}"),
        }
    }

    /// The client's address as `publish` writes it.
    pub(crate) fn source(&self) -> String {
        let port = match self.attributes.get("client.port") {
            Some(Value::IntValue(port)) => port.to_string(),
            other => format!("{other:?}"),
        };
        format!("{}:{port}", self.text("client.address").unwrap_or_default())
    }
}

/// A value that is a list of strings.
pub(crate) fn list<'a>(values: impl IntoIterator<Item = &'a str>) -> Value {
    let values = values.into_iter().map(|value| AnyValue { value: Some(Value::StringValue(value.to_owned())) });
    Value::ArrayValue(ArrayValue { values: values.collect() })
}
