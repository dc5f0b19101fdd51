//! Reads fields out of a JSON object and gathers every problem with the path of its field.

use super::json::Json;
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

/// A JSON object that is being read: fields are taken out, and what remains at the end is unknown.
pub(super) struct Section {
    path: String,
    fields: Vec<(String, Json)>,
    known: Vec<&'static str>,
    problems: Vec<String>,
}

impl Section {
    /// The outermost object. Nothing but white space is `{}`.
    pub(super) fn parse(json: &[u8]) -> Result<Self, ConfigError> {
        let problem = |text: String| Err(ConfigError { problems: vec![text] });
        if json.trim_ascii().is_empty() {
            return Ok(Self::new(String::new(), Vec::new()));
        }
        match serde_json::from_slice(json) {
            Ok(Json::Object(fields)) => Ok(Self::new(String::new(), fields)),
            Ok(other) => problem(format!("configuration: got {other}, takes an object")),
            Err(error) => problem(format!("configuration: not JSON: {error}")),
        }
    }

    fn new(path: String, fields: Vec<(String, Json)>) -> Self {
        Self { path, fields, known: Vec::new(), problems: Vec::new() }
    }

    /// Reads an object inside this one.
    pub(super) fn section<T>(&mut self, name: &'static str, read: impl FnOnce(&mut Self) -> T) -> T {
        let mut section = self.open(name);
        let value = read(&mut section);
        self.close(section);
        value
    }

    fn open(&mut self, name: &'static str) -> Self {
        let path = [&self.path, name, "."].concat();
        match self.take(name) {
            None => Self::new(path, Vec::new()),
            Some(Json::Object(fields)) => Self::new(path, fields),
            Some(other) => {
                self.problem(name, &other, "an object");
                Self::new(path, Vec::new())
            }
        }
    }

    fn close(&mut self, section: Self) {
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
            self.problems.push([&self.path, name, ": ", &problem].concat());
        }
        if self.problems.is_empty() { Ok(()) } else { Err(ConfigError { problems: self.problems }) }
    }

    /// A whole number from `min` to `max`.
    pub(super) fn int(&mut self, name: &'static str, default: u64, min: u64, max: u64) -> u64 {
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
    pub(super) fn millis(&mut self, name: &'static str, default: u64, min: u64, max: u64) -> Duration {
        Duration::from_millis(self.int(name, default, min, max))
    }

    /// `true` or `false`.
    pub(super) fn bool(&mut self, name: &'static str, default: bool) -> bool {
        match self.take(name) {
            None => default,
            Some(Json::Bool(value)) => value,
            Some(other) => {
                self.problem(name, &other, "true or false");
                default
            }
        }
    }

    /// One of a few words; the type's default when absent.
    pub(super) fn choice<T: Copy + Default>(&mut self, name: &'static str, choices: &[(&str, T)]) -> T {
        let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
        let chosen = self.word(name, &words).and_then(|index| choices.get(index));
        chosen.map(|(_, choice)| *choice).unwrap_or_default()
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
    pub(super) fn string(&mut self, name: &'static str, default: &str) -> String {
        self.checked(name, default, "a string that is not empty, without control characters", |s| {
            !s.is_empty() && is_header_value(s)
        })
    }

    /// A path, as in a request line.
    pub(super) fn path(&mut self, name: &'static str, default: &str) -> String {
        self.checked(name, default, "a path that starts with \"/\", of printable ASCII without spaces", |s| {
            s.starts_with('/') && s.bytes().all(|b| b.is_ascii_graphic())
        })
    }

    fn checked(&mut self, name: &'static str, default: &str, takes: &str, valid: fn(&str) -> bool) -> String {
        match self.take(name) {
            None => default.to_owned(),
            Some(Json::Text(text)) if valid(&text) => text,
            Some(other) => {
                self.problem(name, &other, takes);
                default.to_owned()
            }
        }
    }

    /// Header names, made lower case.
    pub(super) fn names(&mut self, name: &'static str, default: &[&str]) -> Vec<String> {
        let list = match self.take(name) {
            None => return default.iter().map(|&s| s.to_owned()).collect(),
            Some(Json::List(list)) => list,
            Some(other) => {
                self.problem(name, &other, "a list of header names");
                return Vec::new();
            }
        };
        let mut names = Vec::new();
        for entry in list {
            match entry {
                Json::Text(text) if is_header_name(&text) => names.push(text.to_ascii_lowercase()),
                other => self.problem(name, &other, "a list of header names"),
            }
        }
        names
    }

    /// An object of header names and values. The values are not shown in errors: they may be secrets.
    pub(super) fn headers(&mut self, name: &'static str) -> Vec<(String, String)> {
        let members = match self.take(name) {
            None => return Vec::new(),
            Some(Json::Object(members)) => members,
            Some(other) => {
                self.problem(name, &other, "an object of header names and values");
                return Vec::new();
            }
        };
        let mut headers = Vec::new();
        for (header, value) in members {
            match value {
                Json::Text(value) if is_header_name(&header) && is_header_value(&value) => {
                    headers.push((header.to_ascii_lowercase(), value));
                }
                _ => self.problem(name, &Json::Text(header), "header names with string values, without line breaks"),
            }
        }
        headers
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

/// RFC 9110, section 5.6.2: a token. Upper case is allowed here and made lower case.
fn is_header_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
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
