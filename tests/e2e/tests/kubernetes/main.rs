//! What is deployed, by the real kubectl, to a double of the API server.
//!
//! `KUBECTL` names the kubectl.

mod double;
mod kubectl;
