//! Delivery: delivered means acknowledged, nothing is lost silently, everything is bounded.

use http_trace_filter::{
    config::Config,
    delivery::{
        Exporter,
        answer::Outcome,
        options::{BatchConfig, QueueConfig},
        queue::Overflow,
    },
    format::{envelope::Envelope, framing::Framing},
    stats::Stats,
};
use std::time::Duration;

pub(crate) const NOW: Duration = Duration::from_secs(1_000);
pub(crate) const ALL: usize = usize::MAX;

pub(crate) struct Bench {
    pub(crate) exporter: Exporter,
    streams: u64,
    token: u32,
}

impl Bench {
    pub(crate) fn new(change: impl FnOnce(&mut QueueConfig)) -> Self {
        Self::with(|config| change(&mut config.queue))
    }

    fn batching(change: impl FnOnce(&mut BatchConfig)) -> Self {
        Self::with(|config| change(&mut config.batch))
    }

    pub(crate) fn with(change: impl FnOnce(&mut Config)) -> Self {
        let mut config = Config::parse(b"").expect("the defaults are valid");
        change(&mut config);
        let (framing, max_records) = (config.batch.framing, config.batch.max_records);
        let envelope = Envelope::new(config.format, framing, max_records, &[], |_| Vec::new());
        let exporter = Exporter::new(envelope, config.batch, config.queue, config.retry);
        Self { exporter, streams: 0, token: 0 }
    }

    pub(crate) fn enqueue(&mut self, bytes: usize) {
        self.streams += 1;
        self.exporter.enqueue(vec![b'x'; bytes], ALL, NOW);
        self.check();
    }

    /// Sends the next request; its token.
    pub(crate) fn send(&mut self, now: Duration) -> Option<u32> {
        let batch = self.exporter.next(now, ALL)?;
        self.token += 1;
        self.exporter.sent(self.token, batch);
        self.check();
        Some(self.token)
    }

    pub(crate) fn answer(&mut self, token: u32, status: u16, now: Duration) {
        self.exporter.answered(token, Outcome::Answered { status, retry_after: None }, now);
        self.check();
    }

    pub(crate) fn stats(&self) -> Stats {
        Stats { streams: self.streams, ..self.exporter.stats() }
    }

    /// The identity of contract 5.
    pub(crate) fn check(&self) {
        let s = self.stats();
        let dropped = s.dropped_queue_full + s.dropped_rejected + s.dropped_retries_exhausted + s.dropped_too_large;
        assert_eq!(s.streams, s.sampled_out + s.exported + dropped + s.queued + s.in_flight, "{s:?}");
    }
}

#[test]
fn only_a_2xx_is_a_delivery() {
    for status in [200, 201, 202, 204, 299] {
        let mut bench = Bench::new(|_| ());
        bench.enqueue(10);
        let token = bench.send(NOW).expect("a request");
        assert_eq!((bench.stats().exported, bench.stats().in_flight), (0, 1), "sent is not delivered");
        bench.answer(token, status, NOW);
        assert_eq!((bench.stats().exported, bench.stats().exported_bytes), (1, 10));
        assert!(bench.exporter.is_idle());
    }
}

#[test]
fn an_answer_that_no_retry_mends_drops_and_counts() {
    for status in [100, 301, 400, 401, 404, 413] {
        let mut bench = Bench::new(|_| ());
        bench.enqueue(10);
        let token = bench.send(NOW).expect("a request");
        bench.answer(token, status, NOW);
        assert_eq!((bench.stats().dropped_rejected, bench.stats().export_failures), (1, 1), "{status}");
        assert!(bench.exporter.is_idle());
    }
}

#[test]
fn a_passing_failure_is_retried_with_growing_pauses_until_the_attempts_end() {
    for status in [408, 429, 500, 503, 504] {
        let mut bench = Bench::new(|_| ());
        bench.enqueue(10);
        let mut now = NOW;
        for attempt in 1..=5u32 {
            let token = bench.send(now).unwrap_or_else(|| panic!("attempt {attempt} after {status}"));
            bench.answer(token, status, now);
            if attempt < 5 {
                assert!(bench.send(now).is_none(), "no second attempt without a pause");
                let pause = bench.exporter.wake_in(now, ALL).expect("it will be tried again");
                let whole = Duration::from_millis(200 << (attempt - 1));
                assert!(pause >= whole / 2 && pause <= whole, "pause {attempt}: {pause:?} of {whole:?}");
                now += pause;
            }
        }
        assert_eq!((bench.stats().dropped_retries_exhausted, bench.stats().export_requests), (1, 5), "{status}");
        assert!(bench.exporter.is_idle());
    }
}

