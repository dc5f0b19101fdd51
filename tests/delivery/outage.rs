//! An outage of the collector: one request at a time asks whether it is over, and records wait.

use crate::exporter::{ALL, Bench, NOW};
use http_trace_filter::{
    config::Config,
    delivery::{answer::Outcome, outage::Change, queue::Overflow},
};
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3_600);

fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// A bench with so many requests in flight, and more records in the queue. Each record has one byte more than the one before.
fn busy(in_flight: usize, queued: usize, change: impl FnOnce(&mut Config)) -> (Bench, Vec<u32>) {
    let mut bench = Bench::with(change);
    (0..in_flight).for_each(|at| bench.enqueue(100 + at));
    let tokens = std::iter::from_fn(|| bench.send(NOW)).collect();
    (in_flight..in_flight + queued).for_each(|at| bench.enqueue(100 + at));
    (bench, tokens)
}

/// Lets time pass until the next request goes: when that is, and its token and bytes.
fn wait(bench: &mut Bench, now: Duration) -> (Duration, u32, usize) {
    let now = now + bench.exporter.wake_in(now, ALL).expect("it will be tried again");
    let batch = bench.exporter.next(now, ALL).expect("it said so");
    let size = batch.body.len();
    bench.exporter.sent(9_999, batch);
    bench.check();
    assert_eq!(bench.exporter.next(now + HOUR, ALL), None, "never two at a time");
    assert_eq!(bench.exporter.wake_in(now, ALL), None, "its answer will wake it");
    (now, 9_999, size)
}

#[test]
fn one_request_at_a_time_until_one_is_acknowledged() {
    let (mut bench, tokens) = busy(1, 200, |_| ());
    bench.answer(tokens[0], 503, NOW);
    let mut now = NOW;
    for failures in 1..=10u32 {
        let (then, token, _) = wait(&mut bench, now);
        let whole = ms(200 << (failures - 1)).min(ms(5_000));
        assert!((whole / 2..=whole).contains(&(then - now)), "pause {failures}: {:?} of {whole:?}", then - now);
        bench.answer(token, [503, 500, 429][failures as usize % 3], then);
        now = then;
    }
    let stats = bench.stats();
    assert_eq!((stats.collector_down, stats.queued, stats.export_requests, stats.lost()), (1, 201, 11, 0));
    let (now, token, _) = wait(&mut bench, now);
    bench.answer(token, 200, now);
    assert_eq!((bench.stats().collector_down, bench.stats().exported), (0, 1));
    assert_eq!(std::iter::from_fn(|| bench.send(now)).count(), 64, "what waits goes");
}

#[test]
fn what_was_in_flight_goes_back_to_the_front_in_order_and_is_no_probe() {
    let (mut bench, tokens) = busy(5, 5, |config| config.retry.max_attempts = 2);
    // Each answer of these would be the last attempt, were it counted.
    for at in [3, 0, 4, 2, 1] {
        assert_eq!(bench.exporter.wake_in(NOW, ALL).is_some(), bench.stats().in_flight == 5, "some are in flight");
        bench.exporter.answered(tokens[at], Outcome::Failed, NOW);
        bench.check();
    }
    let pause = bench.exporter.wake_in(NOW, ALL).expect("a pause");
    assert!(pause >= ms(100) && pause <= ms(200), "the first pause, not the fifth: {pause:?}");
    let (now, token, size) = wait(&mut bench, NOW);
    assert_eq!(size, 100, "the first of those that did not start the outage");
    bench.answer(token, 200, now);
    let sizes: Vec<_> = std::iter::from_fn(|| {
        let batch = bench.exporter.next(now, ALL)?;
        let size = batch.body.len();
        bench.exporter.sent(size as u32, batch);
        Some(size)
    })
    .collect();
    assert_eq!(sizes, (101..110).collect::<Vec<_>>());
    assert_eq!(bench.stats().lost(), 0);
}

