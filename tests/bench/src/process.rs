//! An Envoy as a child process, which never outlives the benchmark.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use fs_err::{self as fs, File};
use http_trace_e2e::admin::Admin;
use http_trace_e2e::envoy;
use http_trace_e2e::resident::resident;
use http_trace_e2e::wait::DEADLINE;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

/// A running Envoy with one worker.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    directory: TempDir,
}

/// An address of 127.0.0.1 that was free a moment ago.
pub(crate) fn free_address() -> io::Result<SocketAddr> {
    TcpListener::bind(("127.0.0.1", 0))?.local_addr()
}

impl Process {
    /// Starts one on the CPUs of this thread, and does not wait for it. What the configuration needs may lie in
    /// `directory`, which is removed at the end.
    pub(crate) fn start(directory: TempDir, config: &Value) -> io::Result<Self> {
        let file = directory.path().join("envoy.json");
        fs::write(&file, config.to_string())?;
        let log = File::create(directory.path().join("envoy.log"))?.into_file();
        let program = envoy::program();
        let mut command = envoy::command(&program);
        command.args(["--concurrency", "1", "--use-dynamic-base-id", "--log-level", "warning", "--config-path"]);
        command.arg(file).arg("--admin-address-path").arg(directory.path().join("admin-address"));
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        let named = |error: io::Error| {
            io::Error::new(error.kind(), format!("{} (the variable ENVOY names another): {error}", program.display()))
        };
        Ok(Self { child: command.spawn().map_err(named)?, directory })
    }

    /// Waits until `ready` gives a value.
    ///
    /// # Errors
    /// When Envoy ends instead, or takes too long; with the end of its log.
    pub(crate) fn wait<T>(
        &mut self,
        what: &str,
        mut ready: impl FnMut(&Self) -> io::Result<Option<T>>,
    ) -> io::Result<T> {
        let deadline = Instant::now() + DEADLINE;
        loop {
            if let Some(value) = ready(self).map_err(|error| self.failed(&error.to_string()))? {
                return Ok(value);
            }
            if let Some(status) = self.child.try_wait()? {
                let program = envoy::program();
                let problem =
                    format!("{} (the variable ENVOY names another) ended before {what}: {status}", program.display());
                return Err(self.failed(&problem));
            }
            if Instant::now() > deadline {
                return Err(self.failed(&format!("waited {} s in vain for {what}", DEADLINE.as_secs())));
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// An error with the end of Envoy's log.
    pub(crate) fn failed(&self, problem: &str) -> io::Error {
        let log = fs::read(self.directory.path().join("envoy.log")).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let lines: Vec<&str> = log.lines().collect();
        let tail = lines[lines.len().saturating_sub(20)..].join("\n");
        io::Error::other(format!("{problem}\n--- the end of Envoy's log ---\n{tail}"))
    }

    /// Its admin interface, once it has one.
    pub(crate) fn admin(&self) -> Option<Admin> {
        let address = fs::read_to_string(self.directory.path().join("admin-address")).ok()?;
        address.trim().parse().ok().map(Admin)
    }

    /// One of its counters; zero before it is first counted.
    pub(crate) fn counter(&self, name: &str) -> io::Result<u64> {
        let admin = self.admin().ok_or_else(|| self.failed("Envoy has no admin interface yet"))?;
        Ok(admin.stats(name)?.get(name).copied().unwrap_or(0))
    }

    /// The CPU time it has used.
    pub(crate) fn cpu(&self) -> io::Result<Duration> {
        crate::cpu::used(self.child.id())
    }

    /// Its resident memory, in bytes.
    pub(crate) fn resident(&self) -> io::Result<u64> {
        resident(self.child.id())
    }

    /// Takes it off the CPU until [`Process::resume`].
    pub(crate) fn pause(&self) -> io::Result<()> {
        self.signal(Signal::STOP)
    }

    /// Lets it run again.
    pub(crate) fn resume(&self) -> io::Result<()> {
        self.signal(Signal::CONT)
    }

    fn signal(&self, signal: Signal) -> io::Result<()> {
        Ok(kill_process(Pid::from_child(&self.child), signal)?)
    }

    /// What is removed with it.
    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
