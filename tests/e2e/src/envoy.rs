//! A real Envoy as a child process, which never outlives the test.

use std::net::SocketAddr;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};
use std::{env, io, thread};

use fs_err::{self as fs, File};
use rustix::process::{Pid, Signal, kill_process_group};

use serde_json::Value;
use tempfile::TempDir;

use crate::admin::Admin;
use crate::bootstrap::{FILTERED, PLAIN};
use crate::client::Protocol;
use crate::http3;
use crate::resident;
use crate::wait::DEADLINE;

/// The program: `$ENVOY`, by default `envoy` from `$PATH`. It may be a wrapper that takes the same arguments.
#[must_use]
pub fn program() -> PathBuf {
    env::var_os("ENVOY").map_or_else(|| "envoy".into(), PathBuf::from)
}

/// The filter: `$HTTP_TRACE_FILTER_WASM`.
///
/// # Errors
/// When the variable is not set, or names no file.
pub fn wasm() -> io::Result<PathBuf> {
    let path = env::var_os("HTTP_TRACE_FILTER_WASM").map(PathBuf::from);
    let path = path
        .ok_or_else(|| io::Error::other("HTTP_TRACE_FILTER_WASM is not set: it takes the path of the built filter"))?;
    let absolute = fs::canonicalize(&path);
    absolute.map_err(|error| io::Error::other(format!("HTTP_TRACE_FILTER_WASM={}: {error}", path.display())))
}

/// A running Envoy.
#[derive(Debug)]
pub struct Envoy {
    child: Child,
    directory: TempDir,
    admin: Admin,
    filtered: SocketAddr,
    plain: SocketAddr,
}

impl Envoy {
    /// Starts it with a bootstrap that [`crate::bootstrap`] made, and returns once it serves.
    ///
    /// # Errors
    /// When it cannot be started or does not come up; the error holds the end of its log.
    pub async fn run(bootstrap: &Value) -> io::Result<Self> {
        Self::run_with(bootstrap, 1).await
    }

    /// As [`Envoy::run`], with this many workers.
    ///
    /// # Errors
    /// When it cannot be started or does not come up; the error holds the end of its log.
    pub async fn run_with(bootstrap: &Value, workers: u32) -> io::Result<Self> {
        let directory = TempDir::new()?;
        let config = directory.path().join("envoy.json");
        fs::write(&config, serde_json::to_vec_pretty(bootstrap)?)?;
        let nowhere = SocketAddr::from(([127, 0, 0, 1], 0));
        let child = spawn(directory.path(), &config, workers)?;
        let mut envoy = Self { child, directory, admin: Admin(nowhere), filtered: nowhere, plain: nowhere };
        let deadline = Instant::now() + DEADLINE;
        while !envoy.is_up() {
            if let Some(status) = envoy.child.try_wait()? {
                let (program, log) = (program(), envoy.log_tail());
                let message =
                    format!("{} (the variable ENVOY names it) ended at once: {status}\n{log}", program.display());
                return Err(io::Error::other(message));
            }
            if Instant::now() > deadline {
                let message = format!("Envoy did not come up in {} s:\n{}", DEADLINE.as_secs(), envoy.log_tail());
                return Err(io::Error::new(io::ErrorKind::TimedOut, message));
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(envoy)
    }

    /// Checks a bootstrap without running it: unknown fields are refused everywhere.
    ///
    /// # Errors
    /// Envoy's reason for the refusal.
    pub fn validate(bootstrap: &Value) -> io::Result<()> {
        let directory = TempDir::new()?;
        let config = directory.path().join("envoy.json");
        fs::write(&config, serde_json::to_vec_pretty(bootstrap)?)?;
        let mut command = Command::new(program());
        command.args(["--mode", "validate", "--reject-unknown-dynamic-fields", "--config-path"]).arg(&config);
        let output = command.stdin(Stdio::null()).output()?;
        if output.status.success() {
            return Ok(());
        }
        Err(io::Error::other(String::from_utf8_lossy(&output.stderr).into_owned()))
    }

    /// The admin interface.
    #[must_use]
    pub fn admin(&self) -> Admin {
        self.admin
    }

    /// The listener with the filter.
    #[must_use]
    pub fn filtered(&self) -> SocketAddr {
        self.filtered
    }

    /// The listener without it.
    #[must_use]
    pub fn plain(&self) -> SocketAddr {
        self.plain
    }

    /// The listener with the filter for this protocol. HTTP/3 has one of its own: see [`http3::listen`].
    ///
    /// # Panics
    /// When it has none.
    #[must_use]
    pub fn filtered_by(&self, protocol: Protocol) -> SocketAddr {
        if protocol == Protocol::H3 { self.over_quic(FILTERED) } else { self.filtered }
    }

    /// The listener without it for this protocol.
    ///
    /// # Panics
    /// When it has none.
    #[must_use]
    pub fn plain_by(&self, protocol: Protocol) -> SocketAddr {
        if protocol == Protocol::H3 { self.over_quic(PLAIN) } else { self.plain }
    }

    fn over_quic(&self, name: &str) -> SocketAddr {
        let listeners = self.admin.listeners().expect("Envoy's listeners");
        let address = listeners.get(&format!("{name}{}", http3::SUFFIX));
        *address.unwrap_or_else(|| panic!("no listener for HTTP/3: {listeners:?}"))
    }

    /// Resident memory, in bytes.
    ///
    /// # Errors
    /// When `/proc` cannot be read, as where there is no Linux.
    pub fn resident(&self) -> io::Result<u64> {
        resident::resident(self.child.id())
    }

    /// How it ended, if it did.
    ///
    /// # Errors
    /// When the system does not tell.
    pub fn ended(&mut self) -> io::Result<Option<ExitStatus>> {
        self.child.try_wait()
    }

    /// The file that it logs to.
    #[must_use]
    pub fn log_file(&self) -> PathBuf {
        self.directory.path().join("envoy.log")
    }

    /// The log so far.
    #[must_use]
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(self.log_file()).unwrap_or_default()).into_owned()
    }

