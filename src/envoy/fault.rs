//! Lets a request make a callback trap: `x-http-trace-filter-fault: log` ends the VM in the next `on_log`, `tick`
//! in the next tick of the root context, and so on; `log panic` chooses the kind of trap. Only with the feature
//! `fault`, which no shipped build has: whoever can send a header could otherwise blind the filter.

use super::host;
use proxy_wasm::types::MapType;
use std::{cell::RefCell, hint::black_box};

const HEADER: &str = "x-http-trace-filter-fault";

/// More than Envoy gives a VM.
const TOO_MUCH: usize = 64;

thread_local! {
    /// The fault that the last request asked for. Later callbacks of the stream cannot read the request's headers, and
    /// the root context's callbacks have none.
    static ASKED: RefCell<String> = RefCell::default();
}

/// A callback begins.
pub(crate) fn at(callback: &str) {
    let headers = host::headers(MapType::HttpRequestHeaders);
    if let Some(asked) = headers.get(HEADER) {
        ASKED.set(String::from_utf8_lossy(asked).into_owned());
    }
    trap_if(&ASKED.with_borrow(String::clone), callback);
}

fn trap_if(asked: &str, callback: &str) {
    let (at, kind) = asked.split_once(' ').unwrap_or((asked, "abort"));
    if at != callback {
        return;
    }
    match kind {
        "panic" => panic(),
        "stack" => drop(black_box(deeper(1))),
        "memory" => exhaust_memory(),
        _ => std::process::abort(),
    }
}

#[expect(clippy::panic, reason = "this is the fault to test")]
fn panic() {
    panic!("as the request asked");
}

/// Recurses until the stack is used up.
fn deeper(depth: u64) -> u64 {
    let frame = black_box([depth; 64]);
    if depth == u64::MAX {
        return 0;
    }
    // Not a tail call: the frame is still needed.
    deeper(depth.wrapping_add(1)).wrapping_add(frame.iter().sum())
}

/// Reserves gigabytes that are never touched, until there are no more: the allocator's failure is a trap.
fn exhaust_memory() {
    let mut held = Vec::new();
    for _ in 0..TOO_MUCH {
        held.push(black_box(Vec::<u8>::with_capacity(1 << 30)));
    }
    drop(black_box(held));
}
