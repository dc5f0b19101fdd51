//! Drives the filter as Envoy does: the VM, its root contexts, answers, the timer.
#![allow(unsafe_code, reason = "declares the callbacks that the SDK exports to Envoy")]

use crate::{
    host::{Call, Headers, host},
    stream::Stream,
};
use proxy_wasm::types::{BufferType, MapType, Status};
use serde_json::Value;
use std::{cell::Cell, collections::BTreeMap, sync::Mutex, time::Duration};

// Links the filter, whose `_initialize` is all that is called by name.
use http_trace_filter as _;

unsafe extern "C" {
    safe fn _initialize();
    safe fn proxy_on_context_create(context: u32, root: u32);
    safe fn proxy_on_vm_start(context: u32, configuration_size: usize) -> bool;
    safe fn proxy_on_configure(context: u32, configuration_size: usize) -> bool;
    safe fn proxy_on_tick(context: u32);
    safe fn proxy_on_http_call_response(context: u32, token: u32, headers: usize, body: usize, trailers: usize);
    safe fn proxy_on_done(context: u32) -> bool;
    safe fn proxy_on_delete(context: u32);
}

/// The metrics that count lost records.
pub(crate) const DROPPED: [&str; 4] =
    ["dropped_queue_full", "dropped_rejected", "dropped_retries_exhausted", "dropped_too_large"];

/// A worker's VM with one configuration; `root` is the root context that new streams belong to.
#[derive(Debug)]
pub(crate) struct Vm {
    root: Cell<u32>,
}

impl Vm {
    /// A VM whose configuration is accepted, in an Envoy that knows these properties.
    pub(crate) fn start(config: &str) -> Self {
        let (vm, accepted) = Self::boot(config);
        assert!(accepted, "{config} was refused: {:?}", host(|host| host.log.clone()));
        vm
    }

    /// A VM, and whether its configuration was accepted.
    pub(crate) fn boot(config: &str) -> (Self, bool) {
        // The SDK's logger is the process's, and two threads that set it at once would panic.
        static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
        let guard = ONE_AT_A_TIME.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        _initialize();
        drop(guard);
        host(|host| {
            host.restart();
            let properties: [(&str, &[u8]); 5] = [
                ("source/address", b"10.4.0.7:51932"),
                ("destination/address", b"10.4.0.12:8080"),
                ("request/protocol", b"HTTP/1.1"),
                ("request/id", b"from-envoy"),
                ("response/code", &503_u64.to_le_bytes()),
            ];
            host.properties = properties.map(|(name, value)| (name.to_owned(), value.to_vec())).into();
        });
        let vm = Self { root: Cell::new(0) };
        let accepted = vm.configure(config);
        (vm, accepted)
    }

    /// What Envoy does at first and when the configuration changed: a new root context in the same VM. The old one is
    /// left to [`Vm::root_done`] and [`Vm::delete_root`].
    pub(crate) fn configure(&self, config: &str) -> bool {
        let root = host(|host| {
            let root = host.fresh();
            host.roots.insert(root, root);
            host.buffers.insert((root, BufferType::PluginConfiguration), config.as_bytes().to_vec());
            host.starting = true;
            root
        });
        self.root.set(root);
        proxy_on_context_create(root, 0);
        self.enter(root);
        assert!(proxy_on_vm_start(root, 0));
        let accepted = proxy_on_configure(root, config.len());
        host(|host| host.starting = false);
        accepted
    }

    pub(crate) fn root(&self) -> u32 {
        self.root.get()
    }

    /// Asks a root context to go; whether it is ready.
    pub(crate) fn root_done(&self, root: u32) -> bool {
        self.enter(root);
        proxy_on_done(root)
    }

    /// Deletes a root context; Envoy cancels its calls.
    pub(crate) fn delete_root(&self, root: u32) {
        proxy_on_delete(root);
        host(|host| {
            host.roots.remove(&root);
            host.ticks.remove(&root);
            host.calls.iter_mut().filter(|call| call.context == root).for_each(|call| call.open = false);
        });
    }

    pub(crate) fn stream(&self) -> Stream {
        let id = host(|host| {
            let id = host.fresh();
            host.roots.insert(id, self.root());
            id
        });
        proxy_on_context_create(id, self.root());
        Stream::new(id)
    }

    fn enter(&self, context: u32) {
        host(|host| host.current = context);
    }

    // --- time ---

    pub(crate) fn advance(&self, millis: u64) {
        host(|host| host.now += Duration::from_millis(millis));
    }

    /// The timer's period in milliseconds; `None` while it is off.
    pub(crate) fn timer(&self) -> Option<u32> {
        self.timer_of(self.root())
    }

    pub(crate) fn timer_of(&self, root: u32) -> Option<u32> {
        host(|host| host.ticks.get(&root)?.last().copied()).filter(|period| *period > 0)
    }

    /// How often the timer was set or turned off.
    pub(crate) fn timer_changes(&self) -> usize {
        host(|host| host.ticks.get(&self.root()).map_or(0, Vec::len))
    }

