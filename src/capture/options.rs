//! The options of capture: which bodies are kept, and how much of them.

use super::{
    headers::media_type,
    words::{begins, cut, same},
};
use crate::json::options::options;

options! {
    /// Which bodies are kept, and how much of them.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct CaptureConfig(oversize: OversizeBody, encoding: ContentEncoding) {
        /// the first bytes of a body that are kept
        max_body_bytes: usize = whole("max_body_bytes", 1_000_000, 0..=64 << 20),
        /// what becomes of a longer body; `drop` leaves it empty, as the original does
        oversize_body: OversizeBody = choice("oversize_body", &OversizeBody::WORDS, oversize),
        /// what becomes of a coded body: `decode` (the default of `apiclarity` and `otlp`) decodes gzip and deflate and leaves others empty
        content_encoding: ContentEncoding = choice("content_encoding", &ContentEncoding::WORDS, encoding),
        /// whether request bodies are kept
        request_body: bool = bool("request_body", true),
        /// whether response bodies are kept
        response_body: bool = bool("response_body", true),
        /// whether trailers are kept; `apiclarity` has no place for them, `otlp` has gRPC's status
        trailers: bool = bool("trailers", true),
        /// types whose bodies are kept (`application/json`, `text/*`, `application/*+json`)
        content_types: Vec<String> = media_types("content_types"),
    }
}

/// The treatment of a body that is longer than `max_body_bytes`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OversizeBody {
    /// Its first bytes are kept.
    Truncate,
    /// Nothing is kept, as the original filter does it.
    Drop,
}

impl OversizeBody {
    const WORDS: [(&str, Self); 2] = [("truncate", Self::Truncate), ("drop", Self::Drop)];
}

/// The treatment of a body with a `content-encoding`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContentEncoding {
    /// It is kept as it passed.
    Keep,
    /// `gzip`, `x-gzip` and `deflate` are decoded, others dropped.
    Decode,
    /// Nothing is kept.
    Drop,
}

impl ContentEncoding {
    const WORDS: [(&str, Self); 3] = [("keep", Self::Keep), ("decode", Self::Decode), ("drop", Self::Drop)];
}

// === impl CaptureConfig ===

impl CaptureConfig {
    /// Whether bodies of this `content-type` are kept. One without a type is, unless types are listed.
    pub fn keeps_type(&self, content_type: &[u8]) -> bool {
        let media_type = media_type(content_type);
        // `type/*`, and `type/*+suffix`: the star stands for no byte or more.
        let matches = |pattern: &String| match cut(pattern.as_bytes(), b'*') {
            (b"", _) => true,
            (start, Some(end)) => {
                let rest = media_type.get(start.len()..).unwrap_or_default();
                let last = rest.len().checked_sub(end.len()).and_then(|from| rest.get(from..));
                begins(media_type, start) && last.is_some_and(|last| same(last, end))
            }
            (whole, None) => same(media_type, whole),
        };
        self.content_types.is_empty() || self.content_types.iter().any(matches)
    }
}
