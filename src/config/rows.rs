//! The sections of the configuration: what each field means, its default and its range, in one place each.

use super::reader::Section;
use crate::{
    capture::{
        options::{CaptureConfig, OversizeBody},
        redact::RedactConfig,
    },
    delivery::options::{BatchConfig, CollectorConfig, Framing, RetryConfig, default_authority},
    format::Format,
    sampling::options::{DEFAULT_INTERVAL, DEFAULT_MANAGER, HostsConfig, SamplingConfig, UntilKnown},
};

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