/// The first of two failed attempts started the outage, and the second was a probe: a record has its attempts.
#[test]
fn a_record_that_is_alone_has_its_attempts() {
    for max_attempts in [1, 2, 5] {
        let (mut bench, tokens) = busy(1, 0, |config| config.retry.max_attempts = max_attempts);
        bench.answer(tokens[0], 503, NOW);
        let mut now = NOW;
        for _ in 1..max_attempts {
            let (then, token, _) = wait(&mut bench, now);
            bench.answer(token, 503, then);
            now = then;
        }
        let stats = bench.stats();
        assert_eq!((stats.dropped_retries_exhausted, stats.export_requests), (1, max_attempts as u64));
        assert_eq!(stats.collector_down, 1, "as far as is known");
        assert_eq!(bench.exporter.wake_in(now, ALL), None, "without records there is nothing to do");
        bench.enqueue(10);
        let (_, _, size) = wait(&mut bench, now);
        assert_eq!(size, 10);
    }
}

#[test]
fn at_most_one_request_is_lost_each_max_attempts_probes() {
    for (records, max_attempts) in [(1, 1), (3, 2), (10, 3), (40, 5)] {
        let (mut bench, tokens) = busy(records.min(4), records - records.min(4), |config| {
            config.retry.max_attempts = max_attempts;
        });
        tokens.iter().for_each(|token| bench.answer(*token, 503, NOW));
        let (mut now, mut probes) = (NOW, 1);
        while bench.stats().queued > 0 {
            assert!(bench.stats().lost() <= probes / max_attempts as u64, "{probes} probes: {:?}", bench.stats());
            let (then, token, _) = wait(&mut bench, now);
            bench.answer(token, 503, then);
            (now, probes) = (then, probes + 1);
        }
        assert_eq!(bench.stats().dropped_retries_exhausted, records as u64);
    }
}

/// A record that the collector cannot take (it fails with a status that is retried) does not hold up the others for long.
#[test]
fn another_record_asks_after_one_that_failed() {
    let (mut bench, tokens) = busy(1, 3, |_| ());
    bench.answer(tokens[0], 500, NOW);
    let (now, token, size) = wait(&mut bench, NOW);
    assert_eq!(size, 101, "the next one");
    bench.answer(token, 200, now);
    assert_eq!(bench.stats().collector_down, 0);
    assert_eq!(
        bench.exporter.next(now, ALL).map(|batch| batch.body.len()),
        Some(100),
        "and the first one is first again"
    );
}

#[test]
fn an_answer_that_no_retry_mends_ends_an_outage() {
    let (mut bench, tokens) = busy(1, 3, |_| ());
    bench.answer(tokens[0], 503, NOW);
    let (now, token, _) = wait(&mut bench, NOW);
    bench.answer(token, 400, now);
    assert_eq!((bench.stats().collector_down, bench.stats().dropped_rejected), (0, 1));
    assert!(bench.send(now).is_some() && bench.send(now).is_some());
    bench.answer(1, 404, now);
    assert_eq!(bench.stats().collector_down, 0, "nor does it begin one");
}

/// A request that was in flight when the outage began is acknowledged: the collector works.
#[test]
fn any_acknowledgement_ends_an_outage() {
    let (mut bench, tokens) = busy(3, 3, |_| ());
    bench.answer(tokens[0], 503, NOW);
    bench.answer(tokens[1], 200, NOW);
    assert_eq!(bench.stats().collector_down, 0);
    assert_eq!(bench.exporter.next(NOW, ALL).map(|batch| batch.body.len()), Some(100));
}

#[test]
fn a_retry_after_is_honoured_also_of_what_was_in_flight() {
    let (mut bench, tokens) = busy(3, 0, |_| ());
    let mut fail = |token: u32, seconds: Option<u64>| {
        let outcome = Outcome::Answered { status: 429, retry_after: seconds.map(Duration::from_secs) };
        bench.exporter.answered(token, outcome, NOW);
        bench.exporter.wake_in(NOW, ALL)
    };
    assert_eq!(fail(tokens[0], None), None);
    assert_eq!(fail(tokens[1], Some(7)), None);
    assert_eq!(fail(tokens[2], Some(3)), Some(Duration::from_secs(7)));
    let (mut bench, tokens) = busy(1, 0, |_| ());
    let outcome = Outcome::Answered { status: 503, retry_after: Some(HOUR * 100) };
    bench.exporter.answered(tokens[0], outcome, NOW);
    assert_eq!(bench.exporter.wake_in(NOW, ALL), Some(HOUR), "and no longer than an hour");
}

#[test]
fn a_request_that_envoy_does_not_take_begins_an_outage() {
    let (mut bench, _) = busy(0, 3, |_| ());
    let batch = bench.exporter.next(NOW, ALL).expect("a request");
    bench.exporter.refused(batch, NOW);
    bench.check();
    assert_eq!((bench.stats().collector_down, bench.stats().queued, bench.exporter.next(NOW, ALL)), (1, 3, None));
}

