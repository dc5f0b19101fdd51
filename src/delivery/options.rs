//! The options of delivery: where records go, how they share requests, what waits, when an attempt is repeated.

use super::queue::Overflow;
use std::time::Duration;

/// The export request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CollectorConfig {
    /// Envoy cluster.
    pub cluster: String,
    /// `:authority`.
    pub authority: String,
    /// `:path`.
    pub path: String,
    /// Further headers, in lower case.
    pub headers: Vec<(String, String)>,
    /// How long Envoy waits for the whole answer.
    pub timeout: Duration,
}

/// Records that share an export request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchConfig {
    /// Records in a request; 1 sends each alone, unframed.
    pub max_records: usize,
    /// Bytes in a request: a batch closes when it reaches them.
    pub max_bytes: usize,
    /// How long the first record of a batch waits for more.
    pub linger: Duration,
    /// How records stand in a request.
    pub framing: Framing,
}

/// How several records stand in one request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Framing {
    /// One object a line: `application/x-ndjson`.
    #[default]
    Ndjson,
    /// A JSON array: `application/json`.
    Array,
}

/// Attempts at delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryConfig {
    /// In all, the first included.
    pub max_attempts: u32,
    /// Pause after the first failure; doubles with each.
    pub initial_backoff: Duration,
    /// The longest pause, but for a longer `Retry-After`.
    pub max_backoff: Duration,
}

/// What waits and what is in flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueConfig {
    /// Bytes of records that wait.
    pub max_bytes: usize,
    /// Export requests without an answer.
    pub max_in_flight: usize,
    /// What goes when it is full.
    pub overflow: Overflow,
}

/// `host:port` of Istio's cluster names (`outbound|9000||collector.ns.svc.cluster.local`), else the cluster's name.
pub fn default_authority(cluster: &str) -> String {
    let parts: Vec<&str> = cluster.split('|').collect();
    match *parts {
        [_, port, _, host] if !host.is_empty() => [host, ":", port].concat(),
        _ => cluster.to_owned(),
    }
}
