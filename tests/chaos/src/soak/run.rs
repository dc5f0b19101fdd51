//! One run of soak.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use http_trace_e2e::account::{self, PREFIX};
use http_trace_e2e::bootstrap;
use http_trace_e2e::envoy::Envoy;
use http_trace_e2e::reply::Reply;
use http_trace_e2e::rig::Rig;
use http_trace_e2e::wait;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::ids::Ids;
use crate::soak::latency::Latencies;
use crate::soak::load;
use crate::soak::sample::Sample;
use crate::traffic::Traffic;

/// Clients at a time.
const CLIENTS: u64 = 12;
/// The exchanges are the same in each run.
const SEED: u64 = 1;
/// How long at most from one sample to the next.
const SAMPLE: f64 = 5.0;
const WORKERS: u32 = 2;

/// What a run gives.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Every few seconds.
    pub samples: Vec<Sample>,
    /// Exchanges with each Envoy.
    pub exchanges: u64,
    /// Envoy's version.
    pub version: String,
    /// What is wrong beside slopes; nothing when all is well.
    pub reasons: Vec<String>,
}

/// How many samples a row has, and how long each lasts: a row a minute, and at least ten rows.
#[must_use]
pub fn rows(lasts: Duration) -> (usize, Duration) {
    let rows = (lasts.as_secs_f64() / 60.0).ceil().max(10.0);
    let row = lasts.as_secs_f64() / rows;
    let per_row = (row / SAMPLE).ceil();
    (per_row as usize, Duration::from_secs_f64(row / per_row))
}

/// Runs it.
///
/// # Errors
/// When an Envoy, the upstream or the collector cannot be started, or an Envoy ends.
pub async fn run(lasts: Duration) -> io::Result<Outcome> {
    let rig = Arc::new(Rig::start_with(None, |_| Reply::echo(), |given| given.workers = WORKERS).await?);
    let plain = bootstrap::around(Vec::new(), Vec::new(), rig.upstream.h1, rig.upstream.h2);
    let without = Arc::new(Envoy::run_with(&plain, WORKERS).await?);
    let (ids, latencies, stop) =
        (Arc::new(Ids::new()), Arc::new(Latencies::default()), Arc::new(AtomicBool::new(false)));
    let mut clients = JoinSet::new();
    for client in 0..CLIENTS {
        let (rig, without, ids) = (Arc::clone(&rig), Arc::clone(&without), Arc::clone(&ids));
        let (latencies, stop) = (Arc::clone(&latencies), Arc::clone(&stop));
        let traffic = Traffic::new(SEED, client, CLIENTS, false);
        clients.spawn(async move { load::run(&rig, &without, &ids, traffic, &latencies, &stop).await });
    }
    let mut outcome = Outcome { version: rig.envoy.admin().version()?, ..Outcome::default() };
    let (_, every) = rows(lasts);
    let (start, mut last) = (Instant::now(), Duration::ZERO);
    let mut next = start;
    while start.elapsed() + every / 2 < lasts {
        next += every;
        while Instant::now() < next {
            tokio::time::sleep_until(next.min(Instant::now() + Duration::from_millis(200))).await;
            // The collector keeps what it receives until it is taken.
            drop(rig.collector.take());
        }
        let now = start.elapsed();
        outcome.samples.push(Sample::take(now, now - last, &without, &rig.envoy, &latencies)?);
        last = now;
    }
    stop.store(true, Ordering::Relaxed);
    while let Some(found) = clients.join_next().await {
        let found = found.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()));
        outcome.exchanges += found.sent;
        outcome.reasons.extend(found.differences);
    }
    outcome.reasons.extend(check(&rig, outcome.exchanges).await.err());
    Ok(outcome)
}

/// Waits until every exchange's record was acknowledged.
async fn check(rig: &Rig, exchanges: u64) -> Result<(), String> {
    let mut last = String::new();
    let ready = || {
        drop(rig.collector.take());
        let stats = rig.envoy.admin().stats(PREFIX).ok()?;
        last = format!("{stats:?}");
        let exported = stats.get(&format!("{PREFIX}exported")).copied();
        (account::accounted(&stats) == Ok(exchanges) && exported == Some(exchanges)).then_some(())
    };
    let done = wait::within(wait::DEADLINE, ready).await;
    done.ok_or_else(|| format!("not each of {exchanges} exchanges has a record that was acknowledged: {last}"))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::rows;

    #[test]
    fn a_row_a_minute_and_at_least_ten() {
        assert_eq!(rows(Duration::from_secs(60)), (2, Duration::from_secs(3)));
        assert_eq!(rows(Duration::from_secs(600)), (12, Duration::from_secs(5)));
        assert_eq!(rows(Duration::from_secs(1200)), (12, Duration::from_secs(5)));
    }
}
