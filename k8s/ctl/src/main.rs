//! `http-trace-ctl`: native tools around the filter. They use the filter's own code, so the two cannot disagree.

mod cluster;
mod mesh;
mod overlay;
mod reference;
mod validate;

use clap::{Parser, Subcommand, error::ErrorKind};
use cluster::{Connection, Namespaces, deploy, doctor, mount};
use overlay::{Namespace, Options};
use std::{env, path::PathBuf, process::ExitCode};

#[derive(Parser)]
#[command(name = "http-trace-ctl", version, about)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Check configurations of the filter, JSON files, as the filter itself would.
    Validate {
        /// The files; - for standard input.
        #[arg(required_unless_present = "schema", value_name = "FILE")]
        files: Vec<PathBuf>,
        /// Instead, print a JSON Schema of the configuration, for editors.
        #[arg(long, conflicts_with = "files")]
        schema: bool,
    },
    /// Write a directory for `kubectl apply -k` for each namespace.
    Overlay {
        /// The namespaces.
        #[arg(required = true, value_name = "NAMESPACE")]
        namespaces: Vec<Namespace>,
        #[command(flatten)]
        flags: Box<overlay::Flags>,
    },
    /// Mount the wasm of an overlay in the workloads of its namespace, and replace their pods, one workload after another.
    Mount {
        #[command(flatten)]
        namespaces: Namespaces,
        #[command(flatten)]
        overlays: mount::Overlays,
        #[command(flatten)]
        flags: mount::Flags,
    },
    /// Restore what was there before the wasm was mounted.
    Unmount {
        #[command(flatten)]
        namespaces: Namespaces,
        #[command(flatten)]
        flags: mount::Flags,
    },
    /// Write overlays, apply and mount them.
    Deploy {
        #[command(flatten)]
        namespaces: Namespaces,
        #[command(flatten)]
        flags: Box<overlay::Flags>,
        #[command(flatten)]
        mount: mount::Flags,
    },
    /// Tell why no records arrive from a namespace of an Istio mesh.
    Doctor {
        #[command(flatten)]
        namespaces: Namespaces,
        #[command(flatten)]
        connection: Connection,
    },
    /// Unmount, and delete all that was made, of any revision.
    Undeploy {
        #[command(flatten)]
        namespaces: Namespaces,
        #[command(flatten)]
        flags: mount::Flags,
    },
    /// Write the repository's own manifests.
    #[command(hide = true)]
    Manifests {
        /// The filter's module.
        #[arg(long)]
        wasm: PathBuf,
        /// The directory k8s.
        #[arg(long)]
        out: PathBuf,
    },
    /// Print the reference of all fields of the configuration, as a Markdown table.
    Reference,
}

fn main() -> ExitCode {
    match Arguments::try_parse().map_err(one_line).and_then(run) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> Result<(), String> {
    match arguments.command {
        Command::Validate { schema: true, .. } => {
            println!("{:#}", validate::schema::schema());
            Ok(())
        }
        Command::Validate { files, .. } => validate::run(&files),
        Command::Overlay { namespaces, flags } => {
            let options = Options::new(*flags, |name| env::var(name).ok())?;
            overlay::run(&namespaces, &options)
        }
        Command::Mount { namespaces, overlays, flags } => {
            namespaces.each(|namespace| mount::mount(namespace, &overlays.out, &flags))
        }
        Command::Unmount { namespaces, flags } => namespaces.each(|namespace| mount::unmount(namespace, &flags)),
        Command::Deploy { namespaces, flags, mount } => {
            let options = Options::new(*flags, |name| env::var(name).ok())?;
            deploy::deploy(&namespaces.all(), &options, &mount)
        }
        Command::Doctor { namespaces, connection } => namespaces.each(|namespace| doctor::run(namespace, &connection)),
        Command::Undeploy { namespaces, flags } => deploy::undeploy(&namespaces.all(), &flags),
        Command::Manifests { wasm, out } => overlay::manifests::run(&out, &wasm),
        Command::Reference => {
            print!("{}", reference::table());
            Ok(())
        }
    }
}

/// What is wrong with the command line, on one line, so that it can be read in the log of a pipeline. What was asked for, help
/// or version, is printed and is no error.
fn one_line(error: clap::Error) -> String {
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        error.exit();
    }
    let text = error.to_string();
    let words = text.lines().take_while(|line| !line.starts_with("Usage:") && !line.starts_with("For more"));
    words.map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}
