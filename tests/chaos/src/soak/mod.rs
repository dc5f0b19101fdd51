//! A steady load for a long time, on an Envoy with the filter and on one without: what grows?

pub mod chart;
pub mod latency;
pub mod load;
pub mod run;
pub mod sample;
pub mod slope;
pub mod table;
