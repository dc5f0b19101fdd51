//! Delivery: which request to send next, what an answer means, when to try again. Pure: the root context asks
//! [`Exporter::next`], sends, and reports what became of it. Delivered means that the collector answered 2xx.

pub mod answer;
pub mod options;
pub mod queue;

use crate::{format::spec::Spec, stats::Stats};
use answer::{Outcome, Verdict};
use options::{BatchConfig, QueueConfig, RetryConfig};
use queue::{Overflow, Queue};
use std::{collections::VecDeque, time::Duration};

/// The body of one export request.
#[derive(Debug, PartialEq, Eq)]
pub struct Batch {
    /// The bytes to send.
    pub body: Vec<u8>,
    records: u64,
    attempts: usize,
}

impl Batch {
    /// How many records the request carries.
    pub fn records(&self) -> u64 {
        self.records
    }
}

/// The queue, the requests in flight, and the requests that wait for another attempt.
#[derive(Debug)]
pub struct Exporter {
    format: &'static Spec,
    batch_config: BatchConfig,
    queue_config: QueueConfig,
    retry_config: RetryConfig,
    queue: Queue,
    /// Failed requests, each with the time of its next attempt; the earliest comes first.
    waiting: VecDeque<(Duration, Batch)>,
    waiting_bytes: usize,
    waiting_records: u64,
    in_flight: Vec<(u32, Batch)>,
    in_flight_bytes: usize,
    jitter: u64,
    draining: bool,
    /// The totals; the levels are filled in when they are asked for.
    stats: Stats,
}

impl Exporter {
    /// An empty exporter.
    pub fn new(format: &'static Spec, batch: BatchConfig, queue: QueueConfig, retry: RetryConfig) -> Self {
        Self {
            format,
            batch_config: batch,
            queue_config: queue,
            retry_config: retry,
            queue: Queue::default(),
            waiting: VecDeque::new(),
            waiting_bytes: 0,
            waiting_records: 0,
            in_flight: Vec::new(),
            in_flight_bytes: 0,
            jitter: 0x9e37_79b9_7f4a_7c15,
            draining: false,
            stats: Stats::default(),
        }
    }

    /// Takes a record. `memory` is what it may hold in total, in bytes; records are dropped, and counted, by the
    /// overflow policy when it or the queue's own bound would be passed.
    pub fn enqueue(&mut self, record: Vec<u8>, memory: usize, now: Duration) {
        let size = record.len();
        if size > self.queue_config.max_bytes {
            self.stats.dropped_too_large = self.stats.dropped_too_large.saturating_add(1);
            return;
        }
        while self.queued_bytes().saturating_add(size) > self.queue_config.max_bytes
            || self.held().saturating_add(size) > memory
        {
            let dropped = match self.queue_config.overflow {
                Overflow::DropOldest => self.drop_oldest(),
                Overflow::DropNewest => None,
            };
            self.stats.dropped_queue_full = self.stats.dropped_queue_full.saturating_add(dropped.unwrap_or(1));
            if dropped.is_none() {
                return;
            }
        }
        self.queue.push(record, now);
    }

    /// Counts a record that found no memory before it could be made.
    pub fn drop_unmade(&mut self) {
        self.stats.dropped_queue_full = self.stats.dropped_queue_full.saturating_add(1);
    }

    /// Counts a record that could not be encoded.
    pub fn drop_unencoded(&mut self) {
        self.stats.dropped_rejected = self.stats.dropped_rejected.saturating_add(1);
    }

    /// The request to send now, if there is one and the bounds on what is in flight leave room; `memory` is as in
    /// [`Exporter::enqueue`]. Report what became of it: [`Exporter::sent`] or [`Exporter::refused`]. `now` is the time
    /// since any fixed moment.
    pub fn next(&mut self, now: Duration, memory: usize) -> Option<Batch> {
        if let Some(size) = self.due_retry(now) {
            let retry = self.may_send(size, memory).then(|| self.waiting.pop_front()).flatten();
            return retry.map(|(_, batch)| self.no_longer_waits(batch));
        }
        let due = self.batch_wait(now)?.is_zero() && self.may_send(self.batch_bytes(), memory);
        if due { self.batch() } else { None }
    }

    /// The bytes of the retry that is due, if one is.
    fn due_retry(&self, now: Duration) -> Option<usize> {
        self.waiting.front().filter(|(due, _)| *due <= now).map(|(_, batch)| batch.body.len())
    }

