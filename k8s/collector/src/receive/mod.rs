//! What the filter sends, in each of its formats, read.

mod apiclarity;
mod json;
mod otlp;
mod publish;

use crate::exchange::Exchange;

pub use publish::{decode_body, line};

/// The formats of the filter, by their paths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Publish,
    Apiclarity,
    Otlp,
}

impl Format {
    /// All of them, with the paths that they are sent to.
    pub const PATHS: [(&str, Self); 3] =
        [("/publish", Self::Publish), ("/api/telemetry", Self::Apiclarity), ("/v1/logs", Self::Otlp)];

    /// The exchanges of one request.
    ///
    /// # Errors
    /// What is wrong with which record.
    pub fn read(self, body: &[u8]) -> Result<Vec<Exchange>, String> {
        match self {
            Self::Publish => json::records(body, publish::exchange),
            Self::Apiclarity => json::records(body, apiclarity::exchange),
            Self::Otlp => otlp::exchanges(body),
        }
    }
}

#[cfg(test)]
mod tests;
