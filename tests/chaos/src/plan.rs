//! What happens when, decided by the seed: three lanes of events, of the collector, of the upstream, of the configuration.

use std::ops::Range;
use std::time::Duration;

use fastrand::Rng;

use crate::configuration;
use crate::fault::{CollectorFault, UpstreamFault};

/// Milliseconds that a fault of the collector lasts; what waits meanwhile must fit in the queue.
const COLLECTOR_LASTS: Range<u64> = 200..3_500;
/// Milliseconds until the collector's next fault.
const COLLECTOR_CALM: Range<u64> = 300..1_500;
/// Milliseconds that a fault of the upstream lasts.
const UPSTREAM_LASTS: Range<u64> = 100..1_200;
/// Milliseconds until the upstream's next fault: most traffic must meet a calm upstream, where answers must be exact.
const UPSTREAM_CALM: Range<u64> = 2_000..6_000;
/// Milliseconds between two changes of the configuration.
const CHANGES: Range<u64> = 1_500..6_000;

/// What happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The collector begins to fail.
    Collector(CollectorFault),
    /// It is well again.
    CollectorHealed,
    /// The upstream begins to fail.
    Upstream(UpstreamFault),
    /// It is well again.
    UpstreamHealed,
    /// The filter gets another configuration.
    Configure(String),
    /// The filter gets one that it must refuse.
    ConfigureBadly(String),
}

/// When it happens, counted from the start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The time.
    pub at: Duration,
    /// What happens.
    pub event: Event,
}

/// The configuration before the first event.
#[must_use]
pub fn first_configuration(seed: u64) -> String {
    configuration::valid(&mut Rng::with_seed(seed), 0)
}

/// The events of a run that lasts so long, in the order of their times. At the end both are well.
#[must_use]
pub fn plan(seed: u64, lasts: Duration) -> Vec<Step> {
    let mut random = Rng::with_seed(seed ^ 0x00c0_11ec_7035);
    let collector = lane(&mut random, lasts, &CollectorFault::ALL, COLLECTOR_LASTS, COLLECTOR_CALM);
    let upstream = lane(&mut random, lasts, &UpstreamFault::ALL, UPSTREAM_LASTS, UPSTREAM_CALM);
    let mut steps = Vec::new();
    for (begins, ends, fault) in collector {
        steps.push(Step { at: begins, event: Event::Collector(fault) });
        steps.push(Step { at: ends, event: Event::CollectorHealed });
    }
    for (begins, ends, fault) in upstream {
        steps.push(Step { at: begins, event: Event::Upstream(fault) });
        steps.push(Step { at: ends, event: Event::UpstreamHealed });
    }
    let mut at = Duration::from_millis(random.u64(CHANGES));
    let mut number = 1;
    while at < lasts {
        let event = if random.u32(0..4) == 0 {
            Event::ConfigureBadly(configuration::invalid(&mut random, number))
        } else {
            Event::Configure(configuration::valid(&mut random, number))
        };
        steps.push(Step { at, event });
        at += Duration::from_millis(random.u64(CHANGES));
        number += 1;
    }
    steps.sort_by_key(|step| step.at);
    steps
}

/// Faults one after another. Each comes once before any comes again, so that a short run meets all.
fn lane<T: Copy>(
    random: &mut Rng,
    lasts: Duration,
    faults: &[T],
    fault_lasts: Range<u64>,
    calm: Range<u64>,
) -> Vec<(Duration, Duration, T)> {
    let mut lane = Vec::new();
    let mut bag = Vec::new();
    let mut now = Duration::from_millis(random.u64(calm.clone()));
    loop {
        if bag.is_empty() {
            bag.extend_from_slice(faults);
            random.shuffle(&mut bag);
        }
        let ends = now + Duration::from_millis(random.u64(fault_lasts.clone()));
        let Some(fault) = bag.pop().filter(|_| ends < lasts) else { return lane };
        lane.push((now, ends, fault));
        now = ends + Duration::from_millis(random.u64(calm.clone()));
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::time::Duration;

    use super::{Event, plan};
    use crate::fault::{CollectorFault, UpstreamFault};

    const TWO_MINUTES: Duration = Duration::from_secs(120);

    #[test]
    fn the_seed_decides() {
        assert_eq!(plan(7, TWO_MINUTES), plan(7, TWO_MINUTES));
        assert_ne!(plan(7, TWO_MINUTES), plan(8, TWO_MINUTES));
    }

    #[test]
    fn two_minutes_have_every_fault() {
        for seed in 0..50 {
            let plan = plan(seed, TWO_MINUTES);
            let collector: BTreeSet<CollectorFault> = plan
                .iter()
                .filter_map(|step| if let Event::Collector(fault) = step.event { Some(fault) } else { None })
                .collect();
            let upstream: BTreeSet<UpstreamFault> = plan
                .iter()
                .filter_map(|step| if let Event::Upstream(fault) = step.event { Some(fault) } else { None })
                .collect();
            let count = |is: fn(&Event) -> bool| plan.iter().filter(|step| is(&step.event)).count();
            assert_eq!((collector.len(), upstream.len()), (12, 3), "seed {seed}");
            assert!(count(|event| matches!(event, Event::Configure(_))) > 5, "seed {seed}");
            assert!(count(|event| matches!(event, Event::ConfigureBadly(_))) > 0, "seed {seed}");
        }
    }

    #[test]
    fn everything_is_well_at_the_end() {
        for seed in 0..50 {
            let (mut collector, mut upstream) = (0, 0);
            for step in plan(seed, TWO_MINUTES) {
                assert!(step.at < TWO_MINUTES);
                match step.event {
                    Event::Collector(_) => collector += 1,
                    Event::CollectorHealed => collector -= 1,
                    Event::Upstream(_) => upstream += 1,
                    Event::UpstreamHealed => upstream -= 1,
                    Event::Configure(_) | Event::ConfigureBadly(_) => {}
                }
                assert!((0..=1).contains(&collector) && (0..=1).contains(&upstream), "one fault at a time");
            }
            assert_eq!((collector, upstream), (0, 0));
        }
    }
}
