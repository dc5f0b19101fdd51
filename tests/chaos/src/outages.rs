//! When the upstream was away, and how slow it is now: what an exchange may have met.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The upstream's outages so far.
#[derive(Debug, Default)]
pub struct Outages {
    /// The beginning and the end of each; the last may have no end yet.
    periods: Mutex<Vec<(Instant, Option<Instant>)>>,
    delay: AtomicU64,
}

impl Outages {
    /// The upstream is about to go away.
    pub fn begin(&self) {
        self.lock().push((Instant::now(), None));
    }

    /// It is there again, and Envoy has no connection left from before.
    pub fn end(&self) {
        if let Some((_, end)) = self.lock().last_mut() {
            *end = Some(Instant::now());
        }
    }

    /// Whether the upstream was away at any time from `since` to now.
    #[must_use]
    pub fn touched(&self, since: Instant) -> bool {
        self.lock().last().is_some_and(|(_, end)| end.is_none_or(|end| end >= since))
    }

    /// From now on, the upstream takes this much longer.
    pub fn slow(&self, delay: Duration) {
        self.delay.store(delay.as_millis() as u64, Ordering::Relaxed);
    }

    /// How much longer the upstream takes now.
    #[must_use]
    pub fn delay(&self) -> Duration {
        Duration::from_millis(self.delay.load(Ordering::Relaxed))
    }

    fn lock(&self) -> MutexGuard<'_, Vec<(Instant, Option<Instant>)>> {
        self.periods.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::Outages;

    #[test]
    fn touch_what_overlaps() {
        let outages = Outages::default();
        let before = Instant::now();
        assert!(!outages.touched(before));
        outages.begin();
        assert!(outages.touched(before) && outages.touched(Instant::now()));
        outages.end();
        assert!(outages.touched(before));
        std::thread::sleep(std::time::Duration::from_millis(1));
        assert!(!outages.touched(Instant::now()));
    }
}
