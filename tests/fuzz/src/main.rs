//! `http-trace-fuzz`: runs the fuzz targets for a while each, says how far they are, and fails when one finds something.

mod options;
mod run;

use clap::{Parser, ValueEnum};
use http_trace_fuzz::{Target, progress::Progress};
use options::Options;
use std::{collections::VecDeque, io, path::Path, process::ExitCode, sync::Mutex, thread};

fn main() -> ExitCode {
    let options = Options::parse();
    let result = match &options.replay {
        Some(input) => replay(&options, input).map(|()| true),
        None => fuzz(&options),
    };
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs an input once, without libFuzzer: what it finds is a panic.
fn replay(options: &Options, input: &Path) -> io::Result<()> {
    let [target] = options.targets[..] else {
        return Err(io::Error::other(format!("got {} targets, takes one with --replay", options.targets.len())));
    };
    let bytes = fs_err::read(input)?;
    target.run(&bytes);
    println!("{} finds nothing in {}", target.name(), input.display());
    Ok(())
}

/// Whether nothing was found.
fn fuzz(options: &Options) -> io::Result<bool> {
    let targets = if options.targets.is_empty() { Target::value_variants() } else { &options.targets };
    let waiting = Mutex::new(targets.iter().copied().collect::<VecDeque<_>>());
    let ended = Mutex::new(Vec::new());
    let worker = || {
        let next = || waiting.lock().ok().and_then(|mut waiting| waiting.pop_front());
        while let Some(target) = next() {
            let outcome = run::run(target, options);
            if let Ok(mut ended) = ended.lock() {
                ended.push((target, outcome));
            }
        }
    };
    thread::scope(|scope| (0..options.jobs).for_each(|_| _ = scope.spawn(worker)));
    let ended = ended.into_inner().map_err(|_| io::Error::other("a thread panicked"))?;
    println!("target      executions  coverage   new  findings");
    let mut clean = ended.len() == targets.len();
    let mut failure = None;
    for (target, outcome) in ended {
        match outcome {
            Ok(progress) => clean &= report(target, &progress),
            Err(error) => failure = Some(error),
        }
    }
    failure.map_or(Ok(clean), Err)
}

fn report(target: Target, progress: &Progress) -> bool {
    let Progress { executions, coverage, new_coverage, findings, said, .. } = progress;
    println!("{:10} {executions:>11} {coverage:>9} {new_coverage:>5} {:>9}", target.name(), findings.len());
    for finding in findings {
        println!("{}", said.join("\n"));
        println!("  the input: {}", finding.display());
        println!("  again:     nix run .#fuzz -- --target {} --replay {}", target.name(), finding.display());
    }
    findings.is_empty()
}