    /// Whether a request of this size may go now. Envoy holds a copy of it until it is answered; one may always go.
    fn may_send(&self, size: usize, memory: usize) -> bool {
        let room = self.in_flight.len() < self.queue_config.max_in_flight;
        room && (self.in_flight.is_empty() || self.held().saturating_add(size) <= memory)
    }

    /// At most how large the next batch is, but for its framing.
    fn batch_bytes(&self) -> usize {
        let first = self.queue.first_bytes().unwrap_or(0);
        match self.batch_config.max_records {
            1 => first,
            _ => self.queue.bytes().min(self.batch_config.max_bytes).max(first),
        }
    }

    /// From now on no batch waits for more records.
    pub fn drain(&mut self) {
        self.draining = true;
    }

    /// How long the first batch of the queue still waits for more records; `None`: the queue is empty.
    fn batch_wait(&self, now: Duration) -> Option<Duration> {
        let entered = self.queue.first_entered()?;
        let config = &self.batch_config;
        let full = self.queue.len() >= config.max_records || self.queue.bytes() >= config.max_bytes;
        if full || self.draining {
            return Some(Duration::ZERO);
        }
        Some(entered.saturating_add(config.linger).saturating_sub(now))
    }

    /// Takes records off the queue, framed: at least one, then as many as fit.
    fn batch(&mut self) -> Option<Batch> {
        let BatchConfig { max_records, max_bytes, framing, .. } = self.batch_config;
        let first = self.queue.pop()?;
        if max_records == 1 {
            return Some(Batch { body: first, records: 1, attempts: 0 });
        }
        let [open, between, close] = framing.delimiters();
        let mut body = Vec::with_capacity(self.queue.bytes().min(max_bytes).saturating_add(first.len()));
        body.extend_from_slice(open);
        body.extend_from_slice(&first);
        let mut records = 1;
        while records < max_records as u64
            // A record brings the byte before it, and the one that closes is still to come.
            && self.queue.first_bytes().is_some_and(|next| body.len().saturating_add(next) < max_bytes.saturating_sub(1))
        {
            let Some(record) = self.queue.pop() else { break };
            body.extend_from_slice(between);
            body.extend_from_slice(&record);
            records = records.saturating_add(1);
        }
        body.extend_from_slice(close);
        Some(Batch { body, records, attempts: 0 })
    }

