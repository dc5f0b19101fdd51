//! When Envoy's timer goes off next. Pure: the worker passes on to Envoy what comes out of it.

use std::{cell::Cell, time::Duration};

/// Envoy's timer counts whole milliseconds.
const SHORTEST: Duration = Duration::from_millis(1);

/// How long numbers may wait before Envoy's stats show them. Each is a call of the host, and a busy worker's numbers
/// change all the time.
const PUBLISH: Duration = Duration::from_millis(50);

/// The timer of one root context, and what the worker knows of the time.
#[derive(Debug)]
pub(crate) struct Timer {
    /// From one tick to the next; zero: it is off.
    period: Cell<Duration>,
    /// When it goes off next.
    due: Cell<Duration>,
    /// The time at the last look at the clock.
    seen: Cell<Duration>,
    /// By how much the clock has gone back so far. The time does not: nothing waits for the clock to catch up.
    behind: Cell<Duration>,
    /// Whether numbers wait for Envoy's stats.
    unpublished: Cell<bool>,
}

impl Timer {
    /// A timer that is off.
    pub(crate) fn new(now: Duration) -> Self {
        Self {
            period: Cell::new(Duration::ZERO),
            due: Cell::new(Duration::MAX),
            seen: Cell::new(now),
            behind: Cell::new(Duration::ZERO),
            unpublished: Cell::new(false),
        }
    }

    /// The current time, if a look at the clock can be saved: while the timer goes off every millisecond, the time of
    /// the last look is good enough. Envoy's own event loop does the same.
    pub(crate) fn time(&self) -> Option<Duration> {
        self.is_shortest().then_some(self.seen.get())
    }

    /// The worker looked at the clock: what time it is.
    pub(crate) fn looked(&self, clock: Duration) -> Duration {
        let now = clock.saturating_add(self.behind.get()).max(self.seen.get());
        self.behind.set(now.saturating_sub(clock));
        self.seen.set(now);
        now
    }

    /// What the clock shows at a time.
    pub(crate) fn clock(&self, now: Duration) -> Duration {
        now.saturating_sub(self.behind.get())
    }

    /// The timer went off.
    pub(crate) fn fired(&self) {
        self.due.set(Duration::ZERO);
    }

    /// Whether it goes off within a millisecond: nothing can need it sooner.
    pub(crate) fn is_shortest(&self) -> bool {
        self.period.get() == SHORTEST
    }

    /// Numbers wait for Envoy's stats.
    pub(crate) fn publish_later(&self) {
        self.unpublished.set(true);
    }

    /// Envoy's stats are up to date.
    pub(crate) fn published(&self) {
        self.unpublished.set(false);
    }

    /// There is something to do after `wake`, or nothing (`None`): off then, for an idle filter costs nothing. Returns
    /// the period to set in Envoy, if it changes. A timer that goes off soon enough is not set again: that would be a
    /// call of the host for each record, and each would postpone it.
    pub(crate) fn set(&self, now: Duration, wake: Option<Duration>) -> Option<Duration> {
        let publish = self.unpublished.get().then_some(PUBLISH);
        let wake = wake.into_iter().chain(publish).min();
        let period = wake.map_or(Duration::ZERO, |wake| whole_millis(wake).max(SHORTEST));
        if !period.is_zero() && now < self.due.get() && self.due.get() <= now.saturating_add(period) {
            return None;
        }
        self.due.set(if period.is_zero() { Duration::MAX } else { now.saturating_add(period) });
        self.change(period)
    }

    /// Only numbers wait. Does without the time, which would be a call of the host: the next [`Timer::set`] corrects
    /// `due`.
    pub(crate) fn set_to_publish(&self) -> Option<Duration> {
        if !self.period.get().is_zero() && self.period.get() <= PUBLISH {
            return None;
        }
        self.due.set(Duration::MAX);
        self.change(PUBLISH)
    }

    fn change(&self, period: Duration) -> Option<Duration> {
        (self.period.replace(period) != period).then_some(period)
    }
}

/// Rounded up: a timer that goes off early finds nothing to do.
fn whole_millis(duration: Duration) -> Duration {
    // In 64 bits: a division in 128 bits is 900 bytes of wasm.
    let millis = u64::from(duration.subsec_nanos().div_ceil(1_000_000));
    Duration::from_millis(duration.as_secs().saturating_mul(1000).saturating_add(millis))
}
