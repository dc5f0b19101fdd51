//! Hides values before a record is encoded: a redacted value never enters the queue.

mod fields;
mod hider;
mod json;
mod multipart;
mod names;

pub use names::REDACTED;

use super::{
    bounded::Bounded,
    headers::media_type,
    words::{begins, contains, same, trim},
};
use crate::json::options::options;
use fields::{Fields, Place};
use hider::{Hider, hide};
use json::Json;
use multipart::Multipart;
use std::borrow::Cow;

/// Headers that carry URLs, whose query parameters are hidden as those of the path are.
const URL_HEADERS: [&str; 3] = ["referer", "location", "content-location"];

options! {
    /// The values that are hidden in records. Names of query parameters and fields are compared in any case of ASCII
    /// letters.
    #[derive(Clone, Debug, Default, PartialEq, Eq)]
    pub struct RedactConfig() {
        /// whether `authorization`, `proxy-authorization`, `cookie`, `set-cookie` and `x-api-key` are hidden
        defaults: bool = bool("defaults", true),
        /// headers whose value becomes `[redacted]`, beside the defaults; `x-secret-*` is every one that begins so
        headers: Vec<String> = names("headers"),
        /// query parameters whose value becomes `[redacted]`, also written `token[]`, `a[token]`, `a.token`
        query_params: Vec<String> = texts("query_params"),
        /// members of JSON bodies, at any depth, and fields of forms whose value becomes `"[redacted]"`
        body_fields: Vec<String> = texts("body_fields"),
    }
}

const DEFAULT_HEADERS: [&str; 5] = ["authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key"];

impl RedactConfig {
    /// A header's value as records show it.
    pub fn header<'a>(&self, name: &[u8], value: &'a [u8]) -> Cow<'a, [u8]> {
        if self.hides_header(name) {
            Cow::Borrowed(REDACTED)
        } else if URL_HEADERS.iter().any(|header| header.as_bytes() == name) {
            self.url(value)
        } else {
            Cow::Borrowed(value)
        }
    }

    /// Whether this header's value is hidden, wherever a record shows it.
    pub fn hides_header(&self, name: &[u8]) -> bool {
        let listed = |redacted: &String| match redacted.as_bytes() {
            [start @ .., b'*'] => name.starts_with(start),
            whole => whole == name,
        };
        let default = |header: &&str| header.as_bytes() == name;
        self.defaults && DEFAULT_HEADERS.iter().any(default) || self.headers.iter().any(listed)
    }

    /// A path or URL with the values of the redacted query parameters replaced.
    pub fn url<'a>(&self, url: &'a [u8]) -> Cow<'a, [u8]> {
        if self.query_params.is_empty() || !url.contains(&b'=') {
            return Cow::Borrowed(url);
        }
        Cow::Owned(hide(&mut Fields::new(&self.query_params, Place::Path), url, usize::MAX).bytes)
    }

    /// What a record may show of a body of this type, at most `limit` bytes; `None`: all of it, because nothing is hidden
    /// in bodies of this type.
    pub fn body(&self, content_type: &[u8], bytes: &[u8], limit: usize) -> Option<Bounded> {
        let names = self.body_fields.as_slice();
        let kind = media_type(content_type);
        let is_form = same(kind, b"application/x-www-form-urlencoded");
        // What `curl -d` sends is called a form.
        let mut hider: Box<dyn Hider> = if is_form && !matches!(trim(bytes), [b'{' | b'[', ..]) {
            Box::new(Fields::new(names, Place::Form))
        } else if begins(kind, b"multipart/") {
            match Multipart::new(names, content_type) {
                Some(parts) => Box::new(parts),
                None => return Some(Bounded::nothing()),
            }
        } else if is_form || is_text(kind) {
            // UTF-16 and UTF-32 have zeros there (RFC 4627, section 3).
            if bytes.iter().take(4).any(|byte| *byte == 0) {
                return Some(Bounded::nothing());
            }
            Box::new(Json::new(names))
        } else {
            return None;
        };
        Some(hide(hider.as_mut(), bytes, limit))
    }
}

/// Whether members of JSON are looked for: in JSON of every kind, in text, and where there is no type.
fn is_text(kind: &[u8]) -> bool {
    kind.is_empty() || begins(kind, b"text/") || contains(kind, b"json")
}
