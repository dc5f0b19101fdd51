//! An exporter, and what is known of each of its records.

use http_trace_filter::{
    delivery::{
        Batch, Exporter,
        answer::Outcome,
        options::{BatchConfig, QueueConfig, RetryConfig},
        queue::Overflow,
    },
    format::{framing::Framing, spec::Spec},
    stats::Stats,
};
use std::{collections::BTreeMap, time::Duration};

/// Longer is not waited for, whatever `Retry-After` says.
const LONGEST: Duration = Duration::from_secs(3_600);

/// A request that was handed out at least once.
struct Request {
    body: Vec<u8>,
    records: Vec<u32>,
    attempts: usize,
}

pub(super) struct Model {
    exporter: Exporter,
    format: &'static Spec,
    batch: BatchConfig,
    queue: QueueConfig,
    retry: RetryConfig,
    memory: usize,
    next_record: u32,
    next_token: u32,
    /// The last record that was handed out for the first time: they go in order.
    last_sent: Option<u32>,
    in_flight: BTreeMap<u32, Request>,
    /// Requests that failed in passing, with the earliest moment of the next attempt; also those that a full queue drops.
    waiting: Vec<(Duration, Request)>,
}

impl Model {
    pub(super) fn new(
        format: &'static Spec,
        batch: BatchConfig,
        queue: QueueConfig,
        retry: RetryConfig,
        memory: usize,
        seed: u64,
    ) -> Self {
        let mut exporter = Exporter::new(format, batch, queue, retry);
        exporter.seed(seed);
        Self {
            exporter,
            format,
            batch,
            queue,
            retry,
            memory,
            next_record: 0,
            next_token: 0,
            last_sent: None,
            in_flight: BTreeMap::new(),
            waiting: Vec::new(),
        }
    }

    pub(super) fn enqueue(&mut self, padding: u8, now: Duration) {
        let mut record = format!("{:06}", self.next_record).into_bytes();
        record.resize(record.len() + usize::from(padding), b'.');
        let size = record.len();
        self.next_record += 1;
        let before = self.stats();
        let fits = self.exporter.held().saturating_add(size) <= self.memory
            && before.queued_bytes as usize + size <= self.queue.max_bytes;
        self.exporter.enqueue(record, self.memory, now);
        self.check();
        let dropped = self.stats().dropped_queue_full - before.dropped_queue_full;
        if size > self.queue.max_bytes {
            assert_eq!((self.stats().dropped_too_large - before.dropped_too_large, dropped), (1, 0));
        } else if fits {
            assert_eq!((self.stats().queued - before.queued, dropped), (1, 0), "there was room");
        } else if self.queue.overflow == Overflow::DropNewest {
            assert_eq!((self.stats().queued, dropped), (before.queued, 1), "the newest goes");
        } else {
            assert!(dropped > 0, "{before:?} {:?}", self.stats());
        }
    }

    /// The next request, which Envoy takes.
    pub(super) fn send(&mut self, now: Duration) {
        let Some((batch, request)) = self.next(now) else { return };
        self.next_token += 1;
        self.exporter.sent(self.next_token, batch);
        self.in_flight.insert(self.next_token, request);
        self.check();
    }

    /// The next request, which Envoy does not take.
    pub(super) fn refuse(&mut self, now: Duration) {
        let Some((batch, request)) = self.next(now) else { return };
        let before = self.stats();
        self.exporter.refused(batch, now);
        self.settled(request, Outcome::Failed, now, before);
    }

    /// An answer to one of the requests in flight, or to none.
    pub(super) fn answer(&mut self, choice: u8, outcome: Outcome, now: Duration) {
        let before = self.stats();
        let nth = usize::from(choice) % (self.in_flight.len() + 1);
        let Some(token) = self.in_flight.keys().nth(nth).copied() else {
            self.exporter.answered(self.next_token + 1, outcome, now);
            self.check();
            assert_eq!(self.stats(), before, "an unknown token");
            return;
        };
        self.exporter.answered(token, outcome, now);
        let request = self.in_flight.remove(&token).expect("it was found");
        self.settled(request, outcome, now, before);
        let once = self.stats();
        self.exporter.answered(token, outcome, now);
        assert_eq!(self.stats(), once, "a second answer");
    }

    pub(super) fn drain(&mut self) {
        self.exporter.drain();
    }

    /// The collector takes everything, and then nothing is left.
    pub(super) fn finish(mut self, mut now: Duration) {
        self.drain();
        let delivered = Outcome::Answered { status: 200, retry_after: None };
        while !self.exporter.is_idle() {
            let before = (self.stats().queued, self.stats().in_flight);
            let wake = self.exporter.wake_in(now, self.memory);
            assert!(wake.is_some() || !self.in_flight.is_empty(), "nothing will wake it: {:?}", self.stats());
            now += wake.unwrap_or_default();
            self.send(now);
            if self.exporter.wake_in(now, self.memory) != Some(Duration::ZERO) {
                while !self.in_flight.is_empty() {
                    self.answer(0, delivered, now);
                }
            }
            assert_ne!((self.stats().queued, self.stats().in_flight), before, "no way forward");
        }
        assert_eq!((self.stats().queued, self.stats().queued_bytes, self.stats().in_flight), (0, 0, 0));
        assert_eq!((self.exporter.held(), self.exporter.wake_in(now, self.memory)), (0, None));
    }

