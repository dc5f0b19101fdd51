//! What http-trace-filter does in a real Envoy when everything around it fails, and whether it stays the same over time.
//!
//! [`chaos`] sends each exchange without the filter and with it, while collector, upstream and configuration are disturbed by
//! a [`plan`] that a seed decides; [`judge`] says afterwards whether traffic was the same and every record was delivered or
//! counted. [`soak`] watches memory and latency under a steady load.

pub mod answer;
pub mod arrivals;
pub mod chaos;
pub mod client;
pub mod conductor;
pub mod configuration;
pub mod exchange;
pub mod fault;
pub mod ids;
pub mod judge;

pub mod memory;
pub mod outages;
pub mod plan;
pub mod soak;
pub mod traffic;

/// What `--help` of both programs says at its end.
pub const ENVIRONMENT: &str = "Environment:
  ENVOY                   the Envoy to run (default: envoy from $PATH)
  HTTP_TRACE_FILTER_WASM  the built filter";
