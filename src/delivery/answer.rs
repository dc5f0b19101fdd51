//! The collector's answers, and what each means for the records of its request.

use crate::format::spec::Statuses;
use std::time::Duration;

/// The longest `Retry-After` that is waited for; a longer one counts as this. Records must not wait in memory for days.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(3600);

/// How an export request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The collector (or Envoy, with a 503 or 504, in its place) answered.
    Answered {
        /// The HTTP status.
        status: u16,
        /// `Retry-After`, when it gave a number of seconds.
        retry_after: Option<Duration>,
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
    /// The fate of the records, when requests are sent again after the statuses `retried`.
    pub fn verdict(self, retried: Statuses) -> Verdict {
        match self {
            Self::Answered { status: 200..300, .. } => Verdict::Delivered,
            Self::Answered { status, retry_after } if retried.iter().any(|range| range.contains(&status)) => {
                Verdict::Again(retry_after.unwrap_or_default().min(MAX_RETRY_AFTER))
            }
            Self::Answered { .. } => Verdict::Rejected,
            Self::Failed => Verdict::Again(Duration::ZERO),
        }
    }
}
