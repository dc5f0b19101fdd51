//! The root context: reads the configuration, sends what waits, takes answers, and drains before it goes. One a worker
//! and configuration.

use crate::{
    VERSION,
    capture::EXPORT_MARK,
    config::Config,
    exporter::{Batch, Outcome},
    host,
    http::Http,
    pipeline::Pipeline,
};
use log::{error, info};
use proxy_wasm::{
    traits::{Context, HttpContext, RootContext},
    types::{BufferType, ContextType, MapType},
};
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    time::Duration,
};

/// Export requests sent at one tick or answer. Everything at once would hold the worker, and with it the traffic, for
/// the time of the whole burst.
const SLICE: usize = 16;

/// Envoy's timer counts whole milliseconds.
const MIN_TICK: Duration = Duration::from_millis(1);

/// What the root context shares with its streams.
pub(crate) struct Worker {
    pub(crate) pipeline: RefCell<Pipeline>,
    metrics: RefCell<host::Metrics>,
    tick: Cell<Duration>,
}

/// The root context.
pub(crate) struct Root {
    worker: Option<Rc<Worker>>,
    leaving: bool,
}

// === impl Worker ===

impl Worker {
    fn new(config: Config) -> Self {
        let mut pipeline = Pipeline::new(config);
        pipeline.exporter.seed(host::now().as_nanos() as u64);
        Self { pipeline: RefCell::new(pipeline), metrics: RefCell::default(), tick: Cell::new(Duration::ZERO) }
    }

    /// A record was enqueued, by a stream. A stream cannot send it: the SDK gives an answer to the context that asked,
    /// and drops it once that stream is gone. So the root's timer is armed.
    pub(crate) fn record_waits(&self) {
        // A timer that runs soon enough is not set again: that would postpone it, with every record a little more. A
        // longer one waits for a retry, which must not hold up the records that come after it.
        if self.tick.get() != MIN_TICK {
            self.arm();
            self.publish();
        }
    }

    /// Sets the timer to when there is something to send, and off when there is not: an idle filter costs nothing.
    fn arm(&self) {
        let wake = self.pipeline.borrow().exporter.wake_in(host::now());
        let tick = wake.map_or(Duration::ZERO, |wake| wake.max(MIN_TICK));
        if tick != self.tick.get() {
            self.tick.set(tick);
            host::set_tick(tick);
        }
    }

    fn publish(&self) {
        let stats = self.pipeline.borrow_mut().measured();
        self.metrics.borrow_mut().publish(&stats);
    }

    /// Sends a slice of what waits.
    fn send(&self) {
        let mut pipeline = self.pipeline.borrow_mut();
        let Pipeline { config, exporter, stats, .. } = &mut *pipeline;
        let now = host::now();
        for _ in 0..SLICE {
            let Some(batch) = exporter.next(now) else { break };
            match dispatch(config, &batch) {
                Some(token) => exporter.sent(token, batch, stats),
                None => exporter.refused(batch, now, stats),
            }
        }
    }

    /// After every change of the root's own: send, arm, publish, report.
    fn turn(&self) {
        self.send();
        self.arm();
        self.publish();
        if let Some(report) = self.pipeline.borrow_mut().loss_report(host::now()) {
            error!("{report}");
        }
    }
}

fn dispatch(config: &Config, batch: &Batch) -> Option<u32> {
    let collector = &config.collector;
    let mut headers = vec![
        (":method", "POST"),
        (":path", collector.path.as_str()),
        (":authority", collector.authority.as_str()),
        ("content-type", "application/json"),
        (EXPORT_MARK, "1"),
    ];
    headers.extend(collector.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    host::post(&collector.cluster, headers, &batch.body, collector.timeout).ok()
}

// === impl Root ===

impl Root {
    pub(crate) fn create(_context_id: u32) -> Box<dyn RootContext> {
        Box::new(Self { worker: None, leaving: false })
    }

    fn leave_when_idle(&mut self) {
        let idle = self.worker.as_ref().is_none_or(|worker| worker.pipeline.borrow().exporter.is_idle());
        if self.leaving && idle {
            self.leaving = false;
            host::done();
        }
    }
}

impl Context for Root {
    fn on_http_call_response(&mut self, token: u32, num_headers: usize, _body_size: usize, _num_trailers: usize) {
        let Some(worker) = &self.worker else { return };
        let outcome = outcome(num_headers);
        let now = host::now();
        {
            let mut pipeline = worker.pipeline.borrow_mut();
            let Pipeline { exporter, stats, .. } = &mut *pipeline;
            exporter.answered(token, outcome, now, stats);
        }
        worker.turn();
        self.leave_when_idle();
    }

    /// Envoy asks before it destroys the context, for example when the configuration changed. Its calls would be
    /// cancelled: records that wait or are in flight get the time they need, which the bounded retries limit.
    fn on_done(&mut self) -> bool {
        let Some(worker) = &self.worker else { return true };
        worker.turn();
        self.leaving = !worker.pipeline.borrow().exporter.is_idle();
        !self.leaving
    }
}

/// What an answer means. No headers at all: the call failed, and reading its status would panic in the SDK.
fn outcome(num_headers: usize) -> Outcome {
    if num_headers == 0 {
        return Outcome::Failed;
    }
    let headers = host::headers(MapType::HttpCallResponseHeaders);
    let number = |name| headers.get(name).and_then(|value| std::str::from_utf8(value).ok()?.trim().parse::<u64>().ok());
    match number(":status").and_then(|status| u16::try_from(status).ok()) {
        Some(status) => Outcome::Answered { status, retry_after: number("retry-after").map(Duration::from_secs) },
        None => Outcome::Failed,
    }
}

impl RootContext for Root {
    fn on_vm_start(&mut self, _vm_configuration_size: usize) -> bool {
        host::define_metrics();
        true
    }

    fn on_configure(&mut self, plugin_configuration_size: usize) -> bool {
        let json = host::buffer(BufferType::PluginConfiguration, plugin_configuration_size);
        match Config::parse(&json) {
            Ok(config) => {
                info!(
                    "http-trace-filter {VERSION}: POST {} to cluster {:?}, bodies to {} bytes, queue {} bytes",
                    config.collector.path,
                    config.collector.cluster,
                    config.capture.max_body_bytes,
                    config.queue.max_bytes
                );
                self.worker = Some(Rc::new(Worker::new(config)));
                true
            }
            Err(error) => {
                error!("http-trace-filter {VERSION}: configuration refused: {error}");
                false
            }
        }
    }

    fn on_tick(&mut self) {
        let Some(worker) = &self.worker else { return };
        worker.turn();
        self.leave_when_idle();
    }

    fn create_http_context(&self, _context_id: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Http::new(self.worker.clone())))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}
