//! The requests a test sends.

use bytes::Bytes;

use crate::message::Headers;

/// The `host` of every request that does not choose another.
pub const HOST: &str = "shop.test";

/// How a body is delimited.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Framing {
    /// There is none.
    #[default]
    None,
    /// By `content-length`.
    Length,
    /// By chunks; in HTTP/2, without `content-length`.
    Chunked,
    /// By the end of the connection (HTTP/1.1 responses only).
    UntilClose,
}

#[derive(Clone, Debug)]
pub struct Request {
    pub method: String,
    /// The target: for most methods path and query, as bytes.
    pub target: Vec<u8>,
    /// The `host` or `:authority`.
    pub host: String,
    /// Header fields beside `host`, `x-request-id` and those of the framing.
    pub headers: Headers,
    /// The pieces of the body.
    pub body: Vec<Bytes>,
    /// How the body is delimited.
    pub framing: Framing,
    /// Trailer fields: only in a chunked body.
    pub trailers: Headers,
    /// The `x-request-id`, by which its record is found.
    pub id: String,
}

impl Request {
    /// `method target` without a body.
    #[must_use]
    pub fn new(method: &str, target: impl Into<Vec<u8>>) -> Self {
        Self {
            method: method.to_owned(),
            target: target.into(),
            host: HOST.to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
            framing: Framing::None,
            trailers: Vec::new(),
            id: String::new(),
        }
    }

    /// `GET target`.
    #[must_use]
    pub fn get(target: &str) -> Self {
        Self::new("GET", target)
    }

    /// `POST target` with a body of known length.
    #[must_use]
    pub fn post(target: &str, body: impl Into<Bytes>) -> Self {
        Self { body: vec![body.into()], framing: Framing::Length, ..Self::new("POST", target) }
    }

    /// `POST target` with a chunked body.
    #[must_use]
    pub fn post_chunks(target: &str, chunks: &[Bytes]) -> Self {
        Self { body: chunks.to_vec(), framing: Framing::Chunked, ..Self::new("POST", target) }
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

    /// Sends it to another host.
    #[must_use]
    pub fn host(mut self, host: &str) -> Self {
        host.clone_into(&mut self.host);
        self
    }

    #[must_use]
    pub fn whole_body(&self) -> Vec<u8> {
        self.body.concat()
    }

    /// Whether its `content-length` is 0.
    #[must_use]
    pub fn is_empty_by_length(&self) -> bool {
        self.framing == Framing::Length && self.body.iter().all(Bytes::is_empty)
    }

    /// All header fields after `host`, in the order in which they are sent.
    #[must_use]
    pub fn fields(&self) -> Headers {
        let mut fields: Headers = vec![(b"x-request-id".to_vec(), self.id.clone().into_bytes())];
        fields.extend_from_slice(&self.headers);
        if self.framing == Framing::Length {
            let length: usize = self.body.iter().map(Bytes::len).sum();
            fields.push((b"content-length".to_vec(), length.to_string().into_bytes()));
        }
        fields
    }
}
