//! Encoders: a [`Record`](crate::capture::record::Record) becomes the bytes of a wire format.

pub mod apiclarity;
pub mod publish;
pub mod text;

use crate::capture::record::Record;
use serde::Serialize;
use serde_json::Serializer;
use text::Bodies;

/// A wire format.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// The original filter's: `POST /publish`, one `SCNTelemetry` object.
    #[default]
    Publish,
    /// APIClarity's: `POST /api/telemetry`, one `Telemetry` object.
    Apiclarity,
}

impl Format {
    /// The path of the export request, unless the configuration names another.
    pub fn default_path(self) -> &'static str {
        match self {
            Self::Publish => "/publish",
            Self::Apiclarity => "/api/telemetry",
        }
    }

    /// Whether records show when the exchange began and how long it took.
    pub fn shows_time(self) -> bool {
        self == Self::Apiclarity
    }

    /// Encodes one record as a JSON object.
    ///
    /// # Errors
    /// Never for a record; the type carries serde_json's error so that a format may use any serde type.
    pub fn encode(self, record: &Record<'_>) -> Result<Vec<u8>, serde_json::Error> {
        let mut out = Vec::with_capacity(estimate(record));
        let bodies = Bodies { request: record.request.body, response: record.response.body };
        let mut json = Serializer::with_formatter(&mut out, bodies);
        match self {
            Self::Publish => publish::Telemetry::from(record).serialize(&mut json)?,
            Self::Apiclarity => apiclarity::Telemetry::from(record).serialize(&mut json)?,
        }
        out.shrink_to_fit();
        Ok(out)
    }
}

/// The size of a record's JSON in nearly all cases, so that the buffer is allocated once: base64 makes 4 bytes of 3;
/// headers gain their punctuation, which is most in `apiclarity`.
fn estimate(record: &Record<'_>) -> usize {
    let bodies = record.request.body.len().saturating_add(record.response.body.len());
    let headers: usize = [record.request.headers, record.response.headers]
        .into_iter()
        .flat_map(|headers| headers.exported())
        .map(|(name, value)| name.len().saturating_add(value.len()).saturating_add(22))
        .sum();
    bodies.div_ceil(3).saturating_mul(4).saturating_add(headers).saturating_add(640)
}
