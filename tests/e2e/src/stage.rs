//! The stage of a test: each exchange is sent without the filter and with it, and compared.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::Value;

use crate::case::{Case, Exchange};
use crate::client::Connection;
use crate::diff;
use crate::expect::{Expected, take_times};
use crate::message::Message;
use crate::reply::Reply;
use crate::rig::{Given, Rig, unused_id};
use crate::upstream::Service;
use crate::wait;

/// The start of the line that Envoy logs when the VM traps: `Function: proxy_on_log failed: Uncaught RuntimeError: unreachable`.
pub const TRAPPED: &str = "Function: proxy_";

/// A rig that knows which records there must be. Every test ends with [`Stage::finish`].
pub struct Stage {
    rig: Rig,
    ids: Mutex<BTreeSet<String>>,
    /// When it was made, in milliseconds since the epoch.
    started: u64,
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
        Self::serving(configuration, |_| Reply::echo(), |_| {}).await
    }

    /// As [`Stage::with`], with an upstream that answers otherwise where a case does not say what, and an Envoy that is given
    /// something else.
    ///
    /// # Panics
    /// When one cannot be started.
    pub async fn serving(configuration: Option<&str>, service: Service, change: impl FnOnce(&mut Given)) -> Self {
        let rig = Rig::start_with(configuration, service, change).await;
        let rig = rig.unwrap_or_else(|error| panic!("{error}"));
        Self { rig, ids: Mutex::default(), started: milliseconds(), finished: false }
    }

    /// A new request id of which there must be one record at the end.
    #[must_use]
    pub fn id(&self) -> String {
        let id = unused_id();
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
        let mut expected = Expected::of(&case, &with, self.envoy.filtered_by(case.protocol));
        adjust(&mut expected, &with);
        let record = self.expect_record(&case.name, &expected).await;
        (with, record)
    }

    /// Sends the case without the filter and with it, and compares what client and upstream saw.
    ///
    /// # Panics
    /// When there is a difference.
    pub async fn check_traffic(&self, case: &Case) -> Exchange {
        let without = self.send(case, self.envoy.plain_by(case.protocol)).await;
        let with = self.send(case, self.envoy.filtered_by(case.protocol)).await;
        let mut differences = diff::messages("the client saw", &without.answer, &with.answer);
        match (&without.seen, &with.seen) {
            (Some(without), Some(with)) => differences.extend(diff::messages("the upstream saw", without, with)),
            (None, None) => {}
            (without, with) => {
                differences.push(format!("the upstream saw {without:?} without the filter, {with:?} with it"))
            }
        }
        assert!(
            differences.is_empty(),
            "{}: the filter changed the traffic:\n  {}",
            case.name,
            differences.join("\n  ")
        );
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
        let (expected, got) = (expected.json(), post.json().unwrap_or_else(|error| panic!("{name}: {error}")));
        let mut timeless = got.clone();
        let mut differences: Vec<String> = self.check_times(&mut timeless).err().into_iter().collect();
        differences.extend(diff::json(&expected, &timeless));
        assert!(
            differences.is_empty(),
            "{name}: the record differs:\n  {}\nexpected {}\ngot {}",
            differences.join("\n  "),
            diff::abbreviate(&expected.to_string()),
            diff::abbreviate(&got.to_string()),
        );
        got
    }

    /// Removes a record's times, which lie between the start of the stage and now.
    ///
    /// # Errors
    /// When they do not.
    pub fn check_times(&self, record: &mut Value) -> Result<(), String> {
        let times = take_times(record)?;
        // Envoy counts microseconds, and a record milliseconds.
        let around = self.started..=milliseconds() + 1;
        if times.iter().all(|time| around.contains(time)) {
            Ok(())
        } else {
            Err(format!("{times:?} are not in {around:?}"))
        }
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

    /// Waits until the filter has sent everything, and checks that the collector acknowledged one record of each exchange
    /// and no other, that the filter's stats add up, and that it did not crash.
    ///
    /// # Panics
    /// When that is not so.
    pub async fn finish(mut self) {
        self.finished = true;
        let ids = std::mem::take(&mut *self.ids.lock().unwrap_or_else(PoisonError::into_inner));
        self.settle(ids.len() as u64).await;
        let mut missing = ids.clone();
        for post in self.collector.posts().iter().filter(|post| post.manner.acknowledges()) {
            let record = post.json().unwrap_or_else(|error| panic!("{error}"));
            let either = |keys: [&str; 2]| keys.iter().find_map(|key| record[*key].as_str()).unwrap_or_default();
            let (id, source) = (either(["request_id", "requestID"]), either(["source_address", "sourceAddress"]));
            let id = if ids.contains(id) { id } else { source };
            assert!(ids.contains(id), "a record of no exchange: {}", diff::abbreviate(&record.to_string()));
            assert!(missing.remove(id), "two records of {id}: {}", diff::abbreviate(&record.to_string()));
        }
        assert!(missing.is_empty(), "no record of {missing:?}");
        self.accounted().await;
        self.assert_log_without(&[TRAPPED, "panicked", "[critical]", "[error]"]);
    }

    /// As [`Stage::finish`] when records may be lost: checks only that every stream is accounted for, and that the filter
    /// did not crash.
    ///
    /// # Panics
    /// When that is not so.
    pub async fn finish_lossy(mut self) {
        self.finished = true;
        self.accounted().await;
        self.assert_log_without(&[TRAPPED, "panicked", "[critical]"]);
    }

    /// As [`Stage::finish_lossy`] after Envoy was given what it must refuse, which it logs as critical.
    ///
    /// # Panics
    /// When it did not refuse, or did worse.
    pub async fn finish_refusing(mut self) {
        self.finished = true;
        self.accounted().await;
        self.assert_log_without(&[TRAPPED, "panicked"]);
        let log = self.envoy.log();
        let critical: Vec<&str> = log.lines().filter(|line| line.contains("[critical]")).collect();
        assert!(critical.len() == 1 && critical[0].ends_with("failed to load"), "{critical:?}");
    }

    /// As [`Stage::finish`] after the filter was made to trap: of one that did, nothing more can be expected.
    ///
    /// # Panics
    /// When it did not.
    pub fn finish_trapped(mut self) {
        self.finished = true;
        let log = self.envoy.log();
        assert!(log.contains(TRAPPED), "the filter did not trap:\n{log}");
    }

    async fn send(&self, case: &Case, to: SocketAddr) -> Exchange {
        self.exchange(case, to).await.unwrap_or_else(|error| panic!("{}: {to}: {error}", case.name))
    }

    fn assert_log_without(&self, bad: &[&str]) {
        let log = self.envoy.log();
        let bad = |line: &&str| bad.iter().any(|bad| line.contains(bad));
        assert_eq!(log.lines().find(bad), None, "Envoy's log has an error");
    }
}

/// Now, in milliseconds since the epoch.
fn milliseconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_millis() as u64)
}

impl Deref for Stage {
    type Target = Rig;

    fn deref(&self) -> &Rig {
        &self.rig
    }
}

impl DerefMut for Stage {
    fn deref_mut(&mut self) -> &mut Rig {
        &mut self.rig
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        assert!(self.finished || thread::panicking(), "a test must end with Stage::finish");
    }
}
