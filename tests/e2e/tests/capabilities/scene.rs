//! All that the filter does, in one Envoy: it polls, samples, records, publishes numbers, reports a loss, drains when its
//! configuration changes, refuses a bad one, and forgets each stream.

use std::time::Duration;

use http_trace_e2e::account;
use http_trace_e2e::case::{Case, Exchange};
use http_trace_e2e::client::Connection;
use http_trace_e2e::client::Protocol::H1;
use http_trace_e2e::collector::{Manner, Post};
use http_trace_e2e::diff;
use http_trace_e2e::expect::{Expected, take_times};
use http_trace_e2e::reply::Reply;
use http_trace_e2e::request::{Framing, Request};
use http_trace_e2e::rig::{Given, Rig, unused_id};
use http_trace_e2e::stage::TRAPPED;
use http_trace_e2e::wait;

use crate::leak;

/// How long a step may take where it must come right.
pub(crate) const PATIENT: Duration = wait::DEADLINE;
/// How long it may take where it is to fail: it takes a second where it does not.
pub(crate) const HASTY: Duration = Duration::from_secs(8);

/// Excludes every host until the sampling manager has answered; one export request at a time; bodies of one type, which the
/// headers must have told by then.
const FIRST: &str = r#"{"queue":{"max_in_flight":1},"sampling":{"hosts":{"interval_ms":100,"until_known":"none"}},
    "capture":{"content_types":["text/plain"]}}"#;
const SECOND: &str = r#"{"sampling":{"rate":0.0}}"#;
const BAD: &str = r#"{"formt":"publish"}"#;

pub(crate) struct Scene {
    rig: Rig,
    patience: Duration,
}

/// A step of the scene that did not come right.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) step: &'static str,
    pub(crate) problem: String,
}

impl Scene {
    /// Plays all of it with an Envoy that was given something else.
    ///
    /// # Errors
    /// The first step that did not come right.
    pub(crate) async fn play(change: impl FnOnce(&mut Given), patience: Duration) -> Result<(), Failure> {
        let at = |step| move |problem| Failure { step, problem };
        let rig = Rig::start_with(Some(FIRST), |_| Reply::echo(), change).await;
        let rig = rig.map_err(|error| at("start")(error.to_string()))?;
        let scene = Self { rig, patience };
        scene.polls().await.map_err(at("polls"))?;
        scene.records().await.map_err(at("records"))?;
        scene.records_what_no_filter_saw().await.map_err(at("records what no filter saw"))?;
        scene.reports_a_loss().await.map_err(at("reports a loss"))?;
        scene.drains().await.map_err(at("drains"))?;
        scene.refuses().await.map_err(at("refuses"))?;
        leak::none(&scene.rig, patience).await.map_err(at("forgets"))?;
        scene.accounts().await.map_err(at("accounts"))
    }

