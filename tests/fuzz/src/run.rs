//! One target under libFuzzer, in a process of its own: what it finds ends it.

use crate::options::Options;
use fs_err as fs;
use http_trace_fuzz::{Target, progress::Progress};
use std::{
    env,
    io::{self, BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// From one line of progress to the next.
const REPORT: Duration = Duration::from_secs(10);

/// Longer inputs only say the same more often.
const LONGEST_INPUT: &str = "-max_len=512";

/// An input that takes longer is a finding, in seconds; so is one that takes more memory, in megabytes.
const LIMITS: [&str; 2] = ["-timeout=20", "-rss_limit_mb=1024"];

/// Runs a target for as long as the options say, or until it finds something.
pub(crate) fn run(target: Target, options: &Options) -> io::Result<Progress> {
    let name = target.name();
    let temporary = TempDir::new()?;
    let corpus = options.corpus.as_deref().unwrap_or(temporary.path()).join(&name);
    fs::create_dir_all(&corpus)?;
    fs::create_dir_all(&options.findings)?;
    watch(&name, command(&name, &corpus, options)?)
}

fn command(name: &str, corpus: &Path, options: &Options) -> io::Result<Command> {
    let program = match env::var_os("HTTP_TRACE_FUZZ_TARGETS") {
        Some(program) => PathBuf::from(program),
        None => env::current_exe()?.with_file_name("http-trace-fuzz-target"),
    };
    let mut command = Command::new(&program);
    command.env("HTTP_TRACE_FUZZ_TARGET", name).arg(corpus);
    if let Some(inputs) = env::var_os("HTTP_TRACE_FUZZ_INPUTS") {
        let folders = ["seeds", "regressions"].map(|kind| Path::new(&inputs).join(kind).join(name));
        command.args(folders.into_iter().filter(|folder| folder.is_dir()));
    }
    command.arg(format!("-max_total_time={}", options.seconds()));
    command.arg(format!("-artifact_prefix={}", options.findings.join(format!("fuzz-{name}-")).display()));
    command.args([LONGEST_INPUT, "-print_final_stats=1"]).args(LIMITS);
    Ok(command)
}

fn watch(name: &str, mut command: Command) -> io::Result<Progress> {
    let program = PathBuf::from(command.get_program());
    let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
    let named = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", program.display()));
    let mut child = child.map_err(named)?;
    let mut progress = Progress::default();
    let mut reported = Instant::now();
    for line in child.stderr.take().into_iter().flat_map(|stderr| BufReader::new(stderr).split(b'\n')) {
        let status = progress.read(&String::from_utf8_lossy(&line?));
        if status && reported.elapsed() >= REPORT {
            eprintln!("{name}: {} executions, coverage {}", progress.executions, progress.coverage);
            reported = Instant::now();
        }
    }
    let status = child.wait()?;
    if !status.success() && progress.findings.is_empty() {
        return Err(io::Error::other(format!("{name} ended with {status}:\n{}", progress.said.join("\n"))));
    }
    // A kept input that finds something ends the run before there is any.
    if progress.findings.is_empty() && progress.coverage < 2 {
        return Err(io::Error::other(format!(
            "{}: coverage {}: it is built without it",
            program.display(),
            progress.coverage
        )));
    }
    Ok(progress)
}
