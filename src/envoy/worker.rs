//! The worker's state that the root context and its streams share: the pipeline, and the timer that drives it.

use super::{host, timer::Timer};
use crate::{
    capture::EXPORT_MARK,
    config::Config,
    delivery::{Batch, answer::Outcome, options::default_authority},
    json::Quoted,
    pipeline::Pipeline,
    sampling::poll::{PATH, Poll},
};
use log::{debug, error, warn};
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    time::Duration,
};

/// Records sent at a tick beside as many as came since the last one. After an outage thousands wait: to send them as fast as answers
/// come would leave the worker's traffic little of its time, for a request costs some 0.1 ms.
const BACKLOG: u64 = 8;

/// Bytes after which a tick sends no more of a backlog: Envoy copies each of them.
const BACKLOG_BYTES: usize = 256 << 10;

/// Bytes after which a tick leaves what came to the next one. As many as a worker passes in the milliseconds between two ticks of a
/// busy one: were it fewer, the queue would fill though the collector takes everything.
const SLICE_BYTES: usize = 4 << 20;

/// One worker's pipeline and its way to Envoy.
pub(crate) struct Worker {
    /// The validated configuration.
    pub(crate) config: Rc<Config>,
    /// The `content-type` of export requests, unless the configuration's headers have another.
    content_type: Option<&'static str>,
    pipeline: RefCell<Pipeline>,
    metrics: RefCell<host::Metrics>,
    poll: Cell<Option<Poll>>,
    timer: Timer,
    /// Streams that ended since the last tick, each with a record at most, and those for which that tick had no room.
    fresh: Cell<u64>,
}

impl Worker {
    pub(crate) fn new(config: Config) -> Self {
        let config = Rc::new(config);
        let now = host::now();
        let pipeline = Pipeline::new(config.clone(), now.as_nanos() as u64, host::node);
        let worker = Self {
            content_type: config.collector.content_type(pipeline.content_type()),
            pipeline: RefCell::new(pipeline),
            metrics: RefCell::default(),
            poll: Cell::new(config.sampling.hosts.as_ref().map(|hosts| Poll::new(hosts.interval))),
            timer: Timer::new(now),
            fresh: Cell::new(0),
            config,
        };
        // The first poll; Envoy takes no calls while it configures.
        worker.arm(now);
        worker
    }

    /// Works on the pipeline. Should Envoy ever make a callback inside another one, the inner callback finds the
    /// pipeline in use, and its work is left undone: it must not panic. So as few calls of the host as possible are
    /// made inside.
    pub(crate) fn with<T: Default>(&self, work: impl FnOnce(&mut Pipeline) -> T) -> T {
        self.pipeline.try_borrow_mut().map(|mut pipeline| work(&mut pipeline)).unwrap_or_default()
    }

    /// Current time, which never goes back. While the 1 ms timer runs, the last tick's time, to save a host call.
    pub(crate) fn now(&self) -> Duration {
        self.timer.time().unwrap_or_else(|| self.look())
    }

    fn look(&self) -> Duration {
        self.timer.looked(host::now())
    }

    /// What the clock shows at a time that [`Worker::now`] gave.
    pub(crate) fn clock(&self, now: Duration) -> Duration {
        self.timer.clock(now)
    }

    /// A stream ended, and a record may have been enqueued. A stream cannot send it: the SDK gives an answer to the
    /// context that asked, and drops it once that stream is gone. So the root's timer is armed.
    pub(crate) fn stream_ended(&self, now: Duration) {
        self.fresh.set(self.fresh.get().saturating_add(1));
        // A timer that goes off within a millisecond does all this.
        if !self.timer.is_shortest() {
            self.publish_when_idle();
            self.arm(now);
        }
    }

    /// A stream ended whose headers alone found no memory.
    pub(crate) fn stream_dropped(&self) {
        self.with(Pipeline::drop_unseen);
        self.stream_ended(self.now());
    }

    /// A stream ended that sampling excluded.
    pub(crate) fn stream_excluded(&self) {
        self.with(Pipeline::exclude);
        debug!("a stream without a record: sampling excludes it");
        self.publish_soon();
    }

    /// A stream ended that has the mark of the filter's own export requests.
    pub(crate) fn stream_marked(&self) {
        self.with(Pipeline::pass_export);
        self.publish_soon();
    }

    /// Only numbers wait, and they may for a moment: a call of the host for each would be most of what such a stream costs.
    fn publish_soon(&self) {
        if let Some(period) = self.timer.set_to_publish() {
            host::set_tick(period);
        }
    }

    /// After every change of the root's own: report, publish, arm. What there is to send goes at the next tick.
    pub(crate) fn turn(&self, now: Duration) {
        self.report(now);
        self.publish_when_idle();
        self.arm(now);
    }

