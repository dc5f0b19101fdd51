//! The running program, and requests to it.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::HOST;
use hyper::{Method, Request, Response, body::Incoming};
use hyper_util::rt::TokioIo;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tokio::net::TcpStream;

/// It, until dropped.
pub(crate) struct Program {
    pub(crate) address: SocketAddr,
    child: Child,
}

impl Program {
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let mut child = command(arguments).stdout(Stdio::piped()).spawn().expect("the program");
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let first = lines.next().expect("a line").expect("text");
        let address = first.strip_prefix("Listening at http://").and_then(|rest| rest.split_once(": "));
        let address = address.and_then(|(address, _)| address.parse().ok());
        let address = address.unwrap_or_else(|| panic!("an address was expected: {first}"));
        // Nobody else reads them, and a full pipe would hold it up.
        std::thread::spawn(move || lines.for_each(drop));
        Self { address, child }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Kills it at once.
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("killed");
        self.child.wait().expect("ended");
    }

    /// Ends it as Kubernetes does: whether that went well.
    pub(crate) fn terminate(mut self) -> bool {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, Signal::TERM).expect("signalled");
        self.child.wait().expect("ended").success()
    }

    pub(crate) async fn connect(&self) -> SendRequest<Full<Bytes>> {
        let stream = TcpStream::connect(self.address).await.expect("a connection");
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.expect("HTTP");
        tokio::spawn(connection);
        sender
    }

    pub(crate) async fn send(&self, request: Request<Full<Bytes>>) -> Response<Incoming> {
        self.connect().await.send_request(request).await.expect("an answer")
    }

    pub(crate) async fn get(&self, path: &str) -> (u16, Vec<u8>) {
        self.answer(request(Method::GET, path, "")).await
    }

    pub(crate) async fn post(&self, path: &str, body: impl Into<Bytes>) -> (u16, Vec<u8>) {
        self.answer(request(Method::POST, path, body)).await
    }

    pub(crate) async fn answer(&self, request: Request<Full<Bytes>>) -> (u16, Vec<u8>) {
        let response = self.send(request).await;
        let status = response.status().as_u16();
        (status, response.into_body().collect().await.expect("a body").to_bytes().to_vec())
    }

    pub(crate) async fn json(&self, path: &str) -> Value {
        let (status, body) = self.get(path).await;
        assert_eq!(status, 200, "{}", String::from_utf8_lossy(&body));
        serde_json::from_slice(&body).expect("JSON")
    }

    /// How many exchanges it shows.
    pub(crate) async fn kept(&self) -> usize {
        self.json("/api/har").await["log"]["entries"].as_array().expect("entries").len()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_http-trace-collector"));
    command.args(arguments).env_remove("HTTP_TRACE_COLLECTOR_TOKEN");
    command
}

pub(crate) fn request(method: Method, path: &str, body: impl Into<Bytes>) -> Request<Full<Bytes>> {
    let builder = Request::builder().method(method).uri(path).header(HOST, "localhost");
    builder.body(Full::new(body.into())).expect("a request")
}

/// A record in the format `publish`.
pub(crate) fn record(id: &str) -> Value {
    json!({
        "request_id": id, "scheme": "http",
        "destination_address": "10.4.0.12:8080", "destination_namespace": "sock-shop", "source_address": "10.4.0.7:51932",
        "scnt_request": {"method": "POST", "path": "/orders?x=1", "host": "orders", "version": "HTTP/1.1",
            "time": 1_795_426_073_241_u64, "headers": [["host", "orders"], ["content-type", "application/json"]],
            "body": "eyJhIjoxfQ==", "truncated_body": false},
        "scnt_response": {"status_code": "201", "version": "HTTP/1.1", "time": 1_795_426_073_244_u64,
            "headers": [["content-type", "application/json"]], "body": "e30=", "truncated_body": false},
    })
}
