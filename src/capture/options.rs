//! The options of capture: which bodies are kept, and how much of them.

use super::headers::media_type;
use crate::json::options::options;

options! {
    /// Which bodies are kept, and how much of them.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct CaptureConfig(oversize: OversizeBody) {
        /// the first bytes of a body that are kept
        max_body_bytes: usize = whole("max_body_bytes", 1_000_000, 0..=64 << 20),
        /// what becomes of a longer body; `drop` leaves it empty, as the original does
        oversize_body: OversizeBody = choice("oversize_body", &OversizeBody::WORDS, oversize),
        /// whether request bodies are kept
        request_body: bool = bool("request_body", true),
        /// whether response bodies are kept
        response_body: bool = bool("response_body", true),
        /// whether trailers are kept; `apiclarity` has no place for them
        trailers: bool = bool("trailers", true),
        /// types whose bodies are kept (`application/json`, `text/*`)
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

// === impl CaptureConfig ===

impl CaptureConfig {
    /// Whether bodies of this `content-type` are kept. One without a type is, unless types are listed.
    pub fn keeps_type(&self, content_type: &[u8]) -> bool {
        let media_type = media_type(content_type);
        let matches = |pattern: &String| match pattern.strip_suffix('*') {
            Some("*/") => true,
            Some(kind) => media_type.get(..kind.len()).is_some_and(|start| start.eq_ignore_ascii_case(kind.as_bytes())),
            None => media_type.eq_ignore_ascii_case(pattern.as_bytes()),
        };
        self.content_types.is_empty() || self.content_types.iter().any(matches)
    }
}
