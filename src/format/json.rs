//! Compact JSON, written byte by byte: a record is nothing but names that are known, texts and bodies. serde_json's writer asks for each
//! text as UTF-8 first, and looks at each character of a body once more, for what must be escaped.

use super::{base64::push_base64, decimal::push_decimal};
use crate::capture::{body::Body, record::Record};

/// What stands for bytes that are no UTF-8: U+FFFD.
pub(super) const REPLACEMENT: &str = "\u{fffd}";

/// Appends one JSON value. The caller opens and closes what it nests; commas come by themselves.
#[derive(Debug)]
pub struct Writer<'a> {
    out: &'a mut Vec<u8>,
    /// Whether the next value is the first in its list or object, or has its name before it.
    first: bool,
}

impl<'a> Writer<'a> {
    /// A writer that appends to these bytes, with room for this record.
    pub fn new(out: &'a mut Vec<u8>, record: &Record<'_>) -> Self {
        out.reserve(estimate(record));
        Self { out, first: true }
    }

    /// Begins an object or a list, with its bracket.
    #[inline(never)]
    pub fn open(&mut self, bracket: u8) {
        self.separate();
        self.out.push(bracket);
        self.first = true;
    }

    /// Ends what was begun.
    #[inline(never)]
    pub fn close(&mut self, bracket: u8) {
        self.out.push(bracket);
        self.first = false;
    }

    /// The name of the next value. It is written as it is.
    #[inline(never)]
    pub fn name(&mut self, name: &str) {
        self.separate();
        self.quoted(name.as_bytes());
        self.out.push(b':');
        self.first = true;
    }

    /// A member that is an object.
    pub fn object(&mut self, name: &str) {
        self.name(name);
        self.open(b'{');
    }

    /// A member that is a string.
    #[inline(never)]
    pub fn member(&mut self, name: &str, text: &[u8]) {
        self.name(name);
        self.string(text);
    }

    /// A member that is a number.
    #[inline(never)]
    pub fn number(&mut self, name: &str, number: u64) {
        self.name(name);
        push_decimal(self.out, number);
        self.first = false;
    }

    /// A member that is a number in quotes.
    pub fn digits(&mut self, name: &str, number: u16) {
        self.name(name);
        self.out.push(b'"');
        push_decimal(self.out, number.into());
        self.out.push(b'"');
        self.first = false;
    }

    /// A member that is `true` or `false`.
    #[inline(never)]
    pub fn bool(&mut self, name: &str, value: bool) {
        self.name(name);
        self.out.extend_from_slice(if value { b"true" } else { b"false" });
        self.first = false;
    }

    /// A member that is bytes: a string in standard base64 with padding (RFC 4648, section 4), as Go's `encoding/json` writes `[]byte`.
    #[inline(never)]
    pub fn base64(&mut self, name: &str, body: &Body) {
        self.name(name);
        self.out.push(b'"');
        push_base64(self.out, body);
        self.out.push(b'"');
        self.first = false;
    }

    /// A string (RFC 8259, section 7). Each bad sequence of UTF-8 becomes U+FFFD, as [`String::from_utf8_lossy`] does it.
    #[inline(never)]
    pub fn string(&mut self, text: &[u8]) {
        self.separate();
        self.out.push(b'"');
        let mut rest = text;
        while !rest.is_empty() {
            let plain = rest.iter().position(|byte| !is_plain(*byte)).unwrap_or(rest.len());
            let (run, special) = rest.split_at_checked(plain).unwrap_or((rest, &[]));
            self.out.extend_from_slice(run);
            rest = match special {
                [] => break,
                [byte @ 0..=0x7f, rest @ ..] => {
                    self.escape(*byte);
                    rest
                }
                _ => self.character(special),
            };
        }
        self.out.push(b'"');
    }

    /// A character that is not ASCII, or what is none, with which `text` begins; returns what follows it.
    fn character<'t>(&mut self, text: &'t [u8]) -> &'t [u8] {
        // No character is longer.
        let near = text.get(..4).unwrap_or(text);
        let Some(chunk) = near.utf8_chunks().next() else { return &[] };
        let length = match chunk.valid().chars().next() {
            Some(character) => {
                let length = character.len_utf8();
                self.out.extend_from_slice(text.get(..length).unwrap_or_default());
                length
            }
            None => {
                self.out.extend_from_slice(REPLACEMENT.as_bytes());
                chunk.invalid().len()
            }
        };
        text.get(length..).unwrap_or_default()
    }

    fn escape(&mut self, byte: u8) {
        let short = match byte {
            b'"' | b'\\' => byte,
            0x08 => b'b',
            b'\t' => b't',
            b'\n' => b'n',
            0x0c => b'f',
            b'\r' => b'r',
            _ => {
                let digit = |nibble: u8| if nibble < 10 { b'0' | nibble } else { (b'a' - 10).wrapping_add(nibble) };
                return self.out.extend_from_slice(&[b'\\', b'u', b'0', b'0', digit(byte >> 4), digit(byte & 15)]);
            }
        };
        self.out.extend_from_slice(&[b'\\', short]);
    }

    fn quoted(&mut self, text: &[u8]) {
        self.out.push(b'"');
        self.out.extend_from_slice(text);
        self.out.push(b'"');
    }

    fn separate(&mut self) {
        if !std::mem::take(&mut self.first) {
            self.out.push(b',');
        }
    }
}

/// Whether a byte stands for itself in a string: ASCII but for control characters and what must be escaped.
fn is_plain(byte: u8) -> bool {
    matches!(byte, b' '..=0x7f) && byte != b'"' && byte != b'\\'
}

/// The size of a record's JSON in nearly all cases, so that the buffer is allocated once. Base64 makes 4 bytes of 3.
/// Headers gain their punctuation, which is most in `apiclarity`.
fn estimate(record: &Record<'_>) -> usize {
    let mut size = 720_usize;
    for message in [record.request, record.response] {
        let fields = message.headers.held().saturating_add(message.trailers.held());
        let body = message.body.len().div_ceil(3).saturating_mul(4);
        size = size.saturating_add(fields.saturating_mul(2)).saturating_add(body);
    }
    size
}
