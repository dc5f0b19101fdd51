//! One worker's way from finished exchanges to export requests: encode, queue, count. The root context and its streams
//! share it.

use crate::{
    capture::{Capture, Facts},
    config::Config,
    delivery::{Batch, Exporter, answer::Outcome, options::BatchConfig, outage::Change},
    format::envelope::Envelope,
    json::{Quoted, cut},
    sampling::Sampling,
    stats::Stats,
};
use std::{rc::Rc, time::Duration};

/// How long the log stays silent after it reported lost records.
const LOSS_REPORT_INTERVAL: Duration = Duration::from_secs(10);

/// What a collector says is logged up to this length.
const MAX_SAID: usize = 200;

/// One worker's exporter, sampling and totals.
#[derive(Debug)]
pub struct Pipeline {
    config: Rc<Config>,
    exporter: Exporter,
    sampling: Sampling,
    streams: u64,
    sampled_out: u64,
    own_exports: u64,
    bodies_truncated: u64,
    /// Bytes of headers and bodies of exchanges that are not finished.
    captured: usize,
    /// When the last loss was reported, and how many records were lost by then.
    reported: (Option<Duration>, u64),
    /// What the collector said with its last answer.
    said: String,
}

impl Pipeline {
    /// A pipeline that has seen nothing. The seed makes its pauses differ from those of other workers and proxies; `node`
    /// finds an attribute of this proxy, or nothing.
    pub fn new(config: Rc<Config>, seed: u64, node: impl Fn(&str) -> Vec<u8>) -> Self {
        let BatchConfig { framing, max_records, .. } = config.batch;
        let envelope = Envelope::new(config.format, framing, max_records, &config.otlp.resource, node);
        let mut exporter = Exporter::new(envelope, config.batch, config.queue, config.retry.clone());
        exporter.seed(seed);
        Self {
            exporter,
            sampling: Sampling::new(&config.sampling),
            config,
            streams: 0,
            sampled_out: 0,
            own_exports: 0,
            bodies_truncated: 0,
            captured: 0,
            reported: (None, 0),
            said: String::new(),
        }
    }

    // === what streams ask and tell ===

    /// Which exchanges give a record.
    pub fn sampling(&self) -> &Sampling {
        &self.sampling
    }

    /// How many more bytes a body may take of which `len` are kept. Bodies are cut before records are dropped: what is captured
    /// finds room in the queue when all of it becomes records at once, base64 and headers included. While the queue is full,
    /// as in an outage, the memory beside it is left, and the oldest record makes way. A body may take at most an eighth of
    /// what is left, so that many long ones leave something to a short one.
    pub fn body_room(&self, len: usize) -> usize {
        let memory = self.config.memory_max_bytes;
        let queue = self.config.queue.max_bytes.min(memory);
        let free = queue.saturating_sub(queue / 8).saturating_sub(self.exporter.held());
        let beside = memory.saturating_sub(memory / 8).saturating_sub(queue);
        let left = (free.max(beside) / 4).saturating_mul(3).saturating_sub(self.captured);
        (left.saturating_add(len) / 8).saturating_sub(len)
    }

    /// How many bytes may still be captured, headers included.
    pub fn memory_left(&self) -> usize {
        self.record_memory().saturating_sub(self.exporter.held())
    }

    /// How many bytes records may hold, with what is captured as it is now.
    fn record_memory(&self) -> usize {
        self.config.memory_max_bytes.saturating_sub(self.captured)
    }

    /// Accounts for captures: what they held `before`, and what they hold `now`.
    pub fn account(&mut self, before: usize, now: usize) {
        self.captured = self.captured.saturating_sub(before).saturating_add(now);
    }

    /// Takes a finished exchange: exactly one record enters the queue, or is counted as dropped. Bodies are cut where the record
    /// would be larger than the queue.
    pub fn finish(&mut self, capture: &mut Capture, facts: &Facts, now: Duration) {
        let others = self.captured.saturating_sub(capture.held());
        // What is decoded takes no more than another body might.
        let memory = self.body_room(0);
        capture.finish(&self.config.capture, &self.config.redact, memory);
        self.streams = self.streams.saturating_add(1);
        let mut record = self.encode(capture, facts);
        // In base64 three bytes are four digits; two groups more, because each body's last one may not be whole. Where bodies are
        // as they were that is not enough, and that a body is cut takes some bytes itself.
        for bytes in [3, 4, 4] {
            let excess = record.len().saturating_sub(self.config.queue.max_bytes);
            if excess == 0 {
                break;
            }
            let by = (excess / 4).saturating_mul(bytes).saturating_add(6);
            capture.shorten(by, self.config.capture.oversize_body);
            record = self.encode(capture, facts);
        }
        self.bodies_truncated = self.bodies_truncated.saturating_add(capture.truncated());
        let memory = self.config.memory_max_bytes.saturating_sub(others);
        self.exporter.enqueue(record, memory, now);
    }

    fn encode(&self, capture: &Capture, facts: &Facts) -> Vec<u8> {
        self.config.format.encode(&capture.record(facts, &self.config.redact))
    }

    /// Counts a finished exchange whose headers alone found no memory.
    pub fn drop_unseen(&mut self) {
        self.streams = self.streams.saturating_add(1);
        self.exporter.drop_unmade();
    }

