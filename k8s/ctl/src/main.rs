//! `http-trace-ctl`: native tools around the filter. They use the filter's own code, so the two cannot disagree.

mod reference;
mod validate;

use clap::{Parser, Subcommand};
use std::{path::PathBuf, process::ExitCode};

#[derive(Parser)]
#[command(name = "http-trace-ctl", version, about)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Check a configuration of the filter, a JSON file, as the filter itself would.
    Validate {
        /// The file; - for standard input.
        file: PathBuf,
    },
    /// Print the reference of all fields of the configuration, as a Markdown table.
    Reference,
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Validate { file } => validate::run(&file),
        Command::Reference => {
            print!("{}", reference::table());
            Ok(())
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}
