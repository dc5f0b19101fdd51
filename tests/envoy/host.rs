//! Envoy's side of the ABI, for one thread: what the filter asks is answered from plain fields, and what it does is kept.
//! <https://github.com/proxy-wasm/spec/tree/main/abi-versions/v0.2.1>

use std::{cell::RefCell, collections::BTreeMap};

pub(crate) type Pairs = Vec<(String, Vec<u8>)>;

/// A call that the filter made to a cluster.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) token: u32,
    pub(crate) cluster: String,
    pub(crate) headers: Pairs,
    pub(crate) body: Vec<u8>,
    pub(crate) timeout_ms: u32,
}

#[derive(Default)]
pub(crate) struct Host {
    /// Header maps by `MapType`.
    pub(crate) maps: BTreeMap<u32, Pairs>,
    /// What the next map is, instead, byte by byte.
    pub(crate) raw_map: Option<Vec<u8>>,
    /// Buffers by `BufferType`.
    pub(crate) buffers: BTreeMap<u32, Vec<u8>>,
    /// How many bytes of a body are given at most; `None`: all that are asked for.
    pub(crate) short_buffers: Option<usize>,
    /// Whether no body can be had at all.
    pub(crate) no_buffers: bool,
    pub(crate) properties: BTreeMap<String, Vec<u8>>,
    pub(crate) calls: Vec<Call>,
    /// The status with which calls are refused.
    pub(crate) refuse: Option<u32>,
    /// The status with which properties are refused.
    pub(crate) refuse_properties: Option<u32>,
    pub(crate) tick: u32,
    pub(crate) ticks_set: u32,
    /// How often a header map was asked for.
    pub(crate) maps_read: u32,
    pub(crate) now: u64,
    /// How often the time was asked for.
    pub(crate) now_read: u32,
    pub(crate) metrics: Vec<(String, i64)>,
    pub(crate) log: Vec<String>,
    pub(crate) done: u32,
    tokens: u32,
}

thread_local! {
    /// Leaked, so that it is still there when the thread ends and the filter's contexts are dropped.
    static HOST: &'static RefCell<Host> = Box::leak(Box::default());
}

pub(crate) fn host<T>(f: impl FnOnce(&mut Host) -> T) -> T {
    HOST.with(|host| f(&mut host.borrow_mut()))
}

const OK: u32 = 0;
const NOT_FOUND: u32 = 1;
const BAD_ARGUMENT: u32 = 2;

unsafe fn bytes(data: *const u8, size: usize) -> Vec<u8> {
    if size == 0 { Vec::new() } else { unsafe { std::slice::from_raw_parts(data, size) }.to_vec() }
}

unsafe fn text(data: *const u8, size: usize) -> String {
    String::from_utf8(unsafe { bytes(data, size) }).expect("UTF-8")
}

/// Hands bytes over: the SDK frees them as a Vec of exactly this capacity.
unsafe fn give(value: Vec<u8>, data: *mut *mut u8, size: *mut usize) -> u32 {
    let value = value.into_boxed_slice();
    unsafe {
        *size = value.len();
        *data = Box::into_raw(value).cast();
    }
    OK
}

fn serialized(pairs: &Pairs) -> Vec<u8> {
    let mut out = (pairs.len() as u32).to_le_bytes().to_vec();
    for (name, value) in pairs {
        out.extend((name.len() as u32).to_le_bytes());
        out.extend((value.len() as u32).to_le_bytes());
    }
    for (name, value) in pairs {
        out.extend([name.as_bytes(), b"\0", value, b"\0"].concat());
    }
    out
}

fn deserialized(bytes: &[u8]) -> Pairs {
    let number = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().expect("4 bytes")) as usize;
    let count = number(0);
    let mut at = 4 + count * 8;
    let mut pairs = Pairs::new();
    for index in 0..count {
        let (name, value) = (number(4 + index * 8), number(8 + index * 8));
        let name_end = at + name;
        let value_end = name_end + 1 + value;
        pairs.push((
            String::from_utf8(bytes[at..name_end].to_vec()).expect("UTF-8"),
            bytes[name_end + 1..value_end].to_vec(),
        ));
        at = value_end + 1;
    }
    pairs
}

#[unsafe(no_mangle)]
unsafe extern "C" fn proxy_log(level: u32, data: *const u8, size: usize) -> u32 {
    const CRITICAL: u32 = 5;
    let line = unsafe { text(data, size) };
    if level == CRITICAL {
        // A panic, also a test's own: the SDK's hook sends it here.
        eprintln!("{line}");
    }
    host(|host| host.log.push(line));
    OK
}

#[unsafe(no_mangle)]
unsafe extern "C" fn proxy_get_current_time_nanoseconds(time: *mut u64) -> u32 {
    unsafe {
        *time = host(|host| {
            host.now_read += 1;
            host.now
        });
    }
    OK
}

#[unsafe(no_mangle)]
extern "C" fn proxy_set_tick_period_milliseconds(period: u32) -> u32 {
    host(|host| (host.tick, host.ticks_set) = (period, host.ticks_set + 1));
    OK
}

