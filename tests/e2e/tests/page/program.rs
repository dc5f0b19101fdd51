//! The collector: `HTTP_TRACE_COLLECTOR` names the program.

use std::env;
use std::io::{BufRead, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;

/// It, until dropped.
pub(crate) struct Program {
    pub(crate) address: SocketAddr,
    child: Child,
}

impl Program {
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let program = env::var_os("HTTP_TRACE_COLLECTOR").expect("HTTP_TRACE_COLLECTOR names no program");
        let mut child = Command::new(program).args(arguments).stdout(Stdio::piped()).spawn().expect("the collector");
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let first = lines.next().expect("a line").expect("text");
        let address = first.strip_prefix("Listening at http://").and_then(|rest| rest.split_once(": "));
        let address = address.and_then(|(address, _)| address.parse().ok());
        let address = address.unwrap_or_else(|| panic!("an address was expected: {first}"));
        std::thread::spawn(move || lines.for_each(drop));
        Self { address, child }
    }

    /// The answer to a POST: its status and its body.
    pub(crate) fn post(&self, path: &str, content_type: &str, body: &[u8]) -> (u16, Vec<u8>) {
        let head = format!(
            "POST {path} HTTP/1.0\r\nhost: localhost\r\ncontent-type: {content_type}\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        self.answer(&[head.as_bytes(), body].concat())
    }

    /// An exchange with all that the collector knows of it, if it has that many.
    pub(crate) fn exchange(&self, number: usize) -> Option<Value> {
        let head = format!("GET /api/exchanges/{number} HTTP/1.0\r\nhost: localhost\r\n\r\n");
        let (status, body) = self.answer(head.as_bytes());
        (status == 200).then(|| serde_json::from_slice(&body).expect("JSON"))
    }

    /// HTTP/1.0 ends a body with the connection.
    fn answer(&self, request: &[u8]) -> (u16, Vec<u8>) {
        let mut stream = TcpStream::connect(self.address).expect("a connection");
        stream.set_read_timeout(Some(Duration::from_secs(120))).expect("a timeout");
        stream.write_all(request).expect("sent");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).expect("an answer");
        let end = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n").expect("a head") + 4;
        let body = answer.split_off(end);
        let head = String::from_utf8_lossy(&answer);
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        (status.unwrap_or_else(|| panic!("a status was expected: {head}")), body)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
