//! For people or for programs.

use clap::{Args, ValueEnum};

/// How something is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    Text,
    Json,
}

/// The option.
#[derive(Args, Clone, Copy, Debug)]
#[group(id = "printed")]
pub(crate) struct Printed {
    /// How it is printed.
    #[arg(short, long, value_enum, default_value_t = Output::Text)]
    pub(crate) output: Output,
}
