//! One exchange while it passes: a plain state machine that tolerates missing, repeated and reordered phases, because
//! Envoy skips phases for resets, local replies and trailers-only responses.

pub mod body;
pub mod bounded;
pub mod coding;
pub mod headers;
pub mod inflate;
pub mod mesh;
pub mod options;
pub mod record;
pub mod redact;
pub mod words;

use body::Body;
use coding::ContentCoding;
use headers::Headers;
use options::{CaptureConfig, ContentEncoding, OversizeBody};
use record::{Message, Record};
use redact::{REDACTED, RedactConfig};
use words::number;

/// Marks the filter's own export requests. A stream that carries it is never recorded, whichever proxy it passes: a
/// record of a record would never end.
pub const EXPORT_MARK: &str = "x-http-trace-filter-export";

/// Which way a body flows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From the client.
    Request,
    /// To the client.
    Response,
}

/// Facts of a finished exchange that headers and bodies do not tell: Envoy's properties, read once, when the exchange
/// ends.
#[derive(Debug, Default)]
pub struct Facts {
    /// `source.address`.
    pub source_address: Vec<u8>,
    /// `destination.address`.
    pub destination_address: Vec<u8>,
    /// From the mesh's endpoint metadata.
    pub destination_namespace: Option<Vec<u8>>,
    /// `request.protocol`.
    pub protocol: Vec<u8>,
    /// Whether the client's connection is TLS; asked for only when the request has no `:scheme`.
    pub tls: bool,
    /// `request.id`; asked for only when the request has no `x-request-id`.
    pub request_id: Vec<u8>,
    /// `response.code`: what the client was sent, whatever a filter in front made of the answer that this one saw.
    pub status: u16,
    /// `request.time`, in milliseconds since the epoch.
    pub start_ms: u64,
    /// When the exchange ended; likewise, and never before.
    pub end_ms: u64,
}

/// The headers and bodies of one exchange that were seen so far.
#[derive(Debug, Default)]
pub struct Capture {
    request: Headers,
    response: Headers,
    request_trailers: Headers,
    response_trailers: Headers,
    request_body: Body,
    response_body: Body,
    /// The bytes that all header maps hold. Computed when one changes, not with each of the many chunks of a body.
    headers_held: usize,
    tunnel: bool,
    keeps_request: Option<bool>,
    keeps_response: Option<bool>,
}

impl Capture {
    /// The request's headers.
    pub fn request_headers(&mut self, headers: Headers) {
        self.request = headers;
        self.weigh();
        self.keeps_request = None;
    }

    /// The response's headers. When they open a tunnel (101, or 2xx to CONNECT), the bytes that flow are no HTTP body,
    /// and those that were kept are forgotten: ask [`Capture::held`] again.
    pub fn response_headers(&mut self, headers: Headers) {
        self.response = headers;
        // A second response replaces the first: Envoy's local reply where the upstream's had not been sent yet.
        self.response_body.clear();
        self.response_trailers = Headers::default();
        self.weigh();
        self.keeps_response = None;
        let connect = self.request.get(":method") == Some(b"CONNECT");
        let status = self.response_status();
        if status == 101 || connect && (200..300).contains(&status) {
            self.tunnel = true;
            self.request_body.clear();
        }
    }

    /// The trailers of one direction.
    pub fn trailers(&mut self, direction: Direction, trailers: Headers) {
        match direction {
            Direction::Request => self.request_trailers = trailers,
            Direction::Response => self.response_trailers = trailers,
        }
        self.weigh();
    }

    /// The stream ended before this body did, or nobody saw whether it did. What is kept of it goes, when such bodies are
    /// dropped: ask [`Capture::held`] again.
    pub fn cut(&mut self, direction: Direction, config: &CaptureConfig) {
        if self.tunnel || !self.keeps(direction, config) {
            return;
        }
        self.body(direction).cut(config.oversize_body);
    }