#[test]
fn a_failed_call_and_a_refused_one_are_retried() {
    let mut bench = Bench::new(|_| ());
    bench.enqueue(10);
    let token = bench.send(NOW).expect("a request");
    bench.exporter.answered(token, Outcome::Failed, NOW);
    bench.check();
    let later = NOW + Duration::from_secs(1);
    let batch = bench.exporter.next(later, ALL).expect("the second attempt");
    bench.exporter.refused(batch, later);
    bench.check();
    assert_eq!((bench.stats().queued, bench.stats().export_failures, bench.stats().export_requests), (1, 2, 2));
}

#[test]
fn an_unknown_token_changes_nothing() {
    let mut bench = Bench::new(|_| ());
    bench.enqueue(10);
    bench.send(NOW);
    let before = bench.stats();
    bench.answer(99, 200, NOW);
    assert_eq!(bench.stats(), before);
}

#[test]
fn requests_in_flight_are_bounded() {
    let mut bench = Bench::new(|queue| queue.max_in_flight = 3);
    (0..10).for_each(|_| bench.enqueue(10));
    let sent: Vec<_> = std::iter::from_fn(|| bench.send(NOW)).collect();
    assert_eq!(sent.len(), 3);
    assert_eq!(bench.exporter.wake_in(NOW, ALL), None, "an answer will wake it");
    bench.answer(sent[0], 200, NOW);
    assert!(bench.send(NOW).is_some());
}

#[test]
fn a_full_queue_drops_the_oldest_or_the_newest() {
    for (overflow, first) in [(Overflow::DropOldest, 11), (Overflow::DropNewest, 10)] {
        let mut bench = Bench::new(|queue| {
            queue.max_bytes = 40;
            queue.overflow = overflow;
        });
        [10, 11, 12, 13].into_iter().for_each(|bytes| bench.enqueue(bytes));
        let batch = bench.exporter.next(NOW, ALL).expect("a request");
        assert_eq!((batch.body.len(), bench.stats().dropped_queue_full), (first, 1));
    }
}

#[test]
fn a_record_larger_than_the_queue_is_dropped_alone() {
    let mut bench = Bench::new(|queue| queue.max_bytes = 40);
    bench.enqueue(10);
    bench.enqueue(41);
    assert_eq!((bench.stats().dropped_too_large, bench.stats().queued), (1, 1));
}

#[test]
fn what_is_in_flight_counts_against_the_memory() {
    let mut bench = Bench::new(|_| ());
    bench.enqueue(100);
    bench.send(NOW);
    bench.streams += 1;
    bench.exporter.enqueue(vec![0; 100], 150, NOW);
    bench.check();
    assert_eq!((bench.stats().dropped_queue_full, bench.stats().in_flight, bench.stats().queued), (1, 1, 0));
}

#[test]
fn an_idle_exporter_needs_no_timer() {
    let mut bench = Bench::new(|_| ());
    assert_eq!(bench.exporter.wake_in(NOW, ALL), None);
    bench.enqueue(1);
    assert_eq!(bench.exporter.wake_in(NOW, ALL), Some(Duration::ZERO));
    bench.send(NOW);
    assert_eq!(bench.exporter.wake_in(NOW, ALL), None);
}

#[test]
fn a_batch_waits_for_more_records_but_no_longer_than_it_lingers() {
    let mut bench = Bench::batching(|batch| batch.max_records = 3);
    bench.enqueue(10);
    bench.enqueue(10);
    assert!(bench.send(NOW).is_none());
    assert_eq!(bench.exporter.wake_in(NOW, ALL), Some(Duration::from_millis(50)));
    let later = NOW + Duration::from_millis(50);
    assert_eq!(bench.exporter.wake_in(later, ALL), Some(Duration::ZERO));
    bench.send(later).expect("the linger is over");
    assert_eq!(bench.stats().in_flight, 2);
}

