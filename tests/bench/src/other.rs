//! The second Envoy: the upstream and the collector, on another CPU than the first.

use std::io;
use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use fs_err as fs;
use http_trace_e2e::wait::DEADLINE;
use tempfile::TempDir;

use crate::bootstrap;
use crate::case::SIZES;
use crate::process::{Process, free_address};

/// How long no record may arrive until none is expected: longer than a batch lingers.
const QUIET: Duration = Duration::from_millis(200);

/// A running one.
#[derive(Debug)]
pub(crate) struct Other {
    process: Process,
    /// Upstream and collector.
    pub(crate) addresses: [SocketAddr; 2],
    /// Envoy's version.
    pub(crate) version: String,
}

impl Other {
    /// Starts it on the CPUs of this thread, and returns once it serves.
    pub(crate) fn start() -> io::Result<Self> {
        let directory = TempDir::new()?;
        for (size, _) in SIZES {
            fs::write(directory.path().join(size.to_string()), json_string(size))?;
        }
        let addresses = [free_address()?, free_address()?];
        let config = bootstrap::other(addresses, directory.path());
        let mut process = Process::start(directory, &config)?;
        let serves = |process: &Process| Ok(process.admin().filter(|admin| admin.get("/ready").is_ok()));
        let admin = process.wait("the upstream and the collector to serve", serves)?;
        Ok(Self { process, addresses, version: admin.version()? })
    }

    /// How many requests the collector has answered.
    pub(crate) fn posts(&self) -> io::Result<u64> {
        self.process.counter(&format!("http.{}.downstream_rq_2xx", bootstrap::COLLECTOR))
    }

    /// Waits until no more records arrive; returns how many requests the collector has answered.
    pub(crate) fn settle(&self) -> io::Result<u64> {
        let deadline = Instant::now() + DEADLINE;
        let (mut posts, mut since) = (self.posts()?, Instant::now());
        while since.elapsed() < QUIET {
            thread::sleep(Duration::from_millis(20));
            let now = self.posts()?;
            if now != posts {
                (posts, since) = (now, Instant::now());
            }
            if Instant::now() > deadline {
                return Err(io::Error::other(format!(
                    "records still arrive at the collector {} s after the last request: the case cannot keep up",
                    DEADLINE.as_secs()
                )));
            }
        }
        Ok(posts)
    }
}

/// A JSON string of this many bytes, quotes included.
fn json_string(size: usize) -> String {
    let orders = (0_u64..).map(|number| format!("order {number} of customer {}, ", number * 7919 % 10_007));
    let text: Vec<u8> = orders.flat_map(String::into_bytes).take(size.saturating_sub(2)).collect();
    format!("\"{}\"", String::from_utf8_lossy(&text))
}

#[cfg(test)]
mod tests {
    #[test]
    fn json_string_has_its_size() {
        let text = super::json_string(2048);
        assert_eq!(text.len(), 2048);
        assert!(serde_json::from_str::<serde_json::Value>(&text).unwrap().is_string());
    }
}