    /// Gives up at least so many bytes of both bodies, if they have as many: of the longer one, then of the other. A body that
    /// is not whole then goes, when such bodies are dropped.
    pub fn shorten(&mut self, by: usize, oversize: OversizeBody) {
        let (longer, other) = match self.request_body.len() < self.response_body.len() {
            true => (&mut self.response_body, &mut self.request_body),
            false => (&mut self.request_body, &mut self.response_body),
        };
        let rest = by.saturating_sub(longer.len());
        longer.shorten(by, oversize);
        other.shorten(rest, oversize);
    }

    /// Keeps what it may of a chunk of a body, `available` bytes long, when `memory` bytes are free. `read` gives the
    /// chunk's first bytes, as many as it is asked for; it is not called when none are wanted. Ask [`Capture::held`]
    /// again.
    pub fn keep(
        &mut self,
        direction: Direction,
        available: usize,
        config: &CaptureConfig,
        memory: usize,
        read: impl FnOnce(usize) -> Vec<u8>,
    ) {
        if !self.tunnel && self.keeps(direction, config) {
            let body = self.body(direction);
            body.keep(available, config.max_body_bytes, memory, config.oversize_body, read);
        }
    }

    /// Forgets everything: sampling excluded the exchange.
    pub fn release(&mut self) {
        *self = Self::default();
    }

    /// The first value of a header or pseudo header of the request.
    pub fn request_header(&self, name: &str) -> Option<&[u8]> {
        self.request.get(name)
    }

    /// The bytes that are kept of a body so far.
    pub fn body_len(&self, direction: Direction) -> usize {
        match direction {
            Direction::Request => self.request_body.len(),
            Direction::Response => self.response_body.len(),
        }
    }

    /// Whether the request is over with its headers, or what follows them may be no HTTP body: a client asks for a tunnel.
    pub fn asks_for_tunnel(&self) -> bool {
        self.request.get(":method") == Some(b"CONNECT") || self.has_request_header("upgrade")
    }

    /// Whether a body whose end nobody saw may have more bytes than are kept, by what the headers say. Envoy removes
    /// `transfer-encoding`, and HTTP/2 and HTTP/3 do not have it: then a method that mostly has a body is taken to have one.
    pub fn may_lack(&self, direction: Direction) -> bool {
        let (headers, kept) = match direction {
            Direction::Request => (&self.request, self.request_body.len()),
            Direction::Response => (&self.response, self.response_body.len()),
        };
        let bodiless = |method: &[u8]| matches!(method, b"GET" | b"HEAD" | b"DELETE" | b"OPTIONS");
        match headers.get("content-length").and_then(number) {
            Some(length) => length != kept as u64,
            None => kept > 0 || direction == Direction::Response || !self.request.get(":method").is_none_or(bodiless),
        }
    }

    /// The bytes of memory that headers and bodies hold.
    pub fn held(&self) -> usize {
        let bodies = self.request_body.held().saturating_add(self.response_body.held());
        self.headers_held.saturating_add(bodies)
    }

    /// Whether request headers were seen: not so when Envoy answered before the filter was reached.
    pub fn has_request(&self) -> bool {
        !self.request.is_empty()
    }

    /// Whether response headers were seen.
    pub fn has_response(&self) -> bool {
        !self.response.is_empty()
    }

    /// Whether the request has this header or pseudo header.
    pub fn has_request_header(&self, name: &str) -> bool {
        self.request_header(name).is_some()
    }

    /// Whether this is an export request of this filter, in this proxy or another.
    pub fn is_export(&self) -> bool {
        self.has_request_header(EXPORT_MARK)
    }

    /// How many bodies were not kept whole.
    pub fn truncated(&self) -> u64 {
        u64::from(self.request_body.truncated()).saturating_add(u64::from(self.response_body.truncated()))
    }