#[test]
fn a_full_batch_is_sent_at_once() {
    let mut bench = Bench::batching(|batch| batch.max_records = 3);
    (0..7).for_each(|_| bench.enqueue(10));
    assert!(bench.send(NOW).is_some() && bench.send(NOW).is_some());
    assert!(bench.send(NOW).is_none(), "the seventh waits");
    assert_eq!((bench.stats().in_flight, bench.stats().queued), (6, 1));
    let mut bench = Bench::batching(|batch| (batch.max_records, batch.max_bytes) = (100, 35));
    (0..4).for_each(|_| bench.enqueue(10));
    let batch = bench.exporter.next(NOW, ALL).expect("by bytes");
    assert!(batch.records() == 3 && batch.body.len() <= 35, "{batch:?}");
}

#[test]
fn a_drained_exporter_does_not_linger() {
    let mut bench = Bench::batching(|batch| batch.max_records = 3);
    bench.enqueue(10);
    bench.exporter.drain(NOW);
    assert!(bench.send(NOW).is_some());
}

#[test]
fn batches_are_framed_as_asked() {
    for (framing, expected) in [(Framing::Ndjson, "{}\n{}"), (Framing::Array, "[{},{}]")] {
        let mut bench = Bench::batching(|batch| (batch.max_records, batch.framing) = (2, framing));
        (0..2).for_each(|_| bench.exporter.enqueue(b"{}".to_vec(), ALL, NOW));
        let batch = bench.exporter.next(NOW, ALL).expect("a batch");
        assert_eq!((String::from_utf8_lossy(&batch.body).as_ref(), batch.records()), (expected, 2));
    }
}

#[test]
fn every_record_of_a_batch_is_counted() {
    for (status, exported, rejected) in [(200, 3, 0), (400, 0, 3)] {
        let mut bench = Bench::batching(|batch| batch.max_records = 3);
        (0..3).for_each(|_| bench.enqueue(10));
        let token = bench.send(NOW).expect("a batch");
        bench.answer(token, status, NOW);
        assert_eq!((bench.stats().exported, bench.stats().dropped_rejected), (exported, rejected));
        assert_eq!(bench.stats().export_requests, 1);
    }
}

/// The collector may take a request, and not all of its records.
#[test]
fn records_that_are_rejected_out_of_a_batch_are_counted_as_such() {
    for (said, rejected) in [(0, 0), (2, 2), (3, 3), (u64::MAX, 3)] {
        let mut bench = Bench::batching(|batch| batch.max_records = 3);
        (0..3).for_each(|_| bench.enqueue(10));
        let token = bench.send(NOW).expect("a batch");
        let outcome = Outcome::Partly { status: 200, rejected: said };
        bench.exporter.answered(token, outcome, NOW);
        bench.check();
        assert_eq!((bench.stats().exported, bench.stats().dropped_rejected), (3 - rejected, rejected));
        assert_eq!((bench.stats().export_failures, bench.stats().collector_down), (0, 0));
        assert_eq!(bench.exporter.last_failure(), (rejected > 0).then_some(outcome));
        assert!(bench.exporter.is_idle(), "they are not sent again");
    }
}

#[test]
fn a_failed_request_does_not_overfill_the_queue() {
    let mut bench = Bench::new(|queue| queue.max_bytes = 40);
    bench.enqueue(30);
    let token = bench.send(NOW).expect("a request");
    bench.enqueue(30);
    bench.answer(token, 503, NOW);
    assert_eq!((bench.stats().queued, bench.stats().queued_bytes, bench.stats().dropped_queue_full), (1, 30, 1));
}

/// Envoy copies each request that it takes: what is in flight counts twice, and more waits for an answer.
#[test]
fn requests_in_flight_hold_twice_their_bytes() {
    let mut bench = Bench::new(|_| ());
    (0..3).for_each(|_| bench.enqueue(100));
    let memory = 450;
    let first = bench.exporter.next(NOW, memory).expect("one may always go");
    bench.exporter.sent(1, first);
    assert_eq!(bench.exporter.held(), 2 * 100 + 200);
    assert_eq!((bench.exporter.next(NOW, memory), bench.exporter.wake_in(NOW, memory)), (None, None));
    assert_eq!(bench.exporter.wake_in(NOW, 500), Some(Duration::ZERO));
    bench.answer(1, 200, NOW);
    let second = bench.exporter.next(NOW, memory).expect("an answer made room");
    bench.exporter.sent(2, second);
    assert_eq!(bench.exporter.held(), 100 + 200);
    assert_eq!(bench.exporter.next(NOW, memory).map(|batch| batch.records()), Some(1));
}
