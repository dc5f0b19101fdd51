//! Whether anything grows with time.

use crate::soak::latency::{Both, median};
use crate::soak::sample::Sample;

/// No slope is judged in a shorter run: in its first minutes an Envoy grows whatever it does, because its allocator's caches,
/// its pools of connections and V8's heap fill.
pub const JUDGED_FROM: f64 = 300.0;

/// The share of the run that is warm-up, for the same reason.
const WARM_UP: f64 = 0.25;

/// How much the resident memory may grow in the judged part of the run, as a share of it, beyond what it grows without the
/// filter. The filter holds no state beside what is on its way, so nothing should be left; but V8 and the allocator touch pages
/// for the first time at chance moments: a run of twenty minutes without a leak grew by 1.4 MB of 106. A filter that leaks 200
/// bytes a record fails a run of five minutes: 11 % at 220 exchanges a second.
const MEMORY: f64 = 0.05;

/// How much the median latency may grow, as a share of it, each time divided by that without the filter. A list that is searched
/// from one end grows with the number of exchanges, that is many times in twenty minutes; whereas on a machine with other work
/// the quotient of two Envoys moved between 1.09 and 1.23 in twenty minutes. The limit is a choice well above that.
const LATENCY: f64 = 0.5;

/// What grew in the judged part of the run.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Growth {
    /// Resident memory in MB, of each.
    pub resident: Both<f64>,
    /// What the filter adds to it, as a share of the memory with it.
    pub memory: f64,
    /// The quotient of the latencies, as a share of it.
    pub latency: f64,
}

impl Growth {
    /// In these samples.
    #[must_use]
    pub fn of(samples: &[Sample]) -> Self {
        let end = samples.last().map_or(0.0, |sample| sample.at);
        let judged: Vec<&Sample> = samples.iter().filter(|sample| sample.at >= end * WARM_UP).collect();
        let over = end * (1.0 - WARM_UP);
        let grown = |number: fn(&Sample) -> f64| {
            let points: Vec<(f64, f64)> = judged.iter().map(|sample| (sample.at, number(sample))).collect();
            slope(&points) * over
        };
        let middle = |number: fn(&Sample) -> f64| median(judged.iter().map(|sample| number(sample))).max(1e-9);
        Self {
            resident: Both {
                without: grown(|sample| sample.resident.without),
                with: grown(|sample| sample.resident.with),
            },
            memory: grown(|sample| sample.resident.with - sample.resident.without)
                / middle(|sample| sample.resident.with),
            latency: grown(Sample::ratio) / middle(Sample::ratio),
        }
    }

    /// What grows too much.
    #[must_use]
    pub fn reasons(&self) -> Vec<String> {
        let mut reasons = Vec::new();
        for (what, grown, most) in [
            ("resident memory beyond that without the filter", self.memory, MEMORY),
            ("median latency as a multiple of that without the filter", self.latency, LATENCY),
        ] {
            if grown > most {
                let (grown, most) = (grown * 100.0, most * 100.0);
                reasons.push(format!(
                    "the {what} grows by {grown:.1} % over the judged part of the run; at most {most:.0} %"
                ));
            }
        }
        reasons
    }
}

/// The median of the slopes between any two points (Theil and Sen): a third of the points may be anything.
#[must_use]
pub fn slope(points: &[(f64, f64)]) -> f64 {
    let pairs = points.iter().enumerate().flat_map(|(at, a)| points[at + 1..].iter().map(move |b| (a, b)));
    median(pairs.filter(|(a, b)| b.0 > a.0).map(|(a, b)| (b.1 - a.1) / (b.0 - a.0)))
}

#[cfg(test)]
mod tests {
    use fastrand::Rng;

    use super::{Growth, slope};
    use crate::soak::latency::Both;
    use crate::soak::sample::Sample;

    /// Twenty minutes, a sample each five seconds, as noisy as a busy machine. `leak` MB an hour more with the filter, `slower`
    /// times the latency at the end, and `both` MB an hour in either Envoy.
    fn samples(leak: f64, slower: f64, both: f64) -> Vec<Sample> {
        let mut random = Rng::with_seed(5);
        let sample = |number: i32| {
            let at = f64::from(number) * 5.0;
            let (hours, noise) = (at / 3600.0, random.f64());
            let busy = if random.u32(0..10) == 0 { 8.0 } else { 1.0 + random.f64() };
            // The warm-up, which no slope may be taken for.
            let warm = 15.0 * (1.0 - (-at / 60.0).exp());
            let ratio = (1.5 + 0.4 * random.f64()) * (1.0 + (slower - 1.0) * at / 1200.0);
            Sample {
                at,
                resident: Both {
                    without: 70.0 + both * hours + noise,
                    with: 100.0 + warm + both * hours + leak * hours + 2.0 * noise,
                },
                p50: Both { without: busy, with: busy * ratio },
                ..Sample::default()
            }
        };
        (0..=240).map(sample).collect()
    }

    #[test]
    fn of_a_line_with_outliers() {
        let mut points: Vec<(f64, f64)> = (0..30).map(|x| (f64::from(x), 3.0 * f64::from(x) + 7.0)).collect();
        assert!((slope(&points) - 3.0).abs() < 1e-9);
        for at in [3, 11, 12, 28] {
            points[at].1 = 1e6;
        }
        assert!((slope(&points) - 3.0).abs() < 0.2, "{}", slope(&points));
        assert_eq!(slope(&[]), 0.0);
        assert_eq!(slope(&[(1.0, 1.0), (1.0, 2.0)]), 0.0);
    }

    #[test]
    fn noise_is_no_slope() {
        let growth = Growth::of(&samples(0.0, 1.0, 0.0));
        assert!(growth.reasons().is_empty(), "{growth:?}");
        assert!(growth.memory.abs() < 0.02 && growth.latency.abs() < 0.15, "{growth:?}");
    }

    #[test]
    fn what_grows_without_the_filter_is_not_its_fault() {
        let growth = Growth::of(&samples(0.0, 1.0, 100.0));
        assert!(growth.resident.without > 20.0 && growth.reasons().is_empty(), "{growth:?}");
    }

    #[test]
    fn a_leak_is_noticed() {
        // 100 exchanges a second that leave 100 bytes each.
        let reasons = Growth::of(&samples(36.0, 1.0, 0.0)).reasons();
        assert!(reasons.len() == 1 && reasons[0].starts_with("the resident memory"), "{reasons:?}");
    }

    #[test]
    fn getting_slower_is_noticed() {
        let reasons = Growth::of(&samples(0.0, 3.0, 0.0)).reasons();
        assert!(reasons.len() == 1 && reasons[0].starts_with("the median latency"), "{reasons:?}");
    }
}