    /// Makes of the bodies what a record shows: decoded if so configured, and without what is hidden. What is hidden
    /// cannot be found in bodies that stay coded, so these are dropped. The bodies may grow by `memory` bytes: ask
    /// [`Capture::held`] again.
    pub fn finish(&mut self, config: &CaptureConfig, redact: &RedactConfig, mut memory: usize) {
        for (headers, body) in [(&self.request, &mut self.request_body), (&self.response, &mut self.response_body)] {
            let before = body.len();
            let room = before.saturating_add(memory).min(config.max_body_bytes);
            finish_body(headers, body, config, redact, room);
            memory = memory.saturating_sub(body.len().saturating_sub(before));
        }
    }

    /// The finished exchange.
    pub fn record<'a>(&'a self, facts: &'a Facts, redact: &'a RedactConfig) -> Record<'a> {
        let fallback_scheme: &[u8] = if facts.tls { b"https" } else { b"http" };
        Record {
            request_id: match redact.hides_header(b"x-request-id") {
                true => REDACTED,
                false => self.request.get("x-request-id").unwrap_or(&facts.request_id),
            },
            scheme: self.request.get(":scheme").unwrap_or(fallback_scheme),
            destination_address: &facts.destination_address,
            destination_namespace: facts.destination_namespace.as_deref(),
            source_address: &facts.source_address,
            version: &facts.protocol,
            request: Message { headers: &self.request, body: &self.request_body, trailers: &self.request_trailers },
            response: Message { headers: &self.response, body: &self.response_body, trailers: &self.response_trailers },
            status: facts.status,
            start_ms: facts.start_ms,
            end_ms: facts.end_ms,
            redact,
        }
    }

    /// Whether bodies of this direction and content type are kept. Decided at the first bytes, once.
    fn keeps(&mut self, direction: Direction, config: &CaptureConfig) -> bool {
        let (wanted, headers, decided) = match direction {
            Direction::Request => (config.request_body, &self.request, &mut self.keeps_request),
            Direction::Response => (config.response_body, &self.response, &mut self.keeps_response),
        };
        *decided.get_or_insert_with(|| wanted && config.keeps_type(headers.get("content-type").unwrap_or_default()))
    }

    fn weigh(&mut self) {
        let maps = [&self.request, &self.response, &self.request_trailers, &self.response_trailers];
        self.headers_held = maps.into_iter().map(Headers::held).fold(0, usize::saturating_add);
    }

    fn body(&mut self, direction: Direction) -> &mut Body {
        match direction {
            Direction::Request => &mut self.request_body,
            Direction::Response => &mut self.response_body,
        }
    }

    fn response_status(&self) -> u16 {
        self.response.get(":status").and_then(status).unwrap_or(0)
    }
}

/// The status in a `:status`.
pub fn status(value: &[u8]) -> Option<u16> {
    number(value)?.try_into().ok()
}

fn finish_body(headers: &Headers, body: &mut Body, config: &CaptureConfig, redact: &RedactConfig, room: usize) {
    let as_it_is = config.content_encoding == ContentEncoding::Keep && redact.body_fields.is_empty();
    if body.is_empty() || as_it_is {
        return;
    }
    match (ContentCoding::of(headers), config.content_encoding) {
        (ContentCoding::Identity, _) => {}
        (ContentCoding::Known(coding), ContentEncoding::Decode) => {
            let decoded = inflate::decode(coding, &body.take(), room);
            body.replace(decoded.bytes, decoded.whole);
        }
        _ => body.drop_bytes(),
    }
    if !redact.body_fields.is_empty() && !body.is_empty() {
        let bytes = body.take();
        match redact.body(headers.get("content-type").unwrap_or_default(), &bytes, room) {
            Some(shown) => body.replace(shown.bytes, shown.whole),
            None => body.replace(bytes, true),
        }
    }
    if config.oversize_body == OversizeBody::Drop && body.truncated() {
        body.drop_bytes();
    }
}