    /// The `content-type` of every request.
    pub fn content_type(&self) -> &'static str {
        if self.batch_config.max_records == 1 {
            self.format.content_type
        } else {
            self.batch_config.framing.content_type()
        }
    }

    /// Envoy took the request and will answer under this token.
    pub fn sent(&mut self, token: u32, batch: Batch) {
        let batch = self.attempted(batch);
        self.in_flight_bytes = self.in_flight_bytes.saturating_add(batch.body.len());
        self.in_flight.push((token, batch));
    }

    /// Envoy did not take the request (unknown cluster, no healthy host at once): counts as an attempt.
    pub fn refused(&mut self, batch: Batch, now: Duration) {
        let batch = self.attempted(batch);
        self.settle(batch, Outcome::Failed, now);
    }

    /// The answer to the request of this token. An unknown token is ignored.
    pub fn answered(&mut self, token: u32, outcome: Outcome, now: Duration) {
        if let Some(index) = self.in_flight.iter().position(|(t, _)| *t == token) {
            let (_, batch) = self.in_flight.swap_remove(index);
            self.in_flight_bytes = self.in_flight_bytes.saturating_sub(batch.body.len());
            self.settle(batch, outcome, now);
        }
    }

    /// How long to sleep before [`Exporter::next`] may have something; `None`: until a record or an answer comes.
    pub fn wake_in(&self, now: Duration, memory: usize) -> Option<Duration> {
        let retry = self.waiting.front().map(|(due, batch)| (due.saturating_sub(now), batch.body.len()));
        let batch = self.batch_wait(now).map(|wait| (wait, self.batch_bytes()));
        // In the order in which `next` looks: a retry that is due comes first, whether it may go or not.
        let (wait, size) = match (retry, batch) {
            (Some(retry), Some(batch)) if retry.0 > batch.0 => batch,
            (retry, batch) => retry.or(batch)?,
        };
        // A request that may not go now waits for an answer: then something is in flight.
        self.may_send(size, memory).then_some(wait)
    }

    /// Whether every record that entered was delivered or dropped.
    pub fn is_idle(&self) -> bool {
        self.queue.is_empty() && self.waiting.is_empty() && self.in_flight.is_empty()
    }

    /// Bytes that records hold: those queued, and twice those in flight, for Envoy copies a request that it takes.
    pub fn held(&self) -> usize {
        self.queued_bytes().saturating_add(self.in_flight_bytes.saturating_mul(2))
    }

    /// The totals and levels of records and export requests; all other numbers are zero.
    pub fn stats(&self) -> Stats {
        Stats {
            queued: self.waiting_records.saturating_add(self.queue.len() as u64),
            queued_bytes: self.queued_bytes() as u64,
            in_flight: self.in_flight.iter().map(|(_, batch)| batch.records).sum(),
            ..self.stats
        }
    }

    /// How many records it dropped so far.
    pub fn lost(&self) -> u64 {
        self.stats.lost()
    }

    fn queued_bytes(&self) -> usize {
        self.queue.bytes().saturating_add(self.waiting_bytes)
    }

    /// Drops what waited longest and returns how many records that were. A request that was tried already is older
    /// than any record in the queue, and the one with the longest pause before it has most attempts behind it.
    fn drop_oldest(&mut self) -> Option<u64> {
        if let Some((_, batch)) = self.waiting.pop_back() {
            return Some(self.no_longer_waits(batch).records);
        }
        self.queue.pop().map(|_| 1)
    }

    fn no_longer_waits(&mut self, batch: Batch) -> Batch {
        self.waiting_bytes = self.waiting_bytes.saturating_sub(batch.body.len());
        self.waiting_records = self.waiting_records.saturating_sub(batch.records);
        batch
    }

    fn settle(&mut self, batch: Batch, outcome: Outcome, now: Duration) {
        let not_before = match outcome.verdict(self.format.retry_statuses) {
            Verdict::Delivered => {
                self.stats.exported = self.stats.exported.saturating_add(batch.records);
                self.stats.exported_bytes = self.stats.exported_bytes.saturating_add(batch.body.len() as u64);
                return;
            }
            Verdict::Rejected => {
                self.stats.export_failures = self.stats.export_failures.saturating_add(1);
                self.stats.dropped_rejected = self.stats.dropped_rejected.saturating_add(batch.records);
                return;
            }
            Verdict::Again(not_before) => not_before,
        };
        self.stats.export_failures = self.stats.export_failures.saturating_add(1);
        if batch.attempts >= self.retry_config.max_attempts {
            self.stats.dropped_retries_exhausted = self.stats.dropped_retries_exhausted.saturating_add(batch.records);
            return;
        }
        // While it was in flight others filled the queue; it is older than all of them.
        if self.queued_bytes().saturating_add(batch.body.len()) > self.queue_config.max_bytes {
            self.stats.dropped_queue_full = self.stats.dropped_queue_full.saturating_add(batch.records);
            return;
        }
        let pause = self.backoff(batch.attempts).max(not_before);
        self.waiting_bytes = self.waiting_bytes.saturating_add(batch.body.len());
        self.waiting_records = self.waiting_records.saturating_add(batch.records);
        let due = now.saturating_add(pause);
        let index = self.waiting.partition_point(|(other, _)| *other <= due);
        self.waiting.insert(index, (due, batch));
    }

    /// Exponential backoff with jitter: between half and the whole of `initial * 2^(attempts - 1)`, bounded. Without
    /// jitter all proxies of a mesh would return to a recovering collector at the same moment.
    fn backoff(&mut self, attempts: usize) -> Duration {
        let doubled = self.retry_config.initial_backoff.saturating_mul(1 << attempts.saturating_sub(1).min(20));
        let whole = doubled.min(self.retry_config.max_backoff);
        // xorshift64: spreading is all that is asked of it.
        self.jitter ^= self.jitter << 13;
        self.jitter ^= self.jitter >> 7;
        self.jitter ^= self.jitter << 17;
        let half = whole / 2;
        half.saturating_add(half.saturating_mul((self.jitter % 1024) as u32) / 1024)
    }

    /// Makes this exporter's pauses differ from those of other workers and proxies.
    pub fn seed(&mut self, seed: u64) {
        self.jitter ^= seed.max(1);
    }

    /// Counts one more attempt.
    fn attempted(&mut self, batch: Batch) -> Batch {
        self.stats.export_requests = self.stats.export_requests.saturating_add(1);
        Batch { attempts: batch.attempts.saturating_add(1), ..batch }
    }
}
