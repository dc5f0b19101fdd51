//! The judgement of a run: pure, so that its tests can spoil each fact and see it noticed.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use http_trace_e2e::account::{self, PREFIX};
use http_trace_e2e::stage::TRAPPED;

use crate::arrivals::{Answer, Delivery};
use crate::client::Found;
use crate::configuration::{BUDGET, TIMEOUT_MS};
use crate::memory::Memory;

/// Envoy's workers.
pub const WORKERS: u64 = 2;

/// Beside the budget, for each worker: see `memory::stays_within_its_budget` of the end-to-end tests.
const OVERHEAD: u64 = 48 << 20;

/// An answer that was sent this soon was in time: the filter waits three times as long for it, and what it waits for begins
/// a little earlier, when Envoy connects.
const IN_TIME: Duration = Duration::from_millis(TIMEOUT_MS / 3);

/// All that is known at the end of a run.
#[derive(Clone, Copy, Debug)]
pub struct Evidence<'a> {
    /// What the clients found.
    pub found: &'a Found,
    /// What arrived at the collector.
    pub deliveries: &'a [Delivery],
    /// What arrived there and is no record of an exchange.
    pub strange: &'a [String],
    /// The filter's stats, when nothing is on its way any more.
    pub stats: &'a BTreeMap<String, u64>,
    /// Connections that each worker accepted for the listener with the filter.
    pub connections: &'a [u64],
    /// Envoy's memory.
    pub memory: Memory,
    /// Envoy's log.
    pub log: &'a str,
    /// How many configurations the filter was to refuse.
    pub refused: u64,
    /// What kept the run from its plan.
    pub trouble: &'a [String],
}

/// What is said of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Records acknowledged, each counted once.
    pub acknowledged: u64,
    /// Records that were answered 400.
    pub rejected: u64,
    /// Exchanges of which no record was acknowledged nor rejected.
    pub lost: u64,
    /// Records that the collector has more than once, because an answer to it failed.
    pub duplicated: u64,
    /// Answers so late that the filter may have given up waiting.
    pub late: u64,
    /// What is wrong; nothing when the run passed.
    pub reasons: Vec<String>,
}

#[must_use]
pub fn judge(evidence: &Evidence<'_>) -> Verdict {
    let mut verdict = Verdict::default();
    records(evidence, &mut verdict);
    account(evidence, &mut verdict);
    traffic(evidence, &mut verdict);
    envoy(evidence, &mut verdict);
    verdict
}

/// Each exchange has a record that was acknowledged or rejected, and only a failed answer makes it come twice.
fn records(evidence: &Evidence<'_>, verdict: &mut Verdict) {
    let sent = &evidence.found.sent;
    let (mut seen, mut twice, mut settled) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    let (mut acknowledged, mut rejected) = (BTreeSet::new(), BTreeSet::new());
    let mut reasons = Few::default();
    for Delivery { records, answer } in evidence.deliveries {
        for record in records {
            let number = record.number;
            match sent.get(&number) {
                None => reasons.add("a record of no exchange", number),
                Some(Some(status)) if *status != record.status => {
                    reasons.add("a record with another status than the client saw", number);
                }
                Some(_) => {}
            }
            if !seen.insert(number) {
                twice.insert(number);
            }
            // Whoever was answered in time has no reason to ask again.
            if settled.contains(&number) {
                reasons.add("a record that came again although its answer was in time", number);
            }
            match answer {
                Answer::Acknowledged(_) => drop(acknowledged.insert(number)),
                Answer::Rejected(_) => drop(rejected.insert(number)),
                Answer::Failed => {}
            }
            match answer {
                Answer::Acknowledged(after) | Answer::Rejected(after) if *after <= IN_TIME => {
                    settled.insert(number);
                }
                Answer::Acknowledged(_) | Answer::Rejected(_) => verdict.late += 1,
                Answer::Failed => {}
            }
        }
    }
    let lost = sent.keys().filter(|number| !acknowledged.contains(number) && !rejected.contains(number));
    for number in lost {
        verdict.lost += 1;
        reasons.add("an exchange without a record", *number);
    }
    verdict.acknowledged = acknowledged.len() as u64;
    verdict.rejected = rejected.len() as u64;
    verdict.duplicated = twice.len() as u64;
    verdict.reasons.extend(reasons.into_lines());
    verdict.reasons.extend(evidence.strange.iter().take(3).cloned());
}

