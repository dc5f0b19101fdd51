//! Calls to Envoy that cannot panic: answers that the SDK's own getters unwrap are a `Result` or an `Option` here.

use super::abi;
use crate::{
    capture::{headers::Headers, mesh::Mesh},
    stats::{COUNT, Kind, NAMES, Stats},
};
use proxy_wasm::{
    hostcalls,
    types::{BufferType, MapType, MetricType},
};
use std::{
    cell::OnceCell,
    time::{Duration, SystemTime},
};

/// Time since the epoch; zero if Envoy does not tell.
pub(crate) fn now() -> Duration {
    let now = hostcalls::get_current_time().ok();
    now.and_then(|now| now.duration_since(SystemTime::UNIX_EPOCH).ok()).unwrap_or_default()
}

/// A whole header map. Empty when Envoy does not have it (any more).
pub(crate) fn headers(map: MapType) -> Headers {
    Headers::new(abi::header_map(map))
}

/// One header. Envoy must have the map now: without the map the SDK panics. To read the whole map costs ten times as
/// much.
pub(crate) fn header(map: MapType, name: &str) -> Option<Vec<u8>> {
    hostcalls::get_map_value_bytes(map, name).ok().flatten()
}

/// The first `size` bytes of the chunk (or configuration) at hand.
pub(crate) fn buffer(buffer: BufferType, size: usize) -> Vec<u8> {
    hostcalls::get_buffer(buffer, 0, size).ok().flatten().unwrap_or_default()
}

/// A property's bytes. Missing and empty are the same to the host.
pub(crate) fn property(path: &[&str]) -> Option<Vec<u8>> {
    hostcalls::get_property(path.to_vec()).ok().flatten()
}

/// An integer property: Envoy gives 8 bytes, little endian.
pub(crate) fn integer(path: &[&str]) -> Option<u64> {
    property(path).and_then(|bytes| bytes.try_into().ok()).map(u64::from_le_bytes)
}

/// What Envoy knows of itself, its node, under this name.
pub(crate) fn node(place: &str) -> Vec<u8> {
    property(&["xds", "node", place]).unwrap_or_default()
}

/// The namespace of the destination, from the mesh's metadata of the endpoint, or else of the cluster.
pub(crate) fn destination_namespace(mesh: Mesh) -> Option<Vec<u8>> {
    mesh.metadata().iter().find_map(|metadata| Some(metadata.namespace(&property(metadata.path())?)?.to_vec()))
}

/// Sends a request from the current (root) context; its token if Envoy took it.
pub(crate) fn call(cluster: &str, headers: Vec<(&str, &str)>, body: Option<&[u8]>, timeout: Duration) -> Option<u32> {
    hostcalls::dispatch_http_call(cluster, headers, body, Vec::new(), timeout).ok()
}

/// Sets the period of the root context's `on_tick`; zero turns it off.
pub(crate) fn set_tick(period: Duration) {
    // The SDK panics on an error, which Envoy never gives here, and returns `Ok` otherwise.
    let _ = hostcalls::set_tick_period(period);
}

/// Tells Envoy that a root context which asked for more time in `on_done` is ready to go.
pub(crate) fn done() {
    let _ = hostcalls::done();
}

/// Publishes one pipeline's numbers as Envoy stats.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    published: [u64; COUNT],
}

impl Metrics {
    /// Adds what changed since the last call.
    pub(crate) fn publish(&mut self, stats: &Stats) {
        let values = stats.values();
        METRIC_IDS.with(|ids| {
            let Some(ids) = ids.get() else { return };
            for ((id, value), published) in ids.iter().zip(values).zip(self.published.iter_mut()) {
                let change = (value as i64).wrapping_sub(*published as i64);
                if change != 0 && hostcalls::increment_metric(*id, change).is_ok() {
                    *published = value;
                }
            }
        });
    }
}

thread_local! {
    /// Per VM, not per root context: Envoy makes a new metric at every definition.
    static METRIC_IDS: OnceCell<[u32; COUNT]> = const { OnceCell::new() };
}

/// Defines the metrics unless this VM has them already.
pub(crate) fn define_metrics() {
    METRIC_IDS.with(|ids| {
        ids.get_or_init(|| {
            let define = |(name, kind): (&str, Kind)| {
                let kind = match kind {
                    Kind::Counter => MetricType::Counter,
                    Kind::Gauge => MetricType::Gauge,
                };
                hostcalls::define_metric(kind, &format!("http_trace_filter.{name}")).unwrap_or_default()
            };
            NAMES.map(define)
        });
    });
}
