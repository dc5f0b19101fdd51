//! The demo: starts everything, plays the scenes, prints the records and a summary.

use std::io;
use std::time::{Duration, Instant};

use clap::{Args, ColorChoice};
use http_trace_e2e::case::Case;
use http_trace_e2e::collector::Post;
use http_trace_e2e::envoy;
use http_trace_e2e::rig::{Rig, unused_id};
use http_trace_e2e::wait::{self, DEADLINE};
use serde_json::Value;

use crate::page::Page;
use crate::paint;
use crate::say::say;
use crate::scenes::{scenes, shop};
use crate::show;
use crate::until;

/// The command line.
#[derive(Args)]
pub(crate) struct Options {
    /// Stay up afterwards, and show the records of whatever is sent, until Ctrl-C.
    #[arg(long)]
    keep: bool,
    /// When to use colours.
    #[arg(long, value_enum, default_value = "auto", value_name = "WHEN")]
    color: ColorChoice,
}

/// Runs it. Ctrl-C or SIGTERM end it at any point, and Envoy with it.
pub(crate) async fn run(options: &Options) -> io::Result<()> {
    until::ended(play(options)).await
}

async fn play(options: &Options) -> io::Result<()> {
    paint::choose(options.color);
    let rig = start().await?;
    let mut sent = Vec::new();
    let scenes = scenes();
    for (at, mut case) in scenes.into_iter().enumerate() {
        case.request.id = unused_id();
        say(&format!("\n{}", paint::bold(&format!("{}. {}", at + 1, case.name))))?;
        let record = scene(&rig, &case).await?;
        say(&show::record(&record))?;
        sent.push(case.request.id);
    }
    rig.settle(sent.len() as u64).await;
    let posts = summary(&rig, &sent)?;
    if options.keep { live(&rig, posts).await } else { Ok(()) }
}

async fn start() -> io::Result<Rig> {
    let wasm = envoy::wasm()?;
    let size = wasm.metadata().map_or(0, |metadata| metadata.len() as usize);
    say(&format!("Starting Envoy ({})", envoy::program().display()))?;
    say(&format!("  with the filter {} ({} bytes) …", wasm.display(), show::grouped(size)))?;
    let start = Instant::now();
    let rig = Rig::start(None, shop).await?;
    let version = rig.envoy.admin().version().unwrap_or_else(|_| "?".to_owned());
    let ready = format!("Envoy {version} is ready after {:.1} s", start.elapsed().as_secs_f32());
    say(&format!("{}: clients → {} → shop {}", paint::good(&ready), rig.envoy.filtered(), rig.upstream.h1))?;
    say(&format!("The filter POSTs one record of each exchange to the collector, {}", rig.collector.address))?;
    Ok(rig)
}

/// Sends one request and waits for its record.
async fn scene(rig: &Rig, case: &Case) -> io::Result<Value> {
    let failed = |error: io::Error| with_log(rig, &format!("{}: {error}", case.name));
    rig.exchange(case, rig.envoy.filtered()).await.map_err(failed)?;
    let id = &case.request.id;
    let post = wait::within(DEADLINE, || rig.collector.record("request_id", id)).await;
    let post = post.ok_or_else(|| with_log(rig, &format!("{}: no record of request {id} arrived", case.name)))?;
    post.json().map_err(|error| with_log(rig, &error))
}

/// Says what arrived, and returns it.
fn summary(rig: &Rig, sent: &[String]) -> io::Result<Vec<Post>> {
    let posts = rig.collector.take();
    let records: Vec<Value> = posts.iter().filter_map(|post| post.json().ok()).collect();
    let of = |id: &String| records.iter().filter(|record| record["request_id"] == **id).count();
    let bytes: usize = posts.iter().map(|post| post.message.body.len()).sum();
    let bodies: usize = records.iter().map(show::body_bytes).sum();
    let lines = format!(
        "{} requests sent, {} records received ({} bytes of JSON, {} bytes of bodies)",
        sent.len(),
        records.len(),
        show::grouped(bytes),
        show::grouped(bodies),
    );
    if records.len() != sent.len() || sent.iter().any(|id| of(id) != 1) {
        return Err(with_log(rig, &format!("{lines}: not one of each")));
    }
    say(&format!("\n{}\n{lines}", paint::good("One record of each exchange")))?;
    Ok(posts)
}

/// Shows what arrives, until interrupted.
async fn live(rig: &Rig, before: Vec<Post>) -> io::Result<()> {
    let at = rig.envoy.filtered();
    let page = Page::open().await?;
    page.show(&before).await;
    say(&format!("\n{}", paint::bold("Envoy stays up. Send it requests from another terminal:")))?;
    for example in ["/catalogue", "/orders -d '{\"items\":[1]}'", "/pictures/large -o /dev/null", "/stalls -m 1"] {
        say(&format!("  curl http://{at}{example}"))?;
    }
    say(&format!("All of it is shown at {}", paint::good(&format!("http://{}", page.address))))?;
    say("Ctrl-C ends it.")?;
    loop {
        let posts = rig.collector.take();
        page.show(&posts).await;
        for post in posts {
            say(&format!("\n{}", show::post(&post)))?;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn with_log(rig: &Rig, message: &str) -> io::Error {
    io::Error::other(format!("{message}\n--- the end of Envoy's log ---\n{}", rig.envoy.log_tail()))
}
