//! What a target reads out of the fuzzer's bytes. Small numbers take one byte each, from the front, so that a change of
//! one byte changes one decision, and inputs can be written by hand.

use arbitrary::Unstructured;

pub(crate) struct Input<'a>(Unstructured<'a>);

impl<'a> Input<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self(Unstructured::new(bytes))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Zero at the end of the bytes, as all of these.
    pub(crate) fn byte(&mut self) -> u8 {
        self.0.arbitrary().unwrap_or_default()
    }

    pub(crate) fn flag(&mut self) -> bool {
        self.byte() & 1 == 1
    }

    /// One of up to 256 numbers from 0.
    pub(crate) fn below(&mut self, limit: u8) -> usize {
        usize::from(self.byte() % limit)
    }

    pub(crate) fn choose<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.below(list.len() as u8)]
    }

    pub(crate) fn number(&mut self) -> u64 {
        self.0.arbitrary().unwrap_or_default()
    }

    /// A few bytes of any value.
    pub(crate) fn bytes(&mut self) -> &'a [u8] {
        let length = self.below(24).min(self.0.len());
        self.0.bytes(length).unwrap_or_default()
    }

    /// All bytes that are left.
    pub(crate) fn rest(&mut self) -> &'a [u8] {
        let length = self.0.len();
        self.0.bytes(length).unwrap_or_default()
    }

    pub(crate) fn text(&mut self) -> String {
        String::from_utf8_lossy(self.bytes()).into_owned()
    }
}
