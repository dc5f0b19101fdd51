//! Envoy's calls into the filter, in whatever order a test wants.

use crate::host::{Call, Pairs, host};
use serde_json::Value;
use std::{collections::BTreeMap, sync::Mutex};

unsafe extern "C" {
    safe fn _initialize();
    safe fn proxy_on_context_create(context: u32, root: u32);
    safe fn proxy_on_vm_start(context: u32, size: usize) -> bool;
    safe fn proxy_on_configure(context: u32, size: usize) -> bool;
    safe fn proxy_on_tick(context: u32);
    safe fn proxy_on_done(context: u32) -> bool;
    safe fn proxy_on_log(context: u32);
    safe fn proxy_on_delete(context: u32);
    safe fn proxy_on_request_headers(context: u32, count: usize, end: bool) -> u32;
    safe fn proxy_on_request_body(context: u32, size: usize, end: bool) -> u32;
    safe fn proxy_on_request_trailers(context: u32, count: usize) -> u32;
    safe fn proxy_on_response_headers(context: u32, count: usize, end: bool) -> u32;
    safe fn proxy_on_response_body(context: u32, size: usize, end: bool) -> u32;
    safe fn proxy_on_response_trailers(context: u32, count: usize) -> u32;
    safe fn proxy_on_http_call_response(context: u32, token: u32, headers: usize, body: usize, trailers: usize);
}

/// The SDK installs its logger once a process, without a lock.
static START: Mutex<()> = Mutex::new(());

pub(crate) const REQUEST: u32 = 0;
pub(crate) const REQUEST_TRAILERS: u32 = 1;
pub(crate) const RESPONSE: u32 = 2;
pub(crate) const RESPONSE_TRAILERS: u32 = 3;
const CALL_HEADERS: u32 = 6;
const CALL_BODY: u32 = 4;
const CONFIGURATION: u32 = 7;
const CONTINUE: u32 = 0;
const STATUS: &str = "response.code";

/// A root context.
#[derive(Clone, Copy)]
pub(crate) struct Root(pub(crate) u32);

/// A stream.
#[derive(Clone, Copy)]
pub(crate) struct Stream(pub(crate) u32);

pub(crate) fn pairs<V: AsRef<[u8]>>(list: &[(&str, V)]) -> Pairs {
    list.iter().map(|(name, value)| (name.to_string(), value.as_ref().to_vec())).collect()
}

impl Root {
    /// A configured root context: the first of this thread also starts the VM.
    pub(crate) fn start(id: u32, configuration: &str) -> Self {
        let (root, accepted) = Self::configure(id, configuration);
        assert!(accepted, "{configuration}: {:?}", host(|host| host.log.clone()));
        root
    }

    pub(crate) fn configure(id: u32, configuration: &str) -> (Self, bool) {
        {
            let _alone = START.lock();
            _initialize();
        }
        host(|host| host.now = host.now.max(1_795_000_000_000_000_000));
        proxy_on_context_create(id, 0);
        assert!(proxy_on_vm_start(id, 0));
        (Self(id), Self(id).reconfigure(configuration))
    }

    /// Whether the configuration was accepted.
    pub(crate) fn reconfigure(self, configuration: &str) -> bool {
        host(|host| host.buffers.insert(CONFIGURATION, configuration.as_bytes().to_vec()));
        proxy_on_configure(self.0, configuration.len())
    }

    pub(crate) fn stream(self, id: u32) -> Stream {
        proxy_on_context_create(id, self.0);
        Stream(id)
    }

    pub(crate) fn tick(self) {
        proxy_on_tick(self.0);
    }

    /// The collector answers; no headers: the call failed.
    pub(crate) fn answer<V: AsRef<[u8]>>(self, token: u32, headers: &[(&str, V)], body: &str) {
        host(|host| {
            host.maps.insert(CALL_HEADERS, pairs(headers));
            host.buffers.insert(CALL_BODY, body.as_bytes().to_vec());
        });
        proxy_on_http_call_response(self.0, token, headers.len(), body.len(), 0);
    }

    pub(crate) fn done(self) -> bool {
        proxy_on_done(self.0)
    }

    pub(crate) fn delete(self) {
        proxy_on_delete(self.0);
    }
}

impl Stream {
    pub(crate) fn request_headers<V: AsRef<[u8]>>(self, headers: &[(&str, V)]) -> Self {
        host(|host| host.maps.insert(REQUEST, pairs(headers)));
        assert_eq!(proxy_on_request_headers(self.0, headers.len(), false), CONTINUE);
        self
    }

