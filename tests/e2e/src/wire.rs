//! HTTP/1.1 read from bytes, so that a test sees exactly what was on the wire and in which order.

use std::io::{self, ErrorKind};

use tokio::io::{AsyncRead, AsyncReadExt};

use crate::message::{End, Headers, Shared};

/// How the length of a message's body is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Framing {
    Length(usize),
    Chunked,
    UntilClose,
}

/// Whose message is read: it decides which ones have a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Request,
    /// A response to a request; the flag says that the request was a `HEAD`.
    Response {
        /// No body follows, whatever the headers say.
        to_head: bool,
    },
}

/// The reading half of an HTTP/1.1 connection.
pub struct Reader<S> {
    stream: S,
    buffer: Vec<u8>,
}

impl<S: AsyncRead + Unpin> Reader<S> {
    /// Reads from `stream`.
    pub fn new(stream: S) -> Self {
        Self { stream, buffer: Vec::new() }
    }

    /// The stream, and what was read from it beyond the last message.
    pub fn into_parts(self) -> (S, Vec<u8>) {
        (self.stream, self.buffer)
    }

    /// The stream itself.
    pub fn stream(&mut self) -> &mut S {
        &mut self.stream
    }

    /// Reads the head of the next message into `message`; `false` when the connection ended before its first byte.
    ///
    /// # Errors
    /// When the connection fails or ends within the head.
    pub async fn head(&mut self, message: &Shared) -> io::Result<bool> {
        let end = loop {
            if let Some(at) = find(&self.buffer, b"\r\n\r\n") {
                break at;
            }
            if self.fill().await? == 0 {
                message.lock().end = End::Cut;
                return if self.buffer.is_empty() { Ok(false) } else { Err(ErrorKind::UnexpectedEof.into()) };
            }
        };
        let head: Vec<u8> = self.buffer.drain(..end + 4).collect();
        let (start, fields) = split_at(&head[..end + 2], b"\r\n");
        let mut message = message.lock();
        message.start = start.to_vec();
        message.headers = parse_fields(fields);
        Ok(true)
    }

    /// Reads the head of a response, past the interim ones.
    ///
    /// # Errors
    /// When the connection fails or ends before the head did.
    pub async fn final_head(&mut self, message: &Shared) -> io::Result<()> {
        while self.head(message).await? {
            let mut message = message.lock();
            match message.status() {
                101 | 200.. => return Ok(()),
                _ => {
                    let line = String::from_utf8_lossy(&std::mem::take(&mut message.start)).into_owned();
                    message.interim.push(line);
                    message.headers.clear();
                }
            }
        }
        Err(ErrorKind::UnexpectedEof.into())
    }

    /// Reads the body that follows the head in `message`, and marks how it ended.
    pub async fn body(&mut self, kind: Kind, message: &Shared) {
        let framing = framing(kind, message);
        let whole = match framing {
            Framing::Length(length) => self.exactly(length, message).await,
            Framing::Chunked => self.chunks(message).await,
            Framing::UntilClose => self.rest(message).await,
        };
        message.lock().end = if whole.is_ok() { End::Complete } else { End::Cut };
    }

    async fn fill(&mut self) -> io::Result<usize> {
        self.buffer.reserve(64 << 10);
        self.stream.read_buf(&mut self.buffer).await
    }

    async fn need(&mut self) -> io::Result<()> {
        if self.fill().await? == 0 { Err(ErrorKind::UnexpectedEof.into()) } else { Ok(()) }
    }

    async fn exactly(&mut self, mut length: usize, message: &Shared) -> io::Result<()> {
        loop {
            let take = length.min(self.buffer.len());
            message.lock().body.extend(self.buffer.drain(..take));
            length -= take;
            if length == 0 {
                return Ok(());
            }
            self.need().await?;
        }
    }

    async fn rest(&mut self, message: &Shared) -> io::Result<()> {
        loop {
            message.lock().body.append(&mut self.buffer);
            if self.fill().await? == 0 {
                return Ok(());
            }
        }
    }

