//! The names whose values are hidden, and what is shown instead.

use crate::capture::words::same;

/// What stands in place of a redacted value.
pub const REDACTED: &[u8] = b"[redacted]";

/// Whether a name is one of these, in any case of ASCII letters.
#[inline(never)]
pub(super) fn is_listed(names: &[String], name: &[u8]) -> bool {
    names.iter().any(|listed| same(name, listed.as_bytes()))
}

/// Whether the name of a parameter or a form's field is one of these, or has one of these as a part: `token[]`,
/// `a[token]`, `a.token`. It may be percent-encoded.
#[inline(never)]
pub(super) fn has_listed(names: &[String], name: &[u8]) -> bool {
    let decoded = percent_decoded(name);
    let mut parts = decoded.split(|byte| matches!(byte, b'[' | b']' | b'.'));
    is_listed(names, name) || is_listed(names, &decoded) || parts.any(|part| is_listed(names, part))
}

/// A name as its receiver reads it: `to%6ben` is `token`. A plus sign stands for a space.
fn percent_decoded(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = text.iter();
    while let Some(byte) = rest.next() {
        let code = match rest.as_slice() {
            [high, low, ..] if *byte == b'%' => digit(*high).zip(digit(*low)),
            _ => None,
        };
        out.push(match code {
            Some((high, low)) => {
                rest.nth(1);
                ((high << 4) | low) as u8
            }
            None if *byte == b'+' => b' ',
            None => *byte,
        });
    }
    out
}

/// The value of a hexadecimal digit.
fn digit(byte: u8) -> Option<u32> {
    char::from(byte).to_digit(16)
}
