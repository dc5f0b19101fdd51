//! Delivery: which request to send next, what an answer means, when to try again. Pure: the root context asks
//! [`Exporter::next`], sends, and reports what became of it. Delivered means that the collector answered 2xx.

pub mod answer;
pub mod http_date;
pub mod options;
pub mod outage;
pub mod queue;

use crate::{format::envelope::Envelope, stats::Stats};
use answer::{Outcome, Verdict};
use options::{BatchConfig, QueueConfig, RetryConfig};
use outage::{Change, Outage};
use queue::{Overflow, Queue};
use std::time::Duration;

/// The body of one export request.
#[derive(Debug, PartialEq, Eq)]
pub struct Batch {
    /// The bytes to send.
    pub body: Vec<u8>,
    records: u64,
    /// In which order batches were made.
    number: u64,
    /// Failed attempts, but for those of an outage that began while it was in flight.
    attempts: usize,
    /// Whether it asks, during an outage, if that is over.
    probe: bool,
}

impl Batch {
    /// How many records the request carries.
    pub fn records(&self) -> u64 {
        self.records
    }
}

/// The queue, the requests in flight, and the failed requests that wait before the queue.
#[derive(Debug)]
pub struct Exporter {
    envelope: Envelope,
    batch_config: BatchConfig,
    queue_config: QueueConfig,
    retry_config: RetryConfig,
    queue: Queue,
    /// Made before what is in the queue, by their numbers.
    returned: Vec<Batch>,
    returned_bytes: usize,
    returned_records: u64,
    in_flight: Vec<(u32, Batch)>,
    in_flight_bytes: usize,
    made: u64,
    outage: Outage,
    last_failure: Option<Outcome>,
    draining: bool,
    /// The totals; the levels are filled in when they are asked for.
    stats: Stats,
}

