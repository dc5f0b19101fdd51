//! The bits of a body, lowest first.

use std::slice::Iter;

/// A reader of bits. Whatever wants more bits than there are gets `None`.
pub(super) struct Bits<'a> {
    bytes: Iter<'a, u8>,
    /// The next bits, and zeros after them.
    held: u64,
    count: u32,
}

impl<'a> Bits<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes: bytes.iter(), held: 0, count: 0 }
    }

    /// At least 57 bits, with zeros after the last one.
    pub(super) fn held(&mut self) -> u64 {
        while self.count <= 56 {
            let Some(byte) = self.bytes.next() else { break };
            self.held |= u64::from(*byte) << self.count;
            self.count += 8;
        }
        self.held
    }

    /// Goes on by `count` of the bits that are held.
    pub(super) fn skip(&mut self, count: u32) -> Option<()> {
        self.count = self.count.checked_sub(count)?;
        self.held >>= count;
        Some(())
    }

    /// The next bits, at most 32.
    #[inline(never)]
    pub(super) fn take(&mut self, count: u32) -> Option<u32> {
        let bits = self.held() & ((1 << count) - 1);
        self.skip(count)?;
        Some(bits as u32)
    }

    /// Goes on to the next whole byte.
    pub(super) fn align(&mut self) {
        // There are that many: bytes come whole.
        let _ = self.skip(self.count % 8);
    }

    /// Goes on by whole bytes.
    #[inline(never)]
    pub(super) fn skip_bytes(&mut self, count: u32) -> Option<()> {
        for _ in 0..count {
            self.take(8)?;
        }
        Some(())
    }
}
