//! The HTTP/2 client.

use std::io;

use bytes::Bytes;
use http_body_util::channel::{Channel, Sender};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Empty};
use hyper::body::Frame;
use hyper::client::conn::http2::{self, SendRequest};
use hyper::header::{HeaderName, HeaderValue};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;

use crate::message::Shared;
use crate::request::{Framing, Request};
use crate::upstream_h2::{fields, header_map, receive};

type Failure = Box<dyn std::error::Error + Send + Sync>;
type Body = UnsyncBoxBody<Bytes, Failure>;
/// Where a body that is not empty is fed in.
type Feed = Sender<Bytes, Failure>;

/// One HTTP/2 connection, for any number of concurrent streams.
#[derive(Clone)]
pub struct H2(SendRequest<Body>);

impl H2 {
    /// Opens HTTP/2 with prior knowledge.
    ///
    /// # Errors
    /// When the other side does not speak it.
    pub async fn over(stream: TcpStream) -> io::Result<Self> {
        let mut builder = http2::Builder::new(TokioExecutor::new());
        builder.max_header_list_size(1 << 20);
        let (sender, connection) = builder.handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
        tokio::spawn(connection);
        Ok(Self(sender))
    }

    /// Sends `request` and receives the answer into `answer`; `hold` as for [`crate::client::Connection::send`].
    ///
    /// # Errors
    /// When no answer came.
    pub async fn send(&mut self, request: &Request, hold: Option<usize>, answer: &Shared) -> io::Result<()> {
        let (head, sender) = prepare(request).map_err(io::Error::other)?;
        let send = async {
            if let Some(sender) = sender {
                let _ = body(sender, request, hold).await;
            }
            std::future::pending().await
        };
        let receive = async {
            self.0.ready().await.map_err(io::Error::other)?;
            let response = self.0.send_request(head).await.map_err(io::Error::other)?;
            {
                let mut message = answer.lock();
                message.start = format!("HTTP/2 {}", response.status().as_u16()).into_bytes();
                message.headers = fields(response.headers());
            }
            receive(response.into_body(), answer).await;
            Ok(())
        };
        tokio::select! {
            biased;
            received = receive => received,
            never = send => never,
        }
    }
}

pub(crate) async fn send(stream: TcpStream, request: &Request, hold: Option<usize>, answer: &Shared) -> io::Result<()> {
    H2::over(stream).await?.send(request, hold, answer).await
}

fn prepare(request: &Request) -> Result<(hyper::Request<Body>, Option<Feed>), Failure> {
    let uri = [b"http://", request.host.as_bytes(), &request.target].concat();
    let mut head = hyper::Request::builder().method(request.method.as_str()).uri(uri.as_slice());
    if let Some(headers) = head.headers_mut() {
        for (name, value) in request.fields() {
            headers.append(HeaderName::from_bytes(&name)?, HeaderValue::from_bytes(&value)?);
        }
    }
    if request.framing == Framing::None {
        let body = Empty::new().map_err(|never| match never {}).boxed_unsync();
        return Ok((head.body(body)?, None));
    }
    let (sender, body) = Channel::new(1);
    Ok((head.body(body.boxed_unsync())?, Some(sender)))
}

async fn body(mut sender: Feed, request: &Request, hold: Option<usize>) -> Result<(), Failure> {
    let mut room = hold.unwrap_or(usize::MAX);
    for piece in &request.body {
        let piece = piece.slice(..room.min(piece.len()));
        room -= piece.len();
        if !piece.is_empty() {
            sender.send_data(piece).await?;
        }
    }
    if hold.is_some() {
        std::future::pending::<()>().await;
    }
    if !request.trailers.is_empty() {
        sender.send(Frame::trailers(header_map(&request.trailers)?)).await?;
    }
    Ok(())
}
