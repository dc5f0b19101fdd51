//! What is deployed, by the real kubectl, to a double of the API server.
//!
//! `KUBECTL` names the kubectl, `HTTP_TRACE_CTL` the commands, `HTTP_TRACE_FILTER_WASM` the filter, `ENVOY` the Envoy,
//! `README` the README.

mod commands;
mod deploy;
mod doctor;
mod double;
mod kubectl;
mod mount;
mod readme;
