//! Clients that mean harm: Envoy answers them as it does without the filter, and the VM outlives them.

mod bodies;
pub(crate) mod frames;
mod headers;
mod resets;
mod siege;
mod smuggling;
