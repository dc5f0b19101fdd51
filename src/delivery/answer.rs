//! The collector's answers, and what each means for the records of its request.

use super::http_date;
use crate::capture::words::trim;
use std::time::Duration;

/// The longest `Retry-After` that is waited for; a longer one counts as this. Records must not wait in memory for days.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(3600);

/// Envoy answers these itself in place of a collector that it cannot reach, or that does not answer in time.
const ENVOYS_OWN: [u16; 2] = [503, 504];

/// How an export request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The collector (or Envoy, with a 503 or 504, in its place) answered.
    Answered {
        /// The HTTP status.
        status: u16,
        /// The pause that `Retry-After` asks for: see [`retry_after`].
        retry_after: Option<Duration>,
    },
    /// The collector took the request, but not all of its records.
    Partly {
        /// The HTTP status, a 2xx.
        status: u16,
        /// How many records it did not take, and never will.
        rejected: u64,
    },
    /// No answer: a reset, or Envoy did not take the call.
    Failed,
}

/// The fate of a request's records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// They are delivered.
    Delivered,
    /// They are dropped: the collector would refuse them again.
    Rejected,
    /// They are sent again, no sooner than this.
    Again(Duration),
}

impl Outcome {
    /// The fate of the records, when requests are sent again after these statuses, of which 3, 4 and 5 stand for all that begin so, and
    /// after those that Envoy itself gives.
    pub fn verdict(self, retried: &[u16]) -> Verdict {
        match self {
            Self::Answered { status: 200..300, .. } | Self::Partly { .. } => Verdict::Delivered,
            Self::Answered { status, retry_after }
                if ENVOYS_OWN.contains(&status) || retried.iter().any(|one| *one == status || *one == status / 100) =>
            {
                Verdict::Again(retry_after.unwrap_or_default().min(MAX_RETRY_AFTER))
            }
            Self::Answered { .. } => Verdict::Rejected,
            Self::Failed => Verdict::Again(Duration::ZERO),
        }
    }

    /// The status; `None`: no answer.
    pub fn status(self) -> Option<u16> {
        match self {
            Self::Answered { status, .. } | Self::Partly { status, .. } => Some(status),
            Self::Failed => None,
        }
    }

    /// How many records the collector did not take of a request that it took.
    pub fn rejected(self) -> u64 {
        match self {
            Self::Partly { rejected, .. } => rejected,
            _ => 0,
        }
    }
}

/// The pause that a `Retry-After` asks for (RFC 9110, section 10.2.3): seconds, or a date. A date counts from `date`, the
/// answer's own `Date`, so that it does not matter how the two clocks differ; without one from `now`, in seconds since the
/// epoch. `None`: it is neither.
pub fn retry_after(value: &[u8], date: Option<&[u8]>, now: u64) -> Option<Duration> {
    let value = trim(value);
    let seconds = if !value.is_empty() && value.iter().all(u8::is_ascii_digit) {
        // More digits than matter still are a large number.
        let digit = |number: u64, digit: &u8| number.min(100_000).wrapping_mul(10).wrapping_add(u64::from(digit & 15));
        value.iter().fold(0, digit)
    } else {
        let answered = date.and_then(|date| http_date::parse(trim(date), now)).unwrap_or(now);
        http_date::parse(value, now)?.saturating_sub(answered)
    };
    Some(Duration::from_secs(seconds))
}
