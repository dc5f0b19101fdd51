//! The program as a developer starts it, what it prints, and its end.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use std::{env, thread};

use http_trace_e2e::wait::DEADLINE;
use rustix::process::{Pid, Signal, kill_process};

/// `http-trace-e2e dev`, running.
pub(crate) struct Program {
    child: Child,
    lines: Arc<Mutex<Vec<String>>>,
    /// How many lines were looked at.
    read: usize,
}

impl Program {
    /// Starts it in this directory.
    pub(crate) fn start<A: AsRef<OsStr>>(directory: &Path, arguments: impl IntoIterator<Item = A>) -> Self {
        let mut command = Command::new(program());
        command.args(["dev", "--color", "never"]).args(arguments).current_dir(directory);
        command.env_remove("HTTP_TRACE_FILTER_WASM").env_remove("CARGO_TARGET_DIR");
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().expect("http-trace-e2e starts");
        let lines: Arc<Mutex<Vec<String>>> = Arc::default();
        let (stdout, into) = (child.stdout.take().expect("its standard output"), Arc::clone(&lines));
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                into.lock().unwrap_or_else(PoisonError::into_inner).push(line);
            }
        });
        Self { child, lines, read: 0 }
    }

    /// Waits for a line with this text, after those that were waited for before.
    pub(crate) fn prints(&mut self, text: &str) -> String {
        let deadline = Instant::now() + DEADLINE;
        loop {
            let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner).clone();
            if let Some(at) = lines.iter().skip(self.read).position(|line| line.contains(text)) {
                self.read += at + 1;
                return lines[self.read - 1].clone();
            }
            let from = lines[self.read..].join("\n");
            assert!(Instant::now() < deadline, "no line has {text:?}, only:\n{from}");
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Where it says that requests can be sent.
    pub(crate) fn address(&mut self) -> SocketAddr {
        let line = self.prints("/catalogue");
        let (_, from) = line.split_once("curl http://").expect("an example with curl");
        from.trim_end_matches("/catalogue").parse().expect("an address")
    }

    /// Presses Ctrl-C and waits for the end.
    pub(crate) fn interrupt(mut self) -> ExitStatus {
        self.signal(Signal::INT);
        self.child.wait().expect("its end")
    }

    fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw).expect("a process id");
        kill_process(pid, signal).expect("a process that runs");
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            self.signal(Signal::TERM);
            let _ = self.child.wait();
        }
    }
}

fn program() -> PathBuf {
    env::var_os("HTTP_TRACE_E2E").unwrap_or_else(|| env!("CARGO_BIN_EXE_http-trace-e2e").into()).into()
}

/// The status with which `GET path` is answered.
pub(crate) fn get(address: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(address).expect("Envoy listens");
    stream.set_read_timeout(Some(DEADLINE)).expect("a timeout");
    write!(stream, "GET {path} HTTP/1.1\r\nhost: dev\r\nconnection: close\r\n\r\n").expect("a request");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("an answer");
    String::from_utf8_lossy(&answer).split(' ').nth(1).unwrap_or_default().to_owned()
}
