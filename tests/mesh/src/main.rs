//! A real Istio on one machine: kube-apiserver, istiod with its webhooks and CA, and for each pod pilot-agent with a real Envoy in
//! a network namespace of its own. The filter is deployed to it by the README's commands, and the records of real traffic are
//! looked at.

mod app;
mod command;
mod control_plane;
mod dns;
mod environment;
mod fixtures;
mod injection;
mod kubectl;
mod mesh;
mod namespace;
mod pod;
mod pods;
mod proxy;
mod readme;
mod redirect;
mod registry;
mod report;
mod sandbox;
mod scenarios;
mod traffic;
mod users;

use std::process::ExitCode;

use clap::Parser;

/// Deploys the filter to a real Istio by the README's commands, and looks at the records of real traffic.
#[derive(Debug, Parser)]
#[command(name = "http-trace-mesh")]
struct Arguments {
    /// Only the scenarios with one of these words in their names; those that they build on are not added.
    #[arg(value_name = "WORD")]
    words: Vec<String>,
    /// Set by the program itself when it starts again, within namespaces of its own.
    #[arg(long, hide = true)]
    within: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let result = if arguments.within { run(&arguments.words) } else { sandbox::enter() };
    result.unwrap_or_else(|error| {
        eprintln!("mesh: {error}");
        ExitCode::FAILURE
    })
}

/// When this process ends, so does everything in its namespaces: there is nothing to clean up.
fn run(words: &[String]) -> std::io::Result<ExitCode> {
    let tasks = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let passed = scenarios::run(tasks.handle(), words)?;
    // Tasks that still serve are not waited for.
    tasks.shutdown_background();
    Ok(if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
