//! Clients that send a [`Request`] and keep what they see of the answer.

use std::io;
use std::net::SocketAddr;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::client_h2;
use crate::message::{End, Message, Shared};
use crate::request::{Framing, Request};
use crate::wire::{Kind, Reader};

/// The protocol a client speaks to Envoy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// HTTP/1.1.
    H1,
    /// HTTP/2 with prior knowledge.
    H2,
    /// HTTP/3, over QUIC: see [`crate::client_h3`].
    H3,
}

impl Protocol {
    /// As Envoy names it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::H1 => "HTTP/1.1",
            Self::H2 => "HTTP/2",
            Self::H3 => "HTTP/3",
        }
    }
}

/// A connection to Envoy for one exchange.
pub struct Connection {
    /// The client's address, as Envoy should see it.
    pub source: SocketAddr,
    stream: TcpStream,
}

impl Connection {
    /// Connects.
    ///
    /// # Errors
    /// When nobody listens there.
    pub async fn open(to: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(to).await?;
        stream.set_nodelay(true)?;
        Ok(Self { source: stream.local_addr()?, stream })
    }

    /// The connection itself.
    #[must_use]
    pub fn into_stream(self) -> TcpStream {
        self.stream
    }

    /// Sends these bytes and receives one HTTP/1.1 answer to them.
    ///
    /// # Errors
    /// When no answer came.
    pub async fn send_raw(mut self, bytes: &[u8]) -> io::Result<Message> {
        let answer = Shared::default();
        self.stream.write_all(bytes).await?;
        let mut reader = Reader::new(self.stream);
        reader.final_head(&answer).await?;
        reader.body(Kind::Response { to_head: false }, &answer).await;
        let answer = answer.lock().clone();
        Ok(answer)
    }

    /// Sends `request` and receives the answer into `answer`. With `hold`, only that many bytes of the body are sent and
    /// the request never ends.
    ///
    /// # Errors
    /// When no answer came, or none that is HTTP.
    pub async fn send(
        self,
        protocol: Protocol,
        request: &Request,
        hold: Option<usize>,
        answer: &Shared,
    ) -> io::Result<()> {
        let sent = match protocol {
            Protocol::H1 => h1(self.stream, request, hold, answer).await,
            Protocol::H2 => client_h2::send(self.stream, request, hold, answer).await,
            Protocol::H3 => Err(io::Error::other("this is a TCP connection")),
        };
        let mut answer = answer.lock();
        if answer.end == End::Open {
            answer.end = End::Cut;
        }
        sent
    }
}

/// The bytes of a request's head.
#[must_use]
pub fn head(request: &Request) -> Vec<u8> {
    let mut head = [request.method.as_bytes(), b" ", &request.target, b" HTTP/1.1\r\nhost: "].concat();
    head.extend(request.host.as_bytes());
    head.extend(b"\r\n");
    for (name, value) in request.fields() {
        head.extend([&name, &b": "[..], &value, b"\r\n"].concat());
    }
    if request.framing == Framing::Chunked {
        head.extend(b"transfer-encoding: chunked\r\n");
    }
    head.extend(b"\r\n");
    head
}

async fn h1(stream: TcpStream, request: &Request, hold: Option<usize>, answer: &Shared) -> io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut reader = Reader::new(read);
    write.write_all(&head(request)).await?;
    if request.headers.iter().any(|(name, _)| name == b"expect") {
        reader.head(answer).await?;
        let mut answer = answer.lock();
        let interim = String::from_utf8_lossy(&std::mem::take(&mut answer.start)).into_owned();
        answer.interim.push(interim);
    }
    // Envoy may answer, and even close, before the whole body was sent.
    let send = async {
        let _ = body(&mut write, request, hold).await;
        std::future::pending().await
    };
    let receive = async {
        reader.final_head(answer).await?;
        reader.body(Kind::Response { to_head: request.method == "HEAD" }, answer).await;
        Ok(())
    };
    tokio::select! {
        biased;
        received = receive => received,
        never = send => never,
    }
}

/// Sends a request's body, or with `hold` only that many bytes of it and no end.
///
/// # Errors
/// When the other side is gone.
pub async fn body(write: &mut (impl AsyncWriteExt + Unpin), request: &Request, hold: Option<usize>) -> io::Result<()> {
    let mut room = hold.unwrap_or(usize::MAX);
    for piece in &request.body {
        let piece = piece.slice(..room.min(piece.len()));
        room -= piece.len();
        if piece.is_empty() {
            continue;
        }
        if request.framing == Framing::Chunked {
            write.write_all(format!("{:x}\r\n", piece.len()).as_bytes()).await?;
        }
        write.write_all(&piece).await?;
        if request.framing == Framing::Chunked {
            write.write_all(b"\r\n").await?;
        }
    }
    if request.framing == Framing::Chunked && hold.is_none() {
        let mut end = b"0\r\n".to_vec();
        for (name, value) in &request.trailers {
            end.extend([name, &b": "[..], value, b"\r\n"].concat());
        }
        end.extend(b"\r\n");
        write.write_all(&end).await?;
    }
    Ok(())
}
