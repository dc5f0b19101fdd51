//! A JSON value, as far as the configuration and the sampling manager's answers need one.

mod lists;
pub mod options;
pub mod reader;
#[cfg(not(target_arch = "wasm32"))]
pub mod reference;
pub mod section;
mod values;

use std::fmt::{self, Write};

/// A JSON value.
#[derive(Clone, Debug, PartialEq)]
pub enum Json {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number from 0 on.
    Whole(u64),
    /// With a fraction or an exponent.
    Fraction(f64),
    /// A negative whole number: no field takes one, so its value is not kept.
    Negative,
    /// A string.
    Text(String),
    /// An array.
    List(Vec<Json>),
    /// An object; members in the order of the text.
    Object(Vec<(String, Json)>),
}

impl fmt::Display for Json {
    /// For error messages: long texts are cut, and what is inside lists and objects is not shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => value.fmt(f),
            Self::Whole(value) => value.fmt(f),
            // Printing a float would cost 10 kB of wasm.
            Self::Fraction(_) => f.write_str("a fractional number"),
            Self::Negative => f.write_str("a negative number"),
            Self::Text(text) => match text.char_indices().nth(60) {
                Some((end, _)) => write!(f, "{}…", Quoted(text.get(..end).unwrap_or_default())),
                None => Quoted(text).fmt(f),
            },
            Self::List(list) => write!(f, "a list of {}", list.len()),
            Self::Object(_) => f.write_str("an object"),
        }
    }
}

/// A text in quotes, for messages of one line: quotes, backslashes and control characters are escaped as `{:?}` does it.
/// That one brings tables of which characters are visible into the wasm: 7 kB.
#[derive(Clone, Copy, Debug)]
pub struct Quoted<'a>(pub &'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        for character in self.0.chars() {
            match character {
                '"' | '\\' => f.write_char('\\')?,
                '\n' => {
                    f.write_str("\\n")?;
                    continue;
                }
                control if control.is_control() => {
                    f.write_str("\\u{")?;
                    for shift in [4, 0] {
                        f.write_char(char::from_digit((u32::from(control) >> shift) & 15, 16).unwrap_or('0'))?;
                    }
                    f.write_char('}')?;
                    continue;
                }
                _ => {}
            }
            f.write_char(character)?;
        }
        f.write_char('"')
    }
}

/// Texts one after another, with another one between them. The standard library's `join` and `concat` are 1 kB of wasm.
pub(crate) fn joined(texts: &[&str], between: &str) -> String {
    let mut all = String::new();
    for (index, text) in texts.iter().enumerate() {
        if index > 0 {
            all.push_str(between);
        }
        all.push_str(text);
    }
    all
}

/// What stands before the first of these ASCII characters, and what after it, if there is one. The standard library's `split` with a
/// `char` searches as if it might be any, which is 1 kB of wasm.
#[inline(never)]
pub(crate) fn cut(text: &str, at: u8) -> (&str, Option<&str>) {
    let place = text.bytes().position(|byte| byte == at);
    match place.and_then(|place| text.split_at_checked(place)) {
        Some((before, rest)) => (before, rest.get(1..)),
        None => (text, None),
    }
}
