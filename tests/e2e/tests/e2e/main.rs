//! Traffic through a real Envoy, without the filter and with it: the same bytes, and one record of each exchange.
//!
//! `ENVOY` names the Envoy (default: from `$PATH`), `HTTP_TRACE_FILTER_WASM` the filter.

mod aborts;
mod basics;
mod bodies;
mod collector;
mod connections;
mod failures;
mod grpc;
mod headers;
mod load;
mod local;
mod malformed;
mod trailers;
mod upgrades;
