//! Thin callbacks of one stream, which feed its capture. All return `Continue`: the filter never holds traffic.

use super::{host, worker::Worker};
use crate::{
    capture::{Capture, Direction, Facts},
    sampling::Decision,
};
use proxy_wasm::{
    traits::{Context, HttpContext},
    types::{Action, BufferType, MapType},
};
use std::rc::Rc;

/// Whether a stream gives a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Sampling has not decided yet, or has not been asked.
    Open,
    /// The stream gives a record.
    Keep,
    /// Sampling excluded it.
    Excluded,
    /// There was no memory even for its headers: the record is dropped, and counted.
    Dropped,
    /// The stream is an export request of this filter, in this proxy or another. Those are never recorded.
    Export,
}

/// When the request's headers are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// In their own callback, when Envoy has the request's map.
    Request,
    /// In a later callback, when Envoy may not have the request's map.
    Later,
}

/// One stream.
pub(crate) struct Stream {
    /// None when the configuration was refused: the stream passes unseen.
    worker: Option<Rc<Worker>>,
    capture: Capture,
    /// The bytes that the worker was told the capture holds.
    accounted: usize,
    state: State,
    namespace: Option<Vec<u8>>,
}

impl Stream {
    pub(crate) fn new(worker: Option<Rc<Worker>>) -> Self {
        Self { worker, capture: Capture::default(), accounted: 0, state: State::Open, namespace: None }
    }

    /// Whether the stream may give a record.
    fn is_recorded(&self) -> bool {
        matches!(self.state, State::Open | State::Keep)
    }

    /// The worker, while the stream may give a record.
    fn recording(&self) -> Option<Rc<Worker>> {
        self.worker.as_ref().filter(|_| self.is_recorded()).cloned()
    }

    fn request_headers(&mut self, worker: &Worker, phase: Phase) {
        if !kept_by_share(worker, phase) {
            self.state = State::Excluded;
            return;
        }
        self.capture.request_headers(host::headers(MapType::HttpRequestHeaders));
        self.state = if self.capture.is_export() {
            State::Export
        } else if worker.config.sampling.hosts.is_some() {
            self.decide(worker)
        } else {
            State::Keep
        };
        self.fit(worker);
    }

    /// Accounts for the captured headers. Gives them up when the stream gives no record, or when there is no memory.
    fn fit(&mut self, worker: &Worker) {
        let grown = self.capture.held().saturating_sub(self.accounted);
        if self.is_recorded() && grown > worker.with(|pipeline| pipeline.memory_left()) {
            self.state = State::Dropped;
        }
        if !self.is_recorded() {
            self.capture.release();
        }
        self.account(worker);
    }

    fn response_headers(&mut self, worker: &Worker) {
        // Envoy may answer in the place of filters that it did not ask: the request's map is still there.
        if !self.capture.has_request() {
            self.request_headers(worker, Phase::Later);
        }
        if self.state == State::Open {
            self.namespace = host::destination_namespace(worker.config.mesh);
            self.state = self.decide(worker);
        }
        if self.is_recorded() {
            let headers = host::headers(MapType::HttpResponseHeaders);
            if !headers.is_empty() {
                self.capture.response_headers(headers);
            }
        }
        self.fit(worker);
    }

    /// Asks sampling for the host.
    fn decide(&self, worker: &Worker) -> State {
        let authority = self.capture.request_header(":authority").unwrap_or_default();
        let destination = host::property(&["destination", "address"]).unwrap_or_default();
        let namespace = self.namespace.as_deref().map(String::from_utf8_lossy);
        let (authority, destination) = (String::from_utf8_lossy(authority), String::from_utf8_lossy(&destination));
        let decision =
            worker.with(|pipeline| pipeline.sampling().decide(&authority, &destination, namespace.as_deref()));
        match decision {
            Decision::Keep => State::Keep,
            Decision::Exclude => State::Excluded,
            Decision::Open => State::Open,
        }
    }

    fn body(&mut self, direction: Direction, buffer: BufferType, size: usize) {
        let Some(worker) = self.recording().filter(|_| size > 0) else { return };
        let room = worker.with(|pipeline| pipeline.body_room(self.accounted));
        // The buffer holds this chunk only, because no callback ever pauses the stream.
        let read = |bytes| host::buffer(buffer, bytes);
        self.capture.keep(direction, size, &worker.config.capture, room, read);
        self.account(&worker);
    }

    /// Tells the worker how much memory the capture holds now; whether that changed.
    fn account(&mut self, worker: &Worker) -> bool {
        let held = self.capture.held();
        let changed = held != self.accounted;
        if changed {
            worker.with(|pipeline| pipeline.account(self.accounted, held));
            self.accounted = held;
        }
        changed
    }

