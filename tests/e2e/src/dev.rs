//! For who works on the filter: Envoy stays up, takes each new build of the filter and each new configuration, and what it
//! and the filter log is printed between the records.

mod log;
mod watch;

use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{env, fs, io};

use clap::{Args, ColorChoice};
use http_trace_e2e::bootstrap;
use http_trace_e2e::envoy;
use http_trace_e2e::rig::Rig;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use crate::paint;
use crate::say::say;
use crate::scenes::shop;
use crate::{show, until};
use log::Log;
use watch::Watch;

/// How often files, log and collector are looked at.
const EVERY: Duration = Duration::from_millis(100);

/// Without --release, the filter logs what it does: see its `lib.rs`.
const BUILD: &str = "cargo build --lib --target wasm32-unknown-unknown";

/// What the command line says.
#[derive(Args)]
pub(crate) struct Options {
    /// The filter: only this file is watched. Default: the file that HTTP_TRACE_FILTER_WASM names, or else what was built
    /// last in this checkout by cargo or `nix build`; whichever of them is built anew is loaded.
    #[arg(long, value_name = "PATH")]
    wasm: Option<PathBuf>,
    /// The filter's configuration, watched as well: JSON. Clusters that it can name as collector: trace_analyzer and
    /// trace-sampling-manager.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// When to use colours.
    #[arg(long, value_enum, default_value = "auto", value_name = "WHEN")]
    color: ColorChoice,
}

/// Runs it, until Ctrl-C or SIGTERM.
pub(crate) async fn run(options: &Options) -> io::Result<()> {
    until::ended(serve(options)).await
}

async fn serve(options: &Options) -> io::Result<()> {
    paint::choose(options.color);
    let named = options.wasm.clone().or_else(|| env::var_os("HTTP_TRACE_FILTER_WASM").map(PathBuf::from));
    let mut filters = watch::filters(options.wasm.as_deref(), named.clone());
    let first = match watch::first(&filters, named.is_some()) {
        Some(first) => first,
        None => built(&mut filters).await?,
    };
    // Watched before it is read: no edit is lost between.
    let mut config = options.config.as_ref().map(Watch::new);
    let mut session = Session::start(&first, options.config.as_deref()).await?;
    session.explain(&filters, options.config.as_deref())?;
    loop {
        session.show()?;
        for filter in &mut filters {
            if filter.is_new() {
                session.load(&filter.path).await?;
            }
        }
        if let Some(config) = &mut config {
            if config.is_new() {
                session.configure(&config.path).await?;
            }
        }
        tokio::time::sleep(EVERY).await;
    }
}

/// Waits for the first build.
async fn built(filters: &mut [Watch]) -> io::Result<PathBuf> {
    let paths: Vec<String> = filters.iter().map(|filter| format!("\n  {}", filter.path.display())).collect();
    say(&format!("There is no filter yet; waiting for one of{}", paths.concat()))?;
    say(&format!("Build one, in nix develop: {BUILD}"))?;
    loop {
        if let Some(built) = filters.iter_mut().find_map(|filter| filter.is_new().then(|| filter.path.clone())) {
            return Ok(built);
        }
        tokio::time::sleep(EVERY).await;
    }
}

/// A running Envoy, and what it runs.
struct Session {
    rig: Rig,
    log: Log,
    copies: Copies,
    /// The filter and its configuration as Envoy last took them; while it took none, as it was last given them.
    plugin: Value,
    /// Whether Envoy took any.
    loaded: bool,
}

impl Session {
    async fn start(wasm: &Path, config: Option<&Path>) -> io::Result<Self> {
        let bytes = read(wasm)?;
        let configuration = config.map(read_text).transpose()?;
        say(&format!("Starting Envoy ({}) with {}", envoy::program().display(), described(wasm, &bytes)))?;
        let mut copies = Copies { directory: TempDir::new()?, count: 0 };
        let copy = copies.next(&bytes)?;
        let rig = Rig::start_from(&copy, configuration.as_deref(), shop, |_| {}).await?;
        rig.envoy.admin().post("/logging?wasm=debug")?;
        let (log, plugin, loaded) = (Log::open(&rig.envoy.log_file())?, rig.plugin()?, !rig.has_refused()?);
        if !loaded {
            say(&paint::bad("Envoy refuses it, and answers 500 until it takes another; its log, below, says why"))?;
        }
        Ok(Self { rig, log, copies, plugin, loaded })
    }

