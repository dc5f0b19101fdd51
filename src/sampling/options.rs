//! The options of sampling.

use crate::json::{options::options, section::Section};
use std::time::Duration;

options! {
    /// Which exchanges give a record.
    #[derive(Clone, Debug, PartialEq)]
    pub struct SamplingConfig() {
        /// share of exchanges kept, decided from the request id
        rate: f64 = share("rate", 1.0),
        /// `true`, or an object: poll which hosts to trace
        hosts: Option<HostsConfig> = section_if_on("hosts", HostsConfig::read),
    }
}

options! {
    /// Polling for hosts to trace.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct HostsConfig() {
        /// Envoy cluster of the sampling manager
        cluster: String = text("cluster", "trace-sampling-manager"),
        /// from one poll to the next
        interval: Duration = millis("interval_ms", 60_000, 100..=86_400_000),
        /// what is kept before the first answer
        until_known: UntilKnown = choice("until_known", &UntilKnown::WORDS, UntilKnown::All),
        /// further headers of the poll
        headers: Vec<(String, String)> = headers("headers"),
    }
}

/// The exchanges that are kept before the sampling manager has answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UntilKnown {
    /// Every exchange.
    All,
    /// No exchange.
    None,
}

impl UntilKnown {
    const WORDS: [(&str, Self); 2] = [("all", Self::All), ("none", Self::None)];
}

impl Default for HostsConfig {
    fn default() -> Self {
        Self::read(&mut Section::empty())
    }
}
