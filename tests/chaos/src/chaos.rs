//! One run of chaos.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use http_trace_e2e::account::{self, PREFIX};
use http_trace_e2e::bootstrap::FILTERED;
use http_trace_e2e::collector::Manner;
use http_trace_e2e::reply::Reply;
use http_trace_e2e::rig::Rig;
use http_trace_e2e::wait;
use tokio::task::JoinSet;

use crate::arrivals::Arrivals;
use crate::client::{self, Found};
use crate::conductor::Conductor;
use crate::ids::Ids;
use crate::judge::{Evidence, Verdict, WORKERS, judge};
use crate::memory::Memory;
use crate::outages::Outages;
use crate::plan;
use crate::traffic::Traffic;

/// Clients at a time. They pause between exchanges, so that Envoy is busy and not overrun.
const CLIENTS: u64 = 20;
/// How often what arrived is taken from the collector.
const TAKE: Duration = Duration::from_millis(100);

/// The outcome of a run.
#[derive(Debug)]
pub struct Outcome {
    /// Exchanges sent, with the filter and the same without.
    pub exchanges: u64,
    /// Of these, how many met an outage of the upstream.
    pub during_outages: u64,
    /// How often each kind of fault happened.
    pub counts: BTreeMap<String, u64>,
    /// Envoy's memory.
    pub memory: Memory,
    /// The judgement.
    pub verdict: Verdict,
    /// The last lines of Envoy's log.
    pub log_tail: String,
}

/// Runs it.
///
/// # Errors
/// When Envoy, the upstream or the collector cannot be started.
pub async fn run(seed: u64, lasts: Duration) -> io::Result<Outcome> {
    let configuration = plan::first_configuration(seed);
    let rig = Arc::new(
        Rig::start_with(Some(&configuration), |_| Reply::echo(), |given| given.workers = WORKERS as u32).await?,
    );
    let (outages, ids, stop) = (Arc::new(Outages::default()), Arc::new(Ids::new()), Arc::new(AtomicBool::new(false)));
    let mut memory = Memory::before(&rig)?;
    let mut clients = JoinSet::new();
    for client in 0..CLIENTS {
        let (rig, outages, ids, stop) = (Arc::clone(&rig), Arc::clone(&outages), Arc::clone(&ids), Arc::clone(&stop));
        let traffic = Traffic::new(seed, client, CLIENTS, true);
        clients.spawn(async move { client::run(&rig, &outages, &ids, traffic, &stop).await });
    }
    let mut conductor = Conductor::new(&rig, &outages);
    let (mut trouble, mut arrivals) = (Vec::new(), Arrivals::default());
    let found = tokio::select! {
        found = async {
            if let Err(error) = conductor.play(plan::plan(seed, lasts)).await {
                trouble.push(error.to_string());
            }
            stop.store(true, Ordering::Relaxed);
            rig.collector.behave(Manner::Accept);
            let found = all(&mut clients).await;
            println!("{:10}  every client is done, and everything is well again", "");
            if let Err(error) = drained(&rig, found.sent.len() as u64).await {
                trouble.push(error);
            }
            found
        } => found,
        () = memory.watch(&rig) => unreachable!("watches for ever"),
        () = take(&mut arrivals, &rig, &ids) => unreachable!("takes for ever"),
    };
    arrivals.take(&rig.collector, &ids);
    let strange = std::mem::take(&mut arrivals.strange);
    let counts = conductor.counts;
    let verdict = judge(&Evidence {
        found: &found,
        deliveries: &arrivals.deliveries(),
        strange: &strange,
        stats: &rig.envoy.admin().stats(PREFIX)?,
        connections: &connections(&rig)?,
        memory,
        log: &rig.envoy.log(),
        refused: counts.get("configuration refused").copied().unwrap_or(0),
        trouble: &trouble,
    });
    let log_tail = rig.envoy.log_tail();
    Ok(Outcome {
        exchanges: found.sent.len() as u64,
        during_outages: found.during_outages,
        counts,
        memory,
        verdict,
        log_tail,
    })
}

async fn take(arrivals: &mut Arrivals, rig: &Rig, ids: &Ids) {
    loop {
        tokio::time::sleep(TAKE).await;
        arrivals.take(&rig.collector, ids);
    }
}

async fn all(clients: &mut JoinSet<Found>) -> Found {
    let mut all = Found::default();
    while let Some(found) = clients.join_next().await {
        all.add(found.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic())));
    }
    all
}

/// Waits until the filter has seen so many streams and nothing is on its way any more.
async fn drained(rig: &Rig, streams: u64) -> Result<(), String> {
    let mut last = String::new();
    let ready = || {
        let stats = rig.envoy.admin().stats(PREFIX).ok()?;
        last = format!("{stats:?}");
        let stat = |name: &str| stats.get(&format!("{PREFIX}{name}")).copied();
        let idle = stat("queued") == Some(0) && stat("in_flight") == Some(0) && stat("streams") >= Some(streams);
        (idle && account::accounted(&stats).is_ok()).then_some(())
    };
    let done = wait::within(2 * wait::DEADLINE, ready).await;
    done.ok_or_else(|| {
        format!("records still wait, or do not add up, {:?} after the last fault: {last}", 2 * wait::DEADLINE)
    })
}

/// How many connections each worker accepted for the listener with the filter.
fn connections(rig: &Rig) -> io::Result<Vec<u64>> {
    let stats = rig.envoy.admin().stats(&format!("listener.{FILTERED}.worker_"))?;
    Ok(stats.into_iter().filter(|(name, _)| name.ends_with(".downstream_cx_total")).map(|(_, count)| count).collect())
}
