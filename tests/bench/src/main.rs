//! `http-trace-bench`: what exporting traffic costs a real Envoy, measured for http-trace-filter and for other ways.

mod bench;
mod bootstrap;
mod case;
mod cases;
mod chart;
mod cpu;
mod machine;
mod measure;
mod memory;
mod options;
mod other;
mod process;
mod ratios;
mod results;
mod spread;
mod subject;
mod table;
mod taps;
mod wrk;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;
use fs_err::File;
use serde_json::json;

use crate::bench::Bench;
use crate::case::Case;
use crate::options::Options;

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever read the output has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> io::Result<()> {
    // Before minutes of work, not after it.
    let [json, svg] = [&options.json, &options.svg].map(|path| path.as_ref().map(File::create).transpose());
    let (json, svg) = (json?, svg?);
    let bench = Bench::start(options)?;
    eprintln!("{}", bench.machine.line());
    for doubt in bench.machine.doubts() {
        eprintln!("warning: {doubt}");
    }
    let mut stdout = io::stdout().lock();
    if options.memory {
        for case in bench.cases.iter().filter(|case| is_asked_for(case, options)) {
            writeln!(stdout, "{}", memory::run(&bench, case, options.requests)?)?;
        }
        return Ok(());
    }
    let rows = bench.rounds(options.rounds)?;
    let subtitle = format!("{}; medians of {} rounds", bench.machine.line(), options.rounds);
    writeln!(stdout, "{subtitle}\n\n{}\n{}\n{}", table::table(&rows), ratios::ratios(&rows), table::LEGEND)?;
    if let Some(mut file) = json {
        let report = json!({ "machine": bench.machine.json(), "cases": results::json(&rows) });
        file.write_all(format!("{report:#}\n").as_bytes())?;
    }
    if let Some(mut file) = svg {
        file.write_all(chart::chart(&rows, &subtitle).as_bytes())?;
    }
    Ok(())
}

/// With --memory nothing is compared with anything: no case comes along that is not named.
fn is_asked_for(case: &Case, options: &Options) -> bool {
    let by_default = options.cases.is_empty() && case.name == "ours-1";
    by_default || case.is_further() || options.cases.contains(&case.name)
}
