//! Requests from within a pod.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::namespace::Namespace;

/// How long a connection or an answer may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: String,
}

/// Sends `GET path`, over a connection of its own.
///
/// # Errors
/// When there is no answer.
pub(crate) async fn get(from: Option<&Namespace>, to: SocketAddr, host: &str, path: &str) -> io::Result<Answer> {
    let stream = match from {
        Some(namespace) => namespace.connect(to)?,
        None => std::net::TcpStream::connect_timeout(&to, PATIENCE)?,
    };
    stream.set_nonblocking(true)?;
    let stream = TokioIo::new(TcpStream::from_std(stream)?);
    let exchange = async {
        let (mut sender, connection) = http1::handshake(stream).await?;
        tokio::spawn(connection);
        let request = Request::get(path).header("host", host).body(Full::<Bytes>::default());
        let answer = sender.send_request(request.unwrap_or_default()).await?;
        let status = answer.status();
        let body = answer.into_body().collect().await?.to_bytes();
        Ok::<_, hyper::Error>(Answer { status, body: String::from_utf8_lossy(&body).into_owned() })
    };
    let answer = timeout(PATIENCE, exchange).await.map_err(io::Error::other)?;
    answer.map_err(io::Error::other)
}
