//! The first word with the API server. A credential plugin may talk with the user meanwhile.

use super::kubectl::{Kubectl, cause, is_forbidden, is_logged};
use std::{
    io::{BufRead, BufReader, Read},
    process::Stdio,
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::{Duration, Instant},
};

/// After how long the user is told what is waited for.
const SOON: Duration = Duration::from_secs(2);
/// What took longer than this was not the API server alone: of that kubectl asks twice, and waits five seconds each time.
const LONG: Duration = Duration::from_secs(12);

/// Asks for its version: the least that there is to ask, and nearly everybody may.
///
/// # Errors
/// Why it does not answer, on one line.
pub(super) fn reach(kubectl: &Kubectl) -> Result<(), String> {
    let start = Instant::now();
    match ask(kubectl) {
        // A user who was asked to log in took that long, and is logged in now.
        Err(error) if is_timeout(&error) && start.elapsed() > LONG => ask(kubectl),
        result => result,
    }
}

fn ask(kubectl: &Kubectl) -> Result<(), String> {
    let start = Instant::now();
    let mut command = kubectl.command(&["get", "--raw", "/version", "--request-timeout=5s"]);
    command.stdin(Stdio::inherit()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| format!("kubectl, which must be in PATH: {error}"))?;
    let lines = child.stderr.take().map(listen);
    let (mut own, mut told) = (Vec::new(), false);
    while let Some(lines) = &lines {
        match lines.recv_timeout(SOON) {
            Ok(line) if is_of_kubectl(&line) => own.push(line),
            // A credential plugin's, such as where to log in.
            Ok(line) => eprintln!("{line}"),
            Err(RecvTimeoutError::Timeout) if told => {}
            Err(RecvTimeoutError::Timeout) => {
                told = true;
                eprintln!("no answer yet from the API server, or from what logs in to it; given up after 10 s");
            }
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    let status = child.wait().map_err(|error| format!("kubectl: {error}"))?;
    let mut error = cause(own.iter().map(String::as_str));
    // Who may not ask has been answered.
    if status.success() || is_forbidden(&error) {
        return Ok(());
    }
    if error.is_empty() {
        error = format!("it ends with {status}");
    }
    if is_timeout(&error) {
        error = format!("given up after {} s: {error}", start.elapsed().as_secs());
    }
    if error.contains("localhost:8080") {
        error += "; without a kubeconfig kubectl asks there: set KUBECONFIG, or give --kubeconfig";
    }
    Err(format!("kubectl: {error}"))
}

/// What comes, line by line.
fn listen(stderr: impl Read + Send + 'static) -> mpsc::Receiver<String> {
    let (said, lines) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(stderr).lines().map_while(Result::ok) {
            if said.send(line).is_err() {
                return;
            }
        }
    });
    lines
}

fn is_of_kubectl(line: &str) -> bool {
    let beginnings = ["error: ", "Error ", "Unable to ", "The connection ", "Warning: ", "couldn't "];
    is_logged(line) || beginnings.iter().any(|beginning| line.starts_with(beginning))
}

fn is_timeout(error: &str) -> bool {
    ["Client.Timeout", "deadline exceeded", "i/o timeout", "TLS handshake timeout"]
        .iter()
        .any(|text| error.contains(text))
}

#[cfg(test)]
mod tests {
    use super::{cause, is_of_kubectl};

    #[test]
    fn the_log_counts_only_where_nothing_else_is_said() {
        let log = "E1129 15:30:00.123456   12345 memcache.go:265] \"Unhandled Error\" err=\"refused\"";
        let said = "The connection to the server localhost:8080 was refused - did you specify the right host or port?";
        assert_eq!(cause([log, log, said].into_iter()), said);
        assert_eq!(cause([log, "", log].into_iter()), "\"Unhandled Error\" err=\"refused\"");
        assert!(is_of_kubectl(log) && is_of_kubectl(said) && !is_of_kubectl("To sign in, open https://login.example"));
    }
}
