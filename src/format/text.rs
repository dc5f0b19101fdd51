//! How bytes become JSON strings.

use crate::body::Body;
use serde::{Serialize, Serializer};
use std::{borrow::Cow, fmt};

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

/// A body in standard base64 with padding (RFC 4648, section 4), as Go's `encoding/json` writes `[]byte`.
#[derive(Clone, Copy, Debug)]
pub struct Base64<'a>(pub &'a Body);

impl Serialize for Base64<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // Written piecewise into the serializer: the encoded body never exists a second time.
        serializer.collect_str(self)
    }
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// How much is encoded at a time: a stack buffer of 4/3 of it.
const STEP: usize = 768;

impl fmt::Display for Base64<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut pending = Vec::with_capacity(STEP);
        let mut encoded = String::with_capacity(STEP.div_ceil(3).saturating_mul(4));
        for mut chunk in self.0.chunks() {
            while !chunk.is_empty() {
                let (now, later) = chunk.split_at(chunk.len().min(STEP.saturating_sub(pending.len())));
                pending.extend_from_slice(now);
                chunk = later;
                if pending.len() == STEP {
                    encode(&pending, &mut encoded);
                    f.write_str(&encoded)?;
                    encoded.clear();
                    pending.clear();
                }
            }
        }
        encode(&pending, &mut encoded);
        f.write_str(&encoded)
    }
}

/// Appends the base64 of `bytes`, padded.
fn encode(bytes: &[u8], out: &mut String) {
    for group in bytes.chunks(3) {
        let (a, b, c) = match *group {
            [a, b, c] => (a, Some(b), Some(c)),
            [a, b] => (a, Some(b), None),
            [a] => (a, None, None),
            _ => return,
        };
        let bits = (u32::from(a) << 16) | (u32::from(b.unwrap_or(0)) << 8) | u32::from(c.unwrap_or(0));
        out.push(digit(bits >> 18));
        out.push(digit(bits >> 12));
        out.push(b.map_or('=', |_| digit(bits >> 6)));
        out.push(c.map_or('=', |_| digit(bits)));
    }
}

/// The base64 digit of the lowest six bits.
fn digit(bits: u32) -> char {
    ALPHABET.get((bits & 63) as usize).map_or('=', |digit| char::from(*digit))
}
