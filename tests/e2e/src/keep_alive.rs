//! An HTTP/1.1 connection that serves one exchange after another.

use std::io;
use std::net::SocketAddr;

use crate::client::{body, head};
use crate::message::{End, Shared};
use crate::request::Request;
use crate::wire::{Kind, Reader};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

/// The connection.
pub struct KeepAlive {
    reader: Reader<OwnedReadHalf>,
    write: OwnedWriteHalf,
}

impl KeepAlive {
    /// Connects.
    ///
    /// # Errors
    /// When nobody listens there.
    pub async fn open(to: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(to).await?;
        stream.set_nodelay(true)?;
        let (read, write) = stream.into_split();
        Ok(Self { reader: Reader::new(read), write })
    }

    /// Sends a request and receives the answer into `answer`; gives the connection back if it may serve another.
    ///
    /// # Errors
    /// When no answer came, or none that is HTTP.
    pub async fn send(mut self, request: &Request, answer: &Shared) -> io::Result<Option<Self>> {
        let mut sent = false;
        // Envoy may answer, and even close, before the whole body was sent.
        let send = async {
            let whole = async {
                self.write.write_all(&head(request)).await?;
                body(&mut self.write, request, None).await
            };
            sent = whole.await.is_ok();
            std::future::pending().await
        };
        let receive = async {
            self.reader.final_head(answer).await?;
            self.reader.body(Kind::Response { to_head: request.method == "HEAD" }, answer).await;
            io::Result::Ok(())
        };
        tokio::select! {
            biased;
            received = receive => received?,
            never = send => never,
        }
        let answer = answer.lock();
        let closes = answer.header("connection").is_some_and(|value| value.eq_ignore_ascii_case(b"close"));
        Ok((sent && answer.end == End::Complete && !closes).then_some(self))
    }
}
