//! The program: see the crate's documentation.

use std::io;
use std::net::SocketAddr;
use std::num::NonZero;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{ColorChoice, Parser};
use http_trace_collector::har::HarFile;
use http_trace_collector::server;
use http_trace_collector::sink::{Files, Lines, Sink};
use http_trace_collector::store::{Limits, Store};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

/// Takes the records of http-trace-filter in all its formats, prints them, and shows them on a page.
#[derive(Parser)]
#[command(version)]
struct Options {
    /// Where to listen. An address that is not this machine's own needs a token
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Write all exchanges to this file, as HAR 1.2. One that was written before goes on
    #[arg(long, value_name = "FILE")]
    har: Option<PathBuf>,
    /// Write all exchanges to this file, a line each, in the format `publish`. What is there stays
    #[arg(long, value_name = "FILE")]
    ndjson: Option<PathBuf>,
    /// How many exchanges to keep for the page
    #[arg(long, value_name = "N", default_value = "10000")]
    keep: NonZero<usize>,
    /// How many bytes of memory they may take, in MiB
    #[arg(long, value_name = "MIB", default_value = "256")]
    keep_mib: NonZero<usize>,
    /// What whoever sends or reads must have in a header, as `authorization: Bearer TOKEN`
    #[arg(long, value_name = "TOKEN", env = "HTTP_TRACE_COLLECTOR_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// Do not print exchanges
    #[arg(long)]
    quiet: bool,
    /// When to use colours
    #[arg(long, value_enum, default_value = "auto", value_name = "WHEN")]
    color: ColorChoice,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Options::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            anstream::eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(options: Options) -> io::Result<()> {
    match options.color {
        ColorChoice::Auto => anstream::ColorChoice::Auto,
        ColorChoice::Always => anstream::ColorChoice::Always,
        ColorChoice::Never => anstream::ColorChoice::Never,
    }
    .write_global();
    let token = check_token(&options)?;
    let limits = Limits { exchanges: options.keep.get(), bytes: options.keep_mib.get().saturating_mul(1 << 20) };
    let store = Arc::new(Store::new(limits));
    let files = Files {
        har: options.har.as_deref().map(HarFile::open).transpose()?,
        ndjson: options.ndjson.as_deref().map(Lines::open).transpose()?,
    };
    let (sink, ended) = Sink::start(Arc::clone(&store), files, !options.quiet)?;
    let cannot =
        |error: io::Error| io::Error::new(error.kind(), format!("cannot listen at {}: {error}", options.listen));
    let listener = TcpListener::bind(options.listen).await.map_err(cannot)?;
    let address = listener.local_addr()?;
    anstream::println!(
        "Listening at http://{address}: the page, /publish, /api/telemetry and /v1/logs. Ctrl-C ends it."
    );
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    tokio::select! {
        result = server::serve(listener, store, sink.clone(), token) => result?,
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    // What is being stored is stored.
    sink.end().await;
    ended.await.map_err(io::Error::other)
}

/// The token, which an address that others reach needs.
fn check_token(options: &Options) -> io::Result<Option<&str>> {
    let token = options.token.as_deref();
    let invalid = |reason: String| Err(io::Error::new(io::ErrorKind::InvalidInput, reason));
    match token {
        None if !options.listen.ip().is_loopback() => invalid(format!(
            "others reach {}, and what is collected is not theirs: --token TOKEN is needed, or --listen 127.0.0.1:PORT",
            options.listen
        )),
        Some(token) if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) => invalid(
            "the token is empty or has characters that a header cannot have: ASCII without spaces was expected"
                .to_owned(),
        ),
        token => Ok(token),
    }
}
