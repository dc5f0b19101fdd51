//! What stands in for Envoy: the state that the host functions of `imports` read and change. One a thread, as the SDK's
//! dispatcher is, so one a test.

use proxy_wasm::types::{BufferType, MapType, MetricType, Status};
use std::{
    cell::RefCell,
    collections::{BTreeMap, HashMap, HashSet},
    time::Duration,
};

/// Header names and values as Envoy gives them.
pub(crate) type Headers = Vec<(String, Vec<u8>)>;

/// A request that the filter asked Envoy to send.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) token: u32,
    /// The context that asked.
    pub(crate) context: u32,
    pub(crate) cluster: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) timeout_ms: u32,
    /// Not answered yet.
    pub(crate) open: bool,
}

/// A defined metric.
#[derive(Clone, Debug)]
pub(crate) struct Metric {
    pub(crate) name: String,
    pub(crate) counter: bool,
    pub(crate) value: i64,
}

/// Which host calls fail, and how, until it is changed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Faults {
    /// `proxy_http_call`.
    pub(crate) call: Option<Status>,
    /// `proxy_get_property`, by path or for `*`.
    pub(crate) properties: HashMap<&'static str, Status>,
    /// `proxy_increment_metric`, by name or for `*`.
    pub(crate) increments: HashMap<&'static str, Status>,
    /// Header maps that are gone: Envoy gives none.
    pub(crate) maps_gone: bool,
    /// `proxy_get_buffer_bytes`.
    pub(crate) buffer: Option<Status>,
}

/// Envoy.
#[derive(Debug)]
pub(crate) struct Host {
    /// Since the epoch.
    pub(crate) now: Duration,
    /// The context whose callback runs.
    pub(crate) current: u32,
    /// In `proxy_on_vm_start` or `proxy_on_configure`, where Envoy takes no calls.
    pub(crate) starting: bool,
    /// The root of each context.
    pub(crate) roots: HashMap<u32, u32>,
    pub(crate) maps: HashMap<(u32, MapType), Headers>,
    pub(crate) buffers: HashMap<(u32, BufferType), Vec<u8>>,
    /// By the parts of their path, joined by `/`.
    pub(crate) properties: BTreeMap<String, Vec<u8>>,
    /// Each root's timer as it was set, in milliseconds: the last one holds.
    pub(crate) ticks: HashMap<u32, Vec<u32>>,
    pub(crate) calls: Vec<Call>,
    pub(crate) metrics: Vec<Metric>,
    pub(crate) log: Vec<String>,
    /// The contexts that called `proxy_done`.
    pub(crate) done: Vec<u32>,
    pub(crate) faults: Faults,
    /// Every byte that the filter passed to a host function.
    pub(crate) arguments: Vec<Vec<u8>>,
    /// What Envoy would not have accepted.
    pub(crate) violations: Vec<String>,
    next: u32,
}

thread_local! {
    static HOST: RefCell<Host> = RefCell::new(Host::new());
}

/// Looks into the host, or changes it. Never around a callback, which needs it too.
pub(crate) fn host<T>(use_it: impl FnOnce(&mut Host) -> T) -> T {
    HOST.with_borrow_mut(use_it)
}

// === impl Host ===

impl Host {
    fn new() -> Self {
        Self {
            now: Duration::from_secs(1_795_426_073),
            current: 0,
            starting: false,
            roots: HashMap::new(),
            maps: HashMap::new(),
            buffers: HashMap::new(),
            properties: BTreeMap::new(),
            ticks: HashMap::new(),
            calls: Vec::new(),
            metrics: Vec::new(),
            log: Vec::new(),
            done: Vec::new(),
            faults: Faults::default(),
            arguments: Vec::new(),
            violations: Vec::new(),
            next: 0,
        }
    }

    /// Another Envoy, for a test that starts several. What the SDK keeps for the thread stays: numbers of contexts and
    /// tokens are not used again, and metrics stay defined.
    pub(crate) fn restart(&mut self) {
        let mut metrics = std::mem::take(&mut self.metrics);
        metrics.iter_mut().for_each(|metric| metric.value = 0);
        *self = Self { metrics, next: self.next, ..Self::new() };
    }

    /// A number that was never used: a context or a token.
    pub(crate) fn fresh(&mut self) -> u32 {
        self.next += 1;
        self.next
    }

    pub(crate) fn map(&self, map: MapType) -> Headers {
        let gone = self.faults.maps_gone;
        self.maps.get(&(self.current, map)).filter(|_| !gone).cloned().unwrap_or_default()
    }

    pub(crate) fn property(&self, path: &str) -> Result<Vec<u8>, Status> {
        let fault = self.faults.properties.get(path).or_else(|| self.faults.properties.get("*"));
        fault.map_or_else(|| self.properties.get(path).cloned().ok_or(Status::NotFound), |status| Err(*status))
    }

    /// A call from the context at hand; its token.
    pub(crate) fn call(&mut self, mut call: Call) -> Result<u32, Status> {
        if self.starting {
            self.violations.push("a call while Envoy starts or configures".to_owned());
        }
        if self.roots.get(&self.current) != Some(&self.current) {
            self.violations.push(format!("a call from stream {}: its answer would be lost", self.current));
        }
        let names: HashSet<&str> = call.headers.iter().map(|(name, _)| name.as_str()).collect();
        if ![":method", ":path", ":authority"].iter().all(|name| names.contains(name)) {
            return Err(Status::BadArgument);
        }
        if let Some(status) = self.faults.call {
            return Err(status);
        }
        (call.token, call.context) = (self.fresh(), self.current);
        self.calls.push(call);
        Ok(self.next)
    }

    pub(crate) fn define(&mut self, kind: MetricType, name: String) -> u32 {
        self.metrics.push(Metric { name, counter: kind == MetricType::Counter, value: 0 });
        self.metrics.len() as u32
    }

    pub(crate) fn increment(&mut self, id: u32, offset: i64) -> Status {
        let Some(metric) = self.metrics.get_mut(id as usize - 1) else { return Status::NotFound };
        let name = metric.name.trim_start_matches("http_trace_filter.");
        if let Some(status) = self.faults.increments.get(name).or_else(|| self.faults.increments.get("*")) {
            return *status;
        }
        if metric.counter && offset <= 0 {
            self.violations.push(format!("{} changed by {offset}", metric.name));
            return Status::BadArgument;
        }
        metric.value += offset;
        Status::Ok
    }
}
