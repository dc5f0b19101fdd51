//! The first bytes of a body, up to a limit.

use super::options::OversizeBody;

/// Chunks shorter than this are joined, so that a body sent byte by byte costs no more than one sent whole.
const JOIN_BELOW: usize = 4096;

/// Keeps the first bytes of a body in the pieces in which Envoy delivered them: nothing is copied or moved for a body
/// of ordinary chunks.
#[derive(Debug, Default)]
pub struct Body {
    chunks: Vec<Vec<u8>>,
    len: usize,
    truncated: bool,
}

impl Body {
    /// Keeps what it may of the next `available` bytes: the whole body has `limit` bytes at most, and `memory` bytes
    /// are free. `read` gives as many bytes as it is asked for; when it gives fewer, the body ends there. A body that
    /// is not kept whole is marked as truncated, and `oversize` says whether its first bytes stay.
    pub fn keep(
        &mut self,
        available: usize,
        limit: usize,
        memory: usize,
        oversize: OversizeBody,
        read: impl FnOnce(usize) -> Vec<u8>,
    ) {
        if self.truncated {
            return; // a hole in the middle would be worse than a missing end
        }
        let wanted = available.min(limit.saturating_sub(self.len)).min(memory);
        self.truncated = wanted < available;
        let forget = |truncated| truncated && oversize == OversizeBody::Drop;
        if wanted > 0 && !forget(self.truncated) {
            let mut chunk = read(wanted);
            chunk.truncate(wanted);
            self.truncated |= chunk.len() < wanted;
            self.push(chunk);
        }
        if forget(self.truncated) {
            self.drop_bytes();
        }
    }

    fn push(&mut self, mut chunk: Vec<u8>) {
        self.len = self.len.saturating_add(chunk.len());
        if chunk.len() < JOIN_BELOW {
            if let Some(last) = self.chunks.last_mut().filter(|last| last.len() < JOIN_BELOW) {
                last.append(&mut chunk);
                return;
            }
        }
        if !chunk.is_empty() {
            self.chunks.push(chunk);
        }
    }

    /// The stream ended before the body did, or nobody saw whether it did. `oversize` is as in [`Body::keep`].
    pub fn cut(&mut self, oversize: OversizeBody) {
        match oversize {
            OversizeBody::Truncate => self.truncated = true,
            OversizeBody::Drop => *self = Self { truncated: true, ..Self::default() },
        }
    }

    /// Gives up the last bytes, so many or all; `oversize` is as in [`Body::keep`].
    pub fn shorten(&mut self, mut by: usize, oversize: OversizeBody) {
        if by > 0 && oversize == OversizeBody::Drop {
            return self.drop_bytes();
        }
        while by > 0 {
            let Some(last) = self.chunks.last_mut() else { break };
            let cut = by.min(last.len());
            last.truncate(last.len().saturating_sub(cut));
            self.len = self.len.saturating_sub(cut);
            by = by.saturating_sub(cut);
            self.truncated = true;
            if last.is_empty() {
                self.chunks.pop();
            }
        }
    }

    /// Takes the bytes out, in one piece. The flag stays.
    pub fn take(&mut self) -> Vec<u8> {
        self.len = 0;
        let mut chunks = std::mem::take(&mut self.chunks);
        if let [only] = chunks.as_mut_slice() {
            return std::mem::take(only);
        }
        chunks.concat()
    }

    /// Keeps other bytes in place of those that were kept. Unless they are `whole`, the body counts as truncated.
    pub fn replace(&mut self, bytes: Vec<u8>, whole: bool) {
        *self = Self { truncated: self.truncated || !whole, ..Self::default() };
        self.push(bytes);
    }

    /// Forgets the bytes that were kept: a record cannot show them. The body counts as truncated.
    pub fn drop_bytes(&mut self) {
        *self = Self { truncated: true, ..Self::default() };
    }

    /// Forgets the bytes that were kept: they turned out not to be an HTTP body.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// The memory held, in bytes.
    pub fn held(&self) -> usize {
        self.chunks.iter().map(Vec::capacity).sum()
    }

    /// Bytes kept.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether nothing was kept.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Whether the body had, or may have had, more bytes than were kept.
    pub fn truncated(&self) -> bool {
        self.truncated
    }

    /// The bytes kept, in order.
    pub fn chunks(&self) -> impl Iterator<Item = &[u8]> {
        self.chunks.iter().map(Vec::as_slice)
    }
}
