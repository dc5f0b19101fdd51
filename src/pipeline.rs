//! What one worker does with finished exchanges: encode, queue, count. Shared by the root context and its streams.

use crate::{
    capture::{Capture, Facts},
    config::Config,
    delivery::Exporter,
    sampling::Sampling,
    stats::Stats,
};
use std::time::Duration;

/// How long the log stays silent after it reported lost records.
const LOSS_REPORT_INTERVAL: Duration = Duration::from_secs(10);

/// One worker's configuration, exporter and totals.
#[derive(Debug)]
pub struct Pipeline {
    /// The validated configuration.
    pub config: Config,
    /// Records on their way.
    pub exporter: Exporter,
    /// Which exchanges give a record.
    pub sampling: Sampling,
    /// What was counted so far.
    pub stats: Stats,
    captured: usize,
    reported: (Option<Duration>, u64),
}

impl Pipeline {
    /// A pipeline that has seen nothing.
    pub fn new(config: Config) -> Self {
        let exporter = Exporter::new(config.batch, config.queue, config.retry);
        let sampling = Sampling::new(&config.sampling);
        Self { config, exporter, sampling, stats: Stats::default(), captured: 0, reported: (None, 0) }
    }

    /// How many more bytes of bodies an exchange that holds `held` may capture. Bodies are cut before records are dropped:
    /// an eighth of the memory is kept from them for headers, and of the rest what base64 will add. One exchange gets at
    /// most a quarter of the memory, because its record, a third larger, must fit twice: Envoy copies what it sends.
    pub fn body_room(&self, held: usize) -> usize {
        let room = self.memory_left().saturating_sub(self.config.memory_max_bytes / 8);
        (room / 4).saturating_mul(3).min((self.config.memory_max_bytes / 4).saturating_sub(held))
    }

    /// How many bytes may still be captured, headers included.
    pub fn memory_left(&self) -> usize {
        self.record_memory().saturating_sub(self.exporter.held())
    }

    /// How many bytes records may hold, with what is captured as it is now.
    pub fn record_memory(&self) -> usize {
        self.config.memory_max_bytes.saturating_sub(self.captured)
    }

    /// Accounts for captures: what they held `before`, and what they hold `now`.
    pub fn account(&mut self, before: usize, now: usize) {
        self.captured = self.captured.saturating_sub(before).saturating_add(now);
    }

    /// Takes a finished exchange: exactly one record enters the queue, or is counted as dropped.
    pub fn finish(&mut self, capture: &Capture, facts: &Facts, now: Duration) {
        self.stats.streams = self.stats.streams.saturating_add(1);
        self.stats.bodies_truncated = self.stats.bodies_truncated.saturating_add(capture.truncated());
        match self.config.format.encode(&capture.record(facts, &self.config.redact)) {
            Ok(record) => {
                let others = self.captured.saturating_sub(capture.held());
                let memory = self.config.memory_max_bytes.saturating_sub(others);
                self.exporter.enqueue(record, memory, now, &mut self.stats);
            }
            // Cannot happen for these types; were it to, the identity of the counters must hold.
            Err(_) => self.stats.dropped_rejected = self.stats.dropped_rejected.saturating_add(1),
        }
    }

    /// Counts a finished exchange whose headers alone found no memory.
    pub fn drop_unseen(&mut self) {
        self.stats.streams = self.stats.streams.saturating_add(1);
        self.stats.dropped_queue_full = self.stats.dropped_queue_full.saturating_add(1);
    }

    /// Counts a finished exchange that sampling excluded.
    pub fn exclude(&mut self) {
        self.stats.streams = self.stats.streams.saturating_add(1);
        self.stats.sampled_out = self.stats.sampled_out.saturating_add(1);
    }

    /// The totals, with the levels brought up to date.
    pub fn measured(&mut self) -> Stats {
        self.exporter.measure(&mut self.stats);
        self.stats.captured_bytes = self.captured as u64;
        self.stats
    }

    /// How long until lost records may be reported; `None`: all are.
    pub fn loss_report_in(&self, now: Duration) -> Option<Duration> {
        let (last, reported) = self.reported;
        let due = last.map_or(now, |last| last.saturating_add(LOSS_REPORT_INTERVAL));
        (self.stats.lost() != reported).then(|| due.saturating_sub(now))
    }

    /// A message when records were lost since the last one, at most one in ten seconds.
    pub fn loss_report(&mut self, now: Duration) -> Option<String> {
        if !self.loss_report_in(now)?.is_zero() {
            return None;
        }
        let total = self.stats.lost();
        let (_, reported) = std::mem::replace(&mut self.reported, (Some(now), total));
        let Stats {
            dropped_queue_full: queue_full,
            dropped_rejected: rejected,
            dropped_retries_exhausted: retries_exhausted,
            dropped_too_large: too_large,
            ..
        } = self.stats;
        Some(format!(
            "lost {} records since the last report; in total: {queue_full} queue_full, {rejected} rejected, \
             {retries_exhausted} retries_exhausted, {too_large} too_large (cluster {:?})",
            total.saturating_sub(reported),
            self.config.collector.cluster
        ))
    }
}
