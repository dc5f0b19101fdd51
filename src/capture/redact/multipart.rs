//! Parts of a multipart body (RFC 2046, section 5.1; forms: RFC 7578), byte by byte.

use super::{
    hider::{Hider, show},
    json::Json,
    names::{REDACTED, has_listed},
};
use crate::capture::{
    bounded::Bounded,
    words::{cut, same, trim},
};

/// A part whose headers have a longer line is hidden.
const LONGEST_LINE: usize = 4096;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// In the headers of a part, or in the line of a boundary: nothing there is hidden.
    Head,
    /// In its content, which may be JSON.
    Content,
    /// In content that is hidden.
    Hidden,
}

/// Hides the content of parts with these names, and in the others members of JSON.
pub(super) struct Multipart<'a> {
    names: &'a [String],
    json: Json<'a>,
    /// With its two dashes.
    boundary: Vec<u8>,
    state: State,
    /// The line at hand of a part's headers.
    line: Vec<u8>,
    /// Whether one of its lines has a name that is listed.
    listed: bool,
    /// A line break and what comes after while it may be a boundary.
    held: Vec<u8>,
    /// How much of the boundary is held; `None` where no line began.
    matched: Option<usize>,
}

impl<'a> Multipart<'a> {
    /// `None` when the type does not tell the boundary.
    pub(super) fn new(names: &'a [String], content_type: &[u8]) -> Option<Self> {
        let boundary = parameter(content_type, b"boundary").filter(|boundary| !boundary.is_empty())?;
        Some(Self {
            names,
            json: Json::new(names),
            boundary: [b"--", boundary.as_slice()].concat(),
            state: State::Content,
            line: Vec::new(),
            listed: false,
            held: Vec::new(),
            matched: Some(0),
        })
    }

    /// What is held was content.
    fn release(&mut self, shown: &mut Bounded) {
        for byte in std::mem::take(&mut self.held) {
            if self.state == State::Content {
                self.json.feed(byte, shown);
            }
        }
    }

    fn head(&mut self, byte: u8, shown: &mut Bounded) {
        if byte != b'\n' {
            if self.line.len() < LONGEST_LINE {
                self.line.push(byte);
            }
            return;
        }
        let line = std::mem::take(&mut self.line);
        if !trim(&line).is_empty() {
            let listed = parameter(&line, b"name").is_some_and(|name| has_listed(self.names, &name));
            self.listed |= listed || line.len() >= LONGEST_LINE || parameter(&line, b"name*").is_some();
            return;
        }
        if self.listed {
            show(REDACTED, shown);
            self.state = State::Hidden;
        } else {
            self.state = State::Content;
            self.json = Json::new(self.names);
        }
        // The content may be empty: then the boundary follows at once.
        self.matched = Some(0);
    }
}

impl Hider for Multipart<'_> {
    fn feed(&mut self, byte: u8, shown: &mut Bounded) {
        if self.state == State::Head {
            show(&[byte], shown);
            self.head(byte, shown);
            return;
        }
        match self.matched.map(|at| (at, self.boundary.get(at))) {
            Some((at, Some(next))) if *next == byte => {
                self.held.push(byte);
                self.matched = Some(at + 1);
                return;
            }
            // A boundary, unless it goes on.
            Some((_, None)) if matches!(byte, b'-' | b'\r' | b'\n' | b' ' | b'\t') => {
                show(&self.held, shown);
                show(&[byte], shown);
                self.held.clear();
                (self.state, self.listed, self.matched) = (State::Head, false, None);
                // The line of the boundary is not empty, and ends no headers.
                self.line = b"-".to_vec();
                self.head(byte, shown);
                return;
            }
            _ => {}
        }
        // Only a line break goes on after a carriage return.
        if byte != b'\n' || self.held != b"\r" {
            self.release(shown);
        }
        self.matched = (byte == b'\n').then_some(0);
        self.held.push(byte);
        if byte != b'\n' && byte != b'\r' {
            self.release(shown);
        }
    }

    fn finish(&mut self, shown: &mut Bounded) {
        self.release(shown);
    }
}

/// The value of a header's parameter, without quotes and backslashes.
fn parameter(header: &[u8], name: &[u8]) -> Option<Vec<u8>> {
    let mut rest = Some(header);
    loop {
        let (parameter, after) = cut(rest?, b';');
        let (found, value) = cut(parameter, b'=');
        if same(trim(found), name) {
            let mut value = trim(value?).to_vec();
            value.retain(|byte| !matches!(byte, b'"' | b'\\'));
            return Some(value);
        }
        rest = after;
    }
}
