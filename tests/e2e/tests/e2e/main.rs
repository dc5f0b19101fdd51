//! Traffic through a real Envoy, without the filter and with it: the same bytes, and one record of each exchange.
//!
//! `ENVOY` names the Envoy (default: from `$PATH`), `HTTP_TRACE_FILTER_WASM` the filter.

mod aborts;
mod apiclarity;
mod basics;
mod bodies;
mod budget;
mod changes;
mod coded;
mod collector;
mod connections;
mod exceptions;
mod failures;
mod formats;
mod grpc;
mod headers;
mod hostile;
mod http3;
mod load;
mod local;
mod malformed;
mod memory;
mod names;
mod outage;
mod sampling;
mod schemas;
mod secrets;
mod status;
mod trailers;
mod truncated;
mod upgrades;
