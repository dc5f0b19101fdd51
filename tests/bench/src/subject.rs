//! The measured Envoy of one case: its start, and the records it gives.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::bootstrap;
use crate::case::{Case, Records};
use crate::cpu::{self, Pinning};
use crate::other::Other;
use crate::process::{Process, free_address};
use crate::taps::Taps;

/// A running one.
#[derive(Debug)]
pub(crate) struct Subject<'a> {
    pub(crate) process: Process,
    /// Where it serves.
    pub(crate) address: SocketAddr,
    /// From its start to its first record, or to its first answer where records are not certain.
    pub(crate) start: Duration,
    /// What it runs.
    pub(crate) case: &'a Case,
    /// Its upstream and collector.
    pub(crate) other: &'a Other,
    taps: Option<Taps>,
}

impl<'a> Subject<'a> {
    /// Starts it, sends one request, and returns once its record has arrived.
    pub(crate) fn start(case: &'a Case, other: &'a Other, pinning: Pinning) -> io::Result<Self> {
        let directory = TempDir::new()?;
        let files = directory.path().join("taps");
        let taps = if case.records == Records::Files { Some(Taps::new(&files)?) } else { None };
        let address = free_address()?;
        let config = bootstrap::measured(case, address, other.addresses, &files);
        let before = other.posts()?;
        let started = Instant::now();
        cpu::pin(pinning.envoy)?;
        let process = Process::start(directory, &config);
        cpu::pin(pinning.others)?;
        let mut subject = Self { process: process?, address, start: Duration::ZERO, case, other, taps };
        let body = case.body;
        subject
            .process
            .wait("its first answer", |process| ask(address, body).map_err(|error| process.failed(&error)))?;
        if case.must_record {
            let (taps, other) = (&subject.taps, subject.other);
            let arrived = || match taps {
                Some(taps) => Ok(taps.count()),
                None => other.posts().map(|posts| posts - before),
            };
            let first = |_: &Process| Ok((arrived()? > 0).then_some(()));
            subject.process.wait("its first record to arrive", first)?;
        }
        subject.start = started.elapsed();
        Ok(subject)
    }

    /// Stops it while others are measured: Envoys that have nothing to do still look after their timers and stats, on
    /// the CPU of the one that is measured.
    pub(crate) fn pause(&self) -> io::Result<()> {
        self.process.pause()?;
        self.set_taps_paused(true);
        Ok(())
    }

    /// Lets it run again.
    pub(crate) fn resume(&self) -> io::Result<()> {
        self.set_taps_paused(false);
        self.process.resume()
    }

    fn set_taps_paused(&self, paused: bool) {
        if let Some(taps) = &self.taps {
            taps.set_paused(paused);
        }
    }

    /// How many records it has given; `posts` is how many requests the collector has answered.
    pub(crate) fn records(&self, posts: u64) -> io::Result<u64> {
        match self.case.records {
            Records::None => Ok(0),
            Records::Posts => Ok(posts),
            Records::Exported => self.process.counter("wasmcustom.http_trace_filter.exported"),
            Records::Files => Ok(self.taps.as_ref().map_or(0, Taps::count)),
        }
    }
}

/// One request; `None` while nobody listens.
fn ask(address: SocketAddr, body: usize) -> Result<Option<()>, String> {
    let Ok(mut stream) = TcpStream::connect(address) else { return Ok(None) };
    let request = format!("GET /{body}/ HTTP/1.1\r\nhost: orders.shop\r\nconnection: close\r\n\r\n");
    let mut answer = Vec::new();
    let exchange = stream.write_all(request.as_bytes()).and_then(|()| stream.read_to_end(&mut answer));
    match exchange {
        // The listener goes when Envoy ends.
        Err(_) => Ok(None),
        Ok(_) if answer.starts_with(b"HTTP/1.1 200 ") => Ok(Some(())),
        Ok(_) => {
            let line = answer.split(|byte| *byte == b'\r').next().unwrap_or_default();
            Err(format!("Envoy's first answer is {:?} instead of 200", String::from_utf8_lossy(line)))
        }
    }
}
