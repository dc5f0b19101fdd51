//! Fields that are one value.
#![cfg_attr(target_arch = "wasm32", allow(unused_variables, reason = "some are only for the reference"))]

#[cfg(not(target_arch = "wasm32"))]
use super::reference::Takes;
use super::{
    Json, joined,
    section::{Section, note},
};
use std::{ops::RangeInclusive, time::Duration};

impl Section {
    /// A whole number in the range.
    // Inlined for its size: a range is passed in memory, its ends are not.
    #[inline(always)]
    pub(crate) fn whole(
        &mut self,
        name: &'static str,
        meaning: &'static str,
        default: usize,
        range: RangeInclusive<usize>,
    ) -> usize {
        note!(self, name, meaning, default.to_string(), Takes::Whole(range.clone()));
        let (first, last) = range.into_inner();
        self.whole_from(name, default, first, last)
    }

    /// The same with a default that depends on other fields.
    #[inline(always)]
    pub(crate) fn whole_or(
        &mut self,
        name: &'static str,
        meaning: &'static str,
        default_in_words: &'static str,
        default: usize,
        range: RangeInclusive<usize>,
    ) -> usize {
        note!(self, name, meaning, default_in_words, Takes::Whole(range.clone()));
        let (first, last) = range.into_inner();
        self.whole_from(name, default, first, last)
    }

    fn whole_from(&mut self, name: &'static str, default: usize, first: usize, last: usize) -> usize {
        match self.take(name) {
            None => default,
            Some(Json::Whole(n)) if (first as u64..=last as u64).contains(&n) => n as usize,
            Some(other) => {
                self.problem(name, &other, &format!("a whole number from {first} to {last}"));
                default
            }
        }
    }

    /// Milliseconds in the range.
    #[inline(always)]
    pub(crate) fn millis(
        &mut self,
        name: &'static str,
        meaning: &'static str,
        default: usize,
        range: RangeInclusive<usize>,
    ) -> Duration {
        Duration::from_millis(self.whole(name, meaning, default, range) as u64)
    }

    /// A number from 0 to 1.
    pub(crate) fn share(&mut self, name: &'static str, meaning: &'static str, default: f64) -> f64 {
        note!(self, name, meaning, format!("{default:.1}"), Takes::Share);
        match self.take(name) {
            None => default,
            Some(Json::Whole(0)) => 0.0,
            Some(Json::Whole(1)) => 1.0,
            Some(Json::Fraction(share)) if (0.0..=1.0).contains(&share) => share,
            Some(other) => {
                self.problem(name, &other, "a number from 0.0 to 1.0");
                default
            }
        }
    }

    /// `true` or `false`.
    pub(crate) fn bool(&mut self, name: &'static str, meaning: &'static str, default: bool) -> bool {
        note!(self, name, meaning, default.to_string(), Takes::Bool);
        match self.take(name) {
            None => default,
            Some(Json::Bool(value)) => value,
            Some(other) => {
                self.problem(name, &other, "true or false");
                default
            }
        }
    }

    /// `true`, `false`, or one of them as a string, as the original filter had it. Off by default.
    pub(crate) fn flag(&mut self, name: &'static str, meaning: &'static str) -> bool {
        note!(self, name, meaning, r#""false""#, Takes::Flag);
        let Some(value) = self.take(name) else { return false };
        let word = match &value {
            Json::Bool(value) => Some(*value),
            Json::Text(text) if text == "true" => Some(true),
            Json::Text(text) if text == "false" => Some(false),
            _ => None,
        };
        if word.is_none() {
            self.problem(name, &value, "\"true\" or \"false\"");
        }
        word.unwrap_or(false)
    }

    /// One of a few words.
    pub(crate) fn choice<T: Copy + PartialEq>(
        &mut self,
        name: &'static str,
        meaning: &'static str,
        choices: &[(&'static str, T)],
        default: T,
    ) -> T {
        note!(self, name, meaning, word_of(choices, default), Takes::Word(words(choices)));
        self.chosen(name, choices).unwrap_or(default)
    }

    /// One of a few words, if given.
    pub(crate) fn choice_if_given<T: Copy>(
        &mut self,
        name: &'static str,
        meaning: &'static str,
        choices: &[(&'static str, T)],
    ) -> Option<T> {
        note!(self, name, meaning, "not given", Takes::Word(words(choices)));
        self.chosen(name, choices)
    }

    fn chosen<T: Copy>(&mut self, name: &'static str, choices: &[(&'static str, T)]) -> Option<T> {
        let index = self.word(name, &words(choices))?;
        choices.get(index).map(|(_, choice)| *choice)
    }

    fn word(&mut self, name: &'static str, words: &[&str]) -> Option<usize> {
        let value = self.take(name)?;
        let found = words.iter().position(|word| matches!(&value, Json::Text(text) if text == word));
        if found.is_none() {
            let takes = joined(&["one of ", &joined(words, ", ")], "");
            self.problem(name, &value, if words.is_empty() { "no value with this format" } else { &takes });
        }
        found
    }

    /// A string that fits in a header value and is not empty.
    pub(crate) fn text(&mut self, name: &'static str, meaning: &'static str, default: &str) -> String {
        note!(self, name, meaning, ["\"", default, "\""].concat(), Takes::Text);
        self.checked_text(name).unwrap_or_else(|| default.to_owned())
    }

    /// The same with a default that depends on other fields.
    pub(crate) fn text_or(
        &mut self,
        name: &'static str,
        meaning: &'static str,
        default_in_words: &'static str,
        default: impl FnOnce() -> String,
    ) -> String {
        note!(self, name, meaning, default_in_words, Takes::Text);
        self.checked_text(name).unwrap_or_else(default)
    }

    fn checked_text(&mut self, name: &'static str) -> Option<String> {
        let takes = "a string that is not empty, of printable ASCII";
        self.checked(name, takes, |text| !text.is_empty() && is_header_value(text))
    }

    /// A path, as in a request line.
    pub(crate) fn path(
        &mut self,
        name: &'static str,
        meaning: &'static str,
        default_in_words: &'static str,
        default: &str,
    ) -> String {
        note!(self, name, meaning, default_in_words, Takes::Path);
        let takes = "a path that starts with \"/\", of printable ASCII without spaces";
        let path =
            self.checked(name, takes, |text| text.starts_with('/') && text.bytes().all(|b| b.is_ascii_graphic()));
        path.unwrap_or_else(|| default.to_owned())
    }

    fn checked(&mut self, name: &'static str, takes: &str, valid: fn(&str) -> bool) -> Option<String> {
        match self.take(name)? {
            Json::Text(text) if valid(&text) => Some(text),
            other => {
                self.problem(name, &other, takes);
                None
            }
        }
    }
}

fn words<T>(choices: &[(&'static str, T)]) -> Vec<&'static str> {
    choices.iter().map(|(word, _)| *word).collect()
}

/// The word of a choice, in quotes.
#[cfg(not(target_arch = "wasm32"))]
fn word_of<T: PartialEq>(choices: &[(&str, T)], choice: T) -> String {
    choices.iter().filter(|(_, other)| *other == choice).map(|(word, _)| ["\"", word, "\""].concat()).collect()
}

/// RFC 9110, section 5.5, without obs-text.
pub(super) fn is_header_value(value: &str) -> bool {
    value.bytes().all(|b| b == b'\t' || (b' '..=b'~').contains(&b))
}
