//! A proxy's admin interface, which listens in its pod only: asked by Istio's agent, or through a port that kubectl forwards.

use crate::{
    cluster::kubectl::{Kubectl, cause},
    mesh::{Admin, Proxy},
};
use serde_json::Value;
use std::{
    io::{BufRead, BufReader, Read},
    process::{Child, ChildStdout, Stdio},
    time::Duration,
};
use ureq::Agent;

/// How long one answer may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Bytes of an answer: the configuration of a large mesh's proxy, and more.
const MOST: u64 = 1 << 30;

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
        get(self.port, path).map_err(|error| format!("the forwarded port: {error}"))
    }
}

impl Drop for Forward {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The body of an answer with status 200.
fn get(port: u16, path: &str) -> Result<String, String> {
    let config = Agent::config_builder().timeout_global(Some(PATIENCE)).proxy(None).http_status_as_error(false);
    let answer = Agent::new_with_config(config.build()).get(format!("http://127.0.0.1:{port}/{path}")).call();
    let mut answer = answer.map_err(|error| error.to_string())?;
    let body = answer.body_mut().with_config().limit(MOST).lossy_utf8(true).read_to_string();
    let body = body.map_err(|error| error.to_string())?;
    if answer.status() == 200 { Ok(body) } else { Err(format!("{}: {}", answer.status(), body.trim())) }
}

#[cfg(test)]
mod tests {
    use super::get;
    use std::{
        io::{Read, Write},
        net::TcpListener,
        thread,
    };

    /// What a proxy is taken to say that answers so.
    fn said(answer: &str) -> Result<String, String> {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("its address").port();
        let answer = answer.to_owned();
        let proxy = thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("a connection");
            let mut request = [0; 1024];
            let read = stream.read(&mut request).expect("a request");
            assert!(request[..read].starts_with(b"GET /stats?a=b HTTP/1.1\r\n"));
            stream.write_all(answer.as_bytes()).expect("an answer");
        });
        let said = get(port, "stats?a=b");
        proxy.join().expect("a proxy");
        said
    }

    #[test]
    fn an_answer_is_read_whole_or_not_at_all() {
        let head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain";
        let chunks = "\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n{\"a\r\na\r\n\": \"bcdef\"\r\n1\r\n}\r\n";
        assert_eq!(said(&format!("{head}{chunks}0\r\n\r\n")).as_deref(), Ok("{\"a\": \"bcdef\"}"));
        assert_eq!(said(&format!("{head}\r\nContent-Length: 2\r\n\r\n{{}}")).as_deref(), Ok("{}"));
        let cut = said(&format!("{head}{chunks}"));
        assert!(cut.is_err(), "{cut:?}");
        assert!(said("").is_err());
        let missing = said("HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\n\r\nnot there");
        assert_eq!(missing.expect_err("no 200"), "404 Not Found: not there");
    }
}