#[unsafe(no_mangle)]
unsafe extern "C" fn proxy_get_buffer_bytes(
    kind: u32,
    start: usize,
    max: usize,
    data: *mut *mut u8,
    size: *mut usize,
) -> u32 {
    const CONFIGURATION: u32 = 7;
    let (buffer, most) = host(|host| {
        let whole = kind == CONFIGURATION;
        let buffer = host.buffers.get(&kind).filter(|_| whole || !host.no_buffers).cloned();
        (buffer, host.short_buffers.filter(|_| !whole).unwrap_or(usize::MAX))
    });
    let Some(buffer) = buffer else { return NOT_FOUND };
    let end = buffer.len().min(start + max.min(most));
    unsafe { give(buffer[start.min(end)..end].to_vec(), data, size) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn proxy_get_header_map_pairs(kind: u32, data: *mut *mut u8, size: *mut usize) -> u32 {
    let map = host(|host| {
        host.maps_read += 1;
        let map = host.maps.get(&kind).cloned().unwrap_or_default();
        host.raw_map.take().unwrap_or_else(|| serialized(&map))
    });
    unsafe { give(map, data, size) }
}

/// Without the map the SDK panics, and this host counts on the filter not to ask.
#[unsafe(no_mangle)]
unsafe extern "C" fn proxy_get_header_map_value(
    kind: u32,
    name: *const u8,
    name_size: usize,
    data: *mut *mut u8,
    size: *mut usize,
) -> u32 {
    let name = unsafe { text(name, name_size) };
    let Some(map) = host(|host| host.maps.get(&kind).cloned()) else { return BAD_ARGUMENT };
    match map.into_iter().find(|(other, _)| *other == name) {
        Some((_, value)) => unsafe { give(value, data, size) },
        None => NOT_FOUND,
    }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn proxy_get_property(
    path: *const u8,
    path_size: usize,
    data: *mut *mut u8,
    size: *mut usize,
) -> u32 {
    let path = unsafe { text(path, path_size) }.replace('\0', ".");
    if let Some(status) = host(|host| host.refuse_properties) {
        return status;
    }
    match host(|host| host.properties.get(&path).cloned()) {
        Some(value) => unsafe { give(value, data, size) },
        None => NOT_FOUND,
    }
}

#[unsafe(no_mangle)]
#[allow(clippy::too_many_arguments, reason = "the ABI's")]
unsafe extern "C" fn proxy_http_call(
    cluster: *const u8,
    cluster_size: usize,
    headers: *const u8,
    headers_size: usize,
    body: *const u8,
    body_size: usize,
    _trailers: *const u8,
    _trailers_size: usize,
    timeout_ms: u32,
    token: *mut u32,
) -> u32 {
    let (cluster, headers, body) =
        unsafe { (text(cluster, cluster_size), bytes(headers, headers_size), bytes(body, body_size)) };
    host(|host| {
        if let Some(status) = host.refuse {
            return status;
        }
        host.tokens += 1;
        unsafe { *token = host.tokens };
        host.calls.push(Call { token: host.tokens, cluster, headers: deserialized(&headers), body, timeout_ms });
        OK
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn proxy_define_metric(_kind: u32, name: *const u8, size: usize, id: *mut u32) -> u32 {
    let name = unsafe { text(name, size) };
    host(|host| {
        unsafe { *id = host.metrics.len() as u32 };
        host.metrics.push((name, 0));
    });
    OK
}

#[unsafe(no_mangle)]
extern "C" fn proxy_increment_metric(id: u32, offset: i64) -> u32 {
    host(|host| host.metrics[id as usize].1 += offset);
    OK
}

#[unsafe(no_mangle)]
extern "C" fn proxy_set_effective_context(_context: u32) -> u32 {
    OK
}

#[unsafe(no_mangle)]
extern "C" fn proxy_done() -> u32 {
    host(|host| host.done += 1);
    OK
}

/// Host functions that the SDK links and the filter must never call.
macro_rules! never {
    ($($name:ident)*) => {
        $(#[unsafe(no_mangle)]
        extern "C" fn $name() -> u32 {
            eprintln!("the filter called {}", stringify!($name));
            std::process::abort()
        })*
    };
}

never! {
    proxy_get_log_level proxy_set_buffer_bytes proxy_set_header_map_pairs
    proxy_replace_header_map_value proxy_remove_header_map_value proxy_add_header_map_value proxy_set_property
    proxy_get_shared_data proxy_set_shared_data proxy_register_shared_queue proxy_resolve_shared_queue
    proxy_dequeue_shared_queue proxy_enqueue_shared_queue proxy_continue_stream proxy_close_stream
    proxy_send_local_response proxy_grpc_call proxy_grpc_stream proxy_grpc_send proxy_grpc_cancel proxy_grpc_close
    proxy_get_status proxy_call_foreign_function proxy_get_metric proxy_record_metric
}