    /// What the exporter hands out, and what the model makes of it.
    fn next(&mut self, now: Duration) -> Option<(Batch, Request)> {
        let wake = self.exporter.wake_in(now, self.memory);
        let batch = self.exporter.next(now, self.memory);
        assert_eq!(batch.is_some(), wake == Some(Duration::ZERO), "what it hands out, and when it said it would");
        let batch = batch?;
        assert!(self.in_flight.len() < self.queue.max_in_flight);
        let records = self.records_of(&batch.body);
        assert_eq!(records.len() as u64, batch.records());
        // It was handed out before: it must be whole, failed, and its pause over.
        let request = match self.waiting.iter().position(|(_, request)| request.records == records) {
            Some(index) => {
                let (earliest, request) = self.waiting.swap_remove(index);
                assert!(request.body == batch.body && earliest <= now, "{now:?} is before {earliest:?}");
                request
            }
            None => {
                let in_order = records.iter().all(|record| self.last_sent.replace(*record) < Some(*record));
                assert!(in_order, "{records:?} came after {:?}, or twice", self.last_sent);
                let framing = if self.batch.max_records == 1 { 0 } else { 2 };
                let alone = records.len() == 1 && batch.body.len() <= self.queue.max_bytes + framing;
                assert!(alone || batch.body.len() <= self.batch.max_bytes, "{} bytes", batch.body.len());
                Request { body: batch.body.clone(), records, attempts: 0 }
            }
        };
        Some((batch, Request { attempts: request.attempts + 1, ..request }))
    }

    /// The numbers of the records in a body.
    fn records_of(&self, body: &[u8]) -> Vec<u32> {
        let text = std::str::from_utf8(body).expect("records are text");
        let number = |record: &str| {
            let (number, padding) = record.split_at(6);
            assert!(padding.bytes().all(|b| b == b'.'), "{record:?}");
            number.parse().expect("a record's number")
        };
        if self.batch.max_records == 1 {
            return vec![number(text)];
        }
        match self.batch.framing {
            Framing::Ndjson => text.strip_suffix('\n').expect("an end of line").split('\n').map(number).collect(),
            Framing::Array => {
                let list = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).expect("an array");
                list.split(',').map(number).collect()
            }
        }
    }

    /// What an outcome must have changed, and nothing else.
    fn settled(&mut self, request: Request, outcome: Outcome, now: Duration, before: Stats) {
        self.check();
        let records = request.records.len() as u64;
        let after = self.stats();
        let changes = [
            after.exported - before.exported,
            after.dropped_rejected - before.dropped_rejected,
            after.dropped_retries_exhausted - before.dropped_retries_exhausted,
            after.dropped_queue_full - before.dropped_queue_full,
        ];
        assert!(request.attempts <= self.retry.max_attempts, "{} attempts", request.attempts);
        let (status, retry_after) = match outcome {
            Outcome::Answered { status, retry_after } => (status, retry_after.unwrap_or_default().min(LONGEST)),
            Outcome::Failed => (503, Duration::ZERO),
        };
        let again = self.format.retry_statuses.iter().any(|range| range.contains(&status));
        let last = request.attempts == self.retry.max_attempts;
        match status {
            200..300 => {
                assert_eq!(changes, [records, 0, 0, 0]);
                assert_eq!(after.exported_bytes - before.exported_bytes, request.body.len() as u64);
            }
            _ if again && last => assert_eq!(changes, [0, 0, records, 0]),
            _ if again && changes == [0, 0, 0, records] => {
                assert!(after.queued_bytes as usize + request.body.len() > self.queue.max_bytes, "there was room");
            }
            _ if again => {
                assert_eq!(changes, [0; 4]);
                let doubled = self.retry.initial_backoff.saturating_mul(1 << (request.attempts - 1).min(20));
                let whole = doubled.min(self.retry.max_backoff);
                self.waiting.push((now + (whole / 2).max(retry_after), request));
            }
            _ => assert_eq!(changes, [0, records, 0, 0]),
        }
        if !(200..300).contains(&status) {
            assert_eq!(after.export_failures - before.export_failures, 1);
        }
    }

    /// Records that entered, and what the exporter counted of them.
    fn stats(&self) -> Stats {
        Stats { streams: u64::from(self.next_record), ..self.exporter.stats() }
    }

    /// What holds at every step.
    fn check(&self) {
        let s = self.stats();
        assert_eq!(s.streams, s.exported + s.lost() + s.queued + s.in_flight, "the identity of contract 5: {s:?}");
        let in_flight = || self.in_flight.values();
        assert_eq!(s.in_flight, in_flight().map(|request| request.records.len() as u64).sum::<u64>(), "{s:?}");
        assert!(s.queued_bytes as usize <= self.queue.max_bytes, "{s:?}");
        let bytes: usize = in_flight().map(|request| request.body.len()).sum();
        let held = self.exporter.held();
        assert_eq!(held, s.queued_bytes as usize + 2 * bytes, "Envoy has a copy of what is in flight");
        // One request may always go, whatever its size; and what frames records is not foreseen.
        let alone = if self.in_flight.len() == 1 { bytes } else { 0 };
        let framing = 2 * (s.queued + 2 * s.in_flight) as usize;
        assert!(held <= self.memory.saturating_add(alone + framing), "{held} of {} bytes: {s:?}", self.memory);
    }
}
