//! One HTTP exchange, whichever of the filter's formats it came in.

use crate::coding;

/// One exchange.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Exchange {
    pub request_id: String,
    /// `http` or `https`, if the record says so.
    pub scheme: String,
    pub method: String,
    /// The authority that the client asked for.
    pub host: String,
    /// The path with its query.
    pub path: String,
    /// What the client was sent; 0: no response.
    pub status: u16,
    /// Milliseconds since the epoch.
    pub start: u64,
    /// Milliseconds since the epoch.
    pub end: u64,
    /// `address:port` of the client.
    pub source: String,
    /// `address:port` of the server.
    pub destination: String,
    /// The server's Kubernetes namespace, if the mesh told it.
    pub namespace: String,
    pub request: Message,
    pub response: Message,
}

/// One direction of an exchange.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Message {
    /// `HTTP/1.1`, `HTTP/2`, `HTTP/3`.
    pub version: String,
    pub headers: Fields,
    pub trailers: Fields,
    /// As recorded: it may be encoded, and cut.
    pub body: Box<[u8]>,
    /// Whether the body was longer than what was recorded.
    pub truncated: bool,
}

/// Names and values, in their order.
pub type Fields = Vec<(String, String)>;

/// What an empty exchange takes in memory, its place among the others included.
const EXCHANGE_BYTES: usize = 640;

/// What a header takes beside its text: two strings, and what the allocator adds to each.
const FIELD_BYTES: usize = 80;

impl Exchange {
    /// How long it took, in milliseconds.
    #[must_use]
    pub fn duration(&self) -> u64 {
        self.end.saturating_sub(self.start)
    }

    /// About how many bytes of memory it takes.
    #[must_use]
    pub fn memory(&self) -> usize {
        let texts = [
            &self.request_id,
            &self.scheme,
            &self.method,
            &self.host,
            &self.path,
            &self.source,
            &self.destination,
            &self.namespace,
        ];
        let texts: usize = texts.iter().map(|text| text.len() + 16).sum();
        EXCHANGE_BYTES + texts + self.request.memory() + self.response.memory()
    }
}

impl Message {
    /// The first value of a header.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The media type with its parameters, or nothing.
    #[must_use]
    pub fn content_type(&self) -> &str {
        self.header("content-type").unwrap_or_default()
    }

    /// The body without its content coding, as far as it can be removed.
    #[must_use]
    pub fn content(&self) -> coding::Content<'_> {
        coding::decode(self.coding(), &self.body)
    }

    /// How long the body was on the wire, if that is known.
    #[must_use]
    pub fn size(&self) -> Option<u64> {
        if !self.truncated && coding::is_as_sent(self.coding(), &self.body) {
            return Some(self.body.len() as u64);
        }
        self.header("content-length")?.parse().ok()
    }

    fn coding(&self) -> &str {
        self.header("content-encoding").unwrap_or_default()
    }

    fn memory(&self) -> usize {
        let fields = self.headers.iter().chain(&self.trailers);
        let fields: usize = fields.map(|(name, value)| name.len() + value.len() + FIELD_BYTES).sum();
        self.version.len() + fields + self.body.len()
    }
}
