//! The host functions that the filter imports, as Envoy's C functions. The SDK declares them as plain `extern "C"`.
#![allow(unsafe_code, reason = "these are C functions: they take pointers, and their names must not be mangled")]

use crate::host::{Call, host};
use proxy_wasm::types::{BufferType, LogLevel, MapType, MetricType, Status};
use std::{io::Write, ptr::null_mut, slice};

unsafe extern "C" {
    /// The SDK's allocator for what it will free.
    safe fn proxy_on_memory_allocate(size: usize) -> *mut u8;
}

/// # Safety
/// `data` and `size` are what the SDK took of a live slice; `data` is null for none.
unsafe fn bytes(data: *const u8, size: usize) -> Vec<u8> {
    let bytes = if data.is_null() { Vec::new() } else { unsafe { slice::from_raw_parts(data, size) }.to_vec() };
    host(|host| host.arguments.push(bytes.clone()));
    bytes
}

/// # Safety
/// As for [`bytes`].
unsafe fn text(data: *const u8, size: usize) -> String {
    String::from_utf8(unsafe { bytes(data, size) }).expect("the SDK passes a &str")
}

/// Hands bytes over to the SDK. Envoy gives null for none.
///
/// # Safety
/// Both pointers are to the SDK's variables for the result.
unsafe fn give(value: &[u8], data: *mut *mut u8, size: *mut usize) -> Status {
    let copy = if value.is_empty() { null_mut() } else { proxy_on_memory_allocate(value.len()) };
    unsafe {
        if !copy.is_null() {
            copy.copy_from_nonoverlapping(value.as_ptr(), value.len());
        }
        *data = copy;
        *size = value.len();
    }
    Status::Ok
}

/// The wire form of a header map: the number of pairs, the lengths of each, then the texts, each with a zero after it.
fn serialized(map: &[(String, Vec<u8>)]) -> Vec<u8> {
    if map.is_empty() {
        return Vec::new();
    }
    let mut out = (map.len() as u32).to_le_bytes().to_vec();
    for (name, value) in map {
        out.extend((name.len() as u32).to_le_bytes());
        out.extend((value.len() as u32).to_le_bytes());
    }
    for text in map.iter().flat_map(|(name, value)| [name.as_bytes(), value]) {
        out.extend(text);
        out.push(0);
    }
    out
}

fn deserialized(map: &[u8]) -> Vec<(String, String)> {
    let number = |index: usize| u32::from_le_bytes(map[index * 4..][..4].try_into().expect("four bytes")) as usize;
    let pairs = number(0);
    let mut at = 4 + pairs * 8;
    let mut next = |size: usize| {
        let text = String::from_utf8(map[at..at + size].to_vec()).expect("the SDK passes a &str");
        at += size + 1;
        text
    };
    (0..pairs).map(|n| (next(number(1 + 2 * n)), next(number(2 + 2 * n)))).collect()
}

#[unsafe(no_mangle)]
unsafe extern "C" fn proxy_log(level: LogLevel, data: *const u8, size: usize) -> Status {
    // The SDK's panic hook logs, too: past the harness, because the process aborts when the panic was in a callback.
    let line = String::from_utf8_lossy(unsafe { slice::from_raw_parts(data, size) }).into_owned();
    if level == LogLevel::Critical {
        let _ = writeln!(std::io::stderr(), "{line}");
    } else {
        host(|host| {
            host.arguments.push(line.clone().into_bytes());
            host.log.push(format!("{level:?} {line}"));
        });
    }
    Status::Ok
}

#[unsafe(no_mangle)]
unsafe extern "C" fn proxy_get_current_time_nanoseconds(time: *mut u64) -> Status {
    unsafe { *time = host(|host| host.now.as_nanos() as u64) };
    Status::Ok
}

#[unsafe(no_mangle)]
extern "C" fn proxy_set_tick_period_milliseconds(period: u32) -> Status {
    host(|host| {
        let root = host.roots[&host.current];
        host.ticks.entry(root).or_default().push(period);
    });
    Status::Ok
}

