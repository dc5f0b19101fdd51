//! The options of sampling.

use std::time::Duration;

/// Which exchanges give a record.
#[derive(Clone, Debug, PartialEq)]
pub struct SamplingConfig {
    /// The share of exchanges kept, 0 to 1.
    pub rate: f64,
    /// Polling for hosts to trace.
    pub hosts: Option<HostsConfig>,
}

/// Polling for hosts to trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostsConfig {
    /// Envoy cluster of the sampling manager.
    pub cluster: String,
    /// From one poll to the next.
    pub interval: Duration,
    /// What is kept before the first answer.
    pub until_known: UntilKnown,
}

/// What is kept before the sampling manager has answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UntilKnown {
    /// Every exchange.
    #[default]
    All,
    /// None.
    None,
}

pub(crate) const DEFAULT_MANAGER: &str = "trace-sampling-manager";
pub(crate) const DEFAULT_INTERVAL: u64 = 60_000;

impl Default for HostsConfig {
    fn default() -> Self {
        Self {
            cluster: DEFAULT_MANAGER.to_owned(),
            interval: Duration::from_millis(DEFAULT_INTERVAL),
            until_known: UntilKnown::All,
        }
    }
}
