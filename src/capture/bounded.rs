//! Bytes that are made of a body, up to a bound.

/// It grows by at least so many bytes.
const GROWTH: usize = 4096;

/// The first bytes of something, never more than asked for, nor memory for more.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bounded {
    /// What there was, up to the bound.
    pub bytes: Vec<u8>,
    /// Whether this is all.
    pub whole: bool,
    limit: usize,
    /// To this length it may grow without asking for memory.
    reserved: usize,
}

impl Bounded {
    /// Nothing, until more comes.
    pub fn new(limit: usize) -> Self {
        Self { bytes: Vec::new(), whole: true, limit, reserved: 0 }
    }

    /// Nothing of what there is.
    pub fn nothing() -> Self {
        Self { whole: false, ..Self::default() }
    }

    /// Begins anew, with the same bound.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.whole = true;
    }

    /// One byte more; `None` where the bound is reached, or there is no memory.
    #[inline]
    pub fn push(&mut self, byte: u8) -> Option<()> {
        if self.bytes.len() == self.reserved {
            self.grow()?;
        }
        self.bytes.push(byte);
        Some(())
    }

    /// What stands from here on once more, `count` bytes of it; it may go on into what it adds.
    pub fn repeat(&mut self, from: usize, count: usize) -> Option<()> {
        for at in from..from.saturating_add(count) {
            let byte = *self.bytes.get(at)?;
            self.push(byte)?;
        }
        Some(())
    }

    #[cold]
    #[inline(never)]
    fn grow(&mut self) -> Option<()> {
        let len = self.bytes.len();
        let more = len.max(GROWTH).min(self.limit.saturating_sub(len));
        if more == 0 || self.bytes.try_reserve_exact(more).is_err() {
            self.whole = false;
            return None;
        }
        self.reserved += more;
        Some(())
    }
}