    fn report(&self, now: Duration) {
        if let Some(report) = self.with(Pipeline::outage_report) {
            warn!("{report}");
        }
        if let Some(report) = self.with(|pipeline| pipeline.loss_report(now)) {
            error!("{report}");
        }
    }

    /// The timer went off.
    pub(crate) fn ticked(&self) {
        let now = self.look();
        self.timer.fired();
        self.poll(now);
        self.send(now);
        self.report(now);
        self.publish();
        self.arm(now);
    }

    /// Sends what waits without lingering, and polls no more.
    pub(crate) fn drain(&self) {
        self.poll.set(None);
        let now = self.look();
        self.with(|pipeline| pipeline.drain(now));
        self.send(now);
        self.turn(now);
    }

    /// Whether every record was delivered or dropped.
    pub(crate) fn is_idle(&self) -> bool {
        self.with(|pipeline| pipeline.is_idle())
    }

    /// The answer to an export request.
    pub(crate) fn answered(&self, token: u32, outcome: Outcome, said: &[u8], now: Duration) {
        debug!("export request {token} ended: {outcome:?}");
        if self.with(|pipeline| pipeline.collector_is_down()) {
            // What came during an outage is its backlog.
            self.fresh.set(0);
        }
        self.with(|pipeline| pipeline.answered(token, outcome, said, now));
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
        self.report_poll(self.with(|pipeline| pipeline.learn(status, content_type, body).err()));
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
        let Some(hosts) = self.config.sampling.hosts.as_ref().filter(|_| due) else { return };
        let authority = default_authority(&hosts.cluster);
        let mut headers = vec![(":method", "GET"), (":path", PATH), (":authority", &authority), (EXPORT_MARK, "1")];
        headers.extend(hosts.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        match host::call(&hosts.cluster, headers, None, self.config.collector.timeout) {
            Some(token) => {
                poll.sent(token);
                self.poll.set(Some(poll));
            }
            None => {
                self.report_poll(Some(format!("Envoy did not take the request to cluster {}", Quoted(&hosts.cluster))));
            }
        }
    }

    /// Sends a slice of what waits.
    fn send(&self, now: Duration) {
        let Ok(mut pipeline) = self.pipeline.try_borrow_mut() else { return };
        let (mut fresh, mut backlog, mut sent) = (self.fresh.take(), BACKLOG, 0_usize);
        while if fresh > 0 { sent < SLICE_BYTES } else { backlog > 0 && sent < BACKLOG_BYTES } {
            // What cannot go now, for requests are in flight or an outage lasts, is backlog from here on: `fresh` stays zero.
            let Some(batch) = pipeline.next(now) else { return };
            let (records, bytes) = (batch.records(), batch.body.len());
            backlog = backlog.saturating_sub(records.saturating_sub(fresh));
            fresh = fresh.saturating_sub(records);
            sent = sent.saturating_add(bytes);
            match self.export(&batch) {
                Some(token) => {
                    debug!("export request {token}: records: {records}, bytes: {bytes}");
                    pipeline.sent(token, batch);
                }
                None => {
                    debug!("Envoy does not take an export request: records: {records}, bytes: {bytes}");
                    pipeline.refused(batch, now);
                }
            }
        }
        self.fresh.set(fresh);
    }

    /// Sends a batch; the token of the call if Envoy took it.
    fn export(&self, batch: &Batch) -> Option<u32> {
        let collector = &self.config.collector;
        let mut headers = vec![
            (":method", "POST"),
            (":path", collector.path.as_str()),
            (":authority", collector.authority.as_str()),
            (EXPORT_MARK, "1"),
        ];
        headers.extend(self.content_type.map(|content_type| ("content-type", content_type)));
        headers.extend(collector.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        host::call(&collector.cluster, headers, Some(&batch.body), collector.timeout)
    }

    /// Sets the timer to when there is something to do.
    fn arm(&self, now: Duration) {
        let work = self.with(|pipeline| pipeline.wake_in(now));
        let poll = self.poll.get().map(|poll| poll.wake_in(now));
        let wake = work.into_iter().chain(poll).min();
        if let Some(period) = self.timer.set(now, wake) {
            host::set_tick(period);
        }
    }

    /// Brings Envoy's stats up to date when nothing is on its way; otherwise the next tick does.
    fn publish_when_idle(&self) {
        if self.is_idle() {
            self.publish();
        } else {
            self.timer.publish_later();
        }
    }

    /// Brings Envoy's stats up to date.
    pub(crate) fn publish(&self) {
        self.timer.published();
        let stats = self.with(|pipeline| pipeline.stats());
        if let Ok(mut metrics) = self.metrics.try_borrow_mut() {
            metrics.publish(&stats);
        }
    }
}
