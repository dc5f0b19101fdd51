//! Envoy, upstream and collector together, each on a free port.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use fs_err as fs;
use serde_json::Value;
use tempfile::TempDir;

use crate::account;
use crate::bootstrap::{self, Plan};
use crate::case::{Case, Exchange};
use crate::client::{Connection, Protocol};
use crate::client_h3::H3;
use crate::collector::Collector;
use crate::envoy::{self, Envoy};
use crate::exchange;
use crate::message::{End, Message, Shared};
use crate::upstream::{Service, Upstream};
use crate::wait;

/// All that an exchange passes.
pub struct Rig {
    /// The proxy.
    pub envoy: Envoy,
    /// The upstream that Envoy proxies to.
    pub upstream: Upstream,
    /// The collector that the filter reports to.
    pub collector: Collector,
    /// Holds the file that Envoy reads the filter from: see [`Rig::reconfigure`].
    pub directory: TempDir,
}

const DISCOVERY: &str = "filter.json";

/// All that Envoy is given.
pub struct Given {
    /// The filter, as Envoy's `PluginConfig`.
    pub plugin: Value,
    pub bootstrap: Value,
    /// How many workers it has.
    pub workers: u32,
}

impl Rig {
    /// Starts all three, with this configuration of the filter; `service` answers requests that have no reply of their
    /// own.
    ///
    /// # Errors
    /// When one cannot be started.
    pub async fn start(configuration: Option<&str>, service: Service) -> io::Result<Self> {
        Self::start_with(configuration, service, |_| {}).await
    }

    /// As [`Rig::start`], with an Envoy that is given something else.
    ///
    /// # Errors
    /// When one cannot be started.
    pub async fn start_with(
        configuration: Option<&str>,
        service: Service,
        change: impl FnOnce(&mut Given),
    ) -> io::Result<Self> {
        Self::start_from(&envoy::wasm()?, configuration, service, change).await
    }

    /// As [`Rig::start_with`], with the filter in this file.
    ///
    /// # Errors
    /// When one cannot be started.
    pub async fn start_from(
        wasm: &Path,
        configuration: Option<&str>,
        service: Service,
        change: impl FnOnce(&mut Given),
    ) -> io::Result<Self> {
        let directory = TempDir::new()?;
        let discovery = directory.path().join(DISCOVERY);
        let upstream = Upstream::start(service).await?;
        let collector = Collector::start().await?;
        let plan = Plan {
            discovery: &discovery,
            upstream: upstream.h1,
            upstream_h2: upstream.h2,
            collector: collector.address,
        };
        let plugin = bootstrap::plugin(wasm, configuration);
        let mut given = Given { plugin, bootstrap: bootstrap::bootstrap(&plan), workers: 1 };
        change(&mut given);
        fs::write(&discovery, bootstrap::discovery(given.plugin).to_string())?;
        let envoy = Envoy::run_with(&given.bootstrap, given.workers).await?;
        Ok(Self { envoy, upstream, collector, directory })
    }

    /// Gives the filter another configuration, and returns once Envoy uses it.
    ///
    /// # Errors
    /// When it cannot be written, or Envoy refuses it.
    pub async fn reconfigure(&self, configuration: &str) -> io::Result<()> {
        self.reconfigure_by(|plugin| bootstrap::configure(plugin, configuration)).await
    }

    /// As [`Rig::reconfigure`], by any change of Envoy's `PluginConfig`.
    ///
    /// # Errors
    /// When it cannot be written, or Envoy refuses it.
    pub async fn reconfigure_by(&self, change: impl FnOnce(&mut Value)) -> io::Result<()> {
        let mut plugin = self.plugin()?;
        change(&mut plugin);
        let what = plugin["configuration"].to_string();
        self.replace(&what, plugin).await
    }

    /// The filter as Envoy was last given it: its `PluginConfig`.
    ///
    /// # Errors
    /// When the file that it was given in cannot be read.
    pub fn plugin(&self) -> io::Result<Value> {
        let mut discovery: Value = serde_json::from_slice(&fs::read(self.directory.path().join(DISCOVERY))?)?;
        Ok(discovery["resources"][0]["typed_config"]["config"].take())
    }

    /// Gives Envoy another `PluginConfig`, called `what` in errors, and returns once Envoy uses it.
    ///
    /// # Errors
    /// When it cannot be written, or Envoy refuses it.
    pub async fn replace(&self, what: &str, plugin: Value) -> io::Result<()> {
        let before = self.discoveries()?;
        let (path, next) = (self.directory.path().join(DISCOVERY), self.directory.path().join("next.json"));
        fs::write(&next, bootstrap::discovery(plugin).to_string())?;
        // Envoy looks for files that are moved to the path, not for changes of the one that is there:
        // https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/core/v3/config_source.proto
        fs::rename(next, path)?;
        let changed = || self.discoveries().ok().filter(|now| *now != before);
        match wait::within(wait::DEADLINE, changed).await {
            Some((_, refused)) if refused == before.1 => Ok(()),
            Some(_) => Err(io::Error::other(format!("Envoy refuses {what}"))),
            None => Err(io::Error::new(io::ErrorKind::TimedOut, format!("Envoy does not see {what}"))),
        }
    }

