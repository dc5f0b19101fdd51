//! A proxy's admin interface, which listens in its pod only: asked by Istio's agent, or through a port that kubectl forwards.

use crate::{
    cluster::kubectl::{Kubectl, cause},
    mesh::{Admin, Proxy},
};
use serde_json::Value;
use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    process::{Child, ChildStdout, Stdio},
    time::Duration,
};

/// How long one answer may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// The way to one proxy.
pub(super) struct Way {
    kubectl: Kubectl,
    pod: String,
    container: &'static str,
    /// Where there is no agent.
    forward: Option<Forward>,
}

impl Way {
    /// Opens it.
    ///
    /// # Errors
    /// When kubectl forwards no port.
    pub(super) fn open(kubectl: Kubectl, pod: &str, proxy: Proxy) -> Result<Self, String> {
        let forward = match proxy.admin {
            Admin::Agent => None,
            Admin::Port(port) => Some(Forward::open(&kubectl, pod, port)?),
        };
        Ok(Self { kubectl, pod: pod.to_owned(), container: proxy.container, forward })
    }

    /// What the proxy answers.
    ///
    /// # Errors
    /// Why it does not.
    pub(super) fn ask(&self, path: &str) -> Result<Value, String> {
        let text = match &self.forward {
            Some(forward) => forward.get(path).map_err(|error| format!("{path}: {error}"))?,
            None => self.by_agent(path)?,
        };
        serde_json::from_str(&text).map_err(|error| format!("pod/{}: {path}: no JSON: {error}", self.pod))
    }

    fn by_agent(&self, path: &str) -> Result<String, String> {
        let arguments = ["exec", &self.pod, "--container", self.container, "--", "pilot-agent", "request", "GET", path];
        // kubectl loses what a program prints before its streams are made, and says this.
        let lost =
            |answer: &Result<String, String>| answer.as_ref().is_err_and(|error| error.contains("Unknown stream id"));
        let mut answers = std::iter::repeat_with(|| self.kubectl.run(&arguments)).take(5);
        answers.find(|answer| !lost(answer)).unwrap_or_else(|| self.kubectl.run(&arguments))
    }
}

/// `kubectl port-forward`, while this is there.
struct Forward {
    child: Child,
    /// Kept open: kubectl writes a line for each connection.
    _stdout: BufReader<ChildStdout>,
    /// On the loopback address.
    port: u16,
}

impl Forward {
    fn open(kubectl: &Kubectl, pod: &str, port: u16) -> Result<Self, String> {
        let arguments = ["port-forward", &format!("pod/{pod}"), &format!(":{port}"), "--address=127.0.0.1"];
        let mut command = kubectl.command(&arguments);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|error| format!("kubectl, which must be in PATH: {error}"))?;
        let mut line = String::new();
        let stdout = child.stdout.take().map(BufReader::new).and_then(|mut stdout| {
            stdout.read_line(&mut line).ok()?;
            Some(stdout)
        });
        // Forwarding from 127.0.0.1:40001 -> 9901
        let forwarded = line.strip_prefix("Forwarding from 127.0.0.1:").and_then(|rest| rest.split(' ').next());
        if let (Some(stdout), Some(port)) = (stdout, forwarded.and_then(|port| port.parse().ok())) {
            return Ok(Self { child, _stdout: stdout, port });
        }
        let _ = child.kill();
        let mut error = String::new();
        if let Some(mut stderr) = child.stderr.take() {
            let _ = stderr.read_to_string(&mut error);
        }
        let _ = child.wait();
        Err(format!("kubectl {}: {}", arguments.join(" "), cause(error.lines())))
    }

    fn get(&self, path: &str) -> Result<String, String> {
        let answer = || {
            let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
            stream.set_read_timeout(Some(PATIENCE))?;
            write!(stream, "GET /{path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")?;
            let mut bytes = Vec::new();
            stream.read_to_end(&mut bytes)?;
            Ok(bytes)
        };
        body(&answer().map_err(|error: std::io::Error| format!("the forwarded port: {error}"))?)
    }
}

impl Drop for Forward {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The body of a whole HTTP/1.1 answer: Envoy's are chunked (RFC 9112, section 7.1).
fn body(answer: &[u8]) -> Result<String, String> {
    let text = String::from_utf8_lossy(answer);
    let (head, rest) = text.split_once("\r\n\r\n").ok_or("the proxy gives no answer")?;
    let status = head.lines().next().unwrap_or_default();
    let mut body = String::new();
    if head.to_ascii_lowercase().contains("\r\ntransfer-encoding: chunked") {
        let mut rest = rest;
        loop {
            let (size, after) = rest.split_once("\r\n").ok_or("the proxy's answer is cut")?;
            let size = usize::from_str_radix(size.trim(), 16).map_err(|_| "the proxy's answer is cut")?;
            if size == 0 {
                break;
            }
            body += after.get(..size).ok_or("the proxy's answer is cut")?;
            rest = after.get(size..).map_or("", |rest| rest.trim_start_matches("\r\n"));
        }
    } else {
        rest.clone_into(&mut body);
    }
    if status.split(' ').nth(1) == Some("200") { Ok(body) } else { Err(format!("{status}: {}", body.trim())) }
}

#[cfg(test)]
mod tests {
    use super::body;

    #[test]
    fn an_answer_is_read_in_chunks_or_whole() {
        let head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain";
        let chunked = format!(
            "{head}\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n{{\"a\r\na\r\n\": \"bcdef\"\r\n1\r\n}}\r\n0\r\n\r\n"
        );
        assert_eq!(body(chunked.as_bytes()).as_deref(), Ok("{\"a\": \"bcdef\"}"));
        assert_eq!(body(format!("{head}\r\n\r\n{{}}").as_bytes()).as_deref(), Ok("{}"));
        assert!(body(&chunked.as_bytes()[..100]).is_err());
        assert!(
            body(b"HTTP/1.1 404 Not Found\r\n\r\nnot there")
                .is_err_and(|error| error.contains("404 Not Found: not there"))
        );
    }
}
