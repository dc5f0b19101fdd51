//! Reads fields out of a JSON object and gathers every problem with the path of its field. Natively it also gathers the
//! reference of all fields; in the wasm their meanings are dropped by the compiler.

mod lists;

use crate::json::Json;
use std::{fmt, time::Duration};

/// Everything that is wrong with a configuration, a line each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// `path: what was got, what it takes`.
    pub problems: Vec<String>,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.problems.join("; "))
    }
}

impl std::error::Error for ConfigError {}

/// A field of the configuration, for its reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// JSON path, such as `collector.cluster`.
    pub path: String,
    /// The default, as JSON, or in words.
    pub default: String,
    /// What values it takes.
    pub takes: String,
    /// What it is for.
    pub meaning: &'static str,
}

/// A JSON object that is being read: fields are taken out, and what remains at the end is unknown.
pub(super) struct Section {
    path: String,
    fields: Vec<(String, Json)>,
    known: Vec<&'static str>,
    problems: Vec<String>,
    #[cfg(not(target_arch = "wasm32"))]
    reference: Vec<Field>,
}

impl Section {
    /// The outermost object. Nothing but white space is `{}`.
    pub(super) fn parse(json: &[u8]) -> Result<Self, ConfigError> {
        let problem = |text: String| Err(ConfigError { problems: vec![text] });
        if json.trim_ascii().is_empty() {
            return Ok(Self::empty());
        }
        match serde_json::from_slice(json) {
            Ok(Json::Object(fields)) => Ok(Self::new(String::new(), fields)),
            Ok(other) => problem(format!("configuration: got {other}, takes an object")),
            Err(error) => problem(format!("configuration: not JSON: {error}")),
        }
    }

    /// The outermost object with every field at its default.
    pub(super) fn empty() -> Self {
        Self::new(String::new(), Vec::new())
    }

    fn new(path: String, fields: Vec<(String, Json)>) -> Self {
        Self {
            path,
            fields,
            known: Vec::new(),
            problems: Vec::new(),
            #[cfg(not(target_arch = "wasm32"))]
            reference: Vec::new(),
        }
    }

    #[cfg(not(target_arch = "wasm32"))]
    pub(super) fn into_reference(self) -> Vec<Field> {
        self.reference
    }

    /// Adds a field to the reference. In the wasm the texts are never made, and the code that would make them is gone.
    #[cfg(not(target_arch = "wasm32"))]
    fn note<D: Into<String>, T: Into<String>>(
        &mut self,
        name: &str,
        meaning: &'static str,
        texts: impl FnOnce() -> (D, T),
    ) {
        let path = [&self.path, name].concat();
        let (default, takes) = texts();
        self.reference.push(Field { path, default: default.into(), takes: takes.into(), meaning });
    }

