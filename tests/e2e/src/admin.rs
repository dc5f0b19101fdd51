//! Envoy's admin interface: its ports, its statistics, its end.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

/// The admin interface at an address. Its calls block, and take about a millisecond.
#[derive(Clone, Copy, Debug)]
pub struct Admin(pub SocketAddr);

impl Admin {
    /// `GET path`: the body of a 200 answer.
    ///
    /// # Errors
    /// When Envoy does not answer, or not with 200.
    pub fn get(self, path: &str) -> io::Result<String> {
        self.ask("GET", path)
    }

    /// `POST path`, which changes something.
    ///
    /// # Errors
    /// When Envoy does not answer, or not with 200.
    pub fn post(self, path: &str) -> io::Result<()> {
        self.ask("POST", path).map(drop)
    }

    /// Tells Envoy to end.
    ///
    /// # Errors
    /// When Envoy does not answer.
    pub fn quit(self) -> io::Result<()> {
        self.post("/quitquitquit")
    }

    /// Envoy's version, such as `1.40.0`.
    ///
    /// # Errors
    /// When Envoy does not answer.
    pub fn version(self) -> io::Result<String> {
        let info: Value = serde_json::from_str(&self.get("/server_info")?)?;
        Ok(info["version"].as_str().and_then(|version| version.split('/').nth(1)).unwrap_or("?").to_owned())
    }

    /// The addresses the listeners were given, by name.
    ///
    /// # Errors
    /// When Envoy does not answer.
    pub fn listeners(self) -> io::Result<BTreeMap<String, SocketAddr>> {
        let listeners: Value = serde_json::from_str(&self.get("/listeners?format=json")?)?;
        let statuses = listeners["listener_statuses"].as_array().map_or(&[][..], Vec::as_slice);
        let address = |status: &Value| {
            let socket = &status["local_address"]["socket_address"];
            let address = format!("{}:{}", socket["address"].as_str()?, socket["port_value"]);
            Some((status["name"].as_str()?.to_owned(), address.parse().ok()?))
        };
        Ok(statuses.iter().filter_map(address).collect())
    }

    /// Every counter and gauge whose name starts with `prefix`.
    ///
    /// # Errors
    /// When Envoy does not answer.
    pub fn stats(self, prefix: &str) -> io::Result<BTreeMap<String, u64>> {
        let stats: Value = serde_json::from_str(&self.get(&format!("/stats?format=json&filter=^{prefix}"))?)?;
        let stats = stats["stats"].as_array().map_or(&[][..], Vec::as_slice);
        let stat = |stat: &Value| Some((stat["name"].as_str()?.to_owned(), stat["value"].as_u64()?));
        Ok(stats.iter().filter_map(stat).collect())
    }

    fn ask(self, method: &str, path: &str) -> io::Result<String> {
        let mut stream = TcpStream::connect_timeout(&self.0, Duration::from_secs(5))?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        write!(stream, "{method} {path} HTTP/1.1\r\nhost: admin\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        let answer = String::from_utf8_lossy(&answer);
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        if !head.starts_with("HTTP/1.1 200 ") {
            return Err(io::Error::other(format!("{method} {path}: {answer}")));
        }
        Ok(if head.contains("transfer-encoding: chunked") { dechunk(body) } else { body.to_owned() })
    }
}

fn dechunk(mut body: &str) -> String {
    let mut whole = String::new();
    while let Some((size, rest)) = body.split_once("\r\n") {
        let size = usize::from_str_radix(size, 16).unwrap_or(0).min(rest.len());
        whole.push_str(rest.get(..size).unwrap_or_default());
        body = rest.get(size + 2..).unwrap_or_default();
    }
    whole
}
