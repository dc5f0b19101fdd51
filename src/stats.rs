//! The filter's counters: one worker's totals, in plain numbers. `envoy::host` publishes their changes as Envoy stats.
//!
//! At every moment this holds (contract of delivery):
//! `streams = sampled_out + exported + dropped_* + queued + in_flight`.

/// How Envoy should treat a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Only grows.
    Counter,
    /// Follows a level. Published as differences, because all workers of a proxy share one gauge.
    Gauge,
}

macro_rules! stats {
    ($($(#[$doc:meta])* $name:ident: $kind:ident,)*) => {
        /// One worker's totals and levels.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct Stats {
            $($(#[$doc])* pub $name: u64,)*
        }

        /// Name (without the `http_trace_filter.` prefix) and kind of each number, in the order of [`Stats::values`].
        pub const NAMES: [(&str, Kind); COUNT] = [$((stringify!($name), Kind::$kind),)*];

        /// How many numbers there are.
        pub const COUNT: usize = [$(stringify!($name),)*].len();

        impl Stats {
            /// The numbers in the order of [`NAMES`].
            pub fn values(&self) -> [u64; COUNT] {
                [$(self.$name,)*]
            }
        }
    };
}

impl Stats {
    /// Records dropped, for any reason.
    pub fn lost(&self) -> u64 {
        let dropped = self.dropped_queue_full.saturating_add(self.dropped_rejected);
        dropped.saturating_add(self.dropped_retries_exhausted).saturating_add(self.dropped_too_large)
    }
}

stats! {
    /// Exchanges that Envoy finished, but for the filter's own export requests.
    streams: Counter,
    /// Exchanges that sampling excluded.
    sampled_out: Counter,
    /// Requests with the mark of the filter's own export requests, which any client can set: they give no record.
    own_exports: Counter,
    /// Records that the collector acknowledged with a 2xx.
    exported: Counter,
    /// Records dropped because the queue, or the memory budget, was full.
    dropped_queue_full: Counter,
    /// Records that the collector refused with a status that no retry mends.
    dropped_rejected: Counter,
    /// Records given up after the last attempt.
    dropped_retries_exhausted: Counter,
    /// Records whose headers alone are larger than the whole queue.
    dropped_too_large: Counter,
    /// Bodies that records do not have whole.
    bodies_truncated: Counter,
    /// Export requests sent, retries included.
    export_requests: Counter,
    /// Export requests that were not acknowledged.
    export_failures: Counter,
    /// Bytes of acknowledged export requests' bodies.
    exported_bytes: Counter,
    /// Records waiting to be sent, or to be sent again.
    queued: Gauge,
    /// Bytes of the records that wait.
    queued_bytes: Gauge,
    /// Records in requests that the collector has not answered yet.
    in_flight: Gauge,
    /// Bytes of headers and bodies of exchanges that are not finished.
    captured_bytes: Gauge,
    /// Workers whose collector does not take records.
    collector_down: Gauge,
}
