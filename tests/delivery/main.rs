//! When and how records are sent.

mod answer;
mod exporter;
mod http_date;
mod outage;
