//! What acts on a cluster, by the user's own kubectl.

mod connection;
pub(crate) mod deploy;
pub(crate) mod doctor;
mod kubectl;
pub(crate) mod mount;
mod rest;
mod rollout;
mod template;
mod workload;

pub(crate) use connection::{Connection, Namespaces};