    /// Waits until the timer fires; it must be on.
    pub(crate) fn tick(&self) {
        self.tick_of(self.root());
    }

    pub(crate) fn tick_of(&self, root: u32) {
        let period = self.timer_of(root).expect("the timer is on");
        self.advance(period.into());
        self.enter(root);
        proxy_on_tick(root);
    }

    /// A tick that finds nothing to do, after which the metrics are up to date.
    pub(crate) fn poke(&self) {
        self.enter(self.root());
        proxy_on_tick(self.root());
    }

    // --- export requests ---

    /// Every call so far.
    pub(crate) fn calls(&self) -> Vec<Call> {
        host(|host| host.calls.clone())
    }

    /// The calls without an answer.
    pub(crate) fn open(&self) -> Vec<u32> {
        host(|host| host.calls.iter().filter(|call| call.open).map(|call| call.token).collect())
    }

    /// The records in all calls, in the order in which they were sent; one a line when they share a call.
    pub(crate) fn records(&self) -> Vec<Value> {
        self.calls().iter().flat_map(records_of).collect()
    }

    /// Lets time pass, answers every call with 200 until nothing is left to do, and takes the calls; their records.
    pub(crate) fn deliver(&self) -> Vec<Value> {
        while self.timer().is_some() || !self.open().is_empty() {
            if self.timer().is_some() {
                self.tick();
            }
            self.open().into_iter().for_each(|token| self.answer(token, "200"));
        }
        host(|host| std::mem::take(&mut host.calls)).iter().flat_map(records_of).collect()
    }

    /// The collector's answer with this status.
    pub(crate) fn answer(&self, token: u32, status: &str) {
        self.reply(token, &[(":status", status)], b"");
    }

    pub(crate) fn reply(&self, token: u32, headers: &[(&str, &str)], body: &[u8]) {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec())).collect();
        self.reply_bytes(token, headers, body);
    }

    /// No answer: a reset, for which Envoy gives no headers at all.
    pub(crate) fn fail(&self, token: u32) {
        self.reply_bytes(token, Headers::new(), b"");
    }

    pub(crate) fn reply_bytes(&self, token: u32, headers: Headers, body: &[u8]) {
        let (context, number) = (self.close(token), headers.len());
        let (map, buffer) = ((context, MapType::HttpCallResponseHeaders), (context, BufferType::HttpCallResponseBody));
        host(|host| {
            host.maps.insert(map, headers);
            host.buffers.insert(buffer, body.to_vec());
        });
        self.enter(context);
        proxy_on_http_call_response(context, token, number, body.len(), 0);
        host(|host| (host.maps.remove(&map), host.buffers.remove(&buffer)));
    }

    /// Marks a call as answered; the context that made it.
    fn close(&self, token: u32) -> u32 {
        host(|host| {
            let call = host.calls.iter_mut().find(|call| call.token == token).expect("a call was made");
            assert!(call.open, "Envoy answers once");
            call.open = false;
            call.context
        })
    }

    // --- what came of it ---

    /// Metrics by name, without the prefix.
    pub(crate) fn metrics(&self) -> BTreeMap<String, i64> {
        let name = |name: &str| name.strip_prefix("http_trace_filter.").expect("the prefix").to_owned();
        host(|host| host.metrics.iter().map(|metric| (name(&metric.name), metric.value)).collect())
    }

    pub(crate) fn metric(&self, name: &str) -> i64 {
        self.metrics()[name]
    }

    /// Asserts all the metrics: those that are not named are 0. Byte counts are left out.
    pub(crate) fn expect(&self, named: &[(&str, i64)]) {
        self.check();
        let bytes = ["exported_bytes", "queued_bytes"];
        let mut got = self.metrics();
        got.retain(|name, value| *value != 0 && !bytes.contains(&name.as_str()));
        let named = named.iter().filter(|(_, value)| *value != 0);
        assert_eq!(got, named.map(|(name, value)| ((*name).to_owned(), *value)).collect());
    }

    /// The identity of contract 5, and that Envoy would have accepted everything.
    pub(crate) fn check(&self) {
        let m = self.metrics();
        let dropped: i64 = DROPPED.iter().map(|name| m[*name]).sum();
        let known = m["sampled_out"] + m["exported"] + dropped + m["queued"] + m["in_flight"];
        assert_eq!(m["streams"], known, "the identity: {m:?}");
        assert!(m.values().all(|value| *value >= 0), "below zero: {m:?}");
        assert_eq!(host(|host| host.violations.clone()), Vec::<String>::new());
    }

    pub(crate) fn log(&self) -> Vec<String> {
        host(|host| host.log.clone())
    }

    /// From now on Envoy does not take calls, or does again.
    pub(crate) fn refuse_calls(&self, status: Option<Status>) {
        host(|host| host.faults.call = status);
    }
}

fn records_of(call: &Call) -> Vec<Value> {
    let records = serde_json::Deserializer::from_slice(&call.body).into_iter();
    records.collect::<Result<_, _>>().expect("records are JSON")
}