    async fn line(&mut self) -> io::Result<Vec<u8>> {
        loop {
            if let Some(at) = find(&self.buffer, b"\r\n") {
                let mut line: Vec<u8> = self.buffer.drain(..at + 2).collect();
                line.truncate(at);
                return Ok(line);
            }
            self.need().await?;
        }
    }

    async fn chunks(&mut self, message: &Shared) -> io::Result<()> {
        loop {
            let line = self.line().await?;
            let size = String::from_utf8_lossy(&line);
            let size = usize::from_str_radix(size.trim(), 16).map_err(|_| ErrorKind::InvalidData)?;
            if size == 0 {
                break;
            }
            self.exactly(size, message).await?;
            self.line().await?;
        }
        loop {
            let line = self.line().await?;
            if line.is_empty() {
                return Ok(());
            }
            message.lock().trailers.extend(parse_fields(&line));
        }
    }
}

fn framing(kind: Kind, message: &Shared) -> Framing {
    let message = message.lock();
    let bodiless = match kind {
        Kind::Request => false,
        Kind::Response { to_head } => to_head || matches!(message.status(), 100..200 | 204 | 304),
    };
    let length = || String::from_utf8_lossy(message.header("content-length")?).parse().ok();
    if bodiless {
        Framing::Length(0)
    } else if message.header("transfer-encoding").is_some() {
        Framing::Chunked
    } else if let Some(length) = length() {
        Framing::Length(length)
    } else if kind == Kind::Request {
        Framing::Length(0)
    } else {
        Framing::UntilClose
    }
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

fn split_at<'a>(bytes: &'a [u8], separator: &[u8]) -> (&'a [u8], &'a [u8]) {
    find(bytes, separator).map_or((bytes, &[]), |at| (&bytes[..at], &bytes[at + separator.len()..]))
}

fn parse_fields(mut bytes: &[u8]) -> Headers {
    let mut headers = Headers::new();
    while !bytes.is_empty() {
        let (line, rest) = split_at(bytes, b"\r\n");
        let (name, value) = split_at(line, b":");
        headers.push((name.to_vec(), value.strip_prefix(b" ").unwrap_or(value).to_vec()));
        bytes = rest;
    }
    headers
}

#[cfg(test)]
mod tests {
    use super::{Kind, Reader};
    use crate::message::{End, Message, Shared};

    async fn response(bytes: &[u8], to_head: bool) -> Message {
        let mut reader = Reader::new(bytes);
        let message = Shared::default();
        reader.final_head(&message).await.expect("a head");
        reader.body(Kind::Response { to_head }, &message).await;
        message.lock().clone()
    }

    #[tokio::test]
    async fn reads_chunks_and_trailers_after_an_interim_response() {
        let bytes = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX: \xff\r\n\r\n\
            3\r\nabc\r\nA\r\n0123456789\r\n0\r\nx-sum: 1\r\n\r\n";
        let message = response(bytes, false).await;
        assert_eq!(message.interim, ["HTTP/1.1 100 Continue"]);
        assert_eq!((message.status(), &message.body[..], message.end), (200, &b"abc0123456789"[..], End::Complete));
        assert_eq!(message.headers[1], (b"X".to_vec(), vec![0xff]));
        assert_eq!(message.trailers, [(b"x-sum".to_vec(), b"1".to_vec())]);
    }

    #[tokio::test]
    async fn knows_whether_a_message_is_whole() {
        let head = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n";
        let cut = response(format!("{head}abc").as_bytes(), false).await;
        assert_eq!((&cut.body[..], cut.end), (&b"abc"[..], End::Cut));
        let to_head = response(head.as_bytes(), true).await;
        assert_eq!((to_head.body.len(), to_head.end), (0, End::Complete));
        let until_close = response(b"HTTP/1.1 200 OK\r\n\r\nrest", false).await;
        assert_eq!((&until_close.body[..], until_close.end), (&b"rest"[..], End::Complete));
    }
}
