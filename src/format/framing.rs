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
    /// OpenTelemetry's export request, in which also a single record stands.
    Otlp,
}
