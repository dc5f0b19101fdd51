//! Whether the collector takes records. When it does not, that is the collector's outage, not the fault of the records that
//! were just sent: one request at a time asks whether the outage is over, with a growing pause before each.

use super::options::RetryConfig;
use std::time::Duration;

/// How long the log stays silent about further outages after it told of one: a collector may fail now and then.
const SILENCE: Duration = Duration::from_secs(10);

/// What the log should tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// The collector does not take records.
    Down,
    /// It takes records again, after so long.
    Back(Duration),
}

/// The outage of one worker's collector, if there is one. `now` is the time since any fixed moment, and never goes back.
#[derive(Debug)]
pub struct Outage {
    initial_backoff: Duration,
    max_backoff: Duration,
    /// The longest that the next pause may be.
    backoff: Duration,
    jitter: u64,
    /// When it began; `None`: the collector takes records, as far as is known.
    since: Option<Duration>,
    /// Failed attempts in a row. Requests that were on their way when the first one failed are not counted.
    failures: usize,
    /// The earliest moment of the next attempt.
    next: Duration,
    told: bool,
    silent_until: Duration,
    change: Option<Change>,
}

impl Outage {
    /// No outage so far.
    pub fn new(config: &RetryConfig) -> Self {
        Self {
            initial_backoff: config.initial_backoff,
            max_backoff: config.max_backoff,
            backoff: config.initial_backoff,
            jitter: 0x9e37_79b9_7f4a_7c15,
            since: None,
            failures: 0,
            next: Duration::ZERO,
            told: false,
            silent_until: Duration::ZERO,
            change: None,
        }
    }

    /// Makes the pauses differ from those of other workers and proxies.
    pub fn seed(&mut self, seed: u64) {
        self.jitter ^= seed.max(1);
    }

    /// Whether there is one now.
    pub fn is_on(&self) -> bool {
        self.since.is_some()
    }

    /// Failed attempts in a row: the one with which it began, and those that asked whether it is over.
    pub fn failures(&self) -> usize {
        self.failures
    }

    /// How long until the next attempt; zero when there is no outage.
    pub fn wait(&self, now: Duration) -> Duration {
        if self.is_on() { self.next.saturating_sub(now) } else { Duration::ZERO }
    }

    /// An attempt failed: an outage begins, or goes on. `retry_after` is the pause that the answer asks for, or zero.
    pub fn failed(&mut self, now: Duration, retry_after: Duration) {
        self.since.get_or_insert(now);
        self.failures = self.failures.saturating_add(1);
        self.next = now.saturating_add(self.backoff().max(retry_after));
        if !self.told && now >= self.silent_until {
            self.told = true;
            self.silent_until = now.saturating_add(SILENCE);
            self.change = Some(Change::Down);
        }
    }

    /// A request failed that was on its way when the outage began: it tells nothing new, but for its `Retry-After`.
    pub fn also_failed(&mut self, now: Duration, retry_after: Duration) {
        self.next = self.next.max(now.saturating_add(retry_after));
    }

    /// The collector took records, or said of one that it never will: it works.
    pub fn over(&mut self, now: Duration) {
        let Some(since) = self.since.take() else { return };
        self.failures = 0;
        self.backoff = self.initial_backoff;
        if std::mem::take(&mut self.told) {
            self.change = Some(Change::Back(now.saturating_sub(since)));
        }
    }

    /// Failures are counted, and pauses grow, as if it had just begun.
    pub fn restart(&mut self) {
        self.failures = self.failures.min(1);
        self.backoff = self.initial_backoff;
    }

    /// No `Retry-After` is waited for that is longer than the longest backoff.
    pub fn hurry(&mut self, now: Duration) {
        self.next = self.next.min(now.saturating_add(self.max_backoff));
    }

    /// What the log should tell, once.
    pub fn take_change(&mut self) -> Option<Change> {
        self.change.take()
    }

    /// Exponential backoff with jitter: between half and the whole of `initial * 2^(failures - 1)`, bounded. Without jitter
    /// all proxies of a mesh would return to a recovering collector at the same moment.
    fn backoff(&mut self) -> Duration {
        let whole = self.backoff.min(self.max_backoff);
        self.backoff = whole.saturating_add(whole);
        // xorshift64: spreading is all that is asked of it.
        self.jitter ^= self.jitter << 13;
        self.jitter ^= self.jitter >> 7;
        self.jitter ^= self.jitter << 17;
        // A pause is at most an hour: its product is less than 2^42.
        let half = micros(whole) / 2;
        Duration::from_micros(half.saturating_add(half.wrapping_mul(self.jitter % 1024) / 1024))
    }
}

/// In 64 bits: a division in 128 bits is 900 bytes of wasm.
fn micros(pause: Duration) -> u64 {
    pause.as_secs().wrapping_mul(1_000_000).wrapping_add(u64::from(pause.subsec_micros()))
}