#[test]
fn the_bounds_hold_while_records_wait() {
    for (overflow, kept) in [(Overflow::DropOldest, 196..=199), (Overflow::DropNewest, 100..=106)] {
        let (mut bench, tokens) = busy(2, 98, |config| {
            config.queue.max_bytes = 800;
            config.queue.overflow = overflow;
        });
        // What was in flight is older than the queue, which filled meanwhile.
        tokens.iter().for_each(|token| bench.answer(*token, 503, NOW));
        let stats = bench.stats();
        assert!(stats.queued_bytes <= 800 && stats.queued >= 4, "{stats:?}");
        assert_eq!(stats.queued + stats.dropped_queue_full, 100);
        let mut sizes = Vec::new();
        while let Some(batch) = bench.exporter.next(NOW + HOUR, ALL) {
            sizes.push(batch.body.len());
            bench.exporter.sent(1, batch);
            bench.answer(1, 200, NOW + HOUR);
        }
        assert!(sizes.iter().all(|size| kept.contains(size)), "{overflow:?}: {sizes:?}");
    }
}

#[test]
fn an_exporter_that_must_end_waits_for_max_attempts_probes() {
    for max_attempts in [1, 3] {
        let (mut bench, tokens) = busy(2, 100, |config| config.retry.max_attempts = max_attempts);
        // It lasts for a while already, and the collector asks for more.
        tokens.iter().for_each(|token| bench.answer(*token, 503, NOW));
        let mut now = NOW;
        for _ in 0..7 {
            let (then, token, _) = wait(&mut bench, now);
            let outcome = Outcome::Answered { status: 503, retry_after: Some(HOUR) };
            bench.exporter.answered(token, outcome, then);
            now = then;
        }
        assert!(bench.stats().queued > 90);
        bench.exporter.drain(now);
        for probe in 1..=max_attempts {
            assert!(bench.stats().queued > 0, "before probe {probe}");
            let (then, token, _) = wait(&mut bench, now);
            assert!(then - now <= ms(5_000), "{:?}", then - now);
            let outcome = Outcome::Answered { status: 503, retry_after: Some(HOUR) };
            bench.exporter.answered(token, outcome, then);
            bench.check();
            now = then;
        }
        let stats = bench.stats();
        assert!(bench.exporter.is_idle() && stats.dropped_retries_exhausted == stats.streams, "{stats:?}");
        assert_eq!(stats.collector_down, 0, "nobody would see its end");
    }
    let (mut bench, tokens) = busy(1, 20, |_| ());
    bench.answer(tokens[0], 503, NOW);
    bench.exporter.drain(NOW);
    let (now, token, _) = wait(&mut bench, NOW);
    bench.answer(token, 200, now);
    while let Some(token) = bench.send(now) {
        bench.answer(token, 200, now);
    }
    assert!(bench.exporter.is_idle() && bench.stats().lost() == 0);
}

#[test]
fn the_log_is_told_once_each_way_and_not_of_each_of_many() {
    let (mut bench, tokens) = busy(1, 100, |_| ());
    assert_eq!(bench.exporter.outage_change(), None);
    bench.answer(tokens[0], 503, NOW);
    assert_eq!((bench.exporter.outage_change(), bench.exporter.outage_change()), (Some(Change::Down), None));
    let (mut now, mut token, _) = wait(&mut bench, NOW);
    for _ in 0..3 {
        bench.answer(token, 503, now);
        assert_eq!(bench.exporter.outage_change(), None);
        (now, token, _) = wait(&mut bench, now);
    }
    bench.answer(token, 200, now);
    assert_eq!(bench.exporter.outage_change(), Some(Change::Back(now - NOW)));
    // Failing now and then: at most one outage in ten seconds is told of, and its end.
    let (mut told, start) = (0, now);
    while now - start < Duration::from_secs(30) {
        bench.enqueue(10);
        let token = bench.send(now).expect("a request");
        bench.answer(token, 503, now);
        told += usize::from(bench.exporter.outage_change() == Some(Change::Down));
        let (then, token, _) = wait(&mut bench, now);
        bench.answer(token, 200, then);
        bench.exporter.outage_change();
        now = then;
    }
    assert!((2..=4).contains(&told), "{told} outages told of");
}