/// The identity of delivery, and each of its numbers. Envoy adds up the workers' numbers and cannot tell them apart; but each
/// exchange has its own record, whichever worker it was on, so nothing can be made up for on another.
fn account(evidence: &Evidence<'_>, verdict: &mut Verdict) {
    let reasons = &mut verdict.reasons;
    let stat = |name: &str| evidence.stats.get(&format!("{PREFIX}{name}")).copied().unwrap_or(0);
    let sent = evidence.found.sent.len() as u64;
    match account::accounted(evidence.stats) {
        Ok(streams) if streams == sent => {}
        Ok(streams) => reasons.push(format!("{sent} exchanges were sent, but the filter counts {streams} streams")),
        Err(error) => reasons.push(error),
    }
    for name in ["queued", "queued_bytes", "in_flight", "captured_bytes", "sampled_out"] {
        if stat(name) > 0 {
            reasons.push(format!("{name} is {} at the end, not 0", stat(name)));
        }
    }
    for name in ["dropped_queue_full", "dropped_retries_exhausted", "dropped_too_large"] {
        if stat(name) > 0 {
            reasons.push(format!("{name} is {}: queue and attempts are enough for the plan", stat(name)));
        }
    }
    let late = verdict.late;
    for (name, answered) in [("exported", verdict.acknowledged), ("dropped_rejected", verdict.rejected)] {
        // A late answer may have found nobody who waited for it.
        if !(answered.saturating_sub(late)..=answered).contains(&stat(name)) {
            reasons.push(format!("{name} is {}, but {answered} records were answered so ({late} late)", stat(name)));
        }
    }
}

fn traffic(evidence: &Evidence<'_>, verdict: &mut Verdict) {
    let Found { sent, during_outages, different, differences } = evidence.found;
    if *different > 0 {
        verdict.reasons.push(format!("{different} exchanges differ, among them\n  {}", differences.join("\n  ")));
    }
    // Otherwise little was compared exactly.
    if *during_outages * 2 > sent.len() as u64 || sent.is_empty() {
        let all = sent.len();
        verdict.reasons.push(format!("{during_outages} of {all} exchanges met an outage of the upstream: too many"));
    }
    let busy = evidence.connections.iter().filter(|connections| **connections > 0).count() as u64;
    if busy != WORKERS {
        verdict.reasons.push(format!("{busy} workers had traffic, not {WORKERS}: {:?}", evidence.connections));
    }
    verdict.reasons.extend(evidence.trouble.iter().cloned());
}

fn envoy(evidence: &Evidence<'_>, verdict: &mut Verdict) {
    let Memory { before, peak, held } = evidence.memory;
    if held > WORKERS * BUDGET {
        verdict.reasons.push(format!("the filter held {held} bytes, but {WORKERS} workers may hold {BUDGET} each"));
    }
    let (grown, most) = (peak.saturating_sub(before), WORKERS * (BUDGET + OVERHEAD));
    if before == 0 || grown > most {
        verdict.reasons.push(format!("Envoy grew from {before} to {peak} resident bytes: by more than {most}"));
    }
    let fatal = |line: &&str| [TRAPPED, "panicked", "Assert", "Caught "].iter().any(|bad| line.contains(bad));
    let critical = |line: &&str| line.contains("[critical]");
    let fatal = evidence.log.lines().filter(fatal).take(3).map(|line| format!("Envoy's log: {line}"));
    verdict.reasons.extend(fatal);
    // Envoy itself says so when a configuration is refused.
    let (expected, other): (Vec<&str>, Vec<&str>) =
        evidence.log.lines().filter(critical).partition(|line| line.ends_with("failed to load"));
    verdict.reasons.extend(other.iter().take(3).map(|line| format!("Envoy's log: {line}")));
    if expected.len() as u64 != evidence.refused {
        let (criticals, refused) = (expected.len(), evidence.refused);
        verdict
            .reasons
            .push(format!("Envoy could not load the filter {criticals} times; {refused} were to be refused"));
    }
}

/// Reasons of a kind: how many, and some of them.
#[derive(Debug, Default)]
struct Few(BTreeMap<&'static str, (u64, Vec<u64>)>);

impl Few {
    fn add(&mut self, what: &'static str, number: u64) {
        let (count, some) = self.0.entry(what).or_default();
        *count += 1;
        if some.len() < 5 {
            some.push(number);
        }
    }

    fn into_lines(self) -> impl Iterator<Item = String> {
        self.0.into_iter().map(|(what, (count, some))| format!("{count} times {what}, for example {some:?}"))
    }
}

#[cfg(test)]
#[path = "judge_tests.rs"]
mod tests;
