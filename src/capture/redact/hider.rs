//! What all have in common that hide values in bytes.

use crate::capture::bounded::Bounded;

/// Hides values, byte by byte: so it works on what is cut or broken anywhere.
pub(super) trait Hider {
    /// The next byte.
    fn feed(&mut self, byte: u8, shown: &mut Bounded);

    /// The bytes end, or are cut.
    fn finish(&mut self, _: &mut Bounded) {}
}

/// What a hider leaves of bytes.
pub(super) fn hide(hider: &mut dyn Hider, bytes: &[u8], limit: usize) -> Bounded {
    let mut shown = Bounded::new(limit);
    for byte in bytes {
        hider.feed(*byte, &mut shown);
    }
    hider.finish(&mut shown);
    shown
}

/// Shows bytes; whether there was room for them is known by `shown`.
#[inline(never)]
pub(super) fn show(bytes: &[u8], shown: &mut Bounded) {
    for byte in bytes {
        let _ = shown.push(*byte);
    }
}
