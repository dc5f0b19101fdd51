//! A header map as Envoy hands it over, and the headers that a record shows.

use super::words::{cut, trim};

/// The lengths of a name and of a value, in bytes.
const PAIR: usize = 8;

/// A header map: wire order, duplicates kept, names in lower case, names and values any bytes. Pseudo headers included.
///
/// It is what Envoy handed over, in one piece (proxy-wasm ABI 0.2.1): the count, the lengths of each name and value as
/// 32-bit little-endian numbers, then each name and each value, followed by a NUL. What does not follow this is left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headers(Vec<u8>);

/// A walk through a header map.
#[derive(Clone, Debug)]
struct Fields<'a> {
    lengths: &'a [u8],
    texts: &'a [u8],
}

/// A walk through those headers that records show.
#[derive(Clone, Debug)]
struct Exported<'a>(Fields<'a>);

// === impl Headers ===

impl Headers {
    /// A map as Envoy serializes it.
    pub fn new(serialized: Vec<u8>) -> Self {
        Self(serialized)
    }

    fn fields(&self) -> Fields<'_> {
        let walk = || {
            let (count, rest) = self.0.split_first_chunk()?;
            let lengths = (u32::from_le_bytes(*count) as usize).checked_mul(PAIR)?;
            let (lengths, texts) = rest.split_at_checked(lengths)?;
            Some(Fields { lengths, texts })
        };
        walk().unwrap_or(Fields { lengths: &[], texts: &[] })
    }

    /// The first value of `name`, which must be in lower case.
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.fields().find(|(found, _)| *found == name.as_bytes()).map(|(_, value)| value)
    }

    /// Every value of `name`, which must be in lower case, in wire order.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        self.fields().filter(move |(found, _)| *found == name.as_bytes()).map(|(_, value)| value)
    }

    /// The memory held, in bytes, with what the allocator takes.
    pub fn held(&self) -> usize {
        const ALLOCATION: usize = 64;
        self.0.capacity().checked_add(ALLOCATION).filter(|_| !self.0.is_empty()).unwrap_or(0)
    }

    /// Whether there is no header at all, not even a pseudo header.
    pub fn is_empty(&self) -> bool {
        self.fields().next().is_none()
    }

    /// The headers of a record, names and values: all but pseudo headers and `x-envoy-*`. Those are messages from one Envoy to
    /// the next.
    pub fn exported(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        Exported(self.fields())
    }
}

/// By hand, as tests do it.
impl From<Vec<(String, Vec<u8>)>> for Headers {
    fn from(pairs: Vec<(String, Vec<u8>)>) -> Self {
        let (mut count, mut lengths, mut texts) = (0_u32, Vec::new(), Vec::new());
        for (name, value) in pairs {
            count = count.saturating_add(1);
            for text in [name.as_bytes(), &value] {
                lengths.extend((text.len() as u32).to_le_bytes());
                texts.extend_from_slice(text);
                texts.push(0);
            }
        }
        Self([&count.to_le_bytes()[..], &lengths, &texts].concat())
    }
}

// === impl Fields ===

impl<'a> Iterator for Fields<'a> {
    type Item = (&'a [u8], &'a [u8]);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let (pair, lengths) = self.lengths.split_first_chunk()?;
        let pair = u64::from_le_bytes(*pair);
        let (name, rest) = self.texts.split_at_checked(pair as u32 as usize)?;
        let (value, rest) = rest.get(1..)?.split_at_checked((pair >> 32) as usize)?;
        *self = Self { lengths, texts: rest.get(1..)? };
        Some((name, value))
    }
}

impl<'a> Iterator for Exported<'a> {
    type Item = (&'a [u8], &'a [u8]);

    // Once in the wasm: a filter is written out at each place.
    #[inline(never)]
    fn next(&mut self) -> Option<Self::Item> {
        self.0.find(|(name, _)| !matches!(name, [b':', ..] | [b'x', b'-', b'e', b'n', b'v', b'o', b'y', b'-', ..]))
    }
}

/// The media type of a `content-type`, without its parameters (RFC 9110, section 8.3.1).
pub fn media_type(content_type: &[u8]) -> &[u8] {
    trim(cut(content_type, b';').0)
}
