//! All that talks to Envoy: its callbacks, and the calls of its host functions.

mod abi;
#[cfg(feature = "fault")]
mod fault;
mod host;
pub(crate) mod root;
mod stream;
mod timer;
mod unused;
mod worker;
