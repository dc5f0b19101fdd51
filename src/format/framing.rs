//! How several records stand in one export request.

/// The framings of a format whose records are JSON, by their names in the configuration. The first is the default.
pub const JSON: &[(&str, Framing)] = &[("ndjson", Framing::Ndjson), ("array", Framing::Array)];

/// How several records stand in one export request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// One object a line.
    Ndjson,
    /// A JSON array.
    Array,
}

impl Framing {
    /// The `content-type` of such a request.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Ndjson => "application/x-ndjson",
            Self::Array => "application/json",
        }
    }

    /// The bytes before the first record, between two, and after the last. No line break ends the last line: collectors
    /// that split at line breaks would take what follows it for an empty record.
    pub fn delimiters(self) -> [&'static [u8]; 3] {
        match self {
            Self::Ndjson => [b"", b"\n", b""],
            Self::Array => [b"[", b",", b"]"],
        }
    }
}
