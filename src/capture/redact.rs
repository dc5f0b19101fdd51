//! Hides values before a record is encoded: a redacted value never enters the queue.

use crate::json::options::options;
use std::borrow::Cow;

/// The text in the place of a hidden value.
pub const REDACTED: &[u8] = b"[redacted]";

/// Headers whose values are URLs. Their query parameters are hidden like those of the path.
const URL_HEADERS: [&str; 3] = ["referer", "location", "content-location"];

options! {
    /// The values that are hidden in records.
    #[derive(Clone, Debug, Default, PartialEq, Eq)]
    pub struct RedactConfig() {
        /// headers whose value becomes `[redacted]`; `[]` turns it off
        headers: Vec<String> = names("headers", &DEFAULT_HEADERS),
        /// query parameters whose value becomes `[redacted]`
        query_params: Vec<String> = texts("query_params"),
    }
}

const DEFAULT_HEADERS: [&str; 5] = ["authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key"];

impl RedactConfig {
    /// A header's value as records show it.
    pub fn header<'a>(&self, name: &str, value: &'a [u8]) -> Cow<'a, [u8]> {
        if self.hides_header(name) {
            Cow::Borrowed(REDACTED)
        } else if URL_HEADERS.contains(&name) {
            self.url(value)
        } else {
            Cow::Borrowed(value)
        }
    }

    /// Whether this header's value is hidden, wherever a record shows it.
    pub fn hides_header(&self, name: &str) -> bool {
        self.headers.iter().any(|redacted| redacted == name)
    }

    /// A path or URL with the values of the redacted query parameters replaced.
    pub fn url<'a>(&self, url: &'a [u8]) -> Cow<'a, [u8]> {
        let Some(start) = url.iter().position(|b| *b == b'?').filter(|_| !self.query_params.is_empty()) else {
            return Cow::Borrowed(url);
        };
        let (path, rest) = url.split_at(start.saturating_add(1));
        let end = rest.iter().position(|b| *b == b'#').unwrap_or(rest.len());
        let (query, fragment) = rest.split_at(end);
        let mut out = path.to_vec();
        for (index, parameter) in query.split(|b| *b == b'&').enumerate() {
            if index > 0 {
                out.push(b'&');
            }
            match parameter.iter().position(|b| *b == b'=').map(|equals| parameter.split_at(equals)) {
                Some((name, _)) if self.hides(name) => {
                    out.extend_from_slice(name);
                    out.push(b'=');
                    out.extend_from_slice(REDACTED);
                }
                _ => out.extend_from_slice(parameter),
            }
        }
        out.extend_from_slice(fragment);
        Cow::Owned(out)
    }

    fn hides(&self, name: &[u8]) -> bool {
        let name = percent_decoded(name);
        self.query_params.iter().any(|hidden| hidden.as_bytes() == name)
    }
}

/// A parameter's name as its receiver reads it: `to%6ben` is `token`.
fn percent_decoded(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    loop {
        match *rest {
            [b'%', high, low, ref tail @ ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                out.push((nibble(high) << 4) | nibble(low));
                rest = tail;
            }
            [b'+', ref tail @ ..] => {
                out.push(b' ');
                rest = tail;
            }
            [byte, ref tail @ ..] => {
                out.push(byte);
                rest = tail;
            }
            [] => return out,
        }
    }
}

fn nibble(digit: u8) -> u8 {
    char::from(digit).to_digit(16).unwrap_or(0) as u8
}
