//! What the root context shares with its streams: the pipeline, and the timer that drives it.

use super::host;
use crate::{
    capture::EXPORT_MARK,
    config::Config,
    delivery::{
        Batch, Outcome,
        options::{Framing, default_authority},
    },
    pipeline::Pipeline,
    sampling::poll::{PATH, Poll},
};
use log::{error, warn};
use std::{
    cell::{Cell, RefCell},
    time::Duration,
};

/// Export requests sent at one tick or answer. Everything at once would hold the worker, and with it the traffic, for
/// the time of the whole burst.
const SLICE: usize = 16;

/// Envoy's timer counts whole milliseconds.
const MIN_TICK: Duration = Duration::from_millis(1);

/// How long numbers may wait before Envoy's stats show them. Each is a call of the host, and a busy worker's change all the time.
const PUBLISH: Duration = Duration::from_millis(50);

/// One worker's pipeline and its way to Envoy.
pub(crate) struct Worker {
    pub(crate) pipeline: RefCell<Pipeline>,
    metrics: RefCell<host::Metrics>,
    poll: Cell<Option<Poll>>,
    /// The timer's period; zero: it is off.
    tick: Cell<Duration>,
    /// When the clock was last looked at.
    seen: Cell<Duration>,
    /// When the timer goes off next.
    due: Cell<Duration>,
    /// Whether Envoy's stats are not up to date.
    stale: Cell<bool>,
}

impl Worker {
    pub(crate) fn new(config: Config) -> Self {
        let poll = config.sampling.hosts.as_ref().map(|hosts| Poll::new(hosts.interval));
        let mut pipeline = Pipeline::new(config);
        let now = host::now();
        pipeline.exporter.seed(now.as_nanos() as u64);
        let worker = Self {
            pipeline: RefCell::new(pipeline),
            metrics: RefCell::default(),
            poll: Cell::new(poll),
            tick: Cell::new(Duration::ZERO),
            seen: Cell::new(now),
            due: Cell::new(Duration::MAX),
            stale: Cell::new(false),
        };
        // The first poll; Envoy takes no calls while it configures.
        worker.arm(now);
        worker
    }

    /// The time. While the timer goes off every millisecond, its last look at the clock will do, as Envoy's own event loop does it:
    /// each look is a call of the host.
    pub(crate) fn now(&self) -> Duration {
        if self.tick.get() == MIN_TICK { self.seen.get() } else { self.look() }
    }

    fn look(&self) -> Duration {
        let now = host::now();
        self.seen.set(now);
        now
    }

    /// A stream ended, and a record may have been enqueued. A stream cannot send it: the SDK gives an answer to the
    /// context that asked, and drops it once that stream is gone. So the root's timer is armed.
    pub(crate) fn stream_ended(&self, now: Duration) {
        // A timer that goes off within a millisecond does all this.
        if self.tick.get() != MIN_TICK {
            self.publish_when_idle();
            self.arm(now);
        }
    }

    /// A stream ended whose headers alone found no memory.
    pub(crate) fn stream_dropped(&self) {
        self.pipeline.borrow_mut().drop_unseen();
        self.stream_ended(self.now());
    }

    /// A stream ended that sampling excluded. Nothing waits; only its numbers do, and they may for a moment: a call of the host
    /// for each would be most of what such a stream costs.
    pub(crate) fn stream_excluded(&self) {
        self.pipeline.borrow_mut().exclude();
        if self.tick.get().is_zero() || self.tick.get() > PUBLISH {
            // Not asking for the time: the next look at the timer sets it again.
            self.due.set(Duration::MAX);
            self.tick.set(PUBLISH);
            host::set_tick(PUBLISH);
        }
    }

    /// After every change of the root's own: send, report, publish, arm.
    pub(crate) fn turn(&self, now: Duration) {
        self.work(now);
        self.publish_when_idle();
        self.arm(now);
    }

    fn work(&self, now: Duration) {
        self.poll(now);
        self.send(now);
        let report = self.pipeline.borrow_mut().loss_report(now);
        if let Some(report) = report {
            error!("{report}");
        }
    }

    /// The timer went off.
    pub(crate) fn ticked(&self) {
        let now = self.look();
        self.due.set(Duration::ZERO);
        self.work(now);
        self.publish();
        self.arm(now);
    }

    /// Sends what waits without lingering, and polls no more.
    pub(crate) fn drain(&self) {
        self.poll.set(None);
        self.pipeline.borrow_mut().exporter.drain();
        self.turn(self.look());
    }

    /// Whether every record was delivered or dropped.
    pub(crate) fn is_idle(&self) -> bool {
        self.pipeline.borrow().exporter.is_idle()
    }

    /// The answer to an export request.
    pub(crate) fn answered(&self, token: u32, outcome: Outcome, now: Duration) {
        let mut pipeline = self.pipeline.borrow_mut();
        let Pipeline { exporter, stats, .. } = &mut *pipeline;
        exporter.answered(token, outcome, now, stats);
    }

