//! One JSON object, several one after the other (as lines, or however), or an array of them.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::exchange::Exchange;

/// Reads the records of a body.
pub(super) fn records<T: DeserializeOwned>(
    body: &[u8],
    convert: impl Fn(T) -> Result<Exchange, String>,
) -> Result<Vec<Exchange>, String> {
    let array = body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[');
    let records: Vec<T> = if array {
        serde_json::from_slice(body).map_err(|error| format!("the array of records cannot be read: {error}"))?
    } else {
        let stream = serde_json::Deserializer::from_slice(body).into_iter();
        let numbered = stream.enumerate().map(|(at, record)| {
            record.map_err(|error| format!("record {} of the request cannot be read: {error}", at + 1))
        });
        numbered.collect::<Result<_, _>>()?
    };
    if records.is_empty() {
        return Err("the request has no record: a JSON object was expected, or several".to_owned());
    }
    let numbered = records.into_iter().enumerate();
    numbered
        .map(|(at, record)| convert(record).map_err(|error| format!("record {} of the request: {error}", at + 1)))
        .collect()
}

/// A string that may be `null`, as Go's encoders write what is missing.
pub(super) fn text<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Option::<String>::deserialize(deserializer).map(Option::unwrap_or_default)
}