impl Exporter {
    /// An empty exporter.
    pub fn new(envelope: Envelope, batch: BatchConfig, queue: QueueConfig, retry: RetryConfig) -> Self {
        Self {
            envelope,
            batch_config: batch,
            queue_config: queue,
            outage: Outage::new(&retry),
            retry_config: retry,
            queue: Queue::default(),
            returned: Vec::new(),
            returned_bytes: 0,
            returned_records: 0,
            in_flight: Vec::new(),
            in_flight_bytes: 0,
            made: 0,
            last_failure: None,
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

    /// The request to send now, if there is one and the bounds on what is in flight leave room; `memory` is as in
    /// [`Exporter::enqueue`]. Report what became of it: [`Exporter::sent`] or [`Exporter::refused`]. `now` is the time
    /// since any fixed moment, and never goes back.
    pub fn next(&mut self, now: Duration, memory: usize) -> Option<Batch> {
        if !self.wake_in(now, memory)?.is_zero() {
            return None;
        }
        match self.next_returned(now) {
            Some(index) => self.take_back(index),
            None => self.batch(),
        }
    }

    /// Which of the requests that failed goes next; `None`: one that the queue makes. Usually they go in their order. But what
    /// asks whether an outage is over is best a request that did not fail before, so that none uses up its attempts, and
    /// one that the collector cannot take does not hold up the others.
    fn next_returned(&self, now: Duration) -> Option<usize> {
        if !self.outage.is_on() {
            return self.returned.first().map(|_| 0);
        }
        let (index, least) = self.returned.iter().enumerate().min_by_key(|(_, batch)| batch.attempts)?;
        let queue_is_ready = self.batch_wait(now).is_some_and(|wait| wait.is_zero());
        (least.attempts == 0 || !queue_is_ready).then_some(index)
    }

    /// Whether a request of this size may go now. Envoy holds a copy of it until it is answered; one may always go, and
    /// during an outage only one.
    fn may_send(&self, size: usize, memory: usize) -> bool {
        let most = if self.outage.is_on() { 1 } else { self.queue_config.max_in_flight };
        let room = self.in_flight.len() < most;
        room && (self.in_flight.is_empty() || self.held().saturating_add(size) <= memory)
    }

    /// At most how large the next batch is, but for its envelope.
    fn batch_bytes(&self) -> usize {
        let first = self.queue.bytes_of(0).unwrap_or(0);
        match self.batch_config.max_records {
            1 => first,
            _ => self.queue.bytes().min(self.batch_config.max_bytes).max(first),
        }
    }

    /// From now on no batch waits for more records, and an outage is waited for only as long as `max_attempts` requests take
    /// that ask whether it is over.
    pub fn drain(&mut self, now: Duration) {
        self.draining = true;
        self.outage.restart();
        self.outage.hurry(now);
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

    /// Takes records off the queue, in their envelope: at least one, then as many as fit.
    fn batch(&mut self) -> Option<Batch> {
        let BatchConfig { max_records, max_bytes, .. } = self.batch_config;
        let (mut records, mut bytes, mut size) = (0, 0, 0);
        while records < max_records {
            let Some(next) = self.queue.bytes_of(records) else { break };
            let with_next = bytes + self.envelope.record_size(next, records);
            let size_then = self.envelope.size(with_next);
            if records > 0 && size_then > max_bytes {
                break;
            }
            (records, bytes, size) = (records + 1, with_next, size_then);
        }
        let first = self.queue.pop()?;
        if size == first.len() {
            // It stands alone, and with nothing around it.
            return Some(self.made(first, 1));
        }
        let mut body = Vec::with_capacity(size);
        self.envelope.open(&mut body, bytes);
        self.envelope.record(&mut body, &first, 0);
        for before in 1..records {
            let Some(record) = self.queue.pop() else { break };
            self.envelope.record(&mut body, &record, before);
        }
        self.envelope.close(&mut body);
        Some(self.made(body, records as u64))
    }

    fn made(&mut self, body: Vec<u8>, records: u64) -> Batch {
        self.made = self.made.saturating_add(1);
        Batch { body, records, number: self.made, attempts: 0, probe: false }
    }

    /// The `content-type` of every request.
    pub fn content_type(&self) -> &'static str {
        self.envelope.content_type
    }

    /// Envoy took the request and will answer under this token.
    pub fn sent(&mut self, token: u32, batch: Batch) {
        let batch = self.attempted(batch);
        self.in_flight_bytes = self.in_flight_bytes.saturating_add(batch.body.len());
        self.in_flight.push((token, batch));
    }

    /// Envoy did not take the request (unknown cluster, no healthy host at once): as if no answer came.
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
        let (wait, size) = match self.returned.first() {
            Some(batch) => (Duration::ZERO, batch.body.len()),
            None => (self.batch_wait(now)?, self.batch_bytes()),
        };
        // A request that may not go now waits for an answer: then something is in flight.
        self.may_send(size, memory).then(|| wait.max(self.outage.wait(now)))
    }

    /// Whether every record that entered was delivered or dropped.
    pub fn is_idle(&self) -> bool {
        self.queue.is_empty() && self.returned.is_empty() && self.in_flight.is_empty()
    }

    /// Bytes that records hold: those queued, and twice those in flight, for Envoy copies a request that it takes.
    pub fn held(&self) -> usize {
        self.queued_bytes().saturating_add(self.in_flight_bytes.saturating_mul(2))
    }

    /// The totals and levels of records and export requests; all other numbers are zero.
    pub fn stats(&self) -> Stats {
        Stats {
            queued: self.returned_records.saturating_add(self.queue.len() as u64),
            queued_bytes: self.queued_bytes() as u64,
            in_flight: self.in_flight.iter().map(|(_, batch)| batch.records).sum(),
            // Nobody is left to see the end of it once a drained exporter is idle.
            collector_down: u64::from(self.outage.is_on() && !(self.draining && self.is_idle())),
            ..self.stats
        }
    }

    /// How many records it dropped so far.
    pub fn lost(&self) -> u64 {
        self.stats.lost()
    }

    /// Whether there is an outage.
    pub fn is_down(&self) -> bool {
        self.outage.is_on()
    }

    /// What the log should tell of an outage, once.
    pub fn outage_change(&mut self) -> Option<Change> {
        self.outage.take_change()
    }

    /// What became of the last request that was not acknowledged.
    pub fn last_failure(&self) -> Option<Outcome> {
        self.last_failure
    }

    /// Makes this exporter's pauses differ from those of other workers and proxies.
    pub fn seed(&mut self, seed: u64) {
        self.outage.seed(seed);
    }

    fn queued_bytes(&self) -> usize {
        self.queue.bytes().saturating_add(self.returned_bytes)
    }

    /// Drops what entered first and returns how many records that were: a request that failed is older than the queue.
    fn drop_oldest(&mut self) -> Option<u64> {
        match self.take_back(0) {
            Some(batch) => Some(batch.records),
            None => self.queue.pop().map(|_| 1),
        }
    }

    /// Drops what entered last and returns how many records that were.
    fn drop_newest(&mut self) -> Option<u64> {
        match self.queue.pop_newest() {
            Some(_) => Some(1),
            None => self.take_back(self.returned.len().checked_sub(1)?).map(|batch| batch.records),
        }
    }

    /// Takes one of the requests that failed.
    fn take_back(&mut self, index: usize) -> Option<Batch> {
        if index >= self.returned.len() {
            return None;
        }
        let batch = self.returned.remove(index);
        self.returned_bytes = self.returned_bytes.saturating_sub(batch.body.len());
        self.returned_records = self.returned_records.saturating_sub(batch.records);
        Some(batch)
    }

    /// Puts a request that failed before what is queued, in the order in which batches were made.
    fn give_back(&mut self, batch: Batch) {
        self.returned_bytes = self.returned_bytes.saturating_add(batch.body.len());
        self.returned_records = self.returned_records.saturating_add(batch.records);
        let index = self.returned.partition_point(|other| other.number < batch.number);
        self.returned.insert(index, batch);
        // While it was in flight others filled the queue.
        while self.queued_bytes() > self.queue_config.max_bytes {
            let dropped = match self.queue_config.overflow {
                Overflow::DropOldest => self.drop_oldest(),
                Overflow::DropNewest => self.drop_newest(),
            };
            let Some(dropped) = dropped else { return };
            self.stats.dropped_queue_full = self.stats.dropped_queue_full.saturating_add(dropped);
        }
    }

    fn settle(&mut self, mut batch: Batch, outcome: Outcome, now: Duration) {
        let verdict = outcome.verdict(&self.retry_config.statuses);
        if verdict == Verdict::Delivered {
            let rejected = outcome.rejected().min(batch.records);
            if rejected > 0 {
                self.last_failure = Some(outcome);
            }
            self.stats.dropped_rejected += rejected;
            self.stats.exported += batch.records - rejected;
            self.stats.exported_bytes = self.stats.exported_bytes.saturating_add(batch.body.len() as u64);
            return self.outage.over(now);
        }
        self.stats.export_failures = self.stats.export_failures.saturating_add(1);
        self.last_failure = Some(outcome);
        let Verdict::Again(retry_after) = verdict else {
            self.stats.dropped_rejected = self.stats.dropped_rejected.saturating_add(batch.records);
            return self.outage.over(now);
        };
        if self.outage.is_on() && !batch.probe {
            self.outage.also_failed(now, retry_after);
        } else {
            batch.attempts = batch.attempts.saturating_add(1);
            self.outage.failed(now, retry_after);
        }
        if batch.attempts >= self.retry_config.max_attempts {
            self.give_up(batch.records);
        } else {
            self.give_back(batch);
        }
        if self.draining {
            self.outage.hurry(now);
            if self.outage.failures() > self.retry_config.max_attempts {
                while let Some(records) = self.drop_oldest() {
                    self.give_up(records);
                }
            }
        }
    }

    fn give_up(&mut self, records: u64) {
        self.stats.dropped_retries_exhausted = self.stats.dropped_retries_exhausted.saturating_add(records);
    }

    /// Counts one more request.
    fn attempted(&mut self, batch: Batch) -> Batch {
        self.stats.export_requests = self.stats.export_requests.saturating_add(1);
        Batch { probe: self.outage.is_on(), ..batch }
    }
}
