//! Records as OTLP logs, through a real OpenTelemetry Collector: each is compared with the `publish` record of the same
//! exchange, which a second filter beside the first one sends.
//!
//! `ENVOY` names the Envoy, `HTTP_TRACE_FILTER_WASM` the filter, `OTELCORECOL` the OpenTelemetry Collector (default:
//! `otelcorecol` from `$PATH`).

mod batches;
mod bodies;
mod calls;
mod delivery;
mod endings;
mod headers;
mod log;
mod mapping;
mod otelcol;
mod pair;
mod partial;
