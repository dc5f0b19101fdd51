//! Thin callbacks of one stream, which feed its capture. All return `Continue`: the filter never holds traffic.

use crate::{
    capture::{Capture, Direction, Facts},
    host,
    sampling::Decision,
    worker::Worker,
};
use proxy_wasm::{
    traits::{Context, HttpContext},
    types::{Action, BufferType, MapType},
};
use std::rc::Rc;

/// One stream.
pub(crate) struct Http {
    /// None when the configuration was refused: the stream passes unseen.
    worker: Option<Rc<Worker>>,
    capture: Capture,
    accounted: usize,
    decision: Decision,
    /// An export request of this filter, which is never recorded.
    export: bool,
    /// Its headers alone found no memory: it is dropped, and counted.
    dropped: bool,
    namespace: Option<Vec<u8>>,
}

impl Http {
    pub(crate) fn new(worker: Option<Rc<Worker>>) -> Self {
        Self {
            worker,
            capture: Capture::default(),
            accounted: 0,
            decision: Decision::Open,
            export: false,
            dropped: false,
            namespace: None,
        }
    }

    /// The worker, unless the stream gives no record.
    fn recording(&self) -> Option<Rc<Worker>> {
        let recording = !self.export && !self.dropped && self.decision != Decision::Exclude;
        self.worker.as_ref().filter(|_| recording).cloned()
    }

    fn request_headers(&mut self, worker: &Worker) {
        self.capture.request_headers(host::headers(MapType::HttpRequestHeaders));
        self.export = self.capture.is_export();
        let pipeline = worker.pipeline.borrow();
        let sampling = &pipeline.sampling;
        self.decision = if self.export || (sampling.by_id() && !sampling.keeps_id(&self.sampling_id())) {
            Decision::Exclude
        } else if sampling.by_host() {
            self.decide(worker)
        } else {
            Decision::Keep
        };
        drop(pipeline);
        if self.decision == Decision::Exclude {
            self.capture.release();
        }
        self.fit(worker);
    }

    /// What the share is decided from. A request that Envoy answered before it had an id is decided by chance.
    fn sampling_id(&self) -> Vec<u8> {
        let id = self.capture.request_header("x-request-id").map(<[u8]>::to_vec);
        id.or_else(|| host::property(&["request", "id"]))
            .unwrap_or_else(|| host::now().as_nanos().to_le_bytes().to_vec())
    }

    /// Accounts for headers that were captured, or gives up the exchange when there is no memory for them.
    fn fit(&mut self, worker: &Worker) {
        let grown = self.capture.held().saturating_sub(self.accounted);
        if grown > worker.pipeline.borrow().memory_left() {
            self.capture.release();
            self.dropped = true;
        }
        self.account(worker);
    }

    fn response_headers(&mut self, worker: &Worker) {
        if self.decision == Decision::Open {
            self.namespace = host::destination_namespace(worker.pipeline.borrow().config.mesh);
            self.decision = self.decide(worker);
            if self.decision == Decision::Exclude {
                self.capture.release();
            }
        }
        if self.decision != Decision::Exclude {
            let headers = host::headers(MapType::HttpResponseHeaders);
            if !headers.is_empty() {
                self.capture.response_headers(headers);
            }
        }
        self.fit(worker);
    }

    fn decide(&self, worker: &Worker) -> Decision {
        let authority = self.capture.request_header(":authority").unwrap_or_default();
        let destination = host::property(&["destination", "address"]).unwrap_or_default();
        let namespace = self.namespace.as_deref().map(String::from_utf8_lossy);
        let (authority, destination) = (String::from_utf8_lossy(authority), String::from_utf8_lossy(&destination));
        worker.pipeline.borrow().sampling.decide(&authority, &destination, namespace.as_deref())
    }

    fn body(&mut self, direction: Direction, buffer: BufferType, size: usize) {
        let Some(worker) = self.recording().filter(|_| size > 0) else { return };
        let wanted = {
            let pipeline = worker.pipeline.borrow();
            self.capture.wanted(direction, size, &pipeline.config.capture, pipeline.body_room())
        };
        if wanted > 0 {
            // The buffer holds this chunk only, because no callback ever pauses the stream.
            self.capture.push(direction, host::buffer(buffer, wanted));
        }
        self.account(&worker);
    }

    /// Tells the worker how much memory the capture holds now.
    fn account(&mut self, worker: &Worker) {
        let held = self.capture.held();
        if held != self.accounted {
            worker.pipeline.borrow_mut().account(self.accounted, held);
            self.accounted = held;
        }
    }

    /// What the capture does not know yet, read once. Property look-ups are costly, so a value that the headers have
    /// is not asked for.
    fn facts(&mut self, worker: &Worker) -> Facts {
        let (mesh, timed) = {
            let config = &worker.pipeline.borrow().config;
            (config.mesh, config.format.shows_time())
        };
        let missing = |name| !self.capture.has_request_header(name);
        let nanoseconds = |name| match timed {
            true => host::integer(&["request", name]).unwrap_or(0),
            false => 0,
        };
        Facts {
            source_address: host::property(&["source", "address"]).unwrap_or_default(),
            destination_address: host::property(&["destination", "address"]).unwrap_or_default(),
            destination_namespace: self.namespace.take().or_else(|| host::destination_namespace(mesh)),
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

impl Context for Http {
    crate::unused::no_context_host_calls!();
}

impl HttpContext for Http {
    crate::unused::no_http_host_calls!();

    fn on_http_request_headers(&mut self, _num_headers: usize, _end_of_stream: bool) -> Action {
        if let Some(worker) = self.worker.clone() {
            self.request_headers(&worker);
        }
        Action::Continue
    }

    fn on_http_request_body(&mut self, body_size: usize, _end_of_stream: bool) -> Action {
        self.body(Direction::Request, BufferType::HttpRequestBody, body_size);
        Action::Continue
    }

    fn on_http_response_headers(&mut self, _num_headers: usize, _end_of_stream: bool) -> Action {
        if let Some(worker) = self.recording() {
            self.response_headers(&worker);
        }
        Action::Continue
    }

    fn on_http_response_body(&mut self, body_size: usize, _end_of_stream: bool) -> Action {
        self.body(Direction::Response, BufferType::HttpResponseBody, body_size);
        Action::Continue
    }

    /// The one place where a record ends: trailers, resets and local replies skip `end_of_stream`.
    fn on_log(&mut self) {
        // A stream is logged once, but Envoy may be configured to log it again (periodic access logs).
        let Some(worker) = self.worker.take() else { return };
        // It may be the stream's first callback: Envoy answers some requests before the filters see them. Then the
        // access log's maps are all there is.
        if !self.export && !self.dropped && self.decision != Decision::Exclude {
            if !self.capture.has_request() {
                self.request_headers(&worker);
            }
            if !self.capture.has_response() && !self.dropped && self.decision != Decision::Exclude {
                self.response_headers(&worker);
            }
        }
        if self.export {
            return;
        }
        if self.decision == Decision::Exclude {
            worker.pipeline.borrow_mut().exclude();
        } else if self.dropped {
            worker.pipeline.borrow_mut().drop_unseen();
        } else {
            let facts = self.facts(&worker);
            worker.pipeline.borrow_mut().finish(&self.capture, &facts, host::now());
        }
        self.capture.release();
        self.account(&worker);
        worker.stream_ended();
    }
}

impl Drop for Http {
    /// A stream that is deleted without `on_log` gives back what it accounted for.
    fn drop(&mut self) {
        if let Some(worker) = self.worker.take() {
            self.capture.release();
            self.account(&worker);
        }
    }
}
