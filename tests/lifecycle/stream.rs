//! One stream, with its phases in any order.
#![allow(unsafe_code, reason = "declares the callbacks that the SDK exports to Envoy")]

use crate::host::{Headers, host};
use proxy_wasm::types::{Action, BufferType, MapType};

unsafe extern "C" {
    safe fn proxy_on_request_headers(context: u32, headers: usize, end_of_stream: bool) -> Action;
    safe fn proxy_on_request_body(context: u32, size: usize, end_of_stream: bool) -> Action;
    safe fn proxy_on_request_trailers(context: u32, trailers: usize) -> Action;
    safe fn proxy_on_response_headers(context: u32, headers: usize, end_of_stream: bool) -> Action;
    safe fn proxy_on_response_body(context: u32, size: usize, end_of_stream: bool) -> Action;
    safe fn proxy_on_response_trailers(context: u32, trailers: usize) -> Action;
    safe fn proxy_on_log(context: u32);
    safe fn proxy_on_done(context: u32) -> bool;
    safe fn proxy_on_delete(context: u32);
}

/// The request of most tests.
pub(crate) const REQUEST: &[(&str, &str)] = &[
    (":method", "POST"),
    (":path", "/orders?x=1"),
    (":authority", "orders"),
    (":scheme", "http"),
    ("x-request-id", "id-1"),
    ("content-type", "application/json"),
];

/// And its response.
pub(crate) const RESPONSE: &[(&str, &str)] = &[(":status", "201"), ("content-type", "text/plain")];

/// A stream that Envoy has not deleted. Each phase asserts that the filter lets the traffic pass.
#[derive(Debug)]
pub(crate) struct Stream {
    id: u32,
}

/// Header pairs of texts.
pub(crate) fn headers(pairs: &[(&str, &str)]) -> Headers {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec())).collect()
}

impl Stream {
    pub(crate) fn new(id: u32) -> Self {
        Self { id }
    }

    pub(crate) fn request_headers(&self, pairs: &[(&str, &str)]) -> &Self {
        self.request_bytes(headers(pairs))
    }

    /// Headers whose values need not be UTF-8.
    pub(crate) fn request_bytes(&self, headers: Headers) -> &Self {
        let number = headers.len();
        self.with_map(MapType::HttpRequestHeaders, headers, || proxy_on_request_headers(self.id, number, false))
    }

    pub(crate) fn request_body(&self, bytes: &[u8], end_of_stream: bool) -> &Self {
        let phase = || proxy_on_request_body(self.id, bytes.len(), end_of_stream);
        self.with_buffer(BufferType::HttpRequestBody, bytes, phase)
    }

    pub(crate) fn request_trailers(&self, pairs: &[(&str, &str)]) -> &Self {
        let phase = || proxy_on_request_trailers(self.id, pairs.len());
        self.with_map(MapType::HttpRequestTrailers, headers(pairs), phase)
    }

    pub(crate) fn response_headers(&self, pairs: &[(&str, &str)]) -> &Self {
        self.response_bytes(headers(pairs))
    }

    pub(crate) fn response_bytes(&self, headers: Headers) -> &Self {
        let number = headers.len();
        self.with_map(MapType::HttpResponseHeaders, headers, || proxy_on_response_headers(self.id, number, false))
    }

    pub(crate) fn response_body(&self, bytes: &[u8], end_of_stream: bool) -> &Self {
        let phase = || proxy_on_response_body(self.id, bytes.len(), end_of_stream);
        self.with_buffer(BufferType::HttpResponseBody, bytes, phase)
    }

    pub(crate) fn response_trailers(&self, pairs: &[(&str, &str)]) -> &Self {
        let phase = || proxy_on_response_trailers(self.id, pairs.len());
        self.with_map(MapType::HttpResponseTrailers, headers(pairs), phase)
    }

    /// `on_log` without header maps.
    pub(crate) fn log(&self) -> &Self {
        self.enter();
        proxy_on_log(self.id);
        self
    }

    /// `on_log` with the access log's maps.
    pub(crate) fn log_with(&self, request: &[(&str, &str)], response: &[(&str, &str)]) -> &Self {
        let maps = [
            ((self.id, MapType::HttpRequestHeaders), headers(request)),
            ((self.id, MapType::HttpResponseHeaders), headers(response)),
        ];
        host(|host| host.maps.extend(maps));
        self.log();
        host(|host| host.maps.retain(|(context, _), _| *context != self.id));
        self
    }

    pub(crate) fn done(&self) -> &Self {
        self.enter();
        assert!(proxy_on_done(self.id), "a stream never asks for more time");
        self
    }

    /// The end; the stream can not be used after it.
    pub(crate) fn delete(self) {
        self.enter();
        proxy_on_delete(self.id);
        host(|host| host.roots.remove(&self.id));
    }

    /// What Envoy does when a stream is over.
    pub(crate) fn end(self) {
        self.log().done();
        self.delete();
    }

    /// The whole exchange of [`REQUEST`] and [`RESPONSE`], with bodies.
    pub(crate) fn whole(self) {
        self.request_headers(REQUEST).request_body(b"{\"a\":1}", true);
        self.response_headers(RESPONSE).response_body(b"done", true);
        self.end();
    }

    /// An exchange with this request id.
    pub(crate) fn with_id(self, id: &str) {
        self.request_headers(&[(":method", "GET"), (":path", "/"), (":authority", "orders"), ("x-request-id", id)]);
        self.response_headers(RESPONSE);
        self.end();
    }

    fn enter(&self) {
        host(|host| host.current = self.id);
    }

    fn with_map(&self, map: MapType, headers: Headers, phase: impl FnOnce() -> Action) -> &Self {
        self.enter();
        host(|host| host.maps.insert((self.id, map), headers));
        assert_eq!(phase(), Action::Continue);
        host(|host| host.maps.remove(&(self.id, map)));
        self
    }

    fn with_buffer(&self, buffer: BufferType, bytes: &[u8], phase: impl FnOnce() -> Action) -> &Self {
        self.enter();
        host(|host| host.buffers.insert((self.id, buffer), bytes.to_vec()));
        assert_eq!(phase(), Action::Continue);
        host(|host| host.buffers.remove(&(self.id, buffer)));
        self
    }
}
