//! What the filter sends, in each of its formats, read.

mod apiclarity;
mod json;
mod otlp;
mod publish;

use crate::exchange::Exchange;

pub use publish::{decode_body, line};

/// How many bytes of memory the exchanges of one request may take: a few bytes can be a record, and a record a thousand.
const MOST_BYTES: usize = 64 << 20;

/// How many headers a message may have, and how many trailers.
const MOST_FIELDS: usize = 20_000;

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

/// Exchanges that take no more memory than they may.
#[derive(Default)]
struct Bounded {
    exchanges: Vec<Exchange>,
    bytes: usize,
}

impl Bounded {
    fn add(&mut self, exchange: Exchange) -> Result<(), String> {
        self.bytes += exchange.memory();
        if self.bytes > MOST_BYTES {
            let number = self.exchanges.len() + 1;
            return Err(format!(
                "the first {number} exchanges of the request take more than {} MiB of memory: send fewer at a time",
                MOST_BYTES >> 20
            ));
        }
        self.exchanges.push(exchange);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