    /// The facts of the exchange that its headers and bodies do not tell. To look up a property is costly, so nothing
    /// is asked for that the headers have.
    fn facts(&mut self, worker: &Worker) -> Facts {
        let timed = worker.config.format.shows_time;
        let missing = |name| !self.capture.has_request_header(name);
        let nanoseconds = |name| match timed {
            true => host::integer(&["request", name]).unwrap_or(0),
            false => 0,
        };
        Facts {
            source_address: host::property(&["source", "address"]).unwrap_or_default(),
            destination_address: host::property(&["destination", "address"]).unwrap_or_default(),
            destination_namespace: self.namespace.take().or_else(|| host::destination_namespace(worker.config.mesh)),
            protocol: host::property(&["request", "protocol"]).unwrap_or_default(),
            tls: missing(":scheme") && host::property(&["connection", "tls_version"]).is_some(),
            request_id: if missing("x-request-id") {
                host::property(&["request", "id"]).unwrap_or_default()
            } else {
                Vec::new()
            },
            status: if self.capture.has_response() {
                0
            } else {
                host::integer(&["response", "code"]).and_then(|code| code.try_into().ok()).unwrap_or(0)
            },
            start_ms: nanoseconds("time") / 1_000_000,
            duration_ms: nanoseconds("duration") / 1_000_000,
        }
    }
}

/// Whether `sampling.rate` keeps the stream. This is decided before the headers are read, so that an excluded stream
/// costs no more. The property `request.id` is the same as the header `x-request-id`: it takes twice the time, but
/// every phase has it. A request that Envoy answered before the request had an id is decided by chance.
fn kept_by_share(worker: &Worker, phase: Phase) -> bool {
    worker.with(|pipeline| pipeline.sampling().for_all()).unwrap_or_else(|| {
        let id = match phase {
            Phase::Request => host::header(MapType::HttpRequestHeaders, "x-request-id"),
            Phase::Later => host::property(&["request", "id"]),
        };
        let id = id.unwrap_or_else(|| host::now().as_nanos().to_le_bytes().to_vec());
        worker.with(|pipeline| pipeline.sampling().keeps_id(&id))
    })
}

impl Context for Stream {
    crate::envoy::unused::no_context_host_calls!();
}

impl HttpContext for Stream {
    crate::envoy::unused::no_http_host_calls!();

    fn on_http_request_headers(&mut self, _num_headers: usize, _end_of_stream: bool) -> Action {
        #[cfg(feature = "fault")]
        super::fault::at("request_headers");
        if let Some(worker) = self.worker.clone() {
            self.request_headers(&worker, Phase::Request);
        }
        Action::Continue
    }

    fn on_http_request_body(&mut self, body_size: usize, _end_of_stream: bool) -> Action {
        #[cfg(feature = "fault")]
        super::fault::at("request_body");
        self.body(Direction::Request, BufferType::HttpRequestBody, body_size);
        Action::Continue
    }

    fn on_http_response_headers(&mut self, _num_headers: usize, _end_of_stream: bool) -> Action {
        #[cfg(feature = "fault")]
        super::fault::at("response_headers");
        if let Some(worker) = self.recording() {
            self.response_headers(&worker);
        }
        Action::Continue
    }

    fn on_http_response_body(&mut self, body_size: usize, _end_of_stream: bool) -> Action {
        #[cfg(feature = "fault")]
        super::fault::at("response_body");
        self.body(Direction::Response, BufferType::HttpResponseBody, body_size);
        Action::Continue
    }

    /// The one place where a record ends: trailers, resets and local replies skip `end_of_stream`.
    fn on_log(&mut self) {
        #[cfg(feature = "fault")]
        super::fault::at("log");
        // A stream is logged once, but Envoy may be configured to log it again (periodic access logs).
        let Some(worker) = self.worker.take() else { return };
        // This may be the stream's first callback: Envoy answers some requests before the filters see them. Then the
        // access log's maps are all there is.
        if self.is_recorded() && !self.capture.has_request() {
            self.request_headers(&worker, Phase::Later);
        }
        if self.is_recorded() && !self.capture.has_response() {
            self.response_headers(&worker);
        }
        let recorded = self.is_recorded().then(|| worker.now());
        if let Some(now) = recorded {
            // Also when sampling has not decided: the namespace never became known.
            let facts = self.facts(&worker);
            worker.with(|pipeline| pipeline.finish(&mut self.capture, &facts, now));
        }
        self.capture.release();
        self.account(&worker);
        match self.state {
            State::Export => {}
            State::Excluded => worker.stream_excluded(),
            State::Dropped => worker.stream_dropped(),
            State::Open | State::Keep => worker.stream_ended(recorded.unwrap_or_default()),
        }
    }
}

impl Drop for Stream {
    /// A stream that is deleted without `on_log` gives back what it accounted for.
    fn drop(&mut self) {
        if let Some(worker) = self.worker.take() {
            self.capture.release();
            if self.account(&worker) {
                worker.publish();
            }
        }
    }
}
