//! What acts on a cluster, by the user's own kubectl.

mod connection;
pub(crate) mod deploy;
pub(crate) mod doctor;
mod kubectl;
pub(crate) mod mount;
pub(crate) mod output;
mod patch;
mod reach;
mod rest;
mod rollout;
pub(crate) mod status;
mod template;
mod workload;

pub(crate) use connection::{Connection, Namespaces};
