//! A collector for http-trace-filter that one can look into: it takes the filter's records in all formats, prints them, keeps
//! the last ones for a live page, and writes files that other tools open.

pub mod coding;
pub mod exchange;
pub mod har;
pub mod line;
pub mod receive;
pub mod server;
pub mod sink;
pub mod store;
