//! One finished exchange, borrowed from its capture. Every format encodes this.

use super::{
    body::Body,
    headers::Headers,
    redact::{REDACTED, RedactConfig},
};
use std::borrow::Cow;

/// One HTTP exchange. Strings are bytes as Envoy gave them; encoders replace what is not UTF-8.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    /// `x-request-id`, or empty.
    pub request_id: &'a [u8],
    /// `http` or `https`.
    pub scheme: &'a [u8],
    /// `ip:port` the client connected to; behind Istio's redirection, the original destination.
    pub destination_address: &'a [u8],
    /// The namespace of the destination when the mesh tells it.
    pub destination_namespace: Option<&'a [u8]>,
    /// `ip:port` of the client.
    pub source_address: &'a [u8],
    /// `HTTP/1.1`, `HTTP/2`, …
    pub version: &'a [u8],
    /// The request's headers and body.
    pub request: Message<'a>,
    /// The response's headers and body.
    pub response: Message<'a>,
    /// The status sent to the client; 0 when it got none.
    pub status: u16,
    /// When the request began, in milliseconds since the epoch.
    pub start_ms: u64,
    /// When the response was over; likewise, and never before.
    pub end_ms: u64,
    /// The headers and query parameters whose values are hidden.
    pub redact: &'a RedactConfig,
}

/// Headers, body and trailers of one direction.
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    /// All headers, pseudo headers included.
    pub headers: &'a Headers,
    /// The bytes kept of the body.
    pub body: &'a Body,
    /// The trailers; none when there were none, or they are not kept.
    pub trailers: &'a Headers,
}

impl<'a> Record<'a> {
    /// A pseudo header of the request, or empty: an exchange that Envoy answered before it parsed a whole request has
    /// none.
    pub fn pseudo(&self, name: &str) -> &'a [u8] {
        self.request.headers.get(name).unwrap_or_default()
    }

    /// The `:authority`. Records show it as the header `host`, so it is hidden when that header is.
    pub fn authority(&self) -> Option<&'a [u8]> {
        let authority = self.request.headers.get(":authority");
        if self.redact.hides_header(b"host") { authority.and(Some(REDACTED)) } else { authority }
    }

    /// The path, with redacted query parameters hidden.
    pub fn path(&self) -> Cow<'a, [u8]> {
        self.redact.url(self.pseudo(":path"))
    }
}
