//! The options of capture: which bodies are kept, and how much of them.

use super::headers::media_type;

/// Which bodies are kept, and how much of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaptureConfig {
    /// The first bytes of each body that are kept.
    pub max_body_bytes: usize,
    /// What becomes of a longer body.
    pub oversize_body: OversizeBody,
    /// Whether request bodies are kept.
    pub request_body: bool,
    /// Whether response bodies are kept.
    pub response_body: bool,
    /// Media-type patterns, in lower case; none: every type.
    pub content_types: Vec<String>,
}

/// What becomes of a body that is longer than is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OversizeBody {
    /// Its first bytes are kept.
    #[default]
    Truncate,
    /// Nothing is kept, as the original filter does it.
    Drop,
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
