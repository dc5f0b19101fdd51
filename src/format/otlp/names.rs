//! Which of a message's headers may be there twice.

/// Names that were seen, and those that may have been seen twice. Nearly always none was: then all other headers need not be
/// looked through for each.
#[derive(Debug, Default)]
pub(super) struct Names {
    seen: [u64; 2],
    again: [u64; 2],
}

impl Names {
    /// One more name.
    #[inline(never)]
    pub(super) fn see(&mut self, name: &[u8]) {
        let ([one, other], [seen_one, seen_other], [again_one, again_other]) = (bits(name), self.seen, self.again);
        self.again = [again_one | seen_one & one, again_other | seen_other & other];
        self.seen = [seen_one | one, seen_other | other];
    }

    /// Whether this name may have been seen twice. Where it was, the answer is yes.
    pub(super) fn may_repeat(&self, name: &[u8]) -> bool {
        let ([one, other], [again_one, again_other]) = (bits(name), self.again);
        again_one & one != 0 && again_other & other != 0
    }
}

/// Two of 64 bits: one by a name's length and its last byte, another by its first byte and its last but one. One alone would be that of
/// another name in every second message.
#[inline(never)]
fn bits(name: &[u8]) -> [u64; 2] {
    let [first, .., other, last] = name else { return [1; 2] };
    let bit = |number: usize, byte: &u8| 1 << ((number * 8 + usize::from(*byte)) & 63);
    [bit(name.len(), last), bit(usize::from(*first), other)]
}
