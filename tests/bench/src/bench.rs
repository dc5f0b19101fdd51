//! The whole run: what it needs, and its rounds.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use fs_err as fs;
use http_trace_e2e::envoy;
use signal_hook::consts::{SIGINT, SIGTERM};
use tempfile::TempDir;

use crate::case::Case;
use crate::cases::{self, Files};
use crate::cpu::{self, Pinning};
use crate::machine::Machine;
use crate::measure::{Measured, Sample};
use crate::options::Options;
use crate::other::Other;
use crate::results::{self, Row};

/// All that a run needs.
pub(crate) struct Bench {
    /// Upstream and collector.
    pub(crate) other: Other,
    /// Who runs where.
    pub(crate) pinning: Pinning,
    pub(crate) machine: Machine,
    /// The length of each load.
    pub(crate) seconds: u32,
    /// What is measured.
    pub(crate) cases: Vec<Case>,
    interrupted: Arc<AtomicBool>,
    /// Holds the filters that are assembled here.
    _directory: TempDir,
}

impl Bench {
    /// Checks the command line and starts the second Envoy.
    pub(crate) fn start(options: &Options) -> io::Result<Self> {
        let pinning = Pinning::choose()?;
        let interrupted = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM] {
            signal_hook::flag::register(signal, Arc::clone(&interrupted))?;
        }
        let directory = TempDir::new()?;
        let files = Files {
            ours: copied(&envoy::wasm()?, &directory.path().join("ours.wasm"))?,
            empty: assemble(directory.path(), "empty", include_str!("../filters/empty.wat"))?,
            floor: assemble(directory.path(), "floor", include_str!("../filters/floor.wat"))?,
            further: options
                .filters
                .iter()
                .enumerate()
                .map(|(at, file)| further(file, &directory.path().join(at.to_string())))
                .collect::<io::Result<_>>()?,
        };
        let names =
            if options.memory && options.cases.is_empty() { &["ours-1".to_owned()][..] } else { &options.cases };
        let cases = cases::select(cases::all(&files), names).map_err(io::Error::other)?;
        cpu::pin(pinning.others)?;
        let other = Other::start()?;
        let machine = Machine::this(&other.version, pinning);
        Ok(Self { other, pinning, machine, seconds: options.seconds, cases, interrupted, _directory: directory })
    }

    /// An error once the user wants the end; Envoys and files go as it is returned.
    pub(crate) fn go_on(&self) -> io::Result<()> {
        if self.interrupted.load(Ordering::Relaxed) { Err(io::Error::other("interrupted")) } else { Ok(()) }
    }

    /// wrk is interrupted along with this process, and then reports less: that is not what went wrong.
    fn unless_interrupted<T>(&self, work: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        self.go_on()?;
        work().map_err(|error| self.go_on().err().unwrap_or(error))
    }

    /// In each round, starts all cases anew and measures each, in turn from the first to the last and from the last to the first.
    pub(crate) fn rounds(&self, rounds: u32) -> io::Result<Vec<Row>> {
        let mut samples: Vec<Vec<Sample>> = vec![Vec::new(); self.cases.len()];
        let started = Instant::now();
        for round in 1..=rounds {
            let measured = self.start_all(started)?;
            let mut order: Vec<usize> = (0..self.cases.len()).collect();
            if round % 2 == 0 {
                order.reverse();
            }
            for (done, at) in order.into_iter().enumerate() {
                let sample = self.unless_interrupted(|| measured[at].sample(self.seconds))?;
                eprintln!(
                    "{:4.0} s  round {round}/{rounds}, {:2}/{}  {}: {:.0} us of CPU a request, {:.0} requests/s",
                    started.elapsed().as_secs_f64(),
                    done + 1,
                    self.cases.len(),
                    self.cases[at].name,
                    sample.cpu,
                    sample.full.rate,
                );
                let errors = sample.full.errors + sample.fixed.errors;
                if errors > 0 {
                    eprintln!("        {errors} connections broke or timed out");
                }
                samples[at].push(sample);
            }
        }
        Ok(results::rows(&self.cases, samples))
    }

    /// An Envoy for each case.
    fn start_all(&self, started: Instant) -> io::Result<Vec<Measured<'_>>> {
        let mut measured = Vec::new();
        // From the last: a filter of --filter that Envoy does not take should be heard of at once.
        for (done, case) in self.cases.iter().rev().enumerate() {
            measured.push(self.unless_interrupted(|| Measured::start(case, &self.other, self.pinning))?);
            let seconds = started.elapsed().as_secs_f64();
            eprintln!("{seconds:4.0} s  {:2}/{}  {} is warm", done + 1, self.cases.len(), case.name);
        }
        measured.reverse();
        Ok(measured)
    }
}

/// Makes a wasm file of its text.
fn assemble(directory: &Path, name: &str, text: &str) -> io::Result<PathBuf> {
    let wasm = wat::parse_str(text).map_err(|error| io::Error::other(format!("{name}.wat: {error}")))?;
    let file = directory.join(format!("{name}.wasm"));
    fs::write(&file, wasm)?;
    Ok(file)
}

/// A copy of a wasm file: what is measured stays the same when somebody builds the filter anew during the rounds.
fn copied(file: &Path, to: &Path) -> io::Result<PathBuf> {
    let bytes = fs::read(file)?;
    if !bytes.starts_with(b"\0asm") {
        let problem = "this is no wasm module, which begins with the bytes 0, \"asm\"";
        return Err(io::Error::other(format!("{}: {problem}", file.display())));
    }
    fs::write(to, bytes)?;
    Ok(to.to_owned())
}

/// A copy, under its own name in a new directory, of a wasm file that the user names: others may have the same name.
fn further(file: &Path, directory: &Path) -> io::Result<PathBuf> {
    let named = |error: io::Error| io::Error::new(error.kind(), format!("--filter {error}"));
    fs::create_dir(directory).map_err(named)?;
    copied(file, &directory.join(file.file_name().unwrap_or_default())).map_err(named)
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::{assemble, copied, further};

    #[test]
    fn the_filters_assemble() {
        let directory = TempDir::new().unwrap();
        for (name, text) in
            [("empty", include_str!("../filters/empty.wat")), ("floor", include_str!("../filters/floor.wat"))]
        {
            let file = assemble(directory.path(), name, text).unwrap();
            let copy = copied(&file, &directory.path().join("copy.wasm")).unwrap();
            assert_eq!(std::fs::read(copy).unwrap(), std::fs::read(file).unwrap());
        }
    }

    #[test]
    fn filters_of_one_name_stay_apart() {
        let directory = TempDir::new().unwrap();
        let copies = ["a", "b"].map(|text| {
            let file = directory.path().join("ours.wasm");
            std::fs::write(&file, format!("\0asm{text}")).unwrap();
            further(&file, &directory.path().join(text)).unwrap()
        });
        assert_eq!(copies.map(|copy| std::fs::read(copy).unwrap()), [b"\0asma", b"\0asmb"]);
    }

    #[test]
    fn what_is_no_filter_is_named() {
        let directory = TempDir::new().unwrap();
        let missing = directory.path().join("missing.wasm");
        assert!(further(&missing, &directory.path().join("1")).unwrap_err().to_string().contains("missing.wasm`: "));
        std::fs::write(&missing, "text").unwrap();
        assert!(
            further(&missing, &directory.path().join("2"))
                .unwrap_err()
                .to_string()
                .ends_with("which begins with the bytes 0, \"asm\"")
        );
    }
}
