//! `http-trace-e2e demo`: real traffic through a real Envoy, and the records that the filter exported.
//! `http-trace-e2e dev`: the same for who works on the filter, which is loaded anew whenever it is built.

mod demo;
mod dev;
mod page;
mod paint;
mod say;
mod scenes;
mod show;
mod until;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Shows http-trace-filter at work in a real Envoy.
#[derive(Parser)]
#[command(name = "http-trace-e2e", version, about, after_help = ENVIRONMENT)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Sends varied requests through Envoy and prints the record of each.
    #[command(after_help = ENVIRONMENT)]
    Demo(demo::Options),
    /// Keeps Envoy up, loads the filter whenever it is built anew, prints its log and its records.
    #[command(after_help = ENVIRONMENT)]
    Dev(dev::Options),
}

const ENVIRONMENT: &str = "Environment:
  ENVOY                   the Envoy to run (default: envoy from $PATH)
  HTTP_TRACE_FILTER_WASM  the built filter
  NO_COLOR                no colours, unless --color says otherwise";

fn main() -> ExitCode {
    let command = Arguments::parse().command;
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error),
    };
    let ended = runtime.block_on(async {
        match &command {
            Command::Demo(options) => demo::run(options).await,
            Command::Dev(options) => dev::run(options).await,
        }
    });
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever read the output has seen enough.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

fn fail(error: &std::io::Error) -> ExitCode {
    eprintln!("error: {error}");
    ExitCode::FAILURE
}
