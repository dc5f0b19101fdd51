//! A real OpenTelemetry Collector as a child process: it takes OTLP over HTTP and forwards it to a backend.

use std::env;
use std::fs::{self, File};
use std::io;
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use http_trace_e2e::envoy;
use http_trace_e2e::wait;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpSocket;

/// A collector that runs, or was stopped.
pub(crate) struct Otelcol {
    /// Where it takes OTLP over HTTP.
    pub(crate) address: SocketAddr,
    child: Option<Child>,
    directory: TempDir,
    /// Bound and not listening: it keeps the port for the collector, also while that is stopped.
    _port: TcpSocket,
}

/// The program: `$OTELCORECOL`, by default `otelcorecol` from `$PATH`.
fn program() -> PathBuf {
    env::var_os("OTELCORECOL").map_or_else(|| "otelcorecol".into(), PathBuf::from)
}

/// What every distribution of the collector has, and nothing that keeps or repeats: the filter is told what the backend
/// answers. No port but the receiver's is opened.
fn configuration(address: SocketAddr, backend: SocketAddr) -> Value {
    json!({
        "receivers": { "otlp": { "protocols": { "http": { "endpoint": address.to_string() } } } },
        "exporters": { "otlphttp": {
            "endpoint": format!("http://{backend}"),
            "compression": "none",
            "encoding": "proto",
            "sending_queue": { "enabled": false },
            "retry_on_failure": { "enabled": false },
        } },
        "service": {
            "pipelines": { "logs": { "receivers": ["otlp"], "exporters": ["otlphttp"] } },
            "telemetry": { "metrics": { "level": "none" }, "logs": { "level": "info" } },
        },
    })
}

impl Otelcol {
    /// Starts one that forwards to `backend`.
    pub(crate) async fn start(backend: SocketAddr) -> Self {
        let (port, address) = reserve().expect("a free port");
        let directory = TempDir::new().expect("a directory");
        // YAML, of which JSON is a part.
        let text = configuration(address, backend).to_string();
        fs::write(directory.path().join("otelcol.yaml"), text).expect("a configuration");
        let mut started = Self { address, child: None, directory, _port: port };
        started.restart().await;
        started
    }

    /// Starts it again after it was stopped, and returns once it listens.
    pub(crate) async fn restart(&mut self) {
        assert!(self.child.is_none(), "it was not stopped");
        self.child = Some(spawn(self.directory.path()).expect("the OpenTelemetry Collector"));
        let address = self.address;
        let listens = || {
            if let Ok(Some(status)) = self.child.as_mut()?.try_wait() {
                let (program, log) = (program(), self.log());
                panic!("{} (the variable OTELCORECOL names it) ended at once: {status}\n{log}", program.display());
            }
            TcpStream::connect(address).ok()
        };
        drop(wait::until("the OpenTelemetry Collector to listen", listens).await);
    }

    /// Ends it as a service manager does. Connections are refused from now on.
    pub(crate) async fn stop(&mut self) {
        let mut child = self.child.take().expect("it was stopped already");
        let id = i32::try_from(child.id()).ok().and_then(Pid::from_raw).expect("a process");
        kill_process(id, Signal::TERM).expect("to stop the collector");
        wait::until("the end of the collector", || child.try_wait().ok().flatten()).await;
    }

    /// What it has logged.
    pub(crate) fn log(&self) -> String {
        let log = fs::read(self.directory.path().join("otelcol.log")).unwrap_or_default();
        String::from_utf8_lossy(&log).into_owned()
    }
}

impl Drop for Otelcol {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- the OpenTelemetry Collector's log ---\n{}\n---", self.log());
        }
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn reserve() -> io::Result<(TcpSocket, SocketAddr)> {
    let socket = TcpSocket::new_v4()?;
    // With this on both sides, the collector can have the port too.
    socket.set_reuseaddr(true)?;
    socket.bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
    let address = socket.local_addr()?;
    Ok((socket, address))
}

fn spawn(directory: &Path) -> io::Result<Child> {
    let program = program();
    let log = File::options().create(true).append(true).open(directory.join("otelcol.log"))?;
    let mut command = envoy::command(&program);
    command.arg("--config").arg(directory.join("otelcol.yaml"));
    command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
    command.spawn().map_err(|error| {
        io::Error::new(error.kind(), format!("{} (OTELCORECOL names another): {error}", program.display()))
    })
}
