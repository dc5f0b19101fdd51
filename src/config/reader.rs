//! Reads fields out of a JSON object and gathers every problem with the path of its field.

use serde_json::{Map, Value};
use std::{fmt, ops::RangeInclusive, time::Duration};

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
    fields: Map<String, Value>,
    known: Vec<&'static str>,
    problems: Vec<String>,
}

impl Section {
    /// The outermost object. Nothing but white space is `{}`.
    pub(super) fn parse(json: &[u8]) -> Result<Self, ConfigError> {
        let problem = |text: String| ConfigError { problems: vec![text] };
        let value = if json.trim_ascii().is_empty() {
            Value::Object(Map::new())
        } else {
            serde_json::from_slice(json).map_err(|e| problem(format!("configuration: not JSON: {e}")))?
        };
        match value {
            Value::Object(fields) => Ok(Self::new(String::new(), fields)),
            other => Err(problem(format!("configuration: got {}, takes an object", shown(&other)))),
        }
    }

    fn new(path: String, fields: Map<String, Value>) -> Self {
        Self { path, fields, known: Vec::new(), problems: Vec::new() }
    }

    /// Reads an object inside this one.
    pub(super) fn section<T>(&mut self, name: &'static str, read: impl FnOnce(&mut Self) -> T) -> T {
        let fields = match self.take(name) {
            None => Map::new(),
            Some(Value::Object(fields)) => fields,
            Some(other) => {
                self.problem(name, &other, "an object");
                Map::new()
            }
        };
        let mut section = Self::new(format!("{}{name}.", self.path), fields);
        let value = read(&mut section);
        if let Err(error) = section.finish() {
            self.problems.extend(error.problems);
        }
        value
    }

    /// Ends the reading: the problems, unknown fields among them.
    pub(super) fn finish(mut self) -> Result<(), ConfigError> {
        for name in self.fields.keys() {
            let near = self.known.iter().find(|known| similar(known, name));
            let hint = near.map_or(String::new(), |near| format!("; did you mean {:?}?", [&self.path, *near].concat()));
            let known = self.known.join(", ");
            self.problems.push(format!("{}{name}: unknown field, takes one of {known}{hint}", self.path));
        }
        if self.problems.is_empty() { Ok(()) } else { Err(ConfigError { problems: self.problems }) }
    }

    /// A whole number in a range.
    pub(super) fn int(&mut self, name: &'static str, default: u64, range: RangeInclusive<u64>) -> u64 {
        match self.take(name) {
            None => default,
            Some(value) => value.as_u64().filter(|n| range.contains(n)).unwrap_or_else(|| {
                self.problem(name, &value, &format!("a whole number from {} to {}", range.start(), range.end()));
                default
            }),
        }
    }

    /// Milliseconds in a range.
    pub(super) fn millis(&mut self, name: &'static str, default: u64, range: RangeInclusive<u64>) -> Duration {
        Duration::from_millis(self.int(name, default, range))
    }

    /// `true` or `false`.
    pub(super) fn bool(&mut self, name: &'static str, default: bool) -> bool {
        match self.take(name) {
            None => default,
            Some(Value::Bool(value)) => value,
            Some(other) => {
                self.problem(name, &other, "true or false");
                default
            }
        }
    }

    /// One of a few words; the type's default when absent.
    pub(super) fn choice<T: Copy + Default>(&mut self, name: &'static str, choices: &[(&str, T)]) -> T {
        let Some(value) = self.take(name) else { return T::default() };
        let chosen = choices.iter().find(|(word, _)| value.as_str() == Some(*word));
        chosen.map(|(_, choice)| *choice).unwrap_or_else(|| {
            let words: Vec<String> = choices.iter().map(|(word, _)| format!("{word:?}")).collect();
            self.problem(name, &value, &format!("one of {}", words.join(", ")));
            T::default()
        })
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

    /// Header names, made lower case.
    pub(super) fn names(&mut self, name: &'static str, default: &[&str]) -> Vec<String> {
        let Some(value) = self.take(name) else { return default.iter().map(|&s| s.to_owned()).collect() };
        let names: Option<Vec<String>> = value.as_array().and_then(|list| {
            list.iter().map(|v| v.as_str().filter(|s| is_header_name(s)).map(str::to_ascii_lowercase)).collect()
        });
        names.unwrap_or_else(|| {
            self.problem(name, &value, "a list of header names");
            Vec::new()
        })
    }

    /// An object of header names and values.
    pub(super) fn headers(&mut self, name: &'static str) -> Vec<(String, String)> {
        let Some(value) = self.take(name) else { return Vec::new() };
        let pair = |(name, value): (&String, &Value)| {
            let value = value.as_str().filter(|value| is_header_value(value))?;
            is_header_name(name).then(|| (name.to_ascii_lowercase(), value.to_owned()))
        };
        let headers: Option<Vec<_>> = value.as_object().and_then(|map| map.iter().map(pair).collect());
        headers.unwrap_or_else(|| {
            // Not shown: these values may be secrets.
            self.problems.push(format!("{}{name}: takes an object of header names and string values", self.path));
            Vec::new()
        })
    }

    fn checked(&mut self, name: &'static str, default: &str, takes: &str, valid: fn(&str) -> bool) -> String {
        let Some(value) = self.take(name) else { return default.to_owned() };
        match value.as_str().filter(|s| valid(s)) {
            Some(text) => text.to_owned(),
            None => {
                self.problem(name, &value, takes);
                default.to_owned()
            }
        }
    }

    fn take(&mut self, name: &'static str) -> Option<Value> {
        self.known.push(name);
        self.fields.remove(name)
    }

    fn problem(&mut self, name: &str, got: &Value, takes: &str) {
        self.problems.push(format!("{}{name}: got {}, takes {takes}", self.path, shown(got)));
    }
}

/// A value in an error message, cut when long.
fn shown(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
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

/// Whether one name may be a misspelling of the other: they differ in at most two places of the common length, or one
/// begins with the other.
fn similar(known: &str, got: &str) -> bool {
    let normal = |s: &str| s.to_ascii_lowercase().replace(['-', '_'], "");
    let (known, got) = (normal(known), normal(got));
    let same_start = known.bytes().zip(got.bytes()).take_while(|(a, b)| a == b).count();
    let same_end = known.bytes().rev().zip(got.bytes().rev()).take_while(|(a, b)| a == b).count();
    let longest = known.len().max(got.len());
    longest.saturating_sub(same_start.saturating_add(same_end)) <= 2
        && longest.abs_diff(known.len().min(got.len())) <= 2
}
