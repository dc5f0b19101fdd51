//! The sections of the configuration: what each field means, its default and its range, in one place each.

use super::reader::Section;
use crate::format::Format;
use std::time::Duration;

/// The export request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CollectorConfig {
    /// Envoy cluster.
    pub cluster: String,
    /// `:authority`.
    pub authority: String,
    /// `:path`.
    pub path: String,
    /// Further headers, in lower case.
    pub headers: Vec<(String, String)>,
    /// How long Envoy waits for the whole answer.
    pub timeout: Duration,
}

/// Records that share an export request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchConfig {
    /// Records in a request; 1 sends each alone, unframed.
    pub max_records: usize,
    /// Bytes in a request: a batch closes when it reaches them.
    pub max_bytes: usize,
    /// How long the first record of a batch waits for more.
    pub linger: Duration,
    /// How records stand in a request.
    pub framing: Framing,
}

/// How several records stand in one request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Framing {
    /// One object a line: `application/x-ndjson`.
    #[default]
    Ndjson,
    /// A JSON array: `application/json`.
    Array,
}

/// Attempts at delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryConfig {
    /// In all, the first included.
    pub max_attempts: u32,
    /// Pause after the first failure; doubles with each.
    pub initial_backoff: Duration,
    /// The longest pause, but for a longer `Retry-After`.
    pub max_backoff: Duration,
}

/// What waits and what is in flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueConfig {
    /// Bytes of records that wait.
    pub max_bytes: usize,
    /// Export requests without an answer.
    pub max_in_flight: usize,
    /// What goes when it is full.
    pub overflow: crate::queue::Overflow,
}

/// Which bodies are kept, and how much of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaptureConfig {
    /// The first bytes of each body that are kept.
    pub max_body_bytes: usize,
    /// What becomes of a longer body.
    pub oversize_body: OversizeBody,
    /// Whether request bodies are kept.
    pub request_body: bool,
    /// Whether response bodies are kept.
    pub response_body: bool,
    /// Media-type patterns, in lower case; none: every type.
    pub content_types: Vec<String>,
}

/// What becomes of a body that is longer than is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OversizeBody {
    /// Its first bytes are kept.
    #[default]
    Truncate,
    /// Nothing is kept, as the original filter does it.
    Drop,
}

/// What is hidden in records.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RedactConfig {
    /// Lower-case names of headers.
    pub headers: Vec<String>,
    /// Names of query parameters.
    pub query_params: Vec<String>,
}

/// Which exchanges give a record.
#[derive(Clone, Debug, PartialEq)]
pub struct SamplingConfig {
    /// The share of exchanges kept, 0 to 1.
    pub rate: f64,
    /// Polling for hosts to trace.
    pub hosts: Option<HostsConfig>,
}

/// Polling for hosts to trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostsConfig {
    /// Envoy cluster of the sampling manager.
    pub cluster: String,
    /// From one poll to the next.
    pub interval: Duration,
    /// What is kept before the first answer.
    pub until_known: UntilKnown,
}

/// What is kept before the sampling manager has answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UntilKnown {
    /// Every exchange.
    #[default]
    All,
    /// None.
    None,
}

// === reading ===

impl CollectorConfig {
    pub(super) fn read(s: &mut Section, format: Format) -> Self {
        let cluster = s.string("cluster", "Envoy cluster that records go to", "trace_analyzer");
        let authority = s.string_or("authority", "`host` of the export request", "by the cluster's name", || {
            default_authority(&cluster)
        });
        Self {
            authority,
            path: s.path("path", "its path", "by the format", format.default_path()),
            headers: s.headers("headers", "its further headers"),
            timeout: s.millis("timeout_ms", "how long it may take", 5000, 1, 600_000),
            cluster,
        }
    }
}

/// `host:port` of Istio's cluster names (`outbound|9000||collector.ns.svc.cluster.local`), else the cluster's name.
pub(crate) fn default_authority(cluster: &str) -> String {
    let parts: Vec<&str> = cluster.split('|').collect();
    match *parts {
        [_, port, _, host] if !host.is_empty() => [host, ":", port].concat(),
        _ => cluster.to_owned(),
    }
}

impl BatchConfig {
    pub(super) fn read(s: &mut Section) -> Self {
        Self {
            max_records: s.int("max_records", "records in an export request; 1: each alone, unframed", 1, 1, 10_000)
                as usize,
            max_bytes: s.int("max_bytes", "bytes at which a batch is sent", 1 << 20, 1024, 64 << 20) as usize,
            linger: s.millis("linger_ms", "how long the first record of a batch waits for more", 50, 1, 60_000),
            framing: s.choice(
                "framing",
                "a line each, or a JSON array; from 2 `max_records` on",
                &[("ndjson", Framing::Ndjson), ("array", Framing::Array)],
            ),
        }
    }
}

impl RetryConfig {
    pub(super) fn read(s: &mut Section) -> Self {
        Self {
            max_attempts: s.int("max_attempts", "attempts in all", 5, 1, 100) as u32,
            initial_backoff: s.millis(
                "initial_backoff_ms",
                "pause after the first failure; doubles with each",
                200,
                1,
                600_000,
            ),
            max_backoff: s.millis(
                "max_backoff_ms",
                "the longest pause, but for a longer `Retry-After`",
                10_000,
                1,
                3_600_000,
            ),
        }
    }
}

impl CaptureConfig {
    pub(super) fn read(s: &mut Section) -> Self {
        Self {
            max_body_bytes: s.int("max_body_bytes", "the first bytes of a body that are kept", 1_000_000, 0, 64 << 20)
                as usize,
            oversize_body: s.choice(
                "oversize_body",
                "what becomes of a longer body; `drop` leaves it empty, as the original does",
                &[("truncate", OversizeBody::Truncate), ("drop", OversizeBody::Drop)],
            ),
            request_body: s.bool("request_body", "whether request bodies are kept", true),
            response_body: s.bool("response_body", "whether response bodies are kept", true),
            content_types: s.media_types("content_types", "types whose bodies are kept (`application/json`, `text/*`)"),
        }
    }
}

impl RedactConfig {
    pub(super) fn read(s: &mut Section) -> Self {
        Self {
            headers: s.names(
                "headers",
                "headers whose value becomes `[redacted]`; `[]` turns it off",
                &["authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key"],
            ),
            query_params: s.texts("query_params", "query parameters whose value becomes `[redacted]`"),
        }
    }
}

impl SamplingConfig {
    pub(super) fn read(s: &mut Section) -> Self {
        Self {
            rate: s.share("rate", "share of exchanges kept, decided from the request id", 1.0),
            hosts: s.section_if_on("hosts", "`true`, or an object: poll which hosts to trace", |s| HostsConfig {
                cluster: s.string("cluster", "Envoy cluster of the sampling manager", DEFAULT_MANAGER),
                interval: s.millis("interval_ms", "from one poll to the next", DEFAULT_INTERVAL, 100, 86_400_000),
                until_known: s.choice(
                    "until_known",
                    "what is kept before the first answer",
                    &[("all", UntilKnown::All), ("none", UntilKnown::None)],
                ),
            }),
        }
    }
}

const DEFAULT_MANAGER: &str = "trace-sampling-manager";
const DEFAULT_INTERVAL: u64 = 60_000;

impl Default for HostsConfig {
    fn default() -> Self {
        Self {
            cluster: DEFAULT_MANAGER.to_owned(),
            interval: Duration::from_millis(DEFAULT_INTERVAL),
            until_known: UntilKnown::All,
        }
    }
}
