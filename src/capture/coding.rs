//! How a message says that its body is coded.

use super::{
    headers::Headers,
    inflate::Coding,
    words::{cut, same, trim},
};

/// What `content-encoding` names (RFC 9110, section 8.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContentCoding {
    /// Nothing: the body is as its type says.
    Identity,
    /// One coding that can be decoded.
    Known(Coding),
    /// Another one, or several.
    Other,
}

impl ContentCoding {
    /// What the headers of a message say.
    pub fn of(headers: &Headers) -> Self {
        let mut coding = Self::Identity;
        for line in headers.all("content-encoding") {
            let mut rest = Some(line);
            while let Some((name, after)) = rest.map(|rest| cut(rest, b',')) {
                rest = after;
                let is = |words: &[&[u8]]| words.iter().any(|word| same(trim(name), word));
                let named = if is(&[b"", b"identity"]) {
                    continue;
                } else if is(&[b"gzip", b"x-gzip"]) {
                    Self::Known(Coding::Gzip)
                } else if is(&[b"deflate"]) {
                    Self::Known(Coding::Deflate)
                } else {
                    Self::Other
                };
                coding = if coding == Self::Identity { named } else { Self::Other };
            }
        }
        coding
    }
}