    async fn polls(&self) -> Result<(), String> {
        self.rig.collector.manage(200, "application/json", r#"{"hosts":["*"]}"#);
        let asked = self.rig.collector.asked();
        self.until("two more polls", || (self.rig.collector.asked() >= asked + 2).then_some(())).await
    }

    async fn records(&self) -> Result<(), String> {
        let (case, exchange) = self.exchange().await?;
        let id = &case.request.id;
        let post = self.until("the record", || self.rig.collector.record("request_id", id)).await?;
        compare(&Expected::of(&case, &exchange, self.rig.envoy.filtered()), &post)?;
        self.until("the record to be counted", || (self.rig.metric("exported")? == 1).then_some(())).await
    }

    /// Envoy answers what it cannot parse before it asks a filter, and only logs it.
    async fn records_what_no_filter_saw(&self) -> Result<(), String> {
        let connection = Connection::open(self.rig.envoy.filtered()).await.map_err(|error| error.to_string())?;
        let source = connection.source;
        let answer = connection.send_raw(b"GET / HTTP/1.1\r\nhost: a\r\nbad name: 1\r\n\r\n").await;
        let answer = answer.map_err(|error| error.to_string())?;
        let address = source.to_string();
        let post = self.until("its record", || self.rig.collector.record("source_address", &address)).await?;
        compare(&Expected::unseen(source, self.rig.envoy.filtered(), &answer), &post)
    }

    async fn reports_a_loss(&self) -> Result<(), String> {
        self.rig.collector.behave(Manner::Status(400));
        self.exchange().await?;
        self.until("a line about a loss", || {
            self.rig.envoy.log().contains("records lost since the last report: 1;").then_some(())
        })
        .await?;
        let rejected = || (self.rig.metric("dropped_rejected")? == 1).then_some(());
        self.until("a loss to be counted", rejected).await
    }

    /// Three records, two of which still wait when the configuration changes.
    async fn drains(&self) -> Result<(), String> {
        self.rig.collector.behave(Manner::Hold);
        let mut ids = Vec::new();
        for _ in 0..3 {
            ids.push(self.exchange().await?.0.request.id);
        }
        let waiting = || (self.rig.metric("queued")? == 2).then_some(());
        self.until("two records that wait", waiting).await?;
        self.rig.reconfigure(SECOND).await.map_err(|error| error.to_string())?;
        self.rig.collector.behave(Manner::Accept);
        for id in ids {
            self.until("a record that waited", || self.rig.collector.record("request_id", &id)).await?;
        }
        self.until("all to be acknowledged", || (self.rig.metric("exported")? == 5).then_some(())).await
    }

    async fn refuses(&self) -> Result<(), String> {
        if self.rig.reconfigure(BAD).await.is_ok() {
            return Err("a bad configuration is taken".to_owned());
        }
        let named = || self.rig.envoy.log().contains("formt: unknown field").then_some(());
        self.until("a line about the bad configuration", named).await
    }

    async fn accounts(&self) -> Result<(), String> {
        let accounted = || account::accounted(&self.rig.envoy.admin().stats(account::PREFIX).ok()?).ok();
        self.until("the numbers to add up", accounted).await.map(drop)
    }

    /// One that passes as it should.
    async fn exchange(&self) -> Result<(Case, Exchange), String> {
        let request = Request::post_chunks("/orders?a=1", &["an order".into()]).trailer("x-digest", "1");
        let mut request = request.header("content-type", "text/plain");
        request.id = unused_id();
        let reply = Reply::echo().header("content-type", "text/plain").framed(Framing::Chunked).trailer("x-sum", "42");
        let case = Case::new("an order", H1, request, reply);
        let exchange = self.rig.exchange(&case, self.rig.envoy.filtered()).await.map_err(|error| error.to_string())?;
        match exchange.answer.status() {
            200 => Ok((case, exchange)),
            status => Err(format!("the client got {status}")),
        }
    }

    /// Waits, and looks meanwhile whether the VM traps. That Envoy logs each call that it does not allow is not looked at: that
    /// a call is made does not say that it is needed.
    async fn until<T>(&self, what: &str, mut ready: impl FnMut() -> Option<T>) -> Result<T, String> {
        let trouble = || {
            let log = self.rig.envoy.log();
            let trap = log.lines().find(|line| line.contains(TRAPPED));
            trap.map(|line| line.rsplit("] ").next().unwrap_or_default().to_owned())
        };
        let either = || trouble().map(Err).or_else(|| ready().map(Ok));
        let found = wait::within(self.patience, either).await;
        found.unwrap_or_else(|| Err(format!("waited in vain for {what}")))
    }
}

/// Compares a record.
fn compare(expected: &Expected, post: &Post) -> Result<(), String> {
    let mut record = post.json()?;
    take_times(&mut record)?;
    let differences = diff::json(&expected.json(), &record);
    if differences.is_empty() { Ok(()) } else { Err(format!("the record differs: {differences:?}")) }
}
