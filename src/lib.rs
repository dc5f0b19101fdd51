//! An Envoy proxy-wasm filter that exports the HTTP traffic passing through a proxy for analysis.
//!
//! It only observes: every callback returns `Continue`, and nothing waits for the collector. Data flows one way:
//! host -> [`capture`] -> [`record`] -> [`format`] -> [`queue`] -> [`exporter`] -> host. Only the private modules
//! `host`, `http` and `root` talk to Envoy; everything else is plain Rust and is tested natively.
#![forbid(unsafe_code)]
#![deny(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::todo,
    clippy::unreachable,
    clippy::unwrap_used
)]

pub mod body;
pub mod capture;
pub mod config;
pub mod exporter;
pub mod format;
pub mod headers;
pub mod host_name;
pub mod mesh;
pub mod pipeline;
pub mod poll;
pub mod queue;
pub mod record;
pub mod redact;
pub mod sampling;
pub mod stats;

#[cfg(feature = "fault")]
mod fault;
mod host;
mod http;
mod root;
mod unused;
mod worker;

/// The version that the filter logs at its start and that its packages carry.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

#[allow(unreachable_pub, reason = "the macro's `_initialize` is called by Envoy, and is no part of the library")]
mod entry {
    proxy_wasm::main! {{
        proxy_wasm::set_log_level(proxy_wasm::types::LogLevel::Info);
        proxy_wasm::set_root_context(crate::root::Root::create);
    }}
}
