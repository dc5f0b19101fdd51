//! `http-trace-soak`: memory and latency of a real Envoy with the filter over time, beside one without it.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use fs_err::File;
use http_trace_chaos::ENVIRONMENT;
use http_trace_chaos::soak::chart::chart;
use http_trace_chaos::soak::run::{self, rows};
use http_trace_chaos::soak::sample::Sample;
use http_trace_chaos::soak::slope::{Growth, JUDGED_FROM};
use http_trace_chaos::soak::table::{LEGEND, table};
use serde_json::json;

/// Sends the same steady load to an Envoy with the filter and to one without, and fails when memory or latency grow with time.
#[derive(Debug, Parser)]
#[command(name = "http-trace-soak", version, after_help = ENVIRONMENT)]
struct Options {
    /// How long. Slopes are judged from five minutes on; before, an Envoy grows whatever it does.
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=1440))]
    minutes: u64,
    /// Draw memory and latency over time into this file.
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// Write all samples to this file.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(reasons) if reasons.is_empty() => {
            println!("soak: passed");
            ExitCode::SUCCESS
        }
        Ok(reasons) => {
            for reason in reasons {
                println!("soak: failed: {reason}");
            }
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> io::Result<Vec<String>> {
    // Before minutes of work, not after it.
    let (svg, json) =
        (options.svg.as_ref().map(File::create).transpose()?, options.json.as_ref().map(File::create).transpose()?);
    let lasts = Duration::from_secs(options.minutes * 60);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let outcome = runtime.block_on(run::run(lasts))?;
    let mut reasons = outcome.reasons;
    let subtitle = format!("Envoy {}, {} exchanges with each", outcome.version, outcome.exchanges);
    let growth = Growth::of(&outcome.samples);
    println!("{subtitle}\n\n{}\n{LEGEND}\n", table(&outcome.samples, rows(lasts).0));
    println!(
        "after the warm-up   resident memory {:+.1} MB without the filter, {:+.1} MB with it: {:+.1} % more; ratio {:+.1} %",
        growth.resident.without,
        growth.resident.with,
        growth.memory * 100.0,
        growth.latency * 100.0
    );
    if lasts.as_secs_f64() < JUDGED_FROM {
        println!("too short to judge  a slope is judged from {} minutes on", JUDGED_FROM / 60.0);
    } else {
        reasons.extend(growth.reasons());
    }
    if let Some(mut file) = svg {
        file.write_all(chart(&outcome.samples, &subtitle).as_bytes())?;
    }
    if let Some(mut file) = json {
        let samples: Vec<_> = outcome.samples.iter().map(Sample::json).collect();
        let report = json!({
            "envoy": outcome.version, "exchanges": outcome.exchanges, "samples": samples, "failed": reasons,
            "growth": {
                "resident_mb": { "without": growth.resident.without, "with": growth.resident.with },
                "memory_share": growth.memory, "latency_share": growth.latency,
            },
        });
        file.write_all(format!("{report:#}\n").as_bytes())?;
    }
    Ok(reasons)
}
