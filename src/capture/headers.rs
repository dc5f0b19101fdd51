//! A header map as Envoy hands it over, and the headers that a record shows.

use super::words::{cut, trim};

/// A header map: wire order, duplicates kept, names in lower case, values any bytes. Pseudo headers included.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headers(Vec<(String, Vec<u8>)>);

impl Headers {
    /// The first value of `name`, which must be in lower case.
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_slice())
    }

    /// Every value of `name`, which must be in lower case, in wire order.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        self.0.iter().filter(move |(n, _)| n == name).map(|(_, value)| value.as_slice())
    }

    /// The memory held, in bytes: the texts, and what the list and the allocator take for each.
    pub fn held(&self) -> usize {
        const ENTRY: usize = 64;
        let texts = |(name, value): &(String, Vec<u8>)| name.len().saturating_add(value.len()).saturating_add(ENTRY);
        self.0.iter().map(texts).fold(0, usize::saturating_add)
    }

    /// Whether there is no header at all, not even a pseudo header.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The headers of a record: all but pseudo headers and `x-envoy-*`. Those are messages from one Envoy to the next.
    pub fn exported(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let shown = |(name, _): &&(String, Vec<u8>)| !name.starts_with(':') && !name.starts_with("x-envoy-");
        self.0.iter().filter(shown).map(|(name, value)| (name.as_str(), value.as_slice()))
    }
}

impl From<Vec<(String, Vec<u8>)>> for Headers {
    fn from(map: Vec<(String, Vec<u8>)>) -> Self {
        Self(map)
    }
}

/// The media type of a `content-type`, without its parameters (RFC 9110, section 8.3.1).
pub fn media_type(content_type: &[u8]) -> &[u8] {
    trim(cut(content_type, b';').0)
}
