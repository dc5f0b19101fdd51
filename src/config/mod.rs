//! The plugin's JSON configuration: every field optional, validated as a whole before anything is used.

mod json;
mod reader;

pub use reader::ConfigError;

use crate::{format::Format, mesh::Mesh, queue::Overflow};
use reader::Section;
use std::time::Duration;

/// The whole configuration, validated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The wire format of records.
    pub format: Format,
    /// Where records go.
    pub collector: CollectorConfig,
    /// Attempts at delivery.
    pub retry: RetryConfig,
    /// What waits and what is in flight.
    pub queue: QueueConfig,
    /// Bytes per worker for bodies being captured and records on their way.
    pub memory_max_bytes: usize,
    /// Which bodies are kept, and how much of them.
    pub capture: CaptureConfig,
    /// Lower-case names of headers whose values are hidden.
    pub redact_headers: Vec<String>,
    /// Where the destination namespace is read.
    pub mesh: Mesh,
}

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
    pub overflow: Overflow,
}

/// Which bodies are kept, and how much of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CaptureConfig {
    /// The first bytes of each body that are kept.
    pub max_body_bytes: usize,
    /// Whether request bodies are kept.
    pub request_body: bool,
    /// Whether response bodies are kept.
    pub response_body: bool,
}

impl Config {
    /// Parses and validates; nothing at all means every default.
    ///
    /// # Errors
    /// Every problem found, each with the path of its field, what was got and what it takes.
    pub fn parse(json: &[u8]) -> Result<Self, ConfigError> {
        let mut root = Section::parse(json)?;
        let format = root.choice("format", &[("publish", Format::Publish)]);
        let mesh = root.choice("mesh", &[("istio", Mesh::Istio), ("kuma", Mesh::Kuma), ("none", Mesh::None)]);
        let collector = root.section("collector", |s| CollectorConfig::read(s, format));
        let config = Self {
            format,
            mesh,
            collector,
            retry: root.section("retry", |s| RetryConfig {
                max_attempts: s.int("max_attempts", 5, 1, 100) as u32,
                initial_backoff: s.millis("initial_backoff_ms", 200, 1, 600_000),
                max_backoff: s.millis("max_backoff_ms", 10_000, 1, 3_600_000),
            }),
            queue: root.section("queue", |s| QueueConfig {
                max_bytes: s.int("max_bytes", 8 << 20, 1024, 1 << 30) as usize,
                max_in_flight: s.int("max_in_flight", 64, 1, 1024) as usize,
                overflow: s.choice(
                    "overflow",
                    &[("drop_oldest", Overflow::DropOldest), ("drop_newest", Overflow::DropNewest)],
                ),
            }),
            memory_max_bytes: root.section("memory", |s| s.int("max_bytes", 64 << 20, 65_536, 2 << 30)) as usize,
            capture: root.section("capture", |s| CaptureConfig {
                max_body_bytes: s.int("max_body_bytes", 1_000_000, 0, 64 << 20) as usize,
                request_body: s.bool("request_body", true),
                response_body: s.bool("response_body", true),
            }),
            redact_headers: root.section("redact", |s| {
                s.names("headers", &["authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key"])
            }),
        };
        root.finish()?;
        Ok(config)
    }
}

impl CollectorConfig {
    fn read(section: &mut Section, format: Format) -> Self {
        let cluster = section.string("cluster", "trace_analyzer");
        let authority = section.string("authority", &default_authority(&cluster));
        Self {
            authority,
            path: section.path("path", format.default_path()),
            headers: section.headers("headers"),
            timeout: section.millis("timeout_ms", 5000, 1, 600_000),
            cluster,
        }
    }
}

/// `host:port` of Istio's cluster names (`outbound|9000||collector.ns.svc.cluster.local`), else the cluster's name.
fn default_authority(cluster: &str) -> String {
    let parts: Vec<&str> = cluster.split('|').collect();
    match *parts {
        [_, port, _, host] if !host.is_empty() => format!("{host}:{port}"),
        _ => cluster.to_owned(),
    }
}
