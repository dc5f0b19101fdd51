//! A client: it sends each exchange without the filter and with it, and compares the answers.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use http_trace_e2e::rig::Rig;

use crate::answer::{self, Seen};
use crate::exchange;
use crate::ids::Ids;
use crate::outages::Outages;
use crate::traffic::{Planned, Traffic};
use http_trace_e2e::keep_alive::KeepAlive;

/// Differences that are told; more would only be longer.
const TOLD: usize = 10;

/// What a client found.
#[derive(Debug, Default)]
pub struct Found {
    /// By the number of each exchange that was sent with the filter: the status that its record must have; `None`: that of an
    /// outage, which the client cannot always know.
    pub sent: BTreeMap<u64, Option<u16>>,
    /// How many met an outage of the upstream, so that their answers were compared by kind only.
    pub during_outages: u64,
    /// How many differ.
    pub different: u64,
    /// Some of the differences.
    pub differences: Vec<String>,
}

impl Found {
    /// Adds what another client found.
    pub fn add(&mut self, other: Self) {
        self.sent.extend(other.sent);
        self.during_outages += other.during_outages;
        self.different += other.different;
        self.differences.extend(other.differences);
        self.differences.truncate(TOLD);
    }

    fn compare(&mut self, planned: &Planned, calm: bool, without: &Seen, with: &Seen) {
        let status = with.as_ref().map(http_trace_e2e::message::Message::status).unwrap_or_default();
        self.sent.insert(planned.number, calm.then_some(status));
        self.during_outages += u64::from(!calm);
        let differences = answer::differences(&planned.expected, calm, without, with);
        if !differences.is_empty() {
            self.different += 1;
            let Planned { case, number, .. } = planned;
            let target = case.request.target.escape_ascii();
            let what = format!("{number}: {} {target}, {:?}, {:?}", case.request.method, case.reply.finish, case.abort);
            self.differences.push(format!("{what}:\n    {}", differences.join("\n    ")));
            self.differences.truncate(TOLD);
        }
    }
}

/// Sends exchanges until it is told to stop.
pub async fn run(rig: &Rig, outages: &Outages, ids: &Ids, mut traffic: Traffic, stop: &AtomicBool) -> Found {
    let mut found = Found::default();
    let mut kept: [Option<KeepAlive>; 2] = [None, None];
    while !stop.load(Ordering::Relaxed) {
        let planned = traffic.next(|number| ids.id(number));
        tokio::time::sleep(planned.pause).await;
        let [kept_without, kept_with] = &mut kept;
        let (begin, delay) = (Instant::now(), outages.delay());
        let Planned { case, keep_alive, .. } = &planned;
        let kept_without = keep_alive.then_some(kept_without);
        let without = exchange::run(&rig.upstream, rig.envoy.plain(), case, delay, kept_without).await;
        let kept_with = keep_alive.then_some(kept_with);
        let with = exchange::run(&rig.upstream, rig.envoy.filtered(), case, delay, kept_with).await;
        found.compare(&planned, !outages.touched(begin), &without, &with);
    }
    found
}