    /// Envoy knows the status that it is about to send.
    pub(crate) fn response_headers<V: AsRef<[u8]>>(self, headers: &[(&str, V)]) -> Self {
        host(|host| host.maps.insert(RESPONSE, pairs(headers)));
        let status = headers.iter().find(|(name, _)| *name == ":status").map(|(_, value)| value.as_ref());
        let status = status.and_then(|status| std::str::from_utf8(status).ok()?.parse::<u64>().ok());
        if let Some(status) = status {
            host(|host| host.properties.insert(STATUS.to_owned(), status.to_le_bytes().to_vec()));
        }
        assert_eq!(proxy_on_response_headers(self.0, headers.len(), false), CONTINUE);
        self
    }

    pub(crate) fn request_body(self, body: &[u8]) -> Self {
        host(|host| host.buffers.insert(0, body.to_vec()));
        assert_eq!(proxy_on_request_body(self.0, body.len(), false), CONTINUE);
        self
    }

    pub(crate) fn response_body(self, body: &[u8]) -> Self {
        host(|host| host.buffers.insert(1, body.to_vec()));
        assert_eq!(proxy_on_response_body(self.0, body.len(), false), CONTINUE);
        self
    }

    /// As [`Stream::request_body`], with all that is left of it.
    pub(crate) fn last_of_request(self, body: &[u8]) -> Self {
        host(|host| host.buffers.insert(0, body.to_vec()));
        assert_eq!(proxy_on_request_body(self.0, body.len(), true), CONTINUE);
        self
    }

    /// As [`Stream::response_body`], with all that is left of it.
    pub(crate) fn last_of_response(self, body: &[u8]) -> Self {
        host(|host| host.buffers.insert(1, body.to_vec()));
        assert_eq!(proxy_on_response_body(self.0, body.len(), true), CONTINUE);
        self
    }

    pub(crate) fn request_trailers<V: AsRef<[u8]>>(self, trailers: &[(&str, V)]) -> Self {
        host(|host| host.maps.insert(REQUEST_TRAILERS, pairs(trailers)));
        assert_eq!(proxy_on_request_trailers(self.0, trailers.len()), CONTINUE);
        self
    }

    pub(crate) fn response_trailers<V: AsRef<[u8]>>(self, trailers: &[(&str, V)]) -> Self {
        host(|host| host.maps.insert(RESPONSE_TRAILERS, pairs(trailers)));
        assert_eq!(proxy_on_response_trailers(self.0, trailers.len()), CONTINUE);
        self
    }

    pub(crate) fn log(self) -> Self {
        proxy_on_log(self.0);
        self
    }

    /// Envoy deletes it: it has no maps then.
    pub(crate) fn end(self) {
        host(|host| host.maps.clear());
        assert!(proxy_on_done(self.0), "a stream needs no more time");
        proxy_on_delete(self.0);
        host(|host| host.properties.remove(STATUS));
    }

    /// A small exchange, whole.
    pub(crate) fn exchange(self) {
        self.request_headers(&[(":method", "GET"), (":path", "/"), (":authority", "shop"), ("x-request-id", "id")])
            .response_headers(&[(":status", "200")])
            .last_of_request(b"")
            .last_of_response(b"hello")
            .log()
            .end();
    }
}

/// The calls made since the last look.
pub(crate) fn calls() -> Vec<Call> {
    host(|host| std::mem::take(&mut host.calls))
}

pub(crate) fn record(call: &Call) -> Value {
    serde_json::from_slice(&call.body).expect("a record is JSON")
}

pub(crate) fn metrics() -> BTreeMap<String, i64> {
    host(|host| host.metrics.iter().map(|(name, value)| (name.replace("http_trace_filter.", ""), *value)).collect())
}

/// The identity of contract 5; the metrics.
pub(crate) fn balanced() -> BTreeMap<String, i64> {
    let metrics = metrics();
    let parts = ["sampled_out", "exported", "queued", "in_flight"].map(|name| metrics[name]);
    let dropped: i64 = metrics.iter().filter(|(name, _)| name.starts_with("dropped_")).map(|(_, value)| value).sum();
    assert_eq!(metrics["streams"], parts.iter().sum::<i64>() + dropped, "{metrics:?}");
    metrics
}
