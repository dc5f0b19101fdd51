//! A collector that is away for a while at a steady rate, and what becomes of the records:
//! `cargo run --release -p http-trace-chaos --example outage -- --seconds 60`. The end-to-end tests play six seconds.

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use http_trace_chaos::ENVIRONMENT;
use http_trace_e2e::outage::{self, Away, Outcome, Scene};
use http_trace_e2e::steady::quantile;

/// Takes the collector away under a steady load and brings it back.
#[derive(Debug, Parser)]
#[command(name = "outage", after_help = ENVIRONMENT)]
struct Options {
    /// How long the collector is away.
    #[arg(long, value_name = "N", default_value_t = 60)]
    seconds: u64,
    /// Requests a second, each with an answer of 2 KiB.
    #[arg(long, value_name = "N", default_value_t = 200)]
    rate: u32,
    /// It answers 503; by default nobody listens.
    #[arg(long)]
    unavailable: bool,
    /// The filter's configuration.
    #[arg(long, value_name = "JSON", default_value = "{}")]
    configuration: String,
}

fn main() -> ExitCode {
    let options = Options::parse();
    let scene = Scene {
        configuration: Some(&options.configuration),
        away: if options.unavailable { Away::Unavailable } else { Away::Refused },
        outage: Duration::from_secs(options.seconds),
        before: Duration::from_secs(20),
        recovery: Duration::from_secs(60),
        rate: options.rate,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let outcome = runtime.and_then(|runtime| runtime.block_on(outage::play(scene)));
    match outcome {
        Ok(outcome) => report(&outcome),
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn report(outcome: &Outcome) -> ExitCode {
    let sent: BTreeSet<&String> = outcome.sent.iter().flatten().map(|sent| &sent.id).collect();
    let lost = sent.iter().filter(|id| !outcome.arrived.contains_key(**id)).count() as u64;
    let twice = outcome.arrived.values().filter(|times| **times > 1).count();
    let counted: Vec<_> = ["queue_full", "rejected", "retries_exhausted", "too_large"]
        .iter()
        .map(|reason| (*reason, outcome.stat(&format!("dropped_{reason}"))))
        .collect();
    println!("exchanges      {}, lost {lost}, twice {twice}", sent.len());
    println!("dropped        {counted:?}");
    println!(
        "asked          {} requests during the outage, {} in flight at most",
        outcome.probes, outcome.most_in_flight
    );
    println!("waited         {:.1} MB at most", outcome.most_queued_bytes as f64 / 1e6);
    println!(
        "from its end   first record after {:.1} s, backlog gone after {:.1} s",
        outcome.first.as_secs_f64(),
        outcome.recovered.as_secs_f64()
    );
    for (when, sent) in ["before", "during", "after"].iter().zip(&outcome.sent) {
        let ms = |share| quantile(sent, share).as_secs_f64() * 1e3;
        println!("latency        {when}: p50 {:.2} ms, p99 {:.2} ms of {}", ms(0.5), ms(0.99), sent.len());
    }
    for line in outcome.log.lines().filter(|line| line.contains("collector") || line.contains("lost ")) {
        println!("log            {line}");
    }
    let dropped: u64 = counted.iter().map(|(_, count)| count).sum();
    if lost == dropped && outcome.most_in_flight <= 1 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