#[unsafe(no_mangle)]
unsafe extern "C" fn proxy_get_buffer_bytes(
    buffer: BufferType,
    start: usize,
    max_size: usize,
    data: *mut *mut u8,
    size: *mut usize,
) -> Status {
    let found = host(|host| match host.faults.buffer {
        Some(status) => Err(status),
        None => host.buffers.get(&(host.current, buffer)).cloned().ok_or(Status::NotFound),
    });
    match found {
        Ok(bytes) => {
            let end = bytes.len().min(start.saturating_add(max_size));
            unsafe { give(bytes.get(start..end).unwrap_or_default(), data, size) }
        }
        Err(status) => status,
    }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn proxy_get_header_map_pairs(map: MapType, data: *mut *mut u8, size: *mut usize) -> Status {
    let map = host(|host| host.map(map));
    unsafe { give(&serialized(&map), data, size) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn proxy_get_property(
    path: *const u8,
    path_size: usize,
    data: *mut *mut u8,
    size: *mut usize,
) -> Status {
    let path = unsafe { text(path, path_size) }.replace('\0', "/");
    match host(|host| host.property(&path)) {
        Ok(value) => unsafe { give(&value, data, size) },
        Err(status) => status,
    }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn proxy_http_call(
    cluster: *const u8,
    cluster_size: usize,
    headers: *const u8,
    headers_size: usize,
    body: *const u8,
    body_size: usize,
    trailers: *const u8,
    trailers_size: usize,
    timeout_ms: u32,
    token: *mut u32,
) -> Status {
    let (cluster, body) = unsafe { (text(cluster, cluster_size), bytes(body, body_size)) };
    let headers = deserialized(&unsafe { bytes(headers, headers_size) });
    assert_eq!(unsafe { bytes(trailers, trailers_size) }, [0; 4], "no trailers");
    let call = Call { token: 0, context: 0, cluster, headers, body, timeout_ms, open: true };
    match host(|host| host.call(call)) {
        Ok(new) => {
            unsafe { *token = new };
            Status::Ok
        }
        Err(status) => status,
    }
}

#[unsafe(no_mangle)]
extern "C" fn proxy_done() -> Status {
    host(|host| host.done.push(host.current));
    Status::Ok
}

#[unsafe(no_mangle)]
unsafe extern "C" fn proxy_define_metric(kind: MetricType, name: *const u8, size: usize, id: *mut u32) -> Status {
    let name = unsafe { text(name, size) };
    unsafe { *id = host(|host| host.define(kind, name)) };
    Status::Ok
}

#[unsafe(no_mangle)]
extern "C" fn proxy_increment_metric(id: u32, offset: i64) -> Status {
    host(|host| host.increment(id, offset))
}

#[unsafe(no_mangle)]
extern "C" fn proxy_set_effective_context(context: u32) -> Status {
    host(|host| host.current = context);
    Status::Ok
}

/// The SDK links these as well. The filter calls none of them: most would change traffic.
macro_rules! never_called {
    ($($name:ident)*) => {
        $(#[unsafe(no_mangle)]
        extern "C" fn $name() -> Status {
            panic!(concat!(stringify!($name), ": the filter only observes"))
        })*
    };
}

never_called! {
    proxy_get_log_level
    proxy_set_buffer_bytes
    proxy_set_header_map_pairs
    proxy_get_header_map_value
    proxy_remove_header_map_value
    proxy_replace_header_map_value
    proxy_add_header_map_value
    proxy_set_property
    proxy_get_shared_data
    proxy_set_shared_data
    proxy_register_shared_queue
    proxy_resolve_shared_queue
    proxy_dequeue_shared_queue
    proxy_enqueue_shared_queue
    proxy_continue_stream
    proxy_close_stream
    proxy_send_local_response
    proxy_grpc_call
    proxy_grpc_stream
    proxy_grpc_send
    proxy_grpc_cancel
    proxy_grpc_close
    proxy_get_status
    proxy_call_foreign_function
    proxy_get_metric
    proxy_record_metric
}
