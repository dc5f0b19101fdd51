//! What can go wrong around Envoy.

use std::fmt;
use std::time::Duration;

use http_trace_e2e::collector::Manner;

/// How the collector fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CollectorFault {
    /// The port refuses, and open connections are gone.
    Killed,
    /// Accepts and never answers.
    Stalled,
    /// Takes long to acknowledge.
    Slowed,
    /// Answers what is not HTTP.
    Garbage,
    /// Reads and resets.
    Resets,
    /// Answers 503.
    Unavailable,
    /// Answers 408.
    TimesOut,
    /// Answers 429 with `Retry-After`.
    TooMany,
    /// Answers 400: the records are not sent again.
    Rejects,
    /// Closes when it has read the head of the request.
    ClosesUnread,
    /// Closes after the head of a 200.
    ClosesHalfWay,
    /// Resets within the body of a 200.
    ResetsHalfWay,
}

/// How the upstream fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum UpstreamFault {
    /// The port refuses, and open connections are gone.
    Killed,
    /// All its connections are cut at once.
    Cut,
    /// Takes long.
    Slowed,
}

// === impl CollectorFault ===

impl CollectorFault {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Killed,
        Self::Stalled,
        Self::Slowed,
        Self::Garbage,
        Self::Resets,
        Self::Unavailable,
        Self::TimesOut,
        Self::TooMany,
        Self::Rejects,
        Self::ClosesUnread,
        Self::ClosesHalfWay,
        Self::ResetsHalfWay,
    ];

    /// What the collector does then; `None`: it is not there.
    #[must_use]
    pub fn manner(self) -> Option<Manner> {
        Some(match self {
            Self::Killed => return None,
            Self::Stalled => Manner::Stall,
            Self::Slowed => Manner::Slow(Duration::from_millis(250)),
            Self::Garbage => Manner::Garbage,
            Self::Resets => Manner::Reset,
            Self::Unavailable => Manner::Status(503),
            Self::TimesOut => Manner::Status(408),
            Self::TooMany => Manner::RetryAfter(429, 1),
            Self::Rejects => Manner::Status(400),
            Self::ClosesUnread => Manner::CloseUnread,
            Self::ClosesHalfWay => Manner::CloseAfterHead,
            Self::ResetsHalfWay => Manner::ResetMidBody,
        })
    }
}

impl fmt::Display for CollectorFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Killed => "collector killed",
            Self::Stalled => "collector stalled",
            Self::Slowed => "collector slowed",
            Self::Garbage => "collector answers garbage",
            Self::Resets => "collector resets",
            Self::Unavailable => "collector answers 503",
            Self::TimesOut => "collector answers 408",
            Self::TooMany => "collector answers 429",
            Self::Rejects => "collector answers 400",
            Self::ClosesUnread => "collector closes unread",
            Self::ClosesHalfWay => "collector closes half way",
            Self::ResetsHalfWay => "collector resets half way",
        })
    }
}

// === impl UpstreamFault ===

impl UpstreamFault {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Killed, Self::Cut, Self::Slowed];
}

impl fmt::Display for UpstreamFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Killed => "upstream killed",
            Self::Cut => "upstream cut",
            Self::Slowed => "upstream slowed",
        })
    }
}
