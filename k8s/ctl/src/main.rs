//! `http-trace-ctl`: native tools around the filter. They use the filter's own code, so the two cannot disagree.

mod cluster;
mod failure;
mod mesh;
mod overlay;
mod reference;
mod validate;
mod words;

use clap::{CommandFactory, Parser, Subcommand, error::ErrorKind};
use clap_complete::Shell;
use cluster::{Connection, Namespaces, deploy, doctor, mount, output::Printed, status};
use failure::Failure;
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
        #[command(flatten)]
        missing: deploy::Missing,
    },
    /// Tell why no records arrive from namespaces, and what to do.
    Doctor {
        #[command(flatten)]
        namespaces: Namespaces,
        #[command(flatten)]
        printed: Printed,
        #[command(flatten)]
        connection: Connection,
    },
    /// List where the filter is: its revision, whose traffic it records, how proxies get it, and where its records go.
    Status {
        /// The namespaces [default: all].
        #[arg(value_name = "NAMESPACE")]
        names: Vec<Namespace>,
        /// The same for one, as for kubectl.
        #[arg(short, long, value_name = "NAMESPACE", conflicts_with = "names")]
        namespace: Option<Namespace>,
        #[command(flatten)]
        printed: Printed,
        #[command(flatten)]
        connection: Connection,
    },
    /// Unmount, and delete all that was made, of any revision.
    Undeploy {
        #[command(flatten)]
        namespaces: Namespaces,
        #[command(flatten)]
        missing: deploy::Missing,
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
    /// Print what makes a shell complete these commands, for its own directory of completions.
    Completion {
        /// The shell.
        shell: Shell,
    },
    /// Print the reference of all fields of the configuration, as a Markdown table.
    Reference,
}

fn main() -> ExitCode {
    let arguments = Arguments::try_parse().map_err(|error| Failure::Usage(one_line(&error)));
    match arguments.and_then(|arguments| run(arguments.command)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.end(),
    }
}

fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::Validate { schema: true, .. } => println!("{:#}", validate::schema::schema()),
        Command::Validate { files, .. } => validate::run(&files)?,
        Command::Overlay { namespaces, flags } => overlay::run(&namespaces, &options(*flags)?)?,
        Command::Mount { namespaces, overlays, flags } => {
            namespaces.each(&flags.connection, |namespace| mount::mount(namespace, &overlays.out, &flags))?;
        }
        Command::Unmount { namespaces, flags } => {
            namespaces.each(&flags.connection, |namespace| mount::unmount(namespace, &flags))?;
        }
        Command::Deploy { namespaces, flags, mount, missing } => {
            deploy::deploy(&namespaces.all(), &options(*flags)?, &mount, missing)?;
        }
        Command::Doctor { namespaces, printed, connection } => {
            doctor::run(&namespaces.all(), &connection, printed.output)?;
        }
        Command::Status { names, namespace, printed, connection } => {
            let namespaces: Vec<Namespace> = namespace.into_iter().chain(names).collect();
            status::run(&namespaces, &connection, printed.output)?;
        }
        Command::Completion { shell } => {
            clap_complete::generate(shell, &mut Arguments::command(), "http-trace-ctl", &mut std::io::stdout());
        }
        Command::Undeploy { namespaces, flags, missing } => deploy::undeploy(&namespaces.all(), &flags, missing)?,
        Command::Manifests { wasm, out } => overlay::manifests::run(&out, &wasm)?,
        Command::Reference => print!("{}", reference::table()),
    }
    Ok(())
}

fn options(flags: overlay::Flags) -> Result<Options, Failure> {
    Options::new(flags, |name| env::var(name).ok()).map_err(Failure::Usage)
}

/// What is wrong with the command line, on one line, so that it can be read in the log of a pipeline. What was asked for, help
/// or version, is printed and is no error.
fn one_line(error: &clap::Error) -> String {
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        error.exit();
    }
    let text = error.to_string();
    let words = text.lines().take_while(|line| !line.starts_with("Usage:") && !line.starts_with("For more"));
    words.map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}
