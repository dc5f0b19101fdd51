//! `name=value` in URLs and forms, byte by byte.

use super::{
    hider::{Hider, show},
    names::{REDACTED, has_listed},
};
use crate::capture::bounded::Bounded;

/// Longer names are not compared: their values are hidden.
const LONGEST_NAME: usize = 4096;

/// Where fields stand, which decides what begins and ends them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// The part of a URL before its `?` or `#`: `;` begins a field.
    Path,
    /// What comes after.
    Query,
    /// A form.
    Form,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Name,
    Value,
    Hidden,
}

/// Hides the values of fields with these names. What may begin a field begins one. What may be part of a value ends none
/// that is hidden: some servers split at `;`, others do not.
pub(super) struct Fields<'a> {
    names: &'a [String],
    place: Place,
    state: State,
    name: Vec<u8>,
}

impl<'a> Fields<'a> {
    pub(super) fn new(names: &'a [String], place: Place) -> Self {
        let state = if place == Place::Path { State::Value } else { State::Name };
        Self { names, place, state, name: Vec::new() }
    }
}

impl Hider for Fields<'_> {
    fn feed(&mut self, byte: u8, shown: &mut Bounded) {
        let (begins, ends) = match byte {
            b'&' => (true, true),
            b';' => (true, false),
            b'?' => (self.place != Place::Form, self.place == Place::Path),
            b'#' => (self.place != Place::Form, self.place != Place::Form),
            b'/' => (false, self.place == Place::Path),
            _ => (false, false),
        };
        let hidden = self.state == State::Hidden;
        if hidden && !ends {
            return;
        }
        show(&[byte], shown);
        if begins {
            self.state = State::Name;
            self.name.clear();
            if self.place == Place::Path && matches!(byte, b'?' | b'#') {
                self.place = Place::Query;
            }
        } else if hidden {
            self.state = State::Value;
        } else if self.state == State::Name {
            if byte != b'=' {
                if self.name.len() < LONGEST_NAME {
                    self.name.push(byte);
                }
            } else if self.name.len() >= LONGEST_NAME || has_listed(self.names, &self.name) {
                show(REDACTED, shown);
                self.state = State::Hidden;
            } else {
                self.state = State::Value;
            }
        }
    }
}