    fn explain(&self, filters: &[Watch], config: Option<&Path>) -> io::Result<()> {
        let version = self.rig.envoy.admin().version().unwrap_or_else(|_| "?".to_owned());
        say(&paint::good(&format!("Envoy {version} is up. Send it requests from another terminal:")))?;
        for example in ["/catalogue", "/orders -d '{\"items\":[1]}'", "/pictures/large -o /dev/null", "/stalls -m 1"] {
            say(&format!("  curl http://{}{example}", self.rig.envoy.filtered()))?;
        }
        say("What is written here is loaded:")?;
        for path in filters.iter().map(|filter| &*filter.path).chain(config) {
            say(&format!("  {}", path.display()))?;
        }
        say("Each thread of Envoy has its own copy of the filter, which logs its own start. Ctrl-C ends it.\n")
    }

    /// Prints what came since the last call. An error once Envoy has ended.
    fn show(&mut self) -> io::Result<()> {
        for line in self.log.lines()? {
            say(&line)?;
        }
        for post in self.rig.collector.take() {
            say(&format!("\n{}\n", show::post(&post)))?;
        }
        match self.rig.envoy.ended()? {
            Some(status) => Err(io::Error::other(format!("Envoy has ended: {status}\n{}", self.rig.envoy.log_tail()))),
            None => Ok(()),
        }
    }

    /// Gives Envoy the filter in this file.
    async fn load(&mut self, wasm: &Path) -> io::Result<()> {
        let bytes = match read(wasm) {
            Ok(bytes) => bytes,
            // It is being written again.
            Err(error) => return say(&paint::note(&error.to_string())),
        };
        let mut plugin = self.plugin.clone();
        point(&mut plugin, &self.copies.next(&bytes)?);
        self.replace(&described(wasm, &bytes), plugin).await
    }

    /// Gives the filter the configuration in this file.
    async fn configure(&mut self, config: &Path) -> io::Result<()> {
        let configuration = match read_text(config) {
            Ok(configuration) => configuration,
            Err(error) => return say(&paint::note(&error.to_string())),
        };
        let what = format!("{}, {} bytes", config.display(), show::grouped(configuration.len()));
        let mut plugin = self.plugin.clone();
        bootstrap::configure(&mut plugin, &configuration);
        if plugin == self.plugin {
            // Envoy would not even look at it.
            return say(&format!("Unchanged: {what}"));
        }
        self.replace(&what, plugin).await
    }

    async fn replace(&mut self, what: &str, plugin: Value) -> io::Result<()> {
        let taken = self.rig.replace(what, plugin.clone()).await;
        let said = match &taken {
            Ok(()) => paint::good(&format!("Loaded {what}")),
            Err(error) if self.loaded => {
                paint::bad(&format!("{error}: the one before stays; its log, below, says why"))
            }
            Err(error) => paint::bad(&format!("{error}; its log, below, says why")),
        };
        self.loaded |= taken.is_ok();
        // A new build is not tried together with a configuration that was refused, nor the other way round.
        if taken.is_ok() || !self.loaded {
            self.plugin = plugin;
        }
        say(&said)
    }
}

/// Copies of the builds. Each has a name that Envoy has not seen: what stands under a known one it does not read again; and
/// the bytes stay as they were when the next build is half written.
struct Copies {
    directory: TempDir,
    count: u32,
}

impl Copies {
    fn next(&mut self, wasm: &[u8]) -> io::Result<PathBuf> {
        self.count += 1;
        let copy = self.directory.path().join(format!("filter-{}.wasm", self.count));
        fs::write(&copy, wasm)?;
        Ok(copy)
    }
}

/// Makes Envoy read the filter from this file.
fn point(plugin: &mut Value, wasm: &Path) {
    plugin["vm_config"]["code"]["local"]["filename"] = json!(wasm);
}

fn described(path: &Path, bytes: &[u8]) -> String {
    let hash = Sha256::digest(bytes);
    format!("{}, {} bytes, sha256 {hash:x}", path.display(), show::grouped(bytes.len()))
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    fs::read(path).map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))
}

/// As text. The filter refuses what is not JSON, and says so.
fn read_text(path: &Path) -> io::Result<String> {
    read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}
