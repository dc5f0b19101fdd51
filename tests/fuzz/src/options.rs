//! The command line.

use clap::Parser;
use http_trace_fuzz::Target;
use std::path::PathBuf;

const ENVIRONMENT: &str = "Environment:
  HTTP_TRACE_FUZZ_TARGETS  the program with the targets (default: http-trace-fuzz-target beside this one)
  HTTP_TRACE_FUZZ_INPUTS   the folder with seeds and regressions (default: none)";

/// Fuzzes http-trace-filter: each target gets inputs that are changed at random, guided by what they reach in its code.
///
/// Fails when one breaks a promise, and says with what input.
#[derive(Debug, Parser)]
#[command(name = "http-trace-fuzz", version, after_help = ENVIRONMENT)]
pub(crate) struct Options {
    /// Run only this; may be repeated.
    #[arg(long = "target", value_name = "TARGET", value_enum)]
    pub(crate) targets: Vec<Target>,
    /// How long each target runs.
    #[arg(long, value_name = "N", default_value_t = 1.0, value_parser = minutes)]
    pub(crate) minutes: f64,
    /// How many run at the same time.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub(crate) jobs: u16,
    /// Keep here, and begin with, the inputs that reached something new; a folder for each target.
    #[arg(long, value_name = "DIR")]
    pub(crate) corpus: Option<PathBuf>,
    /// Where the inputs go that break something.
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub(crate) findings: PathBuf,
    /// Instead, run one target once with this input.
    #[arg(long, value_name = "FILE", requires = "targets")]
    pub(crate) replay: Option<PathBuf>,
}

impl Options {
    /// In whole seconds, as libFuzzer takes it.
    pub(crate) fn seconds(&self) -> u64 {
        (self.minutes * 60.0).ceil() as u64
    }
}

fn minutes(text: &str) -> Result<f64, String> {
    let minutes: f64 = text.parse().map_err(|_| "takes a number of minutes, such as 10 or 0.5".to_owned())?;
    // libFuzzer takes 0 for no limit.
    (minutes > 0.0 && minutes <= 10_000.0)
        .then_some(minutes)
        .ok_or_else(|| "takes more than 0, at most 10000".to_owned())
}