    #[cfg(target_arch = "wasm32")]
    #[inline(always)]
    fn note<D, T>(&mut self, _: &str, _: &'static str, _: impl FnOnce() -> (D, T)) {}

    /// Reads an object inside this one.
    pub(super) fn section<T>(&mut self, name: &'static str, read: impl FnOnce(&mut Self) -> T) -> T {
        let fields = self.take(name);
        let mut section = self.open(name, fields, "an object");
        let value = read(&mut section);
        self.close(section);
        value
    }

    /// Reads an object inside this one that also may be `true` (all its defaults), or `false` or absent: none.
    pub(super) fn section_if_on<T>(
        &mut self,
        name: &'static str,
        meaning: &'static str,
        read: impl FnOnce(&mut Self) -> T,
    ) -> Option<T> {
        let takes = "true, false or an object";
        self.note(name, meaning, || ("false", takes));
        let fields = self.take(name);
        let on = !matches!(fields, None | Some(Json::Bool(false)));
        let fields = fields.filter(|value| !matches!(value, Json::Bool(_)));
        let mut section = self.open(name, fields, takes);
        // Also when it is off: for the reference.
        let value = read(&mut section);
        self.close(section);
        on.then_some(value)
    }

    fn open(&mut self, name: &'static str, fields: Option<Json>, takes: &str) -> Self {
        let path = [&self.path, name, "."].concat();
        match fields {
            None => Self::new(path, Vec::new()),
            Some(Json::Object(fields)) => Self::new(path, fields),
            Some(other) => {
                self.problem(name, &other, takes);
                Self::new(path, Vec::new())
            }
        }
    }

    fn close(&mut self, section: Self) {
        #[cfg(not(target_arch = "wasm32"))]
        self.reference.extend(section.reference.iter().cloned());
        if let Err(error) = section.finish() {
            self.problems.extend(error.problems);
        }
    }

    /// Ends the reading: the problems, unknown and repeated fields among them.
    pub(super) fn finish(mut self) -> Result<(), ConfigError> {
        for (name, _) in &self.fields {
            let problem = if self.known.contains(&name.as_str()) {
                "given twice".to_owned()
            } else {
                let near = self.known.iter().find(|known| similar(known, name));
                let hint = near.map_or(String::new(), |near| ["; did you mean ", &self.path, near, "?"].concat());
                ["unknown field, takes one of ", &self.known.join(", "), &hint].concat()
            };
            // Any name may stand here; one that might break the line is quoted, and cut.
            let plain = !name.is_empty() && name.len() <= 60 && name.bytes().all(|b| b.is_ascii_graphic());
            let shown = if plain { name.clone() } else { Json::Text(name.clone()).to_string() };
            self.problems.push([&self.path, &shown, ": ", &problem].concat());
        }
        if self.problems.is_empty() { Ok(()) } else { Err(ConfigError { problems: self.problems }) }
    }

    /// A whole number from `min` to `max`.
    pub(super) fn int(&mut self, name: &'static str, meaning: &'static str, default: u64, min: u64, max: u64) -> u64 {
        self.note(name, meaning, || (default.to_string(), format!("{min} to {max}")));
        self.int_unnoted(name, default, min, max)
    }

    fn int_unnoted(&mut self, name: &'static str, default: u64, min: u64, max: u64) -> u64 {
        match self.take(name) {
            None => default,
            Some(Json::Whole(n)) if (min..=max).contains(&n) => n,
            Some(other) => {
                self.problem(name, &other, &format!("a whole number from {min} to {max}"));
                default
            }
        }
    }

    /// Milliseconds from `min` to `max`.
    pub(super) fn millis(
        &mut self,
        name: &'static str,
        meaning: &'static str,
        default: u64,
        min: u64,
        max: u64,
    ) -> Duration {
        Duration::from_millis(self.int(name, meaning, default, min, max))
    }

    /// A number from 0 to 1.
    pub(super) fn share(&mut self, name: &'static str, meaning: &'static str, default: f64) -> f64 {
        self.note(name, meaning, || (format!("{default:.1}"), "0.0 to 1.0"));
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
    pub(super) fn bool(&mut self, name: &'static str, meaning: &'static str, default: bool) -> bool {
        self.note(name, meaning, || (default.to_string(), "true, false"));
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
    pub(super) fn flag(&mut self, name: &'static str, meaning: &'static str) -> bool {
        self.note(name, meaning, || ("\"false\"", "\"true\", \"false\""));
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

    /// One of a few words; the type's default, which is the first, when absent.
    pub(super) fn choice<T: Copy + Default>(
        &mut self,
        name: &'static str,
        meaning: &'static str,
        choices: &[(&str, T)],
    ) -> T {
        self.choice_noted(name, meaning, choices, true).unwrap_or_default()
    }

    /// One of a few words, if given.
    pub(super) fn choice_if_given<T: Copy>(
        &mut self,
        name: &'static str,
        meaning: &'static str,
        choices: &[(&str, T)],
    ) -> Option<T> {
        self.choice_noted(name, meaning, choices, false)
    }

    fn choice_noted<T: Copy>(
        &mut self,
        name: &'static str,
        meaning: &'static str,
        choices: &[(&str, T)],
        defaults: bool,
    ) -> Option<T> {
        let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
        self.note(name, meaning, || {
            let default = words.first().filter(|_| defaults);
            (default.map_or("not given".to_owned(), |word| format!("\"{word}\"")), words.join(", "))
        });
        self.word(name, &words).and_then(|index| choices.get(index)).map(|(_, choice)| *choice)
    }

    fn word(&mut self, name: &'static str, words: &[&str]) -> Option<usize> {
        let value = self.take(name)?;
        let found = words.iter().position(|word| matches!(&value, Json::Text(text) if text == word));
        if found.is_none() {
            self.problem(name, &value, &["one of ", &words.join(", ")].concat());
        }
        found
    }

    /// A string that fits in a header value and is not empty.
    pub(super) fn string(&mut self, name: &'static str, meaning: &'static str, default: &str) -> String {
        self.note(name, meaning, || (["\"", default, "\""].concat(), "a string"));
        self.value(name).unwrap_or_else(|| default.to_owned())
    }

    /// The same with a default that depends on other fields.
    pub(super) fn string_or(
        &mut self,
        name: &'static str,
        meaning: &'static str,
        default_in_words: &'static str,
        default: impl FnOnce() -> String,
    ) -> String {
        self.note(name, meaning, || (default_in_words, "a string"));
        self.value(name).unwrap_or_else(default)
    }

    fn value(&mut self, name: &'static str) -> Option<String> {
        let takes = "a string that is not empty, of printable ASCII";
        self.checked(name, takes, |s| !s.is_empty() && is_header_value(s))
    }

    /// A path, as in a request line.
    pub(super) fn path(
        &mut self,
        name: &'static str,
        meaning: &'static str,
        default_in_words: &'static str,
        default: &str,
    ) -> String {
        self.note(name, meaning, || (default_in_words, "a path"));
        let takes = "a path that starts with \"/\", of printable ASCII without spaces";
        self.checked(name, takes, |s| s.starts_with('/') && s.bytes().all(|b| b.is_ascii_graphic()))
            .unwrap_or_else(|| default.to_owned())
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

    fn take(&mut self, name: &'static str) -> Option<Json> {
        self.known.push(name);
        let index = self.fields.iter().position(|(field, _)| field == name)?;
        Some(self.fields.remove(index).1)
    }

    fn problem(&mut self, name: &str, got: &Json, takes: &str) {
        self.problems.push(format!("{}{name}: got {got}, takes {takes}", self.path));
    }
}

/// RFC 9110, section 5.5, without obs-text.
fn is_header_value(value: &str) -> bool {
    value.bytes().all(|b| b == b'\t' || (b' '..=b'~').contains(&b))
}

/// Whether one name may be a misspelling of the other: but for a common start and a common end they differ in at most
/// two characters.
fn similar(known: &str, got: &str) -> bool {
    let start = known.bytes().zip(got.bytes()).take_while(|(a, b)| a.eq_ignore_ascii_case(b)).count();
    let end = known.bytes().rev().zip(got.bytes().rev()).take_while(|(a, b)| a.eq_ignore_ascii_case(b)).count();
    known.len().max(got.len()).saturating_sub(start.saturating_add(end)) <= 2
}