    /// Whether Envoy has refused what it was last given, or what it was given before that.
    ///
    /// # Errors
    /// When Envoy does not tell.
    pub fn has_refused(&self) -> io::Result<bool> {
        self.discoveries().map(|(_, refused)| refused > 0)
    }

    /// How often Envoy has read the filter's configuration, and how often it has refused it.
    fn discoveries(&self) -> io::Result<(u64, u64)> {
        let stats = self.envoy.admin().stats("extension_config_discovery")?;
        let stat = |end: &str| {
            let count = stats.iter().find(|(name, _)| name.ends_with(end)).map(|(_, count)| *count);
            count.ok_or_else(|| io::Error::other(format!("Envoy has no stat of the discovery: {stats:?}")))
        };
        Ok((stat(".config_reload")?, stat(".config_fail")?))
    }

    /// Sends the case to one listener. The upstream answers what the case says.
    ///
    /// # Errors
    /// When the listener cannot be reached, or the client gets no answer and did not go away.
    pub async fn exchange(&self, case: &Case, to: SocketAddr) -> io::Result<Exchange> {
        let (source, answer) = if case.protocol == Protocol::H3 {
            let client = H3::open(to).await?;
            let source = client.source;
            let send = |answer| async move { client.send(&case.request, case.hold, &answer).await };
            (source, exchange::run(&self.upstream, case, Duration::ZERO, send).await?)
        } else {
            let connection = Connection::open(to).await?;
            let source = connection.source;
            let send = |answer| async move { connection.send(case.protocol, &case.request, case.hold, &answer).await };
            (source, exchange::run(&self.upstream, case, Duration::ZERO, send).await?)
        };
        let seen = match self.upstream.seen(&case.request.id) {
            Some(seen) => Some(wait::until("the end of what the upstream saw", || ended(&seen)).await),
            None => None,
        };
        Ok(Exchange { source, answer, seen })
    }

    /// How many VMs Envoy made so far: one that every worker's is cloned from, those of the workers, and again both for each
    /// configuration, and for a VM that died, if Envoy replaces it.
    ///
    /// # Panics
    /// When Envoy does not tell.
    #[must_use]
    pub fn vms_created(&self) -> u64 {
        const CREATED: &str = "wasm.envoy.wasm.runtime.v8.created";
        let stats = self.envoy.admin().stats(CREATED).expect("Envoy's stats");
        stats.get(CREATED).copied().unwrap_or_else(|| panic!("Envoy has no stat {CREATED}: {stats:?}"))
    }

    /// The filter's own metrics, without their common prefix.
    #[must_use]
    pub fn metric(&self, name: &str) -> Option<u64> {
        let stats = self.envoy.admin().stats(account::PREFIX).unwrap_or_default();
        stats.get(&format!("{}{name}", account::PREFIX)).copied()
    }

    /// Waits until every stream is accounted for, when none is open; returns their number.
    ///
    /// # Panics
    /// When that does not happen.
    pub async fn accounted(&self) -> u64 {
        let mut last = String::new();
        let ready = || {
            let stats = self.envoy.admin().stats(account::PREFIX).map_err(|error| error.to_string());
            stats.and_then(|stats| account::accounted(&stats)).map_err(|error| last = error).ok()
        };
        let streams = wait::within(wait::DEADLINE, ready).await;
        streams.unwrap_or_else(|| panic!("the filter's stats do not add up: {last}"))
    }

    /// Waits until the filter has seen this many streams and sent all their records.
    ///
    /// # Panics
    /// When that does not happen.
    pub async fn settle(&self, streams: u64) {
        let what = format!("the filter to have seen {streams} streams and sent them all");
        let zero = |name: &str| self.metric(name).unwrap_or(0) == 0;
        let ready = || (self.metric("streams")? >= streams && zero("queued") && zero("in_flight")).then_some(());
        wait::until(what, ready).await;
    }
}

/// A new request id, which no other run has either.
#[must_use]
pub fn unused_id() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_nanos());
    let (high, low) = ((now >> 32) & 0xffff_ffff, now & 0xffff_ffff);
    let next = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("{high:08x}-{:04x}-4000-8{:03x}-{next:012x}", low >> 16, low & 0xfff)
}

fn ended(seen: &Shared) -> Option<Message> {
    let seen = seen.lock();
    (seen.end != End::Open).then(|| seen.clone())
}
