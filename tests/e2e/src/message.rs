//! A request or a response as the other side saw it, however it ended.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Header fields in wire order: names and values as bytes, duplicates kept.
pub type Headers = Vec<(Vec<u8>, Vec<u8>)>;

/// How a message ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum End {
    /// The message is still arriving.
    #[default]
    Open,
    /// The message arrived whole.
    Complete,
    /// The connection or the stream ended before the message did.
    Cut,
}

/// A request or a response as it was received.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Message {
    /// Start lines of the interim (1xx) responses before it.
    pub interim: Vec<String>,
    /// The start line: `GET / HTTP/1.1`, `HTTP/1.1 200 OK`; `GET / HTTP/2` and `HTTP/2 200` for HTTP/2.
    pub start: Vec<u8>,
    /// The header section.
    pub headers: Headers,
    /// The body, without its framing.
    pub body: Vec<u8>,
    /// The trailer section.
    pub trailers: Headers,
    /// How it ended.
    pub end: End,
}

impl Message {
    /// The first value of the header `name`, which is given in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name.as_bytes())).map(|(_, value)| value.as_slice())
    }

    /// A response's status code; 0 when none arrived.
    #[must_use]
    pub fn status(&self) -> u16 {
        let code = self.start.split(|byte| *byte == b' ').nth(1).unwrap_or_default();
        String::from_utf8_lossy(code).parse().unwrap_or(0)
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.interim {
            writeln!(f, "  {line}")?;
        }
        writeln!(f, "  {}", self.start.escape_ascii())?;
        for (name, value) in self.headers.iter().chain(&self.trailers) {
            writeln!(f, "  {}: {}", name.escape_ascii(), value.escape_ascii())?;
        }
        write!(f, "  [{} bytes of body, {:?}]", self.body.len(), self.end)
    }
}

/// A message that is being received by one task while another watches it.
#[derive(Clone, Default)]
pub struct Shared(Arc<Mutex<Message>>);

impl Shared {
    /// The message, for a short look or change.
    pub fn lock(&self) -> MutexGuard<'_, Message> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
