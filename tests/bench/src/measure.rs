//! A case under load.

use std::io;

use serde_json::{Value, json};

use crate::case::Case;
use crate::cpu::Pinning;
use crate::other::Other;
use crate::subject::Subject;
use crate::wrk::{self, Load, Pace};

/// What one case gives in one round.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    /// Microseconds of CPU a request.
    pub(crate) cpu: f64,
    /// As fast as it goes.
    pub(crate) full: Load,
    /// At a fixed pace.
    pub(crate) fixed: Load,
    /// The streams that Envoy finished during `full`: also those that wrk left at its end, and does not count.
    pub(crate) streams: u64,
    /// The records of these.
    pub(crate) records: u64,
    /// The requests to the collector, for the same.
    pub(crate) posts: u64,
    /// Milliseconds from Envoy's start to the first record.
    pub(crate) start: f64,
    /// Resident memory in MB after the start.
    pub(crate) idle: f64,
    /// Resident memory in MB at the round's end.
    pub(crate) resident: f64,
}

/// Envoy's count of streams, also of those that were not answered. None is open when it is read.
const STREAMS: &str = "http.measured.downstream_rq_total";

/// A case's Envoy, warmed up before a round begins, so that what it is compared with in the same round is near in time. It runs while
/// it is measured only.
#[derive(Debug)]
pub(crate) struct Measured<'a> {
    subject: Subject<'a>,
    idle: f64,
}

impl<'a> Measured<'a> {
    /// Starts it.
    ///
    /// # Errors
    /// Names the case.
    pub(crate) fn start(case: &'a Case, other: &'a Other, pinning: Pinning) -> io::Result<Self> {
        let start = || {
            let subject = Subject::start(case, other, pinning)?;
            other.settle()?;
            let idle = megabytes(subject.process.resident()?);
            let measured = Self { subject, idle };
            // Connections open, caches fill, and V8 compiles once more what runs often: after a second it had not finished
            // with a filter of 150 kB, and its work is CPU of the process.
            measured.load(Pace::Full, 2)?;
            // What is on its way when it stops would be taken for the next one's, and have timed out when it goes on.
            other.settle()?;
            measured.subject.pause()?;
            Ok(measured)
        };
        start().map_err(|error: io::Error| named(case, &error))
    }

    /// Loads it, both ways for so many seconds.
    ///
    /// # Errors
    /// Names the case.
    pub(crate) fn sample(&self, seconds: u32) -> io::Result<Sample> {
        let sample = || {
            self.subject.resume()?;
            let sample = self.measure(seconds)?;
            self.subject.pause()?;
            Ok(sample)
        };
        sample().map_err(|error: io::Error| named(self.subject.case, &error))
    }

    fn load(&self, pace: Pace, seconds: u32) -> io::Result<Load> {
        let process = &self.subject.process;
        wrk::run(self.subject.address, self.subject.case.body, pace, seconds, process.directory())
            .map_err(|error| process.failed(&error.to_string()))
    }

    fn measure(&self, seconds: u32) -> io::Result<Sample> {
        let subject = &self.subject;
        let Subject { process, case, other, .. } = subject;
        let posts_before = other.settle()?;
        let records_before = subject.records(posts_before)?;
        let streams_before = process.counter(STREAMS)?;
        let cpu_before = process.cpu()?;
        let full = self.load(Pace::Full, seconds)?;
        // What still waits is sent on the account of the requests it belongs to.
        let posts = other.settle()?;
        let cpu = process.cpu()? - cpu_before;
        // Asking Envoy costs it CPU: before the first look at it, and after the second.
        let streams = process.counter(STREAMS)? - streams_before;
        let records = subject.records(posts)?.saturating_sub(records_before);
        if streams == 0 {
            return Err(process.failed("Envoy counts no stream"));
        }
        if case.must_record && !is_enough(records, streams, wrk::connections(case.body) as u64) {
            // What exports little is cheap: its figures would be taken for those of a good exporter.
            let stats = process
                .admin()
                .and_then(|admin| admin.get("/stats?filter=http_trace_filter|trace_analyzer.upstream_rq").ok());
            let stats = stats.unwrap_or_default();
            return Err(process.failed(&format!("only {records} of {streams} requests gave a record:\n{stats}")));
        }
        let fixed = self.load(Pace::Fixed, seconds)?;
        other.settle()?;
        Ok(Sample {
            cpu: cpu.as_secs_f64() * 1e6 / streams as f64,
            full,
            fixed,
            streams,
            records,
            posts: posts - posts_before,
            start: subject.start.as_secs_f64() * 1e3,
            idle: self.idle,
            resident: megabytes(process.resident()?),
        })
    }
}

fn named(case: &Case, error: &io::Error) -> io::Error {
    io::Error::other(format!("{}: {error}", case.name))
}

/// Whether nearly all streams gave a record. Not all do: a Lua filter is not asked when a client hangs up, as `open` streams are
/// when the load ends. On a busy machine these can be a quarter of all.
fn is_enough(records: u64, streams: u64, open: u64) -> bool {
    records > 0 && records.saturating_mul(10) >= streams.saturating_sub(open).saturating_mul(9)
}

/// Bytes in MB.
pub(crate) fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

impl Sample {
    /// For `--json`, with the units in the names.
    pub(crate) fn json(&self) -> Value {
        let load = |load: &Load| {
            json!({
                "requests": load.requests, "requests_per_second": load.rate, "p50_ms": load.p50, "p99_ms": load.p99,
                "socket_errors": load.errors,
            })
        };
        json!({
            "cpu_us_per_request": self.cpu, "full_load": load(&self.full), "fixed_pace": load(&self.fixed),
            "streams": self.streams, "records": self.records, "export_requests": self.posts, "start_ms": self.start, "idle_mb": self.idle,
            "resident_mb": self.resident,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::is_enough;

    #[test]
    fn nine_of_ten_are_enough() {
        assert!(is_enough(90, 100, 0) && is_enough(101, 100, 0));
        assert!(!is_enough(89, 100, 0) && !is_enough(0, 1, 0));
    }

    #[test]
    fn streams_that_the_end_of_the_load_broke_off_need_no_record() {
        assert!(is_enough(144, 194, 50) && is_enough(1, 50, 50));
        assert!(!is_enough(129, 194, 50) && !is_enough(0, 50, 50));
    }
}
