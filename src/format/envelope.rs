//! What stands around the records of an export request.

use super::{
    framing::Framing,
    otlp::{
        message::{field_size, tagged, varint, varint_size},
        resource,
    },
    spec::Spec,
};

/// What stands before the first record, between two, and after the last. No line break ends the last line: collectors
/// that split at line breaks would take what follows it for an empty record.
type Delimiters = [&'static [u8]; 3];

static ALONE: Delimiters = [b"", b"", b""];
static NDJSON: Delimiters = [b"", b"\n", b""];
static ARRAY: Delimiters = [b"[", b",", b"]"];
/// `ExportLogsServiceRequest.resource_logs`.
static OTLP: Delimiters = [b"\x0a", b"", b""];

/// What stands around the records of an export request.
#[derive(Clone, Debug)]
pub struct Envelope {
    /// The `content-type` of a request.
    pub content_type: &'static str,
    delimiters: &'static Delimiters,
    /// More that stands before the first record, each after the length of all that follows it: protobuf's messages in
    /// messages. Then each record is one more.
    nested: Option<[Vec<u8>; 2]>,
}

impl Envelope {
    /// That of a format's requests. What `node` finds is in [`resource::head`].
    pub fn new(
        format: &Spec,
        framing: Framing,
        max_records: usize,
        resource: &[(String, String)],
        node: impl Fn(&str) -> Vec<u8>,
    ) -> Self {
        let (delimiters, content_type) = match framing {
            Framing::Otlp => (&OTLP, format.content_type),
            _ if max_records == 1 => (&ALONE, format.content_type),
            Framing::Ndjson => (&NDJSON, "application/x-ndjson"),
            Framing::Array => (&ARRAY, format.content_type),
        };
        let nested = (framing == Framing::Otlp).then(|| resource::head(resource, node));
        Self { content_type, delimiters, nested }
    }

    /// How many bytes a record takes in a request that has `before` it.
    pub fn record_size(&self, record: usize, before: usize) -> usize {
        let [_, between, _] = self.delimiters;
        let between = if before == 0 { 0 } else { between.len() };
        between + if self.nested.is_some() { field_size(record) } else { record }
    }

    /// How many bytes a request has whose records take so many.
    pub fn size(&self, records: usize) -> usize {
        let [outer, _] = self.lengths(records);
        let length = if self.nested.is_some() { varint_size(outer as u64) } else { 0 };
        let [open, _, close] = self.delimiters;
        open.len() + length + outer + close.len()
    }

    /// How long all is that follows each length.
    fn lengths(&self, records: usize) -> [usize; 2] {
        let Some([outer, inner]) = &self.nested else { return [records; 2] };
        let inner = inner.len() + records;
        [outer.len() + varint_size(inner as u64) + inner, inner]
    }

    /// Writes what stands before the records, which take so many bytes.
    pub fn open(&self, out: &mut Vec<u8>, records: usize) {
        let [open, _, _] = self.delimiters;
        out.extend_from_slice(open);
        if let Some([outer, inner]) = &self.nested {
            let [of_outer, of_inner] = self.lengths(records);
            varint(out, of_outer as u64);
            out.extend_from_slice(outer);
            varint(out, of_inner as u64);
            out.extend_from_slice(inner);
        }
    }

    /// Writes a record, if it is not the first with what stands between.
    pub fn record(&self, out: &mut Vec<u8>, record: &[u8], before: usize) {
        if before > 0 {
            let [_, between, _] = self.delimiters;
            out.extend_from_slice(between);
        }
        if self.nested.is_some() {
            // ScopeLogs.log_records.
            tagged(out, 0x12, record.len() as u64);
        }
        out.extend_from_slice(record);
    }

    /// Writes what stands after the records.
    pub fn close(&self, out: &mut Vec<u8>) {
        let [_, _, close] = self.delimiters;
        out.extend_from_slice(close);
    }
}
