//! The judge sees each fact that is spoiled.

use std::collections::BTreeMap;
use std::time::Duration;

use http_trace_e2e::account::PREFIX;

use super::{Evidence, Verdict, judge};
use crate::arrivals::{Answer, Delivery, Record};
use crate::client::Found;
use crate::memory::Memory;

const SOON: Duration = Duration::from_millis(5);
const LATE: Duration = Duration::from_millis(2_900);

/// A run of five exchanges: one record was rejected, one came twice because an answer failed.
struct Run {
    found: Found,
    deliveries: Vec<Delivery>,
    strange: Vec<String>,
    stats: BTreeMap<String, u64>,
    connections: Vec<u64>,
    memory: Memory,
    log: String,
    refused: u64,
    trouble: Vec<String>,
}

fn delivery(numbers: &[u64], answer: Answer) -> Delivery {
    Delivery { records: numbers.iter().map(|number| Record { number: *number, status: 200 }).collect(), answer }
}

impl Run {
    fn good() -> Self {
        let numbers = [
            ("streams", 5),
            ("sampled_out", 0),
            ("exported", 4),
            ("dropped_queue_full", 0),
            ("dropped_rejected", 1),
            ("dropped_retries_exhausted", 0),
            ("dropped_too_large", 0),
            ("queued", 0),
            ("queued_bytes", 0),
            ("in_flight", 0),
            ("captured_bytes", 0),
        ];
        Self {
            found: Found { sent: (0..5).map(|number| (number, Some(200))).collect(), ..Found::default() },
            deliveries: vec![
                delivery(&[0, 1], Answer::Failed),
                delivery(&[0, 1], Answer::Acknowledged(SOON)),
                delivery(&[2], Answer::Acknowledged(SOON)),
                delivery(&[3], Answer::Rejected(SOON)),
                delivery(&[4], Answer::Acknowledged(SOON)),
            ],
            strange: Vec::new(),
            stats: numbers.into_iter().map(|(name, number)| (format!("{PREFIX}{name}"), number)).collect(),
            connections: vec![3, 2],
            memory: Memory { before: 80 << 20, peak: 120 << 20, held: 10 << 20 },
            log: "[1][critical][wasm] plugin failed to load\n[1][info][wasm] all is well".to_owned(),
            refused: 1,
            trouble: Vec::new(),
        }
    }

    fn stat(&mut self, name: &str, number: u64) {
        self.stats.insert(format!("{PREFIX}{name}"), number);
    }

    fn judge(&self) -> Verdict {
        judge(&Evidence {
            found: &self.found,
            deliveries: &self.deliveries,
            strange: &self.strange,
            stats: &self.stats,
            connections: &self.connections,
            memory: self.memory,
            log: &self.log,
            refused: self.refused,
            trouble: &self.trouble,
        })
    }
}

/// What is said when this is spoiled.
#[track_caller]
fn spoiled(spoil: impl FnOnce(&mut Run), reason: &str) -> Verdict {
    let mut run = Run::good();
    spoil(&mut run);
    let verdict = run.judge();
    assert!(verdict.reasons.iter().any(|said| said.contains(reason)), "{:?}", verdict.reasons);
    verdict
}

#[test]
fn a_good_run_passes() {
    let expected = Verdict { acknowledged: 4, rejected: 1, duplicated: 2, ..Verdict::default() };
    assert_eq!(Run::good().judge(), expected);
}

#[test]
fn a_record_that_the_collector_silently_drops_is_lost() {
    let verdict = spoiled(|run| drop(run.deliveries.remove(2)), "1 times an exchange without a record");
    assert_eq!(verdict.lost, 1);
    assert!(verdict.reasons.iter().any(|said| said == "exported is 4, but 3 records were answered so (0 late)"));
}

#[test]
fn a_record_whose_answer_failed_last_is_lost() {
    let lost = spoiled(|run| run.deliveries[4].answer = Answer::Failed, "an exchange without a record").lost;
    assert_eq!(lost, 1);
}

