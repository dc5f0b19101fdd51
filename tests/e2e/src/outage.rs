//! A collector that is away for a while under a steady load: what the filter asks it meanwhile, and what becomes of the records.

use std::collections::BTreeMap;
use std::io;
use std::time::{Duration, Instant};

use crate::account;
use crate::collector::Manner;
use crate::reply::Reply;
use crate::rig::Rig;
use crate::steady::{Load, Sent};

/// What was in flight when the outage began is answered by then, or its time is over.
const ANSWERED: Duration = Duration::from_secs(1);

/// How the collector is away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Away {
    /// Nobody listens.
    Refused,
    /// It answers 503.
    Unavailable,
    /// It takes requests and never answers.
    Stalled,
}

/// What is played.
#[derive(Clone, Copy, Debug)]
pub struct Scene<'a> {
    /// The filter's configuration.
    pub configuration: Option<&'a str>,
    /// How the collector is away.
    pub away: Away,
    /// For how long.
    pub outage: Duration,
    /// How long it is there before.
    pub before: Duration,
    /// How long the backlog may take at most.
    pub recovery: Duration,
    /// Requests a second, each with an answer of 2 KiB.
    pub rate: u32,
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What was sent, before the outage, during it, and from its end until the backlog was gone.
    pub sent: [Vec<Sent>; 3],
    /// Export requests during the outage, but for those that were in flight when it began.
    pub probes: u64,
    /// The most records that were in flight at a time, once those that were when it began were answered.
    pub most_in_flight: u64,
    /// The most bytes that waited.
    pub most_queued_bytes: u64,
    /// From the end of the outage until the first record arrived: the pause before the last probe.
    pub first: Duration,
    /// From the end of the outage until the backlog was gone.
    pub recovered: Duration,
    /// How often each record arrived and was acknowledged, by its request id.
    pub arrived: BTreeMap<String, u64>,
    /// The filter's stats at the end.
    pub stats: BTreeMap<String, u64>,
    /// Envoy's log.
    pub log: String,
}

impl Outcome {
    /// One of the filter's stats.
    #[must_use]
    pub fn stat(&self, name: &str) -> u64 {
        self.stats.get(&format!("{}{name}", account::PREFIX)).copied().unwrap_or_default()
    }

    /// How many lines of the log hold this.
    #[must_use]
    pub fn logged(&self, text: &str) -> usize {
        self.log.lines().filter(|line| line.contains(text)).count()
    }
}

/// Plays it.
///
/// # Errors
/// When something cannot be started, an exchange fails, or the backlog does not go.
///
/// # Panics
/// When Envoy's stats never add up.
pub async fn play(scene: Scene<'_>) -> io::Result<Outcome> {
    let rig = Rig::start(scene.configuration, |_| Reply::ok(vec![b'o'; 2 << 10])).await?;
    let load = Load::start(rig.envoy.filtered(), scene.rate);
    let mut arrived = BTreeMap::new();
    let stat = |name: &str| rig.metric(name).unwrap_or_default();
    let start = Instant::now();
    while start.elapsed() < scene.before {
        look(&rig, &mut arrived).await;
    }
    let outage = Instant::now();
    match scene.away {
        Away::Refused => rig.collector.stop().await,
        Away::Unavailable => rig.collector.behave(Manner::Status(503)),
        Away::Stalled => rig.collector.behave(Manner::Stall),
    }
    let (mut most_in_flight, mut most_queued_bytes, mut requests_before) = (0, 0, None);
    while outage.elapsed() < scene.outage {
        look(&rig, &mut arrived).await;
        if stat("collector_down") == 1 {
            let requests = stat("export_requests");
            if outage.elapsed() > ANSWERED {
                most_in_flight = most_in_flight.max(stat("in_flight"));
            }
            requests_before.get_or_insert(requests);
        }
        most_queued_bytes = most_queued_bytes.max(stat("queued_bytes"));
    }
    let probes = stat("export_requests") - requests_before.unwrap_or_default();
    let streams = stat("streams");
    let back = Instant::now();
    rig.collector.behave(Manner::Accept);
    if scene.away == Away::Refused {
        rig.collector.restart()?;
    }
    let exported = stat("exported");
    let mut first = None;
    // Everything from before: what comes meanwhile is younger.
    while lost(&rig) + stat("exported") < streams {
        look(&rig, &mut arrived).await;
        if stat("exported") > exported {
            first.get_or_insert(back.elapsed());
        }
        if back.elapsed() > scene.recovery {
            let stats = rig.envoy.admin().stats(account::PREFIX)?;
            return Err(io::Error::other(format!("the backlog is not gone after {:?}: {stats:?}", back.elapsed())));
        }
    }
    let recovered = back.elapsed();
    let mut sent = tokio::task::spawn_blocking(move || load.stop()).await.map_err(io::Error::other)??;
    sent.sort_by_key(|sent| sent.at);
    rig.settle(sent.len() as u64).await;
    look(&rig, &mut arrived).await;
    rig.accounted().await;
    let after = sent.split_off(sent.partition_point(|sent| sent.at < back));
    let during = sent.split_off(sent.partition_point(|sent| sent.at < outage));
    Ok(Outcome {
        sent: [sent, during, after],
        probes,
        most_in_flight,
        most_queued_bytes,
        first: first.unwrap_or(recovered),
        recovered,
        arrived,
        stats: rig.envoy.admin().stats(account::PREFIX)?,
        log: rig.envoy.log(),
    })
}

fn lost(rig: &Rig) -> u64 {
    ["queue_full", "rejected", "retries_exhausted", "too_large"]
        .iter()
        .filter_map(|reason| rig.metric(&format!("dropped_{reason}")))
        .sum()
}

/// Takes what has arrived, after a while.
async fn look(rig: &Rig, arrived: &mut BTreeMap<String, u64>) {
    tokio::time::sleep(Duration::from_millis(20)).await;
    for post in rig.collector.take().iter().filter(|post| post.manner.acknowledges()) {
        for record in serde_json::Deserializer::from_slice(&post.message.body).into_iter::<serde_json::Value>() {
            let record = record.unwrap_or_default();
            let id = record["request_id"].as_str().unwrap_or_default().to_owned();
            *arrived.entry(id).or_default() += 1;
        }
    }
}
