//! The admin interface of a proxy, as Envoy answers.

use serde_json::Value;
use std::{
    io::{BufRead, BufReader, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    thread,
};

/// Listens until the test is over.
pub(crate) struct Admin(SocketAddr);

impl Admin {
    /// `answers`: how paths begin, and what is there.
    pub(crate) fn start(answers: &[(&'static str, Value)]) -> Self {
        let socket = TcpListener::bind("127.0.0.1:0").expect("a port");
        let (address, answers) = (socket.local_addr().expect("its own"), answers.to_vec());
        thread::spawn(move || socket.incoming().flatten().for_each(|stream| serve(stream, &answers)));
        Self(address)
    }

    /// What `kubectl port-forward` does, in words of a shell: it says so, and goes on until it is ended.
    pub(crate) fn forwarding(&self, to: u16) -> String {
        format!("echo 'Forwarding from {} -> {to}'; exec sleep 20", self.0)
    }
}

fn serve(mut stream: TcpStream, answers: &[(&'static str, Value)]) {
    let mut lines = BufReader::new(stream.try_clone().expect("a socket")).lines().map_while(Result::ok);
    let request = lines.next().unwrap_or_default();
    // All of it, so that closing resets nothing.
    let _ = lines.take_while(|line| !line.is_empty()).count();
    let path = request.split(' ').nth(1).unwrap_or_default();
    let answer = answers.iter().find(|(beginning, _)| path.starts_with(beginning));
    let text = answer.map_or_else(|| format!("{path} is not there"), |(_, value)| value.to_string());
    let status = if answer.is_some() { "200 OK" } else { "404 Not Found" };
    let (first, second) = text.split_at(text.len() / 2);
    let chunk = |text: &str| format!("{:x}\r\n{text}\r\n", text.len());
    let body = [chunk(first), chunk(second), "0\r\n\r\n".to_owned()].concat();
    let _ = write!(
        stream,
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n{body}"
    );
}
