//! Envoy, upstream and collector together; an exchange is sent without the filter and with it, and compared.

use std::collections::BTreeSet;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::Value;

use crate::bootstrap::Plan;
use crate::case::{Abort, Case, Exchange};
use crate::client::Connection;
use crate::collector::Collector;
use crate::diff;
use crate::envoy::{self, Envoy};
use crate::expect::Expected;
use crate::message::{End, Message, Shared};
use crate::reply::{Finish, Reply};
use crate::upstream::{Service, Upstream};
use crate::wait;

/// Envoy, upstream and collector. Every test ends with [`Stage::finish`].
pub struct Stage {
    /// The proxy.
    pub envoy: Envoy,
    /// What it proxies to.
    pub upstream: Upstream,
    /// What the filter reports to.
    pub collector: Collector,
    ids: Mutex<BTreeSet<String>>,
    finished: bool,
}

impl Stage {
    /// Starts all three, with the filter's defaults.
    ///
    /// # Panics
    /// When one cannot be started.
    pub async fn start() -> Self {
        Self::with(None).await
    }

    /// Starts all three, with this configuration of the filter.
    ///
    /// # Panics
    /// When one cannot be started.
    pub async fn with(configuration: Option<&str>) -> Self {
        let started = Self::serving(configuration, |_| Reply::echo()).await;
        started.unwrap_or_else(|error| panic!("{error}"))
    }

