//! The trace that an exchange belongs to, by the headers of its request.

use super::message::field;
use crate::capture::words::cut;

/// The ids, and the W3C flags.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Trace {
    trace: [u8; 16],
    span: [u8; 8],
    /// A number of 32 bits, of which the first byte is W3C's flags; 1: sampled.
    flags: [u8; 4],
}

/// Writes what `traceparent` says (W3C Trace Context), or else `b3`, or else `x-b3-*`. `header` gives a header's value, or
/// nothing.
pub fn write<'a>(out: &mut Vec<u8>, header: impl Fn(&str) -> &'a [u8]) {
    let (version, w3c) = cut(header("traceparent"), b'-');
    let b3 = header("x-b3-traceid");
    let mut found = Trace::default();
    if hex(version, &mut [0]) && version != b"ff" && found.read(w3c.unwrap_or_default(), true)
        || found.read(header("b3"), false)
        || !b3.is_empty() && found.is(b3, header("x-b3-spanid"), header("x-b3-sampled"), false)
    {
        field(out, 0x4a, &found.trace);
        field(out, 0x52, &found.span);
        if found.flags != [0; 4] {
            out.push(0x45);
            out.extend_from_slice(&found.flags);
        }
    }
}

impl Trace {
    /// Whether this is `trace-span-flags`.
    #[inline(never)]
    fn read(&mut self, text: &[u8], w3c: bool) -> bool {
        let (trace, rest) = cut(text, b'-');
        let (span, rest) = cut(rest.unwrap_or_default(), b'-');
        let (flags, _) = cut(rest.unwrap_or_default(), b'-');
        self.is(trace, span, flags, w3c)
    }

    /// Whether these are ids that are not all zeros, and flags. A trace's id may have half its length; flags that are not
    /// W3C's are a word.
    #[inline(never)]
    fn is(&mut self, trace: &[u8], span: &[u8], flags: &[u8], w3c: bool) -> bool {
        *self = Self::default();
        let (_, half) = self.trace.split_at_mut(8);
        let (first, _) = self.flags.split_at_mut(1);
        first.fill(u8::from(matches!(flags, b"1" | b"d")));
        (hex(trace, half) || hex(trace, &mut self.trace))
            && hex(span, &mut self.span)
            && (!w3c || hex(flags, first))
            && self.trace != [0; 16]
            && self.span != [0; 8]
    }
}

/// Whether the text is so many bytes in hexadecimal digits, small ones.
#[inline(never)]
fn hex(text: &[u8], bytes: &mut [u8]) -> bool {
    if text.len() != bytes.len() * 2 {
        return false;
    }
    for (pair, byte) in text.chunks_exact(2).zip(bytes) {
        for digit in pair {
            let value = match digit {
                b'0'..=b'9' => digit & 15,
                b'a'..=b'f' => (digit & 15) + 9,
                _ => return false,
            };
            *byte = (*byte << 4) | value;
        }
    }
    true
}
