//! `http-trace-chaos`: faults at random around a real Envoy with the filter, and whether anything came of them.

use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clap::Parser;
use http_trace_chaos::ENVIRONMENT;
use http_trace_chaos::chaos::{self, Outcome};

/// Kills, stalls and slows collector and upstream, changes the configuration, and checks that traffic is as without the
/// filter and that every record is delivered or counted.
#[derive(Debug, Parser)]
#[command(name = "http-trace-chaos", version, after_help = ENVIRONMENT)]
struct Options {
    /// How long.
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u64).range(1..=600))]
    minutes: u64,
    /// Which faults happen when; by default another each time. The same number plays the same faults again.
    #[arg(long, value_name = "S")]
    seed: Option<u64>,
}

fn main() -> ExitCode {
    let options = Options::parse();
    let seed = options.seed.unwrap_or_else(|| {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        u64::from(now.subsec_nanos())
    });
    println!("chaos: --minutes {} --seed {seed}", options.minutes);
    let run = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(chaos::run(seed, Duration::from_secs(options.minutes * 60)))
    };
    match run() {
        Ok(outcome) => report(&outcome),
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn report(outcome: &Outcome) -> ExitCode {
    let Outcome { exchanges, during_outages, counts, memory, verdict, log_tail } = outcome;
    println!("\nfaults");
    for (fault, count) in counts {
        println!("  {count:>5}  {fault}");
    }
    let megabytes = |bytes: u64| bytes as f64 / 1e6;
    println!("exchanges    {exchanges}, each without the filter and with it; {during_outages} of them met an outage");
    println!("records      {} acknowledged, {} rejected with 400", verdict.acknowledged, verdict.rejected);
    println!("lost         {}", verdict.lost);
    println!("duplicated   {}, because an answer failed ({} answers were late)", verdict.duplicated, verdict.late);
    println!("memory       {:.1} MB before, {:.1} MB at most", megabytes(memory.before), megabytes(memory.peak));
    println!("held         {:.1} MB of bodies and records at most", megabytes(memory.held));
    if verdict.reasons.is_empty() {
        println!("chaos: passed");
        return ExitCode::SUCCESS;
    }
    println!("--- the end of Envoy's log ---\n{log_tail}\n---");
    for reason in &verdict.reasons {
        println!("chaos: failed: {reason}");
    }
    ExitCode::FAILURE
}
