//! Envoy's memory, looked at again and again.

use std::io;
use std::time::Duration;

use http_trace_e2e::account::PREFIX;
use http_trace_e2e::rig::Rig;

/// How often it is looked at.
const EVERY: Duration = Duration::from_millis(250);

/// What it was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// Resident bytes before the load.
    pub before: u64,
    /// The most resident bytes.
    pub peak: u64,
    /// The most bytes that the filter says it holds, of all workers.
    pub held: u64,
}

impl Memory {
    /// What it is before the load.
    ///
    /// # Errors
    /// When it cannot be read, as where there is no Linux: no bound could be judged.
    pub fn before(rig: &Rig) -> io::Result<Self> {
        let resident = rig.envoy.resident()?;
        Ok(Self { before: resident, peak: resident, held: 0 })
    }

    /// Watches, and never ends.
    pub async fn watch(&mut self, rig: &Rig) {
        loop {
            self.peak = self.peak.max(rig.envoy.resident().unwrap_or(0));
            let stats = rig.envoy.admin().stats(PREFIX).unwrap_or_default();
            let held = ["captured_bytes", "queued_bytes"].map(|name| stats.get(&format!("{PREFIX}{name}")));
            self.held = self.held.max(held.into_iter().flatten().sum());
            tokio::time::sleep(EVERY).await;
        }
    }
}