    /// Counts a finished exchange that sampling excluded.
    pub fn exclude(&mut self) {
        self.streams = self.streams.saturating_add(1);
        self.sampled_out = self.sampled_out.saturating_add(1);
    }

    /// Counts a request with the mark of the filter's own export requests: no record of it is owed.
    pub fn pass_export(&mut self) {
        self.own_exports = self.own_exports.saturating_add(1);
    }

    // === what the root context does ===

    /// The `content-type` of every export request.
    pub fn content_type(&self) -> &'static str {
        self.exporter.content_type()
    }

    /// The request to send now: see [`Exporter::next`].
    pub fn next(&mut self, now: Duration) -> Option<Batch> {
        let memory = self.record_memory();
        self.exporter.next(now, memory)
    }

    /// See [`Exporter::sent`].
    pub fn sent(&mut self, token: u32, batch: Batch) {
        self.exporter.sent(token, batch);
    }

    /// See [`Exporter::refused`].
    pub fn refused(&mut self, batch: Batch, now: Duration) {
        self.exporter.refused(batch, now);
    }

    /// See [`Exporter::answered`]. What the collector said beside the status may be nothing.
    pub fn answered(&mut self, token: u32, outcome: Outcome, said: &[u8], now: Duration) {
        self.exporter.answered(token, outcome, now);
        if matches!(outcome, Outcome::Answered { status: 200..300, .. }) {
            return; // the report is of others
        }
        self.said.clear();
        if !said.is_empty() && said.len() <= MAX_SAID {
            self.said = format!(" and {}", Quoted(&String::from_utf8_lossy(said)));
        }
    }

    /// See [`Exporter::drain`].
    pub fn drain(&mut self, now: Duration) {
        self.exporter.drain(now);
    }

    /// Whether every record was delivered or dropped.
    pub fn is_idle(&self) -> bool {
        self.exporter.is_idle()
    }

    /// An answer of the sampling manager: see [`Sampling::learn`].
    ///
    /// # Errors
    /// The problem with the answer.
    pub fn learn(&mut self, status: u16, content_type: &[u8], body: &[u8]) -> Result<usize, String> {
        self.sampling.learn(status, content_type, body)
    }

    /// How long until there may be something to send or to report; `None`: until a record or an answer comes.
    pub fn wake_in(&self, now: Duration) -> Option<Duration> {
        let send = self.exporter.wake_in(now, self.record_memory());
        send.into_iter().chain(self.loss_report_in(now)).min()
    }

    /// Totals and levels.
    pub fn stats(&self) -> Stats {
        let mut stats = self.exporter.stats();
        stats.streams = self.streams;
        stats.sampled_out = self.sampled_out;
        stats.own_exports = self.own_exports;
        stats.bodies_truncated = self.bodies_truncated;
        stats.captured_bytes = self.captured as u64;
        stats
    }

    /// How long until lost records may be reported; `None`: all are.
    fn loss_report_in(&self, now: Duration) -> Option<Duration> {
        let (last, reported) = self.reported;
        let due = last.map_or(now, |last| last.saturating_add(LOSS_REPORT_INTERVAL));
        (self.exporter.lost() != reported).then(|| due.saturating_sub(now))
    }

    /// A message when records were lost since the last one, at most one in ten seconds.
    pub fn loss_report(&mut self, now: Duration) -> Option<String> {
        if !self.loss_report_in(now)?.is_zero() {
            return None;
        }
        let stats = self.exporter.stats();
        let (_, reported) = std::mem::replace(&mut self.reported, (Some(now), stats.lost()));
        let Stats {
            dropped_queue_full: queue_full,
            dropped_rejected: rejected,
            dropped_retries_exhausted: retries_exhausted,
            dropped_too_large: too_large,
            ..
        } = stats;
        Some(format!(
            "records lost since the last report: {}; in total: {queue_full} queue_full, {rejected} rejected, \
             {retries_exhausted} retries_exhausted, {too_large} too_large (cluster {}{})",
            stats.lost().saturating_sub(reported),
            Quoted(&self.config.collector.cluster),
            self.last_failure()
        ))
    }

    /// A message when the collector went down, or is back.
    pub fn outage_report(&mut self) -> Option<String> {
        let change = self.exporter.outage_change()?;
        let cluster = Quoted(&self.config.collector.cluster);
        Some(match change {
            Change::Down => {
                format!("the collector does not take records, they wait (cluster {cluster}{})", self.last_failure())
            }
            Change::Back(after) => format!(
                "the collector takes records again after {} s, waiting: {} (cluster {cluster})",
                after.as_secs(),
                self.exporter.stats().queued
            ),
        })
    }

    /// Whether the collector does not take records.
    pub fn collector_is_down(&self) -> bool {
        self.exporter.is_down()
    }

    /// What became of the last request that was not acknowledged. The path is shown without its query, which may hold a token.
    fn last_failure(&self) -> String {
        let Some(outcome) = self.exporter.last_failure() else { return String::new() };
        let (path, _) = cut(&self.config.collector.path, b'?');
        match outcome.status() {
            Some(status) => format!(", POST {path} was answered with {}{}", u32::from(status), self.said),
            None => format!(", POST {path} was answered with nothing"),
        }
    }
}
