//! Thin callbacks of one stream, which feed its capture. All return `Continue`: the filter never holds traffic.

use crate::{
    capture::{Capture, Direction, Facts},
    host,
    root::Worker,
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
    ignored: bool,
}

impl Http {
    pub(crate) fn new(worker: Option<Rc<Worker>>) -> Self {
        Self { worker, capture: Capture::default(), accounted: 0, ignored: false }
    }

    fn body(&mut self, direction: Direction, buffer: BufferType, size: usize) {
        let Some(worker) = self.worker.as_ref().filter(|_| !self.ignored && size > 0) else { return };
        let mut pipeline = worker.pipeline.borrow_mut();
        let config = pipeline.config.capture;
        let kept = match direction {
            Direction::Request => config.request_body,
            Direction::Response => config.response_body,
        };
        if !kept {
            return;
        }
        // The buffer holds this chunk only, because no callback ever pauses the stream.
        let wanted = self.capture.wanted(direction, size, config.max_body_bytes, pipeline.memory_left());
        if wanted > 0 {
            let grown = self.capture.push(direction, host::buffer(buffer, wanted));
            self.accounted = self.accounted.saturating_add(grown);
            pipeline.account(0, grown);
        }
    }

    /// What the capture does not know yet, read once. Property look-ups are costly, so a value that the headers have
    /// is not asked for.
    fn facts(&self, worker: &Worker) -> Facts {
        let mesh = worker.pipeline.borrow().config.mesh;
        let missing = |name| !self.capture.has_request_header(name);
        Facts {
            source_address: host::property(&["source", "address"]).unwrap_or_default(),
            destination_address: host::property(&["destination", "address"]).unwrap_or_default(),
            destination_namespace: host::destination_namespace(mesh),
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
        }
    }
}

impl Context for Http {}

impl HttpContext for Http {
    fn on_http_request_headers(&mut self, _num_headers: usize, _end_of_stream: bool) -> Action {
        if self.worker.is_some() {
            self.capture.request_headers(host::headers(MapType::HttpRequestHeaders));
            self.ignored = self.capture.is_export();
        }
        Action::Continue
    }

    fn on_http_request_body(&mut self, body_size: usize, _end_of_stream: bool) -> Action {
        self.body(Direction::Request, BufferType::HttpRequestBody, body_size);
        Action::Continue
    }

    fn on_http_response_headers(&mut self, _num_headers: usize, _end_of_stream: bool) -> Action {
        if let Some(worker) = self.worker.as_ref().filter(|_| !self.ignored) {
            self.capture.response_headers(host::headers(MapType::HttpResponseHeaders));
            let held = self.capture.held();
            worker.pipeline.borrow_mut().account(self.accounted, held);
            self.accounted = held;
        }
        Action::Continue
    }

    fn on_http_response_body(&mut self, body_size: usize, _end_of_stream: bool) -> Action {
        self.body(Direction::Response, BufferType::HttpResponseBody, body_size);
        Action::Continue
    }

    /// The one place where a record ends: trailers, resets and local replies skip `end_of_stream`.
    fn on_log(&mut self) {
        let Some(worker) = self.worker.clone() else { return };
        // It may be the stream's first callback: Envoy answers some requests before the filters see them. Then the
        // access log's maps are all there is.
        if !self.capture.has_request() {
            self.capture.request_headers(host::headers(MapType::HttpRequestHeaders));
            self.ignored = self.capture.is_export();
        }
        if self.ignored {
            return;
        }
        if !self.capture.has_response() {
            let headers = host::headers(MapType::HttpResponseHeaders);
            if !headers.is_empty() {
                self.capture.response_headers(headers);
            }
        }
        let facts = self.facts(&worker);
        let mut pipeline = worker.pipeline.borrow_mut();
        pipeline.finish(&self.capture, &facts);
        pipeline.account(std::mem::take(&mut self.accounted), 0);
        drop(pipeline);
        self.capture = Capture::default();
        // A stream is logged once, but Envoy may be configured to log it again (periodic access logs).
        self.worker = None;
        worker.record_waits();
    }
}

impl Drop for Http {
    /// A stream that is deleted without `on_log` gives back what it accounted for.
    fn drop(&mut self) {
        if let Some(worker) = &self.worker {
            worker.pipeline.borrow_mut().account(self.accounted, 0);
        }
    }
}
