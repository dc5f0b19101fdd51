//! Protobuf, as far as OTLP needs it. Lengths are reckoned before anything is written, so nothing is moved.

use crate::capture::body::Body;
use std::borrow::Cow;

/// The field of a record's attributes (`LogRecord.attributes`).
pub const OF_RECORD: u8 = 0x32;
/// The field of a resource's attributes (`Resource.attributes`).
pub const OF_RESOURCE: u8 = 0x0a;

// The fields of `AnyValue`.
const STRING: u8 = 0x0a;
const BOOL: u8 = 0x10;
const INT: u8 = 0x18;
const DOUBLE: u8 = 0x21;
/// A list of values.
const LIST: u8 = 0x2a;
const BYTES: u8 = 0x3a;

/// The field that a value is in a list (`ArrayValue.values`).
pub const ITEM: u8 = 0x0a;

// The fields of `KeyValue`.
const KEY: u8 = 0x0a;
const VALUE: u8 = 0x12;

/// Writes a number, seven bits a byte.
#[inline(never)]
pub fn varint(out: &mut Vec<u8>, mut number: u64) {
    loop {
        let more = u8::from(number > 127) << 7;
        out.push(number as u8 & 127 | more);
        number >>= 7;
        if more == 0 {
            break;
        }
    }
}

/// Writes the tag of a field, and a number: the field itself, or its length.
#[inline(never)]
pub fn tagged(out: &mut Vec<u8>, tag: u8, number: u64) {
    out.push(tag);
    // Nearly always, and so without a loop.
    if number < 128 {
        out.push(number as u8);
    } else {
        varint(out, number);
    }
}

/// How many bytes [`varint`] writes.
#[inline(never)]
pub fn varint_size(number: u64) -> usize {
    // Nine 64ths are more than a seventh, but not so much that it matters for 64 bits.
    let bits = (number | 1).ilog2() as usize;
    (bits * 9 + 73) / 64
}

/// Writes a field that is a moment: milliseconds since the epoch, as nanoseconds.
#[inline(never)]
pub fn moment(out: &mut Vec<u8>, tag: u8, millis: u64) {
    out.push(tag);
    out.extend_from_slice(&millis.wrapping_mul(1_000_000).to_le_bytes());
}

/// Writes a field that has a length: a string, bytes or a message.
#[inline(never)]
pub fn field(out: &mut Vec<u8>, tag: u8, bytes: &[u8]) {
    tagged(out, tag, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// How many bytes [`field`] writes.
#[inline(never)]
pub fn field_size(length: usize) -> usize {
    1 + varint_size(length as u64) + length
}

/// Writes a field that is an `AnyValue` with a string. What is not UTF-8 is replaced.
#[inline(never)]
pub fn string(out: &mut Vec<u8>, tag: u8, bytes: &[u8]) {
    let text = utf8(bytes);
    tagged(out, tag, field_size(text.len()) as u64);
    field(out, STRING, &text);
}

/// The same bytes, where what is not UTF-8 is replaced.
#[inline(never)]
fn utf8(bytes: &[u8]) -> Cow<'_, [u8]> {
    // Looks at several bytes at once, where `from_utf8_lossy` looks at each.
    match std::str::from_utf8(bytes) {
        Ok(_) => Cow::Borrowed(bytes),
        Err(_) => Cow::Owned(String::from_utf8_lossy(bytes).into_owned().into_bytes()),
    }
}

/// Writes attributes one after the other.
#[derive(Debug)]
pub struct Attributes<'a> {
    /// The message that they belong to.
    pub out: &'a mut Vec<u8>,
    /// The field that they are in it.
    pub of: u8,
    /// What their names begin with.
    pub start: &'static str,
}

