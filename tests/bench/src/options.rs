//! The command line.

use std::path::PathBuf;

use clap::Parser;

const ENVIRONMENT: &str = "Environment:
  ENVOY                   the Envoy to run (default: envoy from $PATH)
  WRK                     the load generator wrk (default: wrk from $PATH)
  HTTP_TRACE_FILTER_WASM  the built filter";

/// What exporting traffic costs a real Envoy: http-trace-filter against other ways to do it.
///
/// Each case has an Envoy of its own, pinned to one CPU; the load generator, the upstream and the collector share
/// another. In each round all start anew, for two Envoys that do the same may differ by more than two cases do, as long as
/// they live. Then every case is loaded once, so that what disturbs the machine for a while disturbs all alike.
#[derive(Debug, Parser)]
#[command(name = "http-trace-bench", version, after_help = ENVIRONMENT)]
pub(crate) struct Options {
    /// Measure this filter too, with root_id "" and the cluster trace_analyzer, as the original filter wants it.
    #[arg(long = "filter", value_name = "FILE.wasm")]
    pub(crate) filters: Vec<PathBuf>,
    /// Measure only these, and what they are compared with; an unknown name lists all.
    #[arg(long, value_name = "CASE,…", value_delimiter = ',')]
    pub(crate) cases: Vec<String>,
    /// How often each case is loaded.
    #[arg(long, value_name = "N", default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) rounds: u32,
    /// How long the load of each case lasts in a round, once as fast as it goes and once at a fixed pace.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=600))]
    pub(crate) seconds: u32,
    /// Write all samples to this file.
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    /// Draw the added CPU of each case into this file.
    #[arg(long, value_name = "FILE")]
    pub(crate) svg: Option<PathBuf>,
    /// Instead, compare the memory of a worker (case ours-1, or --cases) after a tenth of the requests and after all.
    #[arg(long, conflicts_with_all = ["rounds", "json", "svg"])]
    pub(crate) memory: bool,
    /// How many requests --memory sends.
    #[arg(long, value_name = "N", default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(10..))]
    #[arg(requires = "memory")]
    pub(crate) requests: u64,
}
