//! The options of delivery: where records go, how they share requests, what waits, when an attempt is repeated.

use super::queue::Overflow;
use crate::{
    format::{framing::Framing, spec::Spec},
    json::{cut, joined, options::options, section::Section},
};
use std::time::Duration;

options! {
    /// The export request.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct CollectorConfig(format: &Spec) {
        /// Envoy cluster that records go to
        cluster: String = text("cluster", "trace_analyzer"),
        /// `host` of the export request
        authority: String = text_or("authority", "by the cluster's name", || default_authority(&cluster)),
        /// its path
        path: String = path("path", "by the format", format.path),
        /// its further headers; `content-type` replaces the filter's
        headers: Vec<(String, String)> = headers("headers"),
        /// how long it may take
        timeout: Duration = millis("timeout_ms", 5000, 1..=600_000),
    }
}

options! {
    /// Records that share an export request.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct BatchConfig(format: &Spec) {
        /// records in an export request; 1: each alone, unframed
        max_records: usize = whole("max_records", 1, 1..=10_000),
        /// bytes at which a batch is sent
        max_bytes: usize = whole("max_bytes", 1 << 20, 1024..=64 << 20),
        /// how long the first record of a batch waits for more
        linger: Duration = millis("linger_ms", 50, 1..=60_000),
        /// a line each, or a JSON array; from 2 `max_records` on, and not with `otlp`
        framing: Framing = choice("framing", format.framings, format.framing()),
    }
}

options! {
    /// Attempts at delivery.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct RetryConfig(format: &Spec) {
        /// attempts in all
        max_attempts: usize = whole("max_attempts", 5, 1..=100),
        /// statuses after which a request is sent again; 503 and 504 always are, for Envoy itself gives them
        statuses: Vec<u16> = statuses("statuses", "by the format", format.retry_statuses),
        /// pause after the first failure; doubles with each
        initial_backoff: Duration = millis("initial_backoff_ms", 200, 1..=600_000),
        /// the longest pause, but for a longer `Retry-After`
        max_backoff: Duration = millis("max_backoff_ms", 5_000, 1..=3_600_000),
    }
}

options! {
    /// The bounds on records that wait and on requests in flight.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct QueueConfig(memory: usize) {
        /// bytes of records that wait, per worker
        max_bytes: usize = whole_or("max_bytes", "three quarters of `memory.max_bytes`", memory / 4 * 3, 1024..=1 << 30),
        /// export requests without an answer, per worker
        max_in_flight: usize = whole("max_in_flight", 64, 1..=1024),
        /// which record goes when the queue is full
        overflow: Overflow = choice("overflow", &Overflow::WORDS, Overflow::DropOldest),
    }
}

impl BatchConfig {
    /// Reads each field; a framing of one record alone is refused.
    pub(crate) fn read_agreeing(section: &mut Section, format: &Spec) -> Self {
        let has_framing = section.has("framing");
        let batch = Self::read(section, format);
        let alone = has_framing && batch.max_records == 1;
        section.contradiction(alone, "framing", "max_records from 2 on beside it");
        batch
    }
}

impl RetryConfig {
    /// Reads each field. A first pause that is longer than the longest is refused where both are given: one alone does not
    /// contradict the other's default, which bounds it.
    pub(crate) fn read_agreeing(section: &mut Section, format: &Spec) -> Self {
        let both = section.has("initial_backoff_ms") && section.has("max_backoff_ms");
        let retry = Self::read(section, format);
        let longer = both && retry.initial_backoff > retry.max_backoff;
        section.contradiction(longer, "initial_backoff_ms", "at most max_backoff_ms");
        retry
    }
}

impl CollectorConfig {
    /// The `content-type` that a request needs beside the configured headers, when the filter's own is `default`.
    pub fn content_type(&self, default: &'static str) -> Option<&'static str> {
        self.headers.iter().all(|(name, _)| name != "content-type").then_some(default)
    }
}

/// `host:port` of Istio's cluster names (`outbound|9000||collector.ns.svc.cluster.local`), else the cluster's name.
pub fn default_authority(cluster: &str) -> String {
    let (_, rest) = cut(cluster, b'|');
    let (port, rest) = cut(rest.unwrap_or_default(), b'|');
    let (_, rest) = cut(rest.unwrap_or_default(), b'|');
    match cut(rest.unwrap_or_default(), b'|') {
        (host, None) if !host.is_empty() => joined(&[host, port], ":"),
        _ => cluster.to_owned(),
    }
}
