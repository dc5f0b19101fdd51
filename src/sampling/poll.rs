//! When to ask the sampling manager for the hosts to trace.

use std::time::Duration;

/// The most bytes of an answer that are read; a larger answer is refused. Every worker holds the list.
pub const MAX_ANSWER_BYTES: usize = 1 << 20;

/// The path that the manager answers on.
pub const PATH: &str = "/api/hostsToTrace";

/// The schedule of one worker's polls: the first at once, then one an interval, one at a time.
#[derive(Clone, Copy, Debug)]
pub struct Poll {
    interval: Duration,
    next: Duration,
    in_flight: Option<u32>,
    reported: bool,
}

impl Poll {
    /// The first poll is due at once.
    pub fn new(interval: Duration) -> Self {
        Self { interval, next: Duration::ZERO, in_flight: None, reported: false }
    }

    /// How long until the next poll.
    pub fn wake_in(&self, now: Duration) -> Duration {
        self.next.saturating_sub(now)
    }

    /// Whether to poll now; if so, the next one is due an interval later.
    pub fn due(&mut self, now: Duration) -> bool {
        let due = self.next <= now;
        if due {
            self.next = now.saturating_add(self.interval);
        }
        // A poll that is still in flight is left to its timeout.
        due && self.in_flight.is_none()
    }

    /// Envoy took the request under this token.
    pub fn sent(&mut self, token: u32) {
        self.in_flight = Some(token);
    }

    /// Whether the answer of this token is the poll's; then the next may be sent.
    pub fn answered(&mut self, token: u32) -> bool {
        let ours = self.in_flight == Some(token);
        if ours {
            self.in_flight = None;
        }
        ours
    }

    /// Whether to log this outcome: the first failure of a row, not each.
    pub fn report(&mut self, failed: bool) -> bool {
        let before = std::mem::replace(&mut self.reported, failed);
        failed && !before
    }
}
