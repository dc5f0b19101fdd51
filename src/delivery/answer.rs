//! What an answer of the collector means for the records of its request.

use crate::format::spec::Statuses;
use std::time::Duration;

/// A longer `Retry-After` is taken for this: records must not wait in memory for days.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(3600);

/// What became of an export request.
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

/// What is to become of the records of a request.
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
    /// What it means, when requests are sent again after these statuses.
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
