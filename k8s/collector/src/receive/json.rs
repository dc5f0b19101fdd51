//! One JSON object, several one after the other (as lines, or however), or an array of them.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{DeserializeOwned, Deserializer, Error as _, SeqAccess, Visitor};
use serde::{Deserialize, de};

use super::{Bounded, MOST_FIELDS};
use crate::exchange::Exchange;

/// Reads the records of a body, one after the other: there may be many small ones.
pub(super) fn records<T: DeserializeOwned>(
    body: &[u8],
    convert: impl Fn(T) -> Result<Exchange, String>,
) -> Result<Vec<Exchange>, String> {
    let mut read = Bounded::default();
    let mut add = |record: T| {
        let number = read.exchanges.len() + 1;
        let exchange = convert(record).map_err(|error| format!("record {number} of the request: {error}"))?;
        read.add(exchange)
    };
    let array = body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[');
    if array {
        let mut deserializer = serde_json::Deserializer::from_slice(body);
        let mut refusal = None;
        let visitor = Each { add: |record: T| add(record).map_err(|error| refusal = Some(error)), record: PhantomData };
        let ended = deserializer.deserialize_seq(visitor).and_then(|()| deserializer.end());
        ended.map_err(|error| refusal.unwrap_or_else(|| format!("the array of records cannot be read: {error}")))?;
    } else {
        for (at, record) in serde_json::Deserializer::from_slice(body).into_iter().enumerate() {
            add(record.map_err(|error| format!("record {} of the request cannot be read: {error}", at + 1))?)?;
        }
    }
    if read.exchanges.is_empty() {
        return Err("the request has no record: a JSON object was expected, or several".to_owned());
    }
    Ok(read.exchanges)
}

/// Gives each element of an array to `add`.
struct Each<T, A> {
    add: A,
    record: PhantomData<T>,
}

impl<'de, T: Deserialize<'de>, A: FnMut(T) -> Result<(), ()>> Visitor<'de> for Each<T, A> {
    type Value = ();

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("an array of records")
    }

    fn visit_seq<S: SeqAccess<'de>>(mut self, mut elements: S) -> Result<(), S::Error> {
        while let Some(element) = elements.next_element()? {
            (self.add)(element).map_err(|()| S::Error::custom("refused"))?;
        }
        Ok(())
    }
}

/// A string that may be `null`, as Go's encoders write what is missing.
pub(super) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Option::<String>::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// Headers, or `null`: not more than anybody sends.
pub(super) fn fields<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    Option::<Few<T>>::deserialize(deserializer).map(|fields| fields.map_or_else(Vec::new, |Few(fields)| fields))
}

/// An array that is not too long.
struct Few<T>(Vec<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Few<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut few = Vec::new();
        let add = |field: T| {
            few.push(field);
            if few.len() > MOST_FIELDS { Err(()) } else { Ok(()) }
        };
        let ended = deserializer.deserialize_seq(Each { add, record: PhantomData });
        if few.len() > MOST_FIELDS {
            return Err(de::Error::custom(format!("a message has more than {MOST_FIELDS} fields")));
        }
        ended.map(|()| Self(few))
    }
}
