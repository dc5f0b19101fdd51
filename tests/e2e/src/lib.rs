//! Real Envoy, an upstream whose behaviour a test chooses, and a collector that keeps what it received.
//!
//! Every part listens on a free port of 127.0.0.1. [`stage::Stage`] puts them together: it sends an exchange through
//! Envoy without the filter and with it, and compares what client, upstream and collector saw.

pub mod account;
pub mod admin;
pub mod bootstrap;
pub mod capabilities;
pub mod case;
pub mod certificate;
pub mod client;
pub mod client_h2;
pub mod client_h3;
pub mod cluster;
pub mod collector;
pub mod columns;
pub mod diff;
pub mod envoy;
pub mod exchange;
pub mod expect;
pub mod http3;
pub mod keep_alive;

pub mod message;
pub mod outage;
pub mod overlay;
pub mod reply;
pub mod request;
pub mod resident;
pub mod rig;
mod server;
pub mod stage;
pub mod steady;
pub mod svg;
pub mod tunnel_h3;
pub mod upstream;
pub mod upstream_h2;
pub mod wait;
pub mod websocket;
pub mod wire;
pub mod yaml;
