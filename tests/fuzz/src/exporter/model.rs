//! An exporter, and where each of its records must be: a second implementation, slow and plain.

use http_trace_filter::{
    delivery::{
        Batch, Exporter,
        answer::Outcome,
        options::{BatchConfig, QueueConfig, RetryConfig},
        queue::Overflow,
    },
    format::{envelope::Envelope, framing::Framing, spec::Spec},
    stats::Stats,
};
use std::{collections::BTreeMap, time::Duration};

/// Longer is not waited for, whatever `Retry-After` says.
const LONGEST: Duration = Duration::from_secs(3_600);

/// A request that was handed out at least once.
struct Request {
    body: Vec<u8>,
    records: Vec<u32>,
    /// Failed attempts that count.
    attempts: usize,
    /// Whether it was sent during an outage.
    probe: bool,
}

pub(super) struct Model {
    exporter: Exporter,
    batch: BatchConfig,
    queue_config: QueueConfig,
    retry: RetryConfig,
    memory: usize,
    next_record: u32,
    next_token: u32,
    /// Numbers and bytes of the records that were not handed out yet.
    queue: Vec<(u32, usize)>,
    /// What failed, the oldest first.
    returned: Vec<Request>,
    in_flight: BTreeMap<u32, Request>,
    /// The failures in a row, while there is an outage.
    outage: Option<usize>,
    /// How often the pause was doubled.
    doubled: u32,
    /// The earliest and the latest moment of the next request of an outage.
    next: (Duration, Duration),
    draining: bool,
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
        let envelope = Envelope::new(format, batch.framing, batch.max_records, &[], |_| Vec::new());
        let mut exporter = Exporter::new(envelope, batch, queue, retry.clone());
        exporter.seed(seed);
        Self {
            exporter,
            batch,
            queue_config: queue,
            retry,
            memory,
            next_record: 0,
            next_token: 0,
            queue: Vec::new(),
            returned: Vec::new(),
            in_flight: BTreeMap::new(),
            outage: None,
            doubled: 0,
            next: (Duration::ZERO, Duration::ZERO),
            draining: false,
        }
    }

    pub(super) fn enqueue(&mut self, padding: u8, now: Duration) {
        let mut record = format!("{:06}", self.next_record).into_bytes();
        record.resize(record.len() + usize::from(padding), b'.');
        let size = record.len();
        let before = self.stats();
        let too_large = size > self.queue_config.max_bytes;
        let mut dropped = 0;
        let fits = |model: &Self| {
            let queued = model.queued_bytes() + size;
            queued <= model.queue_config.max_bytes && queued + 2 * model.in_flight_bytes() <= model.memory
        };
        let mut enters = !too_large;
        while enters && !fits(self) {
            let oldest = if self.queue_config.overflow == Overflow::DropOldest { self.drop_one(true) } else { None };
            enters = oldest.is_some();
            dropped += oldest.unwrap_or(1);
        }
        if enters {
            self.queue.push((self.next_record, size));
        }
        self.next_record += 1;
        self.exporter.enqueue(record, self.memory, now);
        self.check();
        let after = self.stats();
        let counted =
            (after.dropped_queue_full - before.dropped_queue_full, after.dropped_too_large - before.dropped_too_large);
        assert_eq!(counted, (dropped, u64::from(too_large)));
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

    pub(super) fn drain(&mut self, now: Duration) {
        self.exporter.drain(now);
        self.draining = true;
        self.outage = self.outage.map(|failures| failures.min(1));
        self.doubled = 0;
        self.hurry(now);
        self.check();
    }

    /// The collector takes everything, and then nothing is left.
    pub(super) fn finish(mut self, mut now: Duration) {
        self.drain(now);
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
        let stats = self.stats();
        assert_eq!((stats.queued, stats.queued_bytes, stats.in_flight, stats.collector_down), (0, 0, 0, 0));
        assert_eq!((self.exporter.held(), self.exporter.wake_in(now, self.memory)), (0, None));
    }

    /// What the exporter hands out, and what the model makes of it.
    fn next(&mut self, now: Duration) -> Option<(Batch, Request)> {
        let wake = self.exporter.wake_in(now, self.memory);
        let batch = self.exporter.next(now, self.memory);
        assert_eq!(batch.is_some(), wake == Some(Duration::ZERO), "what it hands out, and when it said it would");
        let Some(batch) = batch else {
            self.says_why(wake, now);
            return None;
        };
        match self.outage {
            Some(_) => assert!(self.in_flight.is_empty() && now >= self.next.0, "{now:?} is before {:?}", self.next),
            None => assert!(self.in_flight.len() < self.queue_config.max_in_flight),
        }
        let records = self.records_of(&batch.body);
        assert_eq!(records.len() as u64, batch.records());
        let probe = self.outage.is_some();
        let request = match self.returned.iter().position(|request| request.records == records) {
            Some(index) => {
                let least = self.returned.iter().map(|request| request.attempts).min();
                let request = self.returned.remove(index);
                assert_eq!(request.body, batch.body);
                // In order; but for probes, where the fewest failures count.
                assert!(if probe { Some(request.attempts) == least } else { index == 0 }, "{records:?}");
                Request { probe, ..request }
            }
            None => {
                assert!(self.returned.is_empty() || probe, "what failed goes first");
                let first: Vec<u32> = self.queue.drain(..records.len()).map(|(number, _)| number).collect();
                assert_eq!(records, first, "in order");
                let framing = if self.batch.max_records == 1 { 0 } else { 2 };
                let alone = records.len() == 1 && batch.body.len() <= self.queue_config.max_bytes + framing;
                assert!(alone || batch.body.len() <= self.batch.max_bytes, "{} bytes", batch.body.len());
                Request { body: batch.body.clone(), records, attempts: 0, probe }
            }
        };
        Some((batch, request))
    }

    /// When nothing is handed out, there is a reason, and what waits will go without anything else happening.
    fn says_why(&self, wake: Option<Duration>, now: Duration) {
        if self.queue.is_empty() && self.returned.is_empty() {
            assert_eq!(wake, None);
        } else if self.in_flight.is_empty() {
            let longest = self.next.1.saturating_sub(now).max(self.batch.linger);
            assert!(wake.is_some_and(|wake| wake <= longest), "{wake:?} of at most {longest:?}");
        } else if self.outage.is_some() {
            assert_eq!(wake, None, "an answer will wake it");
        }
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
            Framing::Ndjson => text.split('\n').map(number).collect(),
            Framing::Array => {
                let list = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).expect("an array");
                list.split(',').map(number).collect()
            }
            Framing::Otlp => panic!("records here are text"),
        }
    }

    /// What an outcome must change, and nothing else.
    fn settled(&mut self, mut request: Request, outcome: Outcome, now: Duration, before: Stats) {
        let records = request.records.len() as u64;
        let bytes = request.body.len() as u64;
        let (status, retry_after) = match outcome {
            Outcome::Answered { status, retry_after } => (status, retry_after.unwrap_or_default().min(LONGEST)),
            Outcome::Partly { status, .. } => (status, Duration::ZERO),
            Outcome::Failed => (503, Duration::ZERO),
        };
        let rejected = outcome.rejected().min(records);
        // Delivered, rejected, given up, dropped by a full queue.
        let mut changes = [0; 4];
        let again =
            [503, 504].contains(&status) || self.retry.statuses.iter().any(|one| [status, status / 100].contains(one));
        if !again || (200..300).contains(&status) {
            (self.outage, self.doubled) = (None, 0);
            changes[usize::from(!(200..300).contains(&status))] = records - rejected;
            changes[1] += rejected;
        } else {
            if self.outage.is_none() || request.probe {
                let failures = self.outage.map_or(1, |failures| failures + 1);
                self.outage = Some(failures);
                request.attempts += 1;
                let doubled = self.retry.initial_backoff.saturating_mul(1 << self.doubled.min(20));
                let whole = doubled.min(self.retry.max_backoff);
                self.doubled += 1;
                self.next = (now + (whole / 2).max(retry_after), now + whole.max(retry_after));
            } else {
                self.next = (self.next.0.max(now + retry_after), self.next.1.max(now + retry_after));
            }
            if request.attempts >= self.retry.max_attempts {
                changes[2] = records;
            } else {
                self.returned.push(request);
                self.returned.sort_by(|a, b| a.records.cmp(&b.records));
                while self.queued_bytes() > self.queue_config.max_bytes {
                    let oldest = self.queue_config.overflow == Overflow::DropOldest;
                    changes[3] += self.drop_one(oldest).expect("something is queued");
                }
            }
            if self.draining {
                self.hurry(now);
                if self.outage > Some(self.retry.max_attempts) {
                    changes[2] += self.queued();
                    self.queue.clear();
                    self.returned.clear();
                }
            }
        }
        self.check();
        let after = self.stats();
        let counted = [
            after.exported - before.exported,
            after.dropped_rejected - before.dropped_rejected,
            after.dropped_retries_exhausted - before.dropped_retries_exhausted,
            after.dropped_queue_full - before.dropped_queue_full,
        ];
        assert_eq!(counted, changes, "{status}");
        let failed = u64::from(!(200..300).contains(&status));
        assert_eq!(after.export_failures - before.export_failures, failed);
        assert_eq!(after.exported_bytes - before.exported_bytes, if failed == 1 { 0 } else { bytes });
    }

    fn hurry(&mut self, now: Duration) {
        let last = now + self.retry.max_backoff;
        self.next = (self.next.0.min(last), self.next.1.min(last));
    }

    /// Drops what entered first, or last; how many records that are.
    fn drop_one(&mut self, oldest: bool) -> Option<u64> {
        let from_queue = if oldest { self.returned.is_empty() } else { !self.queue.is_empty() };
        if from_queue {
            let at = if oldest { 0 } else { self.queue.len() - 1 };
            return (at < self.queue.len()).then(|| {
                self.queue.remove(at);
                1
            });
        }
        let at = if oldest { 0 } else { self.returned.len().checked_sub(1)? };
        Some(self.returned.remove(at).records.len() as u64)
    }

    fn queued(&self) -> u64 {
        self.queue.len() as u64 + self.returned.iter().map(|request| request.records.len() as u64).sum::<u64>()
    }

    fn queued_bytes(&self) -> usize {
        let returned: usize = self.returned.iter().map(|request| request.body.len()).sum();
        self.queue.iter().map(|(_, size)| size).sum::<usize>() + returned
    }

    fn in_flight_bytes(&self) -> usize {
        self.in_flight.values().map(|request| request.body.len()).sum()
    }

    /// Records that entered, and what the exporter counted of them.
    fn stats(&self) -> Stats {
        Stats { streams: u64::from(self.next_record), ..self.exporter.stats() }
    }

    /// What holds at every step.
    fn check(&self) {
        let s = self.stats();
        assert_eq!(s.streams, s.exported + s.lost() + s.queued + s.in_flight, "the identity of contract 5: {s:?}");
        let in_flight: u64 = self.in_flight.values().map(|request| request.records.len() as u64).sum();
        assert_eq!((s.in_flight, s.queued, s.queued_bytes), (in_flight, self.queued(), self.queued_bytes() as u64));
        assert!(s.queued_bytes as usize <= self.queue_config.max_bytes, "{s:?}");
        let idle = s.queued + s.in_flight == 0;
        assert_eq!(s.collector_down, u64::from(self.outage.is_some() && !(self.draining && idle)));
        let (held, bytes) = (self.exporter.held(), self.in_flight_bytes());
        assert_eq!(held, s.queued_bytes as usize + 2 * bytes, "Envoy has a copy of what is in flight");
        // One request may always go, whatever its size; and what frames records is not foreseen.
        let alone = if self.in_flight.len() == 1 { bytes } else { 0 };
        let framing = 2 * (s.queued + 2 * s.in_flight) as usize;
        assert!(held <= self.memory.saturating_add(alone + framing), "{held} of {} bytes: {s:?}", self.memory);
    }
}
