//! Traffic through a real Envoy, without the filter and with it: the same bytes, and one record of each exchange.
//!
//! `ENVOY` names the Envoy (default: from `$PATH`), `HTTP_TRACE_FILTER_WASM` the filter.

mod aborts;
mod apiclarity;
mod basics;
mod bodies;
mod changes;
mod collector;
mod connections;
mod failures;
mod formats;
mod grpc;
mod headers;
mod hostile;
mod load;
mod local;
mod malformed;
mod memory;
mod outage;
mod sampling;
mod schemas;
mod trailers;
mod upgrades;
