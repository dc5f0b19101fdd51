//! The root context: reads the configuration, sends records, takes answers, and drains before it goes. Each worker has
//! one for each configuration.

use super::{host, stream::Stream, worker::Worker};
use crate::{
    capture,
    config::Config,
    delivery::answer::{Outcome, retry_after},
    format::otlp::answer as otlp,
    sampling::poll::MAX_ANSWER_BYTES,
};
use log::{error, info};
use proxy_wasm::{
    traits::{Context, HttpContext, RootContext},
    types::{BufferType, ContextType, MapType},
};
use std::rc::Rc;

/// The version that the filter logs at its start and that its packages carry.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The root context.
pub(crate) struct Root {
    /// None until there is a valid configuration.
    worker: Option<Rc<Worker>>,
    leaving: bool,
}

impl Root {
    pub(crate) fn create(_context_id: u32) -> Box<dyn RootContext> {
        Box::new(Self { worker: None, leaving: false })
    }

    fn leave_when_idle(&mut self) {
        if self.leaving && self.worker.as_ref().is_none_or(|worker| worker.is_idle()) {
            self.leaving = false;
            host::done();
        }
    }
}

impl Context for Root {
    crate::envoy::unused::no_context_host_calls!();

    fn on_http_call_response(&mut self, token: u32, num_headers: usize, body_size: usize, _num_trailers: usize) {
        #[cfg(feature = "fault")]
        super::fault::at("http_call_response");
        let Some(worker) = &self.worker else { return };
        // No headers at all: the call failed, and there is no map.
        let header = |name| (num_headers > 0).then(|| host::header(MapType::HttpCallResponseHeaders, name)).flatten();
        let status = header(":status").and_then(|value| capture::status(&value));
        let now = worker.now();
        if worker.is_poll(token) {
            let body = host::buffer(BufferType::HttpCallResponseBody, body_size.min(MAX_ANSWER_BYTES));
            worker.learn(status.unwrap_or(0), &header("content-type").unwrap_or_default(), &body);
        } else {
            let body;
            let mut said = &[][..];
            let outcome = match status {
                Some(status @ 200..300) if body_size > 0 && worker.config.format.partial_success => {
                    body = host::buffer(BufferType::HttpCallResponseBody, body_size.min(otlp::MAX_ANSWER_BYTES));
                    let rejected;
                    (rejected, said) = otlp::partial_success(&body);
                    Outcome::Partly { status, rejected }
                }
                // Nearly every answer is of this kind, and costs no further call of the host.
                Some(status @ 200..300) => Outcome::Answered { status, retry_after: None },
                Some(status) => {
                    let pause = |value: Vec<u8>| retry_after(&value, header("date").as_deref(), host::now().as_secs());
                    Outcome::Answered { status, retry_after: header("retry-after").and_then(pause) }
                }
                None => Outcome::Failed,
            };
            worker.answered(token, outcome, said, now);
        }
        worker.turn(now);
        self.leave_when_idle();
    }

    /// Envoy asks before it destroys the context, for example when the configuration changed. Its calls would be
    /// cancelled: records that wait or are in flight get the time they need, which the bounded retries limit.
    fn on_done(&mut self) -> bool {
        #[cfg(feature = "fault")]
        super::fault::at("done");
        let Some(worker) = &self.worker else { return true };
        worker.drain();
        self.leaving = !worker.is_idle();
        !self.leaving
    }
}

impl RootContext for Root {
    crate::envoy::unused::no_root_host_calls!();

    fn on_vm_start(&mut self, _vm_configuration_size: usize) -> bool {
        host::define_metrics();
        true
    }

    fn on_configure(&mut self, plugin_configuration_size: usize) -> bool {
        let json = host::buffer(BufferType::PluginConfiguration, plugin_configuration_size);
        match Config::parse(&json) {
            Ok(config) => {
                info!("http-trace-filter {VERSION}: {}", config.summary());
                self.worker = Some(Rc::new(Worker::new(config)));
                true
            }
            Err(error) => {
                for problem in &error.problems {
                    error!("http-trace-filter {VERSION}: configuration refused: {problem}");
                }
                false
            }
        }
    }

    fn on_tick(&mut self) {
        #[cfg(feature = "fault")]
        super::fault::at("tick");
        let Some(worker) = &self.worker else { return };
        worker.ticked();
        self.leave_when_idle();
    }

    fn create_http_context(&self, _context_id: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Stream::new(self.worker.clone())))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}
