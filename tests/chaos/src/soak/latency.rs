//! How long exchanges took since the last look.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// A number of the Envoy without the filter, and of the one with it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Both<T> {
    /// Without the filter.
    pub without: T,
    /// With the filter.
    pub with: T,
}

/// Latencies in milliseconds of some time.
#[derive(Debug, Default)]
pub struct Latencies(Mutex<Both<Vec<f64>>>);

impl Latencies {
    /// Adds the two of one exchange.
    pub fn add(&self, without: Duration, with: Duration) {
        let mut both = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        both.without.push(without.as_secs_f64() * 1e3);
        both.with.push(with.as_secs_f64() * 1e3);
    }

    /// All since the last call, sorted.
    #[must_use]
    pub fn take(&self) -> Both<Vec<f64>> {
        let mut both = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        both.without.sort_by(f64::total_cmp);
        both.with.sort_by(f64::total_cmp);
        both
    }
}

/// The value below which this share of the sorted values lies; 0 without values.
#[must_use]
pub fn quantile(sorted: &[f64], share: f64) -> f64 {
    let at = (sorted.len() as f64 * share) as usize;
    sorted.get(at.min(sorted.len().saturating_sub(1))).copied().unwrap_or(0.0)
}

/// The value in the middle; 0 without values.
#[must_use]
pub fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = values.into_iter().collect();
    sorted.sort_by(f64::total_cmp);
    quantile(&sorted, 0.5)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Latencies, median, quantile};

    #[test]
    fn quantiles() {
        let hundred: Vec<f64> = (0..100).map(f64::from).collect();
        assert_eq!((quantile(&hundred, 0.5), quantile(&hundred, 0.99), quantile(&[], 0.5)), (50.0, 99.0, 0.0));
        assert_eq!(median([3.0, 1.0, 2.0]), 2.0);
    }

    #[test]
    fn are_taken_once() {
        let latencies = Latencies::default();
        latencies.add(Duration::from_millis(2), Duration::from_millis(4));
        latencies.add(Duration::from_millis(1), Duration::from_millis(3));
        let both = latencies.take();
        assert_eq!((both.without, both.with), (vec![1.0, 2.0], vec![3.0, 4.0]));
        assert!(latencies.take().with.is_empty());
    }
}