    /// Starts all three, with an upstream that answers so what a test did not choose.
    ///
    /// # Errors
    /// When one cannot be started.
    pub async fn serving(configuration: Option<&str>, service: Service) -> io::Result<Self> {
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
        Ok(Self { envoy, upstream, collector, ids: Mutex::default(), finished: false })
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

    /// A new request id of which there must be one record at the end.
    #[must_use]
    pub fn id(&self) -> String {
        let id = Self::unused_id();
        self.expect_id(&id);
        id
    }

    /// There must be one record with this request id, or with this source address, at the end.
    fn expect_id(&self, id: &str) {
        self.ids.lock().unwrap_or_else(PoisonError::into_inner).insert(id.to_owned());
    }

    /// Sends the case without the filter and with it, and compares what client and upstream saw, and the record.
    ///
    /// # Panics
    /// When there is a difference, or no record.
    pub async fn check(&self, case: Case) -> (Exchange, Value) {
        self.check_with(case, |_, _| {}).await
    }

    /// As [`Stage::check`], where the expected record needs to be adjusted.
    ///
    /// # Panics
    /// When there is a difference, or no record.
    pub async fn check_with(&self, mut case: Case, adjust: impl FnOnce(&mut Expected, &Exchange)) -> (Exchange, Value) {
        case.request.id = self.id();
        let with = self.check_traffic(&case).await;
        let mut expected = Expected::of(&case, &with, self.envoy.filtered());
        adjust(&mut expected, &with);
        let record = self.expect_record(&case.name, &expected).await;
        (with, record)
    }

    /// Sends the case without the filter and with it, and compares what client and upstream saw.
    ///
    /// # Panics
    /// When there is a difference.
    pub async fn check_traffic(&self, case: &Case) -> Exchange {
        let without = self.exchange(case, self.envoy.plain()).await;
        let with = self.exchange(case, self.envoy.filtered()).await;
        let mut differences = diff::messages("the client saw", &without.answer, &with.answer);
        match (&without.seen, &with.seen) {
            (Some(without), Some(with)) => differences.extend(diff::messages("the upstream saw", without, with)),
            (None, None) => {}
            (without, with) => differences.push(format!("the upstream saw {without:?} without the filter, {with:?} with it")),
        }
        assert!(differences.is_empty(), "{}: the filter changed the traffic:\n  {}", case.name, differences.join("\n  "));
        with
    }

    /// Waits for the record of this exchange and compares it.
    ///
    /// # Panics
    /// When there is a difference, or no record.
    pub async fn expect_record(&self, name: &str, expected: &Expected) -> Value {
        let (id, source) = (&expected.request_id, expected.source.to_string());
        let (key, value) = if id.is_empty() { ("source_address", &source) } else { ("request_id", id) };
        let what = format!("the record of \"{name}\" with {key} {value}");
        let post = wait::until(what, || self.collector.record(key, value)).await;
        assert_eq!(post.message.start.escape_ascii().to_string(), "POST /publish HTTP/1.1", "{name}");
        assert_eq!(post.message.header("content-type"), Some(&b"application/json"[..]), "{name}");
        let (expected, got) = (expected.json(), post.json());
        let differences = diff::json(&expected, &got);
        assert!(
            differences.is_empty(),
            "{name}: the record differs:\n  {}\nexpected {}\ngot {}",
            differences.join("\n  "),
            diff::abbreviate(&expected.to_string()),
            diff::abbreviate(&got.to_string()),
        );
        got
    }

    /// Sends bytes that Envoy answers before any filter sees them, without the filter and with it.
    ///
    /// # Panics
    /// When there is a difference, or no record.
    pub async fn check_raw(&self, name: &str, bytes: &[u8], adjust: impl FnOnce(&mut Expected)) -> Message {
        let mut answers = Vec::new();
        for to in [self.envoy.plain(), self.envoy.filtered()] {
            let connection = Connection::open(to).await.unwrap_or_else(|error| panic!("{name}: {to}: {error}"));
            let source = connection.source;
            let answer = connection.send_raw(bytes).await.unwrap_or_else(|error| panic!("{name}: no answer: {error}"));
            answers.push((source, answer));
        }
        let (source, answer) = answers.remove(1);
        let differences = diff::messages("the client saw", &answers[0].1, &answer);
        assert!(differences.is_empty(), "{name}: the filter changed the traffic:\n  {}", differences.join("\n  "));
        self.expect_id(&source.to_string());
        let mut expected = Expected::unseen(source, self.envoy.filtered(), &answer);
        adjust(&mut expected);
        self.expect_record(name, &expected).await;
        answer
    }

    /// Sends the case to one listener.
    ///
    /// # Panics
    /// When the listener cannot be reached.
    pub async fn exchange(&self, case: &Case, to: SocketAddr) -> Exchange {
        let id = &case.request.id;
        self.upstream.forget(id);
        let reply = Reply { gate: std::sync::Arc::default(), ..case.reply.clone() };
        self.upstream.reply(id, reply.clone());
        let connection = Connection::open(to).await.unwrap_or_else(|error| panic!("{}: {to}: {error}", case.name));
        let (source, answer) = (connection.source, Shared::default());
        let upstream_has = |bytes: usize| self.upstream.seen(id).filter(|seen| seen.lock().body.len() >= bytes);
        let client_has = |bytes: usize| {
            let answer = answer.lock();
            (!answer.start.is_empty() && answer.body.len() >= bytes).then_some(())
        };
        let leave = async {
            match case.abort {
                Abort::Never => std::future::pending().await,
                Abort::UpstreamHas(bytes) => drop(wait::until("the upstream to have the bytes", || upstream_has(bytes)).await),
                Abort::ClientHas(bytes) => wait::until("the client to have the bytes", || client_has(bytes)).await,
            }
        };
        let open_gate = async {
            if let Finish::ResetAfter(bytes) = reply.finish {
                wait::until("the client to have the bytes", || client_has(bytes)).await;
                reply.gate.notify_one();
            }
            std::future::pending::<()>().await
        };
        let late = tokio::time::sleep(wait::DEADLINE);
        tokio::select! {
            sent = connection.send(case.protocol, &case.request, case.hold, &answer) => {
                sent.unwrap_or_else(|error| panic!("{}: the client got no answer: {error}", case.name));
            }
            () = leave => answer.lock().end = End::Cut,
            () = open_gate => {}
            () = late => panic!("{}: no end after {:?}; the client saw\n{:?}", case.name, wait::DEADLINE, answer.lock()),
        }
        let seen = match self.upstream.seen(id) {
            Some(seen) => Some(wait::until("the end of what the upstream saw", || ended(&seen)).await),
            None => None,
        };
        let answer = answer.lock().clone();
        Exchange { source, answer, seen }
    }

    /// Waits until the filter has sent everything, and checks that there is one record of each exchange and no other, and
    /// that the filter did not crash.
    ///
    /// # Panics
    /// When that is not so.
    pub async fn finish(mut self) {
        self.finished = true;
        let ids = std::mem::take(&mut *self.ids.lock().unwrap_or_else(PoisonError::into_inner));
        self.settle(ids.len() as u64).await;
        let records = self.collector.records();
        let mut missing = ids.clone();
        for record in &records {
            let [id, source] = ["request_id", "source_address"].map(|key| record[key].as_str().unwrap_or_default());
            let id = if ids.contains(id) { id } else { source };
            assert!(ids.contains(id), "a record of no exchange: {}", diff::abbreviate(&record.to_string()));
            assert!(missing.remove(id), "two records of {id}: {}", diff::abbreviate(&record.to_string()));
        }
        assert!(missing.is_empty(), "no record of {missing:?}");
        self.assert_alive();
    }

    /// As [`Stage::finish`] when records may be lost: checks only that the filter did not crash.
    ///
    /// # Panics
    /// When it did.
    pub fn finish_lossy(mut self) {
        self.finished = true;
        self.assert_alive();
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

    fn assert_alive(&self) {
        let log = self.envoy.log();
        let fatal = |line: &&str| ["in-VM failed", "panicked", "[critical]", "[error]"].iter().any(|bad| line.contains(bad));
        assert_eq!(log.lines().find(fatal), None, "Envoy's log has an error");
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        assert!(self.finished || thread::panicking(), "a test must end with Stage::finish");
    }
}

fn ended(seen: &Shared) -> Option<Message> {
    let seen = seen.lock();
    (seen.end != End::Open).then(|| seen.clone())
}
