//! Members of JSON, in what may be cut, broken, or several documents.
//!
//! A name is what stands between two quotes and is followed by a colon, whatever came before. In JSON nothing else looks
//! so. In what is not quite JSON (a quote or a backslash that was not escaped) it is found all the same, where a reader
//! that counts quotes would take the text between strings for strings from there on.

use super::{
    hider::{Hider, show},
    names::{REDACTED, is_listed},
};
use crate::{
    capture::bounded::Bounded,
    json::{Json as Value, reader::parse},
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// What is shown.
    Text,
    /// After the colon of a name that is listed.
    Before,
    /// In its value, or in what stands wrongly between the value and the comma or bracket that must follow.
    Value,
    /// In a value whose brackets do not match: hidden to the end.
    Lost,
}

/// Hides the values of members with these names, wherever they stand.
pub(super) struct Json<'a> {
    names: &'a [String],
    state: State,
    /// What stands after the last quote, with that quote. Only as much as a listed name may have: six bytes for one.
    text: Bounded,
    /// Whether the last byte was a backslash that escapes the next.
    escaped: bool,
    /// Whether what ended with the last quote is listed, and only white space came since.
    listed: bool,
    /// How many of each are open in a value.
    braces: usize,
    brackets: usize,
    /// Whether a string is open in a value.
    quoted: bool,
}

impl<'a> Json<'a> {
    #[inline(never)]
    pub(super) fn new(names: &'a [String]) -> Self {
        // A byte may be written as `\u0061`; and there are two quotes.
        let longest = names.iter().map(String::len).fold(0, usize::max) * 6 + 2;
        Self {
            names,
            state: State::Text,
            text: Bounded::new(longest),
            escaped: false,
            listed: false,
            braces: 0,
            brackets: 0,
            quoted: false,
        }
    }

    fn text(&mut self, byte: u8) {
        let listed = std::mem::take(&mut self.listed);
        match byte {
            b'"' => {
                self.listed = self.is_listed();
                self.text.clear();
            }
            b':' if listed => self.state = State::Before,
            _ => self.listed = listed && is_space(byte),
        }
    }

    /// Whether what stands between the last quote and this one is listed.
    fn is_listed(&mut self) -> bool {
        let text = &mut self.text;
        if text.push(b'"').is_none() {
            return false;
        }
        if !text.bytes.contains(&b'\\') {
            let name = text.bytes.split(|byte| *byte == b'"').nth(1);
            return name.is_some_and(|name| is_listed(self.names, name));
        }
        let name = parse(&text.bytes);
        matches!(name, Ok(Value::Text(name)) if is_listed(self.names, name.as_bytes()))
    }

    fn value(&mut self, byte: u8, shown: &mut Bounded) {
        if self.quoted {
            self.quoted = byte != b'"';
            return;
        }
        let inside = self.braces > 0 || self.brackets > 0;
        match byte {
            b'"' => self.quoted = true,
            b'{' => self.braces += 1,
            b'[' => self.brackets += 1,
            b'}' if self.braces > 0 => self.braces -= 1,
            b']' if self.brackets > 0 => self.brackets -= 1,
            b'}' | b']' if inside => self.state = State::Lost,
            b'}' | b']' | b',' if !inside => {
                show(&[byte], shown);
                self.state = State::Text;
            }
            space if is_space(space) && !inside => show(&[byte], shown),
            _ => {}
        }
    }
}

impl Hider for Json<'_> {
    fn feed(&mut self, byte: u8, shown: &mut Bounded) {
        // Backslashes stand in strings only; in what is shown it is not known where these are.
        let escaped = std::mem::take(&mut self.escaped);
        self.escaped = byte == b'\\' && !escaped && (self.quoted || self.state == State::Text);
        let plain = !escaped && !self.escaped;
        match self.state {
            State::Before if is_space(byte) => show(&[byte], shown),
            State::Before if !matches!(byte, b',' | b'}' | b']') => {
                for text in [&b"\""[..], REDACTED, b"\""] {
                    show(text, shown);
                }
                (self.state, self.braces, self.brackets) = (State::Value, 0, 0);
                self.value(byte, shown);
            }
            State::Value if plain => self.value(byte, shown),
            State::Value | State::Lost => {}
            State::Text | State::Before => {
                show(&[byte], shown);
                self.state = State::Text;
                if plain {
                    self.text(byte);
                } else {
                    self.listed = false;
                }
                let _ = self.text.push(byte);
            }
        }
    }
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}
