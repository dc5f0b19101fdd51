//! The one call that the SDK cannot make safely: it unwraps each name of a header map as UTF-8, and a filter beside this one can make a
//! name that is not. Everything that knows the bytes' layout is safe Rust, in [`Headers`](crate::capture::headers::Headers).
#![allow(unsafe_code, reason = "a host function, and memory that the host handed over")]

use proxy_wasm::types::MapType;
use std::ptr::null_mut;

/// The ABI's `Ok`.
const OK: u32 = 0;

#[link(wasm_import_module = "env")]
unsafe extern "C" {
    /// <https://github.com/proxy-wasm/spec/tree/main/abi-versions/v0.2.1#proxy_get_header_map_pairs>
    fn proxy_get_header_map_pairs(map: u32, data: *mut *mut u8, size: *mut usize) -> u32;
}

/// A whole header map as Envoy serializes it; empty when Envoy does not have it (any more).
pub(super) fn header_map(map: MapType) -> Vec<u8> {
    let (mut data, mut size) = (null_mut(), 0);
    // SAFETY: both pointers are to locals that outlive the call, and the host writes one word to each.
    let status = unsafe { proxy_get_header_map_pairs(map as u32, &raw mut data, &raw mut size) };
    if status != OK || data.is_null() {
        return Vec::new();
    }
    // SAFETY: the host got these `size` bytes from the SDK's `malloc`, which makes a boxed slice of that size, and has
    // written all of them. Nobody else has the pointer.
    unsafe { Vec::from_raw_parts(data, size, size) }
}
