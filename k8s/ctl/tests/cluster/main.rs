//! Commands that talk to a cluster, before a kubectl that stands in for the real one: what it is asked, and what people are told.

mod admin;
mod connection;
mod doctor;
mod fake;
mod reach;
mod safe;
mod status;
