//! Programs that run to their end.

use std::ffi::OsStr;
use std::io::{self, Write};
use std::process::{Child, Command, Output, Stdio};

/// Runs a program; gives what it printed.
///
/// # Errors
/// When it cannot be run or fails; the error holds what it complained about.
pub(crate) fn run<A: AsRef<OsStr>>(program: &str, arguments: impl IntoIterator<Item = A>) -> io::Result<String> {
    let mut command = Command::new(program);
    command.args(arguments);
    output(&mut command, "")
}

/// Runs a command with this input; gives what it printed.
///
/// # Errors
/// As [`run`].
pub(crate) fn output(command: &mut Command, input: &str) -> io::Result<String> {
    let output = finish(command, input)?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let printed = [&output.stdout[..], &output.stderr].concat();
    let printed = String::from_utf8_lossy(&printed);
    Err(io::Error::other(format!("{}: {}: {}", words(command), output.status, printed.trim())))
}

/// Runs a command with this input, whatever comes of it.
///
/// # Errors
/// When it cannot be run.
pub(crate) fn finish(command: &mut Command, input: &str) -> io::Result<Output> {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = spawn(command)?;
    if let Some(mut stdin) = child.stdin.take() {
        // One that has no need of its input may end before it has read it.
        let _ = stdin.write_all(input.as_bytes());
    }
    child.wait_with_output()
}

/// Starts a command.
///
/// # Errors
/// When it cannot be started; the error says which it was.
pub(crate) fn spawn(command: &mut Command) -> io::Result<Child> {
    match command.spawn() {
        Ok(child) => Ok(child),
        Err(error) => Err(io::Error::new(error.kind(), format!("{}: {error}", words(command)))),
    }
}

fn words(command: &Command) -> String {
    let program = command.get_program().to_string_lossy();
    let arguments = command.get_args().map(OsStr::to_string_lossy);
    [program].into_iter().chain(arguments).collect::<Vec<_>>().join(" ")
}
