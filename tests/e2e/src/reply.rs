//! Replies of the upstream.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{Barrier, Notify};

use crate::message::Headers;
use crate::request::Framing;

/// The upstream's behaviour after it has sent the reply, or the part of the reply that it sends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Finish {
    /// The reply is whole, and the connection serves the next request.
    #[default]
    Whole,
    /// After this many bytes of the body, and once the client has them, it resets the connection (HTTP/2: the stream).
    ResetAfter(usize),
    /// Resets the connection without an answer.
    ResetUnanswered,
    /// Closes the connection without an answer.
    CloseUnanswered,
    /// After this many bytes of the body, it waits for the other side to go away.
    HangAfter(usize),
    /// Never answers, and waits for the other side to go away.
    HangUnanswered,
    /// After the head, which is a 101, it echoes WebSocket frames until the close frame.
    WebSocket,
}

#[derive(Clone, Debug)]
pub struct Reply {
    /// The status code.
    pub status: u16,
    /// Header fields beside those of the framing.
    pub headers: Headers,
    /// The pieces of the body.
    pub body: Vec<Bytes>,
    /// How the body is delimited.
    pub framing: Framing,
    /// Trailer fields: only in a chunked body.
    pub trailers: Headers,
    /// The request's body is the reply's body.
    pub echo: bool,
    /// Whether the reply is sent before the request's body was read.
    pub early: bool,
    /// How long the upstream thinks before it answers.
    pub delay: Duration,
    /// The upstream answers once as many requests as the barrier wants are waiting.
    pub barrier: Option<Arc<Barrier>>,
    /// How the reply ends.
    pub finish: Finish,
    /// The event that [`Finish::ResetAfter`] waits for.
    pub gate: Arc<Notify>,
}

impl Reply {
    /// A status without a body.
    #[must_use]
    pub fn status(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Vec::new(),
            framing: Framing::None,
            trailers: Vec::new(),
            echo: false,
            early: false,
            delay: Duration::ZERO,
            barrier: None,
            finish: Finish::Whole,
            gate: Arc::default(),
        }
    }

    /// 200 with a body of known length.
    #[must_use]
    pub fn ok(body: impl Into<Bytes>) -> Self {
        Self::status(200).with_body(body)
    }

    /// 200 with a chunked body.
    #[must_use]
    pub fn chunks(chunks: &[Bytes]) -> Self {
        Self { body: chunks.to_vec(), framing: Framing::Chunked, ..Self::status(200) }
    }

    /// 200 with the request's body, of known length.
    #[must_use]
    pub fn echo() -> Self {
        Self { echo: true, framing: Framing::Length, ..Self::status(200) }
    }

    /// Gives it a body of known length.
    #[must_use]
    pub fn with_body(self, body: impl Into<Bytes>) -> Self {
        Self { body: vec![body.into()], framing: Framing::Length, ..self }
    }

    /// Delimits its body in another way.
    #[must_use]
    pub fn framed(self, framing: Framing) -> Self {
        Self { framing, ..self }
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.headers.push((name.into(), value.as_ref().to_vec()));
        self
    }

    /// Adds a trailer.
    #[must_use]
    pub fn trailer(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.trailers.push((name.into(), value.as_ref().to_vec()));
        self
    }

    /// Answers before the request's body was read.
    #[must_use]
    pub fn early(self) -> Self {
        Self { early: true, ..self }
    }

    /// Ends it in another way.
    #[must_use]
    pub fn finish(self, finish: Finish) -> Self {
        Self { finish, ..self }
    }

    /// Answers after a while.
    #[must_use]
    pub fn after(self, delay: Duration) -> Self {
        Self { delay, ..self }
    }

    /// Waits for all that must happen before the reply is sent.
    pub(crate) async fn ready(&self) {
        if let Some(barrier) = &self.barrier {
            barrier.wait().await;
        }
        tokio::time::sleep(self.delay).await;
    }

    /// The pieces of the body that are sent at all.
    #[must_use]
    pub fn pieces(&self) -> Vec<Bytes> {
        let (Finish::ResetAfter(mut room) | Finish::HangAfter(mut room)) = self.finish else {
            return self.body.clone();
        };
        let mut cut = |piece: &Bytes| {
            let piece = piece.slice(..room.min(piece.len()));
            room -= piece.len();
            piece
        };
        self.body.iter().map(&mut cut).filter(|piece| !piece.is_empty()).collect()
    }

    /// All header fields, in the order in which they are sent.
    #[must_use]
    pub fn fields(&self) -> Headers {
        let mut fields = self.headers.clone();
        match self.framing {
            Framing::Length => {
                let length: usize = self.body.iter().map(Bytes::len).sum();
                fields.push((b"content-length".to_vec(), length.to_string().into_bytes()));
            }
            Framing::Chunked => fields.push((b"transfer-encoding".to_vec(), b"chunked".to_vec())),
            Framing::UntilClose => fields.push((b"connection".to_vec(), b"close".to_vec())),
            Framing::None => {}
        }
        fields
    }
}
