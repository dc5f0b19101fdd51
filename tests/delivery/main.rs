//! When and how records are sent.

mod exporter;