impl Attributes<'_> {
    /// Begins an attribute whose `AnyValue` has this size.
    #[inline(never)]
    fn open(&mut self, name: &[u8], size: usize) {
        let key = self.start.len() + name.len();
        tagged(self.out, self.of, (field_size(key) + field_size(size)) as u64);
        tagged(self.out, KEY, key as u64);
        self.out.extend_from_slice(self.start.as_bytes());
        self.out.extend_from_slice(name);
        tagged(self.out, VALUE, size as u64);
    }

    /// Bytes that are a value of this kind.
    fn piece(&mut self, name: &[u8], kind: u8, bytes: &[u8]) {
        self.open(name, field_size(bytes.len()));
        field(self.out, kind, bytes);
    }

    /// A string, unless it is empty. What is not UTF-8 is replaced.
    #[inline(never)]
    pub fn text(&mut self, name: &str, bytes: &[u8]) {
        if !bytes.is_empty() && !self.short(name.as_bytes(), &[VALUE, STRING], bytes) {
            self.piece(name.as_bytes(), STRING, &utf8(bytes));
        }
    }

    /// A string in these fields, each in the one before it. Nearly all are so short that each length is one byte, and need not be
    /// reckoned; whether this one is, and is UTF-8. If not, nothing is written.
    #[inline(never)]
    fn short(&mut self, name: &[u8], fields: &[u8], value: &[u8]) -> bool {
        let key = self.start.len() + name.len();
        let mut left = value.len() + fields.len() * 2;
        let all = key + left + 2;
        if all >= 128 || std::str::from_utf8(value).is_err() {
            return false;
        }
        for byte in [self.of, all as u8, KEY, key as u8] {
            self.out.push(byte);
        }
        self.out.extend_from_slice(self.start.as_bytes());
        self.out.extend_from_slice(name);
        for field in fields {
            left -= 2;
            self.out.push(*field);
            self.out.push(left as u8);
        }
        self.out.extend_from_slice(value);
        true
    }

    /// A list of one string, unless it is long, or is not UTF-8: then nothing is written, and the answer is no.
    pub fn one(&mut self, name: &[u8], value: &[u8]) -> bool {
        std::str::from_utf8(name).is_ok() && self.short(name, &[VALUE, LIST, ITEM, STRING], value)
    }

    /// A list of the strings that [`string`] wrote as items.
    pub fn list(&mut self, name: &[u8], strings: &[u8]) {
        self.piece(&utf8(name), LIST, strings);
    }

    /// A number.
    #[inline(never)]
    pub fn int(&mut self, name: &str, number: u64) {
        self.open(name.as_bytes(), 1 + varint_size(number));
        tagged(self.out, INT, number);
    }

    /// `true`.
    pub fn yes(&mut self, name: &str) {
        self.open(name.as_bytes(), 2);
        tagged(self.out, BOOL, 1);
    }

    /// A number with a fraction.
    pub fn double(&mut self, name: &str, number: f64) {
        self.open(name.as_bytes(), 9);
        self.out.push(DOUBLE);
        self.out.extend_from_slice(&number.to_le_bytes());
    }

    /// A body: a string if it should be `textual` and is UTF-8, else bytes. Where it was cut, the string may end before a
    /// character that is not whole.
    pub fn content(&mut self, name: &str, body: &Body, textual: bool) {
        let (before, mut length) = (self.out.len(), body.len());
        loop {
            self.open(name.as_bytes(), field_size(length));
            let kind = self.out.len();
            tagged(self.out, STRING, length as u64);
            let from = self.out.len();
            for chunk in body.chunks() {
                self.out.extend_from_slice(chunk);
            }
            self.out.truncate(from + length);
            if textual {
                let Err(error) = std::str::from_utf8(self.out.get(from..).unwrap_or_default()) else { return };
                if body.truncated() && error.error_len().is_none() {
                    length = error.valid_up_to();
                    self.out.truncate(before);
                    continue;
                }
            }
            if let Some(kind) = self.out.get_mut(kind) {
                *kind = BYTES;
            }
            return;
        }
    }
}