    /// The last lines of its log.
    #[must_use]
    pub fn log_tail(&self) -> String {
        let log = self.log();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(40)..].join("\n")
    }

    fn is_up(&mut self) -> bool {
        let address = fs::read_to_string(self.directory.path().join("admin-address")).unwrap_or_default();
        let Ok(address) = address.trim().parse() else { return false };
        self.admin = Admin(address);
        let listeners = self.admin.listeners().unwrap_or_default();
        let (Some(filtered), Some(plain)) = (listeners.get(FILTERED), listeners.get(PLAIN)) else { return false };
        (self.filtered, self.plain) = (*filtered, *plain);
        self.admin.get("/ready").is_ok()
    }
}

impl Drop for Envoy {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("--- the end of Envoy's log ---\n{}\n---", self.log_tail());
        }
        let asked = self.admin.quit().is_ok();
        let deadline = Instant::now() + Duration::from_secs(if asked { 5 } else { 0 });
        while matches!(self.child.try_wait(), Ok(None)) && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(5));
        }
        // The child leads its own process group, so whatever a wrapper started ends with it.
        if let Some(group) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
            let _ = kill_process_group(group, Signal::KILL);
        }
        let _ = self.child.wait();
    }
}

/// A command that runs this program, which ends even when this process is killed, where util-linux is at hand.
#[must_use]
pub fn command(program: &Path) -> Command {
    if !in_path("setpriv") {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", "--"]).arg(program);
    command
}

fn spawn(directory: &Path, config: &Path, workers: u32) -> io::Result<Child> {
    let program = program();
    let log = File::create(directory.join("envoy.log"))?.into_file();
    let mut command = command(&program);
    command
        .args(["--concurrency", &workers.to_string(), "--use-dynamic-base-id", "--log-level", "warning"])
        .args(["--component-log-level", "wasm:info", "--config-path"])
        .arg(config)
        .arg("--admin-address-path")
        .arg(directory.join("admin-address"))
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .process_group(0)
        .spawn()
        .map_err(|error| io::Error::new(error.kind(), format!("{} (ENVOY names another): {error}", program.display())))
}

fn in_path(name: &str) -> bool {
    env::var_os("PATH").is_some_and(|path| env::split_paths(&path).any(|directory| directory.join(name).is_file()))
}
