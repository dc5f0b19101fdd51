//! Records as JSON, and how bytes become JSON strings.

use crate::capture::{body::Body, record::Record};
use serde::{Serialize, Serializer};
use serde_json::ser::Formatter;
use std::{borrow::Cow, io};

/// Appends a value that shows this record.
///
/// # Errors
/// The value's own.
pub fn write<T: Serialize>(value: &T, record: &Record<'_>, out: &mut Vec<u8>) -> Result<(), serde_json::Error> {
    out.reserve(estimate(record));
    let bodies = Bodies { request: record.request.body, response: record.response.body };
    value.serialize(&mut serde_json::Serializer::with_formatter(out, bodies))
}

/// The size of a record's JSON in nearly all cases, so that the buffer is allocated once. Base64 makes 4 bytes of 3.
/// Headers gain their punctuation, which is most in `apiclarity`.
fn estimate(record: &Record<'_>) -> usize {
    let [fields, bodies] = [record.request, record.response]
        .map(|message| [message.headers.held().saturating_add(message.trailers.held()), message.body.len()])
        .into_iter()
        .fold([0_usize; 2], |[fields, bodies], [more, body]| {
            [fields.saturating_add(more), bodies.saturating_add(body)]
        });
    bodies.div_ceil(3).saturating_mul(4).saturating_add(fields.saturating_mul(2)).saturating_add(720)
}

/// Bytes that should be UTF-8: each bad sequence becomes U+FFFD, as [`String::from_utf8_lossy`] does it.
#[derive(Clone, Copy, Debug)]
pub struct Lossy<'a>(pub &'a [u8]);

impl Serialize for Lossy<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&String::from_utf8_lossy(self.0))
    }
}

/// Owned or borrowed bytes as [`Lossy`] shows them.
pub fn lossy(bytes: Cow<'_, [u8]>) -> Cow<'_, str> {
    match bytes {
        Cow::Borrowed(bytes) => String::from_utf8_lossy(bytes),
        Cow::Owned(bytes) => Cow::Owned(String::from_utf8_lossy(&bytes).into_owned()),
    }
}

/// The place of a body in a record. The body is written in standard base64 with padding (RFC 4648, section 4), as Go's
/// `encoding/json` writes `[]byte`. Only [`Bodies`] knows how to write it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Base64 {
    /// The request's body.
    Request,
    /// The response's.
    Response,
}

impl Base64 {
    /// The bytes that stand for this body in the serializer.
    fn token(self) -> &'static [u8] {
        match self {
            Self::Request => b"request",
            Self::Response => b"response",
        }
    }
}

impl Serialize for Base64 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self.token())
    }
}

/// Compact JSON in which bytes are a record's bodies. They go from their chunks straight into the output: serde_json
/// would look at each character of a string once more, for what must be escaped.
#[derive(Clone, Copy, Debug)]
pub struct Bodies<'a> {
    /// The body written in the place of [`Base64::Request`].
    pub request: &'a Body,
    /// The body written in the place of [`Base64::Response`].
    pub response: &'a Body,
}

impl Formatter for Bodies<'_> {
    fn write_byte_array<W: io::Write + ?Sized>(&mut self, writer: &mut W, token: &[u8]) -> io::Result<()> {
        let body = if token == Base64::Request.token() { self.request } else { self.response };
        writer.write_all(b"\"")?;
        write_base64(body, writer)?;
        writer.write_all(b"\"")
    }
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// How many groups of 3 bytes are encoded at a time.
const GROUPS: usize = 256;

fn write_base64<W: io::Write + ?Sized>(body: &Body, writer: &mut W) -> io::Result<()> {
    // Up to two bytes whose group goes on in the next chunk.
    let mut carried = Vec::with_capacity(3);
    for chunk in body.chunks() {
        let missing = if carried.is_empty() { 0 } else { 3_usize.saturating_sub(carried.len()) };
        let (head, rest) = chunk.split_at(chunk.len().min(missing));
        carried.extend_from_slice(head);
        if carried.len() == 3 {
            write_groups(&carried, writer)?;
            carried.clear();
        }
        let (groups, tail) = rest.split_at(rest.len().saturating_sub(rest.len() % 3));
        write_groups(groups, writer)?;
        carried.extend_from_slice(tail);
    }
    let (a, b) = match *carried.as_slice() {
        [a, b] => (a, Some(b)),
        [a] => (a, None),
        _ => return Ok(()),
    };
    let bits = (u32::from(a) << 16) | (u32::from(b.unwrap_or(0)) << 8);
    writer.write_all(&[digit(bits >> 18), digit(bits >> 12), b.map_or(b'=', |_| digit(bits >> 6)), b'='])
}

/// Writes whole groups of 3 bytes.
fn write_groups<W: io::Write + ?Sized>(groups: &[u8], writer: &mut W) -> io::Result<()> {
    for some in groups.chunks(GROUPS.saturating_mul(3)) {
        let mut encoded = [0; GROUPS.saturating_mul(4)];
        for (group, digits) in some.chunks_exact(3).zip(encoded.chunks_exact_mut(4)) {
            let ([a, b, c], [w, x, y, z]) = (group, digits) else { continue };
            let bits = (u32::from(*a) << 16) | (u32::from(*b) << 8) | u32::from(*c);
            (*w, *x, *y, *z) = (digit(bits >> 18), digit(bits >> 12), digit(bits >> 6), digit(bits));
        }
        let length = (some.len() / 3).saturating_mul(4);
        writer.write_all(encoded.get(..length).unwrap_or_default())?;
    }
    Ok(())
}

/// The base64 digit of the lowest six bits.
fn digit(bits: u32) -> u8 {
    ALPHABET.get((bits & 63) as usize).copied().unwrap_or(b'=')
}