    /// Whether this is the token of the poll in flight; it is answered then.
    pub(crate) fn is_poll(&self, token: u32) -> bool {
        let Some(mut poll) = self.poll.get() else { return false };
        let ours = poll.answered(token);
        self.poll.set(Some(poll));
        ours
    }

    /// An answer of the sampling manager.
    pub(crate) fn learn(&self, status: u16, content_type: &[u8], body: &[u8]) {
        let learnt = self.pipeline.borrow_mut().sampling.learn(status, content_type, body);
        self.report_poll(learnt.err());
    }

    fn report_poll(&self, problem: Option<String>) {
        let Some(mut poll) = self.poll.get() else { return };
        let report = poll.report(problem.is_some());
        self.poll.set(Some(poll));
        if let Some(problem) = problem.filter(|_| report) {
            warn!("hosts to trace: the last good list stays: {problem}");
        }
    }

    fn poll(&self, now: Duration) {
        let Some(mut poll) = self.poll.get() else { return };
        let due = poll.due(now);
        self.poll.set(Some(poll));
        if !due {
            return;
        }
        let pipeline = self.pipeline.borrow();
        let Some(hosts) = &pipeline.config.sampling.hosts else { return };
        let authority = default_authority(&hosts.cluster);
        let headers = vec![(":method", "GET"), (":path", PATH), (":authority", &authority), (EXPORT_MARK, "1")];
        match host::call(&hosts.cluster, headers, None, pipeline.config.collector.timeout) {
            Some(token) => {
                poll.sent(token);
                self.poll.set(Some(poll));
            }
            None => {
                let problem = format!("Envoy did not take the request to cluster {:?}", hosts.cluster);
                drop(pipeline);
                self.report_poll(Some(problem));
            }
        }
    }

    /// Sends a slice of what waits.
    fn send(&self, now: Duration) {
        let mut pipeline = self.pipeline.borrow_mut();
        let memory = pipeline.record_memory();
        let Pipeline { config, exporter, stats, .. } = &mut *pipeline;
        for _ in 0..SLICE {
            let Some(batch) = exporter.next(now, memory) else { break };
            match export(config, &batch) {
                Some(token) => exporter.sent(token, batch, stats),
                None => exporter.refused(batch, now, stats),
            }
        }
    }

    /// Sets the timer to when there is something to do, and off when there is not: an idle filter costs nothing. One that goes
    /// off soon enough is not set again: that would be a call of the host for each record, and postpone it with each.
    fn arm(&self, now: Duration) {
        let wake = {
            let pipeline = self.pipeline.borrow();
            let export = pipeline.exporter.wake_in(now, pipeline.record_memory());
            let poll = self.poll.get().map(|poll| poll.wake_in(now));
            let publish = self.stale.get().then_some(PUBLISH);
            [export, poll, pipeline.loss_report_in(now), publish].into_iter().flatten().min()
        };
        let tick = wake.map_or(Duration::ZERO, |wake| whole_millis(wake).max(MIN_TICK));
        let soon_enough = !tick.is_zero() && now < self.due.get() && self.due.get() <= now.saturating_add(tick);
        if tick != self.tick.get() && !soon_enough {
            self.tick.set(tick);
            host::set_tick(tick);
        }
        if !soon_enough {
            self.due.set(if tick.is_zero() { Duration::MAX } else { now.saturating_add(tick) });
        }
    }

    /// Brings Envoy's stats up to date when nothing is on its way; otherwise the next tick does.
    fn publish_when_idle(&self) {
        if self.is_idle() {
            self.publish();
        } else {
            self.stale.set(true);
        }
    }

    /// Brings Envoy's stats up to date.
    pub(crate) fn publish(&self) {
        self.stale.set(false);
        let stats = self.pipeline.borrow_mut().measured();
        self.metrics.borrow_mut().publish(&stats);
    }
}

/// Rounded up: a timer that fires early finds nothing to do.
fn whole_millis(duration: Duration) -> Duration {
    Duration::from_millis(duration.as_nanos().div_ceil(1_000_000) as u64)
}

/// Sends a batch; the token of the call if Envoy took it.
fn export(config: &Config, batch: &Batch) -> Option<u32> {
    let collector = &config.collector;
    let ndjson = config.batch.max_records > 1 && config.batch.framing == Framing::Ndjson;
    let mut headers = vec![
        (":method", "POST"),
        (":path", collector.path.as_str()),
        (":authority", collector.authority.as_str()),
        ("content-type", if ndjson { "application/x-ndjson" } else { "application/json" }),
        (EXPORT_MARK, "1"),
    ];
    headers.extend(collector.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    host::call(&collector.cluster, headers, Some(&batch.body), collector.timeout)
}
