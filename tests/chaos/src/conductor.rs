//! Makes happen what the plan says, and counts it.

use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

use http_trace_e2e::collector::Manner;
use http_trace_e2e::rig::Rig;
use http_trace_e2e::wait;
use tokio::time::Instant;

use crate::fault::{CollectorFault, UpstreamFault};
use crate::outages::Outages;
use crate::plan::{Event, Step};

/// How much longer a slowed upstream takes.
const SLOW: Duration = Duration::from_millis(150);

/// Which is disturbed now, and what happened so far.
pub struct Conductor<'a> {
    rig: &'a Rig,
    outages: &'a Outages,
    start: Instant,
    collector: Option<CollectorFault>,
    upstream: Option<UpstreamFault>,
    /// How often each kind of fault happened.
    pub counts: BTreeMap<String, u64>,
}

impl<'a> Conductor<'a> {
    /// Nothing is disturbed yet.
    #[must_use]
    pub fn new(rig: &'a Rig, outages: &'a Outages) -> Self {
        let start = Instant::now();
        Self { rig, outages, start, collector: None, upstream: None, counts: BTreeMap::new() }
    }

    /// Plays the plan, and returns when the last event has happened.
    ///
    /// # Errors
    /// When Envoy refuses a configuration that is valid, takes one that is not, or does not look; or a server cannot come back.
    pub async fn play(&mut self, plan: Vec<Step>) -> io::Result<()> {
        for step in plan {
            tokio::time::sleep_until(self.start + step.at).await;
            self.happen(step.event).await?;
        }
        Ok(())
    }

    async fn happen(&mut self, event: Event) -> io::Result<()> {
        match event {
            Event::Collector(fault) => {
                self.tell(&fault.to_string());
                self.collector = Some(fault);
                match fault.manner() {
                    Some(manner) => self.rig.collector.behave(manner),
                    None => self.rig.collector.stop().await,
                }
            }
            Event::CollectorHealed => {
                self.rig.collector.behave(Manner::Accept);
                if self.collector.take() == Some(CollectorFault::Killed) {
                    self.rig.collector.restart()?;
                }
            }
            Event::Upstream(fault) => {
                self.tell(&fault.to_string());
                self.upstream = Some(fault);
                match fault {
                    UpstreamFault::Slowed => self.outages.slow(SLOW),
                    UpstreamFault::Killed => {
                        self.outages.begin();
                        self.rig.upstream.stop().await;
                    }
                    UpstreamFault::Cut => {
                        self.outages.begin();
                        self.rig.upstream.stop().await;
                        self.upstream_returns().await?;
                    }
                }
            }
            Event::UpstreamHealed => match self.upstream.take() {
                Some(UpstreamFault::Slowed) => self.outages.slow(Duration::ZERO),
                Some(UpstreamFault::Killed) => self.upstream_returns().await?,
                Some(UpstreamFault::Cut) | None => {}
            },
            Event::Configure(configuration) => {
                self.tell("configuration changed");
                self.rig.reconfigure(&configuration).await?;
            }
            Event::ConfigureBadly(configuration) => {
                self.tell("configuration refused");
                match self.rig.reconfigure(&configuration).await {
                    Err(error) if error.to_string().starts_with("Envoy refuses ") => {}
                    Err(error) => return Err(error),
                    Ok(()) => return Err(io::Error::other(format!("Envoy takes {configuration:?}"))),
                }
            }
        }
        Ok(())
    }

    /// Listens again, once Envoy has noticed on every worker that its connections are gone: a request on one of these would
    /// fail after the outage.
    async fn upstream_returns(&self) -> io::Result<()> {
        let name = "cluster.upstream.upstream_cx_active";
        let gone = || (self.rig.envoy.admin().stats(name).ok()?.get(name) == Some(&0)).then_some(());
        let late = || io::Error::new(io::ErrorKind::TimedOut, "Envoy keeps connections to an upstream that is away");
        wait::within(wait::DEADLINE, gone).await.ok_or_else(late)?;
        self.rig.upstream.restart()?;
        self.outages.end();
        Ok(())
    }

    fn tell(&mut self, what: &str) {
        println!("{:8.3} s  {what}", self.start.elapsed().as_secs_f64());
        *self.counts.entry(what.to_owned()).or_default() += 1;
    }
}
