//! All that the rest of the filter must know of a wire format.

use super::framing::Framing;
use crate::capture::{
    options::{ContentEncoding, OversizeBody},
    record::Record,
};
use std::fmt;

/// A wire format. [`FORMATS`](super::FORMATS) lists them all.
pub struct Spec {
    /// The format's name in the configuration.
    pub name: &'static str,
    /// The path of the export request, unless the configuration names another.
    pub path: &'static str,
    /// The `content-type` of a request with one record that stands alone.
    pub content_type: &'static str,
    /// The framings in which several records may share a request, by their names in the configuration; the first is the
    /// default. None: the request's form is the protocol's own.
    pub framings: &'static [(&'static str, Framing)],
    /// Whether the collector takes one record a request only.
    pub one_a_request: bool,
    /// The statuses after which a request is sent again, unless the configuration names others; 3, 4 and 5 stand for all that
    /// begin so.
    pub retry_statuses: &'static [u16],
    /// How a body is treated that is longer than `capture.max_body_bytes`, unless the configuration says it.
    pub oversize_body: OversizeBody,
    /// How a body with a `content-encoding` is treated, unless the configuration says it.
    pub content_encoding: ContentEncoding,
    /// Whether an answer of 2xx may say that records were not taken.
    pub partial_success: bool,
    /// Appends a record to the bytes: see [`Spec::encode`].
    pub write: fn(&Record<'_>, &mut Vec<u8>),
}

impl Spec {
    /// The framing of several records, unless the configuration names another.
    pub fn framing(&self) -> Framing {
        self.framings.first().map_or(Framing::Otlp, |(_, framing)| *framing)
    }

    /// The bytes of one record.
    pub fn encode(&self, record: &Record<'_>) -> Vec<u8> {
        let mut out = Vec::new();
        (self.write)(record, &mut out);
        out.shrink_to_fit();
        out
    }
}

/// Two formats are the same when their names are.
impl PartialEq for Spec {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl fmt::Debug for Spec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}
