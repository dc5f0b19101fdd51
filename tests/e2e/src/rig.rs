//! Envoy, upstream and collector together, each on a free port.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::bootstrap::Plan;
use crate::case::{Abort, Case, Exchange};
use crate::client::Connection;
use crate::collector::Collector;
use crate::envoy::{self, Envoy};
use crate::message::{End, Message, Shared};
use crate::reply::{Finish, Reply};
use crate::upstream::{Service, Upstream};
use crate::wait;

/// All that an exchange passes.
pub struct Rig {
    /// The proxy.
    pub envoy: Envoy,
    /// What it proxies to.
    pub upstream: Upstream,
    /// What the filter reports to.
    pub collector: Collector,
}

impl Rig {
    /// Starts all three, with this configuration of the filter; `service` answers requests that have no reply of their
    /// own.
    ///
    /// # Errors
    /// When one cannot be started.
    pub async fn start(configuration: Option<&str>, service: Service) -> io::Result<Self> {
        let wasm = envoy::wasm()?;
        let upstream = Upstream::start(service).await?;
        let collector = Collector::start().await?;
        let plan = Plan {
            wasm: &wasm,
            configuration,
            upstream: upstream.h1,
            upstream_h2: upstream.h2,
            collector: collector.address,
        };
        let envoy = Envoy::start(&plan).await?;
        Ok(Self { envoy, upstream, collector })
    }

    /// Sends the case to one listener. The upstream answers what the case says.
    ///
    /// # Errors
    /// When the listener cannot be reached, or the client gets no answer and did not go away.
    pub async fn exchange(&self, case: &Case, to: SocketAddr) -> io::Result<Exchange> {
        let id = &case.request.id;
        self.upstream.forget(id);
        let gate = Arc::default();
        let reply = Reply { gate: Arc::clone(&gate), ..case.reply.clone() };
        self.upstream.reply(id, reply);
        let connection = Connection::open(to).await?;
        let (source, answer) = (connection.source, Shared::default());
        let upstream_has = |bytes: usize| self.upstream.seen(id).filter(|seen| seen.lock().body.len() >= bytes);
        let client_has = |bytes: usize| {
            let answer = answer.lock();
            (!answer.start.is_empty() && answer.body.len() >= bytes).then_some(())
        };
        let leave = async {
            match case.abort {
                Abort::Never => std::future::pending().await,
                Abort::UpstreamHas(bytes) => {
                    drop(wait::until("the upstream to have the bytes", || upstream_has(bytes)).await);
                }
                Abort::ClientHas(bytes) => wait::until("the client to have the bytes", || client_has(bytes)).await,
            }
        };
        let open_gate = async {
            if let Finish::ResetAfter(bytes) = case.reply.finish {
                wait::until("the client to have the bytes", || client_has(bytes)).await;
                gate.notify_one();
            }
            std::future::pending::<()>().await
        };
        let late = || io::Error::new(io::ErrorKind::TimedOut, format!("no end; the client saw\n{:?}", answer.lock()));
        tokio::select! {
            sent = connection.send(case.protocol, &case.request, case.hold, &answer) => sent?,
            () = leave => answer.lock().end = End::Cut,
            () = open_gate => {}
            () = tokio::time::sleep(wait::DEADLINE) => return Err(late()),
        }
        let seen = match self.upstream.seen(id) {
            Some(seen) => Some(wait::until("the end of what the upstream saw", || ended(&seen)).await),
            None => None,
        };
        let answer = answer.lock().clone();
        Ok(Exchange { source, answer, seen })
    }

    /// The filter's own metrics, without their common prefix.
    #[must_use]
    pub fn metric(&self, name: &str) -> Option<u64> {
        let stats = self.envoy.admin().stats("wasmcustom").unwrap_or_default();
        stats.get(&format!("wasmcustom.http_trace_filter.{name}")).copied()
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
