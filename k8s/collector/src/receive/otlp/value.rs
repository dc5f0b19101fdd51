//! OpenTelemetry's attributes:
//! <https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/common/v1/common.proto>.

use super::wire::{Fields, Wire, messages, text};

/// The value of an attribute, an `AnyValue`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Value<'a> {
    String(&'a str),
    Bool(bool),
    Int(i64),
    Double(f64),
    /// The bytes of an `ArrayValue`: see [`elements`].
    Array(&'a [u8]),
    Bytes(&'a [u8]),
    /// None, or of a kind that no exchange has.
    Other,
}

/// The key and the value that a `KeyValue` is.
pub(super) fn attribute(bytes: &[u8]) -> Result<(&str, Value<'_>), String> {
    let mut attribute = ("", Value::Other);
    for field in Fields(bytes) {
        match field? {
            (1, Wire::Bytes(key)) => attribute.0 = text(key)?,
            (2, Wire::Bytes(bytes)) => attribute.1 = value(bytes)?,
            _ => {}
        }
    }
    Ok(attribute)
}

/// The values in an array.
pub(super) fn elements(array: &[u8]) -> impl Iterator<Item = Result<Value<'_>, String>> {
    messages(array, 1).map(|message| value(message?))
}

fn value(bytes: &[u8]) -> Result<Value<'_>, String> {
    let mut value = Value::Other;
    for field in Fields(bytes) {
        value = match field? {
            (1, Wire::Bytes(string)) => Value::String(text(string)?),
            (2, Wire::Varint(yes)) => Value::Bool(yes != 0),
            (3, Wire::Varint(int)) => Value::Int(int as i64),
            (4, Wire::Fixed64(double)) => Value::Double(f64::from_bits(double)),
            (5, Wire::Bytes(array)) => Value::Array(array),
            (7, Wire::Bytes(bytes)) => Value::Bytes(bytes),
            _ => value,
        };
    }
    Ok(value)
}

impl Value<'_> {
    /// It as a text.
    pub(super) fn into_text(self) -> String {
        match self {
            Self::String(text) => text.to_owned(),
            Self::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            Self::Bool(yes) => yes.to_string(),
            Self::Int(number) => number.to_string(),
            Self::Double(number) => number.to_string(),
            Self::Array(_) | Self::Other => String::new(),
        }
    }
}
