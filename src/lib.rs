//! An Envoy proxy-wasm filter that exports the HTTP traffic passing through a proxy for analysis.
//!
//! The filter only observes: every callback returns `Continue`, and nothing waits for the collector. Data flows one
//! way: Envoy -> [`capture`] -> [`format`] -> [`delivery`] -> Envoy. Only the private module `envoy` talks to Envoy;
//! everything else is plain Rust and is tested natively.
//!
//! The modules are floors of one tower, and each uses only those below it: `envoy`, [`pipeline`], [`config`],
//! [`delivery`], [`format`], [`sampling`], [`capture`], [`json`] and [`stats`]. `tests/house.rs` checks it.
#![deny(missing_docs)]
#![deny(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::todo,
    clippy::unreachable,
    clippy::unwrap_used
)]

pub mod capture;
pub mod config;
pub mod delivery;
pub mod format;
pub mod json;
pub mod pipeline;
pub mod sampling;
pub mod stats;

mod envoy;

#[allow(unreachable_pub, reason = "the macro's `_initialize` is called by Envoy, and is no part of the library")]
mod entry {
    use proxy_wasm::types::LogLevel;

    proxy_wasm::main! {{
        // What is debugged is built without --release; that build alone has the messages of level debug.
        proxy_wasm::set_log_level(if cfg!(debug_assertions) { LogLevel::Debug } else { LogLevel::Info });
        proxy_wasm::set_root_context(crate::envoy::root::Root::create);
    }}
}
