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
use std::{rc::Rc, time::Duration};

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

/// How much of one direction the callbacks showed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Seen {
    /// Nothing: its headers are known from the access log, if at all.
    #[default]
    Nothing,
    /// Its headers, and perhaps some of its body.
    Begun,
    /// All of it.
    Whole,
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
    request: Seen,
    response: Seen,
}

impl Stream {
    pub(crate) fn new(worker: Option<Rc<Worker>>) -> Self {
        Self {
            worker,
            capture: Capture::default(),
            accounted: 0,
            state: State::Open,
            namespace: None,
            request: Seen::Nothing,
            response: Seen::Nothing,
        }
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
        let room = worker.with(|pipeline| pipeline.body_room(self.capture.body_len(direction)));
        // The buffer holds this chunk only, because no callback ever pauses the stream.
        let read = |bytes| host::buffer(buffer, bytes);
        self.capture.keep(direction, size, &worker.config.capture, room, read);
        self.account(&worker);
    }

    fn trailers(&mut self, direction: Direction, map: MapType) {
        let Some(worker) = self.recording().filter(|worker| worker.config.capture.trailers) else { return };
        self.capture.trailers(direction, host::headers(map));
        self.fit(&worker);
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
    fn facts(&mut self, worker: &Worker, now: Duration) -> Facts {
        let missing = |name| !self.capture.has_request_header(name);
        let start_ms = host::integer(&["request", "time"]).unwrap_or(0) / 1_000_000;
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
            status: host::integer(&["response", "code"]).and_then(|code| code.try_into().ok()).unwrap_or(0),
            start_ms,
            end_ms: (worker.clock(now).as_millis() as u64).max(start_ms),
        }
    }

    /// Marks the bodies that are not whole.
    fn cut(&mut self, worker: &Worker) {
        let is_empty = |side| host::integer(&[side, "size"]).unwrap_or(0) == 0;
        let capture = &self.capture;
        let has_body = |direction| capture.body_len(direction) > 0;
        // Over HTTP/3 also the end of a request without a body may come after its headers, and too late.
        let request_is_whole = match self.request {
            Seen::Whole => true,
            _ if has_body(Direction::Request) => !capture.may_lack(Direction::Request),
            _ => capture.asks_for_tunnel() || !capture.may_lack(Direction::Request) && is_empty("request"),
        };
        let response_is_whole = match self.response {
            Seen::Whole => true,
            Seen::Begun => !capture.may_lack(Direction::Response),
            Seen::Nothing => !capture.has_response() || is_empty("response"),
        };
        for (direction, is_whole) in [(Direction::Request, request_is_whole), (Direction::Response, response_is_whole)]
        {
            if !is_whole {
                self.capture.cut(direction, &worker.config.capture);
            }
        }
    }

    /// The stream is over. One record at most comes of it: the worker is given up.
    fn end(&mut self) {
        let Some(worker) = self.worker.take() else { return };
        // Envoy answers some requests before the filters see them. Then the access log's maps are all there is.
        if self.is_recorded() && !self.capture.has_request() {
            self.request_headers(&worker, Phase::Later);
        }
        if self.is_recorded() && !self.capture.has_response() {
            self.response_headers(&worker);
        }
        let recorded = self.is_recorded().then(|| worker.now());
        if let Some(now) = recorded {
            // Also when sampling has not decided: the namespace never became known.
            let facts = self.facts(&worker, now);
            self.cut(&worker);
            worker.with(|pipeline| pipeline.finish(&mut self.capture, &facts, now));
        }
        self.capture.release();
        self.account(&worker);
        match self.state {
            State::Export => worker.stream_marked(),
            State::Excluded => worker.stream_excluded(),
            State::Dropped => worker.stream_dropped(),
            State::Open | State::Keep => worker.stream_ended(recorded.unwrap_or_default()),
        }
    }
}

/// How much a direction showed with this callback.
fn seen(end_of_stream: bool) -> Seen {
    if end_of_stream { Seen::Whole } else { Seen::Begun }
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

    /// Envoy deletes the stream. Over QUIC it is logged only when the client has acknowledged the answer, and that is later.
    fn on_done(&mut self) -> bool {
        #[cfg(feature = "fault")]
        super::fault::at("stream_done");
        self.end();
        true
    }
}

impl HttpContext for Stream {
    crate::envoy::unused::no_http_host_calls!();

    fn on_http_request_headers(&mut self, _num_headers: usize, end_of_stream: bool) -> Action {
        #[cfg(feature = "fault")]
        super::fault::at("request_headers");
        self.request = seen(end_of_stream);
        if let Some(worker) = self.worker.clone() {
            self.request_headers(&worker, Phase::Request);
        }
        Action::Continue
    }

    fn on_http_request_body(&mut self, body_size: usize, end_of_stream: bool) -> Action {
        #[cfg(feature = "fault")]
        super::fault::at("request_body");
        self.request = seen(end_of_stream);
        self.body(Direction::Request, BufferType::HttpRequestBody, body_size);
        Action::Continue
    }

    fn on_http_request_trailers(&mut self, _num_trailers: usize) -> Action {
        #[cfg(feature = "fault")]
        super::fault::at("request_trailers");
        self.request = Seen::Whole;
        self.trailers(Direction::Request, MapType::HttpRequestTrailers);
        Action::Continue
    }

    fn on_http_response_headers(&mut self, _num_headers: usize, end_of_stream: bool) -> Action {
        #[cfg(feature = "fault")]
        super::fault::at("response_headers");
        self.response = seen(end_of_stream);
        if let Some(worker) = self.recording() {
            self.response_headers(&worker);
        }
        Action::Continue
    }

    fn on_http_response_body(&mut self, body_size: usize, end_of_stream: bool) -> Action {
        #[cfg(feature = "fault")]
        super::fault::at("response_body");
        self.response = seen(end_of_stream);
        self.body(Direction::Response, BufferType::HttpResponseBody, body_size);
        Action::Continue
    }

    fn on_http_response_trailers(&mut self, _num_trailers: usize) -> Action {
        #[cfg(feature = "fault")]
        super::fault::at("response_trailers");
        self.response = Seen::Whole;
        self.trailers(Direction::Response, MapType::HttpResponseTrailers);
        Action::Continue
    }

    /// It may be the stream's first callback. A stream is logged once, but Envoy may be configured to log it again (periodic
    /// access logs).
    fn on_log(&mut self) {
        #[cfg(feature = "fault")]
        super::fault::at("log");
        self.end();
    }
}
