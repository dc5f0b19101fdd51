//! The load: each exchange goes to both Envoys, to each of them first in turn, so that what disturbs the machine disturbs both.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use http_trace_e2e::envoy::Envoy;
use http_trace_e2e::rig::Rig;

use crate::answer::{self, Seen};
use crate::exchange;
use crate::ids::Ids;
use crate::soak::latency::Latencies;
use crate::traffic::{Planned, Traffic};
use http_trace_e2e::keep_alive::KeepAlive;

/// What a client found.
#[derive(Debug, Default)]
pub struct Found {
    /// Exchanges sent to each Envoy.
    pub sent: u64,
    /// Answers that differ; the first of them.
    pub differences: Vec<String>,
}

/// Sends exchanges until it is told to stop.
pub async fn run(
    rig: &Rig,
    without: &Envoy,
    ids: &Ids,
    mut traffic: Traffic,
    latencies: &Latencies,
    stop: &AtomicBool,
) -> Found {
    let mut found = Found::default();
    let mut kept: [Option<KeepAlive>; 2] = [None, None];
    let to = [without.plain(), rig.envoy.filtered()];
    while !stop.load(Ordering::Relaxed) {
        let planned = traffic.next(|number| ids.id(number));
        let Planned { case, keep_alive, expected, pause, .. } = &planned;
        tokio::time::sleep(*pause).await;
        let first = (found.sent % 2) as usize;
        let mut took = [Duration::ZERO; 2];
        let mut seen: [Seen; 2] = [Err(String::new()), Err(String::new())];
        for which in [first, 1 - first] {
            let begin = Instant::now();
            let kept = keep_alive.then_some(&mut kept[which]);
            seen[which] = exchange::run(&rig.upstream, to[which], case, Duration::ZERO, kept).await;
            took[which] = begin.elapsed();
        }
        found.sent += 1;
        // What the upstream thinks about is no latency of Envoy's.
        if case.reply.delay.is_zero() {
            latencies.add(took[0], took[1]);
        }
        let differences = answer::differences(expected, true, &seen[0], &seen[1]);
        if !differences.is_empty() && found.differences.len() < 3 {
            found.differences.push(format!("{}: {}", case.name, differences.join("\n  ")));
        }
    }
    found
}