#[test]
fn a_record_that_comes_again_without_a_reason() {
    for again in [Answer::Acknowledged(SOON), Answer::Failed] {
        spoiled(|run| run.deliveries.push(delivery(&[2], again)), "came again although its answer was in time");
    }
    spoiled(|run| run.deliveries.push(delivery(&[3], Answer::Failed)), "came again although its answer was in time");
}

#[test]
fn a_late_answer_is_a_reason() {
    let mut run = Run::good();
    run.deliveries.insert(2, delivery(&[2], Answer::Acknowledged(LATE)));
    let verdict = run.judge();
    assert_eq!((verdict.late, verdict.duplicated, verdict.reasons), (1, 3, Vec::new()));
}

#[test]
fn records_of_others_and_of_other_answers() {
    spoiled(|run| run.deliveries.push(delivery(&[9], Answer::Failed)), "a record of no exchange");
    spoiled(|run| run.strange.push("not JSON".to_owned()), "not JSON");
    spoiled(|run| run.found.sent.extend([(2, Some(503))]), "another status than the client saw");
    let mut unknown = Run::good();
    unknown.found.sent.insert(2, None);
    unknown.found.during_outages = 1;
    assert!(unknown.judge().reasons.is_empty());
}

#[test]
fn each_number_of_the_account() {
    for name in ["streams", "sampled_out", "exported", "dropped_rejected", "dropped_queue_full", "captured_bytes"] {
        let more = Run::good().stats[&format!("{PREFIX}{name}")] + 1;
        spoiled(|run| run.stat(name, more), "");
    }
    spoiled(|run| run.stats.retain(|name, _| !name.ends_with(".streams")), "no stat");
    spoiled(|run| run.stat("queued_bytes", 1), "queued_bytes is 1 at the end, not 0");
    for name in ["dropped_queue_full", "dropped_retries_exhausted", "dropped_too_large"] {
        let moved = |run: &mut Run| {
            run.stat(name, 1);
            run.stat("exported", 3);
        };
        spoiled(moved, &format!("{name} is 1"));
    }
    // Adds up, and is wrong all the same.
    let swapped = |run: &mut Run| {
        run.stat("exported", 3);
        run.stat("dropped_rejected", 2);
    };
    spoiled(swapped, "exported is 3, but 4 records were answered so");
    let unseen = |run: &mut Run| {
        run.stat("streams", 4);
        run.stat("exported", 3);
    };
    spoiled(unseen, "5 exchanges were sent, but the filter counts 4 streams");
}

#[test]
fn traffic_that_differs_or_was_hardly_compared() {
    let differ = |run: &mut Run| {
        run.found.different = 1;
        run.found.differences = vec!["a header is missing".to_owned()];
    };
    spoiled(differ, "1 exchanges differ, among them\n  a header is missing");
    spoiled(|run| run.found.during_outages = 3, "3 of 5 exchanges met an outage of the upstream: too many");
    spoiled(|run| run.connections = vec![5, 0], "1 workers had traffic, not 2");
    spoiled(|run| run.trouble.push("Envoy takes {}".to_owned()), "Envoy takes {}");
    let idle = |run: &mut Run| {
        *run = Run { found: Found::default(), deliveries: Vec::new(), ..Run::good() };
        for name in ["streams", "exported", "dropped_rejected"] {
            run.stat(name, 0);
        }
    };
    spoiled(idle, "0 of 0 exchanges");
}

#[test]
fn memory_and_the_vm() {
    spoiled(|run| run.memory.held = 129 << 20, "the filter held");
    spoiled(|run| run.memory.peak = 400 << 20, "Envoy grew from");
    spoiled(|run| run.memory.before = 0, "Envoy grew from");
    spoiled(
        |run| run.log.push_str("\n[error] Function: proxy_on_log failed: Uncaught RuntimeError: unreachable"),
        "proxy_on_log failed: Uncaught RuntimeError: unreachable",
    );
    spoiled(|run| run.log.push_str("\n[critical] something else"), "something else");
    spoiled(|run| run.refused = 2, "Envoy could not load the filter 1 times; 2 were to be refused");
}
