//! The first bytes of a body, up to a limit.

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
    /// How many of the next `available` bytes are still wanted, when `limit` bytes of the whole body are, and
    /// `memory` bytes are free. Marks the body as truncated when that is not all of them.
    pub fn wanted(&mut self, available: usize, limit: usize, memory: usize) -> usize {
        if self.truncated {
            return 0; // a hole in the middle would be worse than a missing end
        }
        let wanted = available.min(limit.saturating_sub(self.len)).min(memory);
        self.truncated = wanted < available;
        wanted
    }

    /// Appends a chunk and returns by how many bytes the memory it holds grew.
    pub fn push(&mut self, mut chunk: Vec<u8>) -> usize {
        if chunk.is_empty() {
            return 0;
        }
        self.len = self.len.saturating_add(chunk.len());
        if chunk.len() < JOIN_BELOW {
            if let Some(last) = self.chunks.last_mut().filter(|last| last.len() < JOIN_BELOW) {
                let before = last.capacity();
                last.append(&mut chunk);
                return last.capacity().saturating_sub(before);
            }
        }
        let held = chunk.capacity();
        self.chunks.push(chunk);
        held
    }

    /// Forgets what was kept of a body that is too long, when such bodies are dropped; the flag stays.
    pub fn drop_if_truncated(&mut self) {
        if self.truncated {
            *self = Self { truncated: true, ..Self::default() };
        }
    }

    /// Forgets what was kept: the bytes turned out not to be an HTTP body.
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

    /// Whether the body had more bytes than were kept.
    pub fn truncated(&self) -> bool {
        self.truncated
    }

    /// The bytes kept, in order.
    pub fn chunks(&self) -> impl Iterator<Item = &[u8]> {
        self.chunks.iter().map(Vec::as_slice)
    }
}
