//! What is measured every few seconds.

use std::io;
use std::time::Duration;

use http_trace_e2e::envoy::Envoy;
use serde_json::{Value, json};

use crate::soak::latency::{Both, Latencies, quantile};

/// One look at both Envoys.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sample {
    /// Seconds since the start.
    pub at: f64,
    /// Resident memory in MB: also what V8 maps.
    pub resident: Both<f64>,
    /// MB that Envoy's allocator gave out: without V8's.
    pub allocated: Both<f64>,
    /// The median latency in milliseconds since the sample before.
    pub p50: Both<f64>,
    /// The 99th percentile.
    pub p99: Both<f64>,
    /// Exchanges a second with each Envoy.
    pub rate: f64,
}

impl Sample {
    /// Looks at both.
    ///
    /// # Errors
    /// When one does not answer.
    pub fn take(
        at: Duration,
        since: Duration,
        without: &Envoy,
        with: &Envoy,
        latencies: &Latencies,
    ) -> io::Result<Self> {
        let latencies = latencies.take();
        let share =
            |share| Both { without: quantile(&latencies.without, share), with: quantile(&latencies.with, share) };
        Ok(Self {
            at: at.as_secs_f64(),
            resident: Both { without: megabytes(without.resident()?), with: megabytes(with.resident()?) },
            allocated: Both { without: allocated(without)?, with: allocated(with)? },
            p50: share(0.5),
            p99: share(0.99),
            rate: latencies.with.len() as f64 / since.as_secs_f64().max(1e-9),
        })
    }

    /// How many times as long as without the filter the median exchange takes with it.
    #[must_use]
    pub fn ratio(&self) -> f64 {
        self.p50.with / self.p50.without.max(1e-9)
    }

    /// For `--json`, with the units in the names.
    #[must_use]
    pub fn json(&self) -> Value {
        let both = |both: Both<f64>| json!({ "without": both.without, "with": both.with });
        json!({
            "at_s": self.at, "resident_mb": both(self.resident), "allocated_mb": both(self.allocated),
            "p50_ms": both(self.p50), "p99_ms": both(self.p99), "exchanges_per_second": self.rate,
        })
    }
}

fn allocated(envoy: &Envoy) -> io::Result<f64> {
    let memory: Value = serde_json::from_str(&envoy.admin().get("/memory")?)?;
    let bytes = memory["allocated"].as_str().and_then(|bytes| bytes.parse().ok());
    bytes.map(megabytes).ok_or_else(|| io::Error::other(format!("Envoy does not say what it allocated: {memory}")))
}

fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}
