//! Reads fields out of a JSON object and gathers every problem with the path of its field. Natively it gathers the
//! reference of all fields, too.

#[cfg(not(target_arch = "wasm32"))]
use super::reference::{Field, Takes};
use super::{Json, joined, reader::parse};
use std::fmt;

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

/// Adds a field to the reference. In the wasm it is nothing, so that no text of the reference is in there.
macro_rules! note {
    ($section:ident, $name:ident, $meaning:ident, $default:expr, $takes:expr) => {
        #[cfg(not(target_arch = "wasm32"))]
        $section.note($name, $meaning, $default, $takes);
        #[cfg(target_arch = "wasm32")]
        let _ = $meaning;
    };
}

pub(super) use note;

/// A JSON object that is being read: fields are taken out, and what remains at the end is unknown.
pub struct Section {
    path: String,
    fields: Vec<(String, Json)>,
    known: Vec<&'static str>,
    problems: Vec<String>,
    #[cfg(not(target_arch = "wasm32"))]
    reference: Vec<Field>,
}

impl Section {
    /// The outermost object. Nothing but white space is `{}`.
    pub(crate) fn parse(json: &[u8]) -> Result<Self, ConfigError> {
        let problem = |text: String| Err(ConfigError { problems: vec![text] });
        if json.trim_ascii().is_empty() {
            return Ok(Self::empty());
        }
        match parse(json) {
            Ok(Json::Object(fields)) => Ok(Self::new(String::new(), fields)),
            Ok(other) => problem(format!("configuration: got {other}, takes an object")),
            Err(_) if is_struct(json) => problem(
                "configuration: got a google.protobuf.Struct, takes JSON in a google.protobuf.StringValue".to_owned(),
            ),
            Err(error) => problem(format!("configuration: not JSON: {error}")),
        }
    }

    /// The outermost object with every field at its default.
    pub(crate) fn empty() -> Self {
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
    pub(crate) fn into_reference(self) -> Vec<Field> {
        self.reference
    }

    #[cfg(not(target_arch = "wasm32"))]
    pub(super) fn note(&mut self, name: &str, meaning: &'static str, default: impl Into<String>, takes: Takes) {
        let path = [&self.path, name].concat();
        self.reference.push(Field { path, default: default.into(), takes, meaning: meaning.trim_start() });
    }

    /// Reads an object inside this one.
    pub(crate) fn section<T>(&mut self, name: &'static str, read: impl FnOnce(&mut Self) -> T) -> T {
        let fields = self.take(name);
        let mut section = self.open(name, fields, "an object");
        let value = read(&mut section);
        self.close(section);
        value
    }

    /// Reads an object inside this one that also may be `true` (all its defaults), or `false` or absent: none.
    pub(crate) fn section_if_on<T>(
        &mut self,
        name: &'static str,
        meaning: &'static str,
        read: impl FnOnce(&mut Self) -> T,
    ) -> Option<T> {
        note!(self, name, meaning, "false", Takes::Section);
        let takes = "true, false or an object";
        let fields = self.take(name);
        let on = !matches!(fields, None | Some(Json::Bool(false)));
        let fields = fields.filter(|value| !matches!(value, Json::Bool(_)));
        let mut section = self.open(name, fields, takes);
        // This is read even when it is off, so that the reference names its fields.
        let value = read(&mut section);
        self.close(section);
        on.then_some(value)
    }

    fn open(&mut self, name: &'static str, fields: Option<Json>, takes: &str) -> Self {
        let path = joined(&[&self.path, name, "."], "");
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
        self.reference.extend_from_slice(&section.reference);
        if let Err(error) = section.finish() {
            self.problems.extend(error.problems);
        }
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// Every problem, unknown and repeated fields among them.
    pub(crate) fn finish(mut self) -> Result<(), ConfigError> {
        for (name, _) in &self.fields {
            let problem = if self.known.contains(&name.as_str()) {
                "given twice".to_owned()
            } else {
                let near = self.known.iter().find(|known| similar(known, name));
                let hint = near.map_or(String::new(), |near| joined(&["; did you mean ", &self.path, near, "?"], ""));
                joined(&["unknown field, takes one of ", &joined(&self.known, ", "), &hint], "")
            };
            // A name may hold anything. A name that might break the line is quoted, and cut.
            let plain = !name.is_empty() && name.len() <= 60 && name.bytes().all(|b| b.is_ascii_graphic());
            let shown = if plain { name.clone() } else { Json::Text(name.clone()).to_string() };
            self.problems.push(joined(&[&self.path, &shown, ": ", &problem], ""));
        }
        if self.problems.is_empty() { Ok(()) } else { Err(ConfigError { problems: self.problems }) }
    }

    pub(super) fn take(&mut self, name: &'static str) -> Option<Json> {
        self.known.push(name);
        let index = self.fields.iter().position(|(field, _)| field == name)?;
        Some(self.fields.remove(index).1)
    }

    /// Whether a field is given that is not read yet.
    #[inline(never)]
    pub(crate) fn has(&self, name: &str) -> bool {
        self.fields.iter().any(|(field, _)| field == name)
    }

    /// Notes that what is given contradicts itself; unless something is wrong already, for its default may be what contradicts.
    #[inline(never)]
    pub(crate) fn contradiction(&mut self, is_one: bool, name: &str, takes: &str) {
        if is_one && self.problems.is_empty() {
            self.problems.push(joined(&[&self.path, name, ": contradictory, takes ", takes], ""));
        }
    }

    /// Notes that a value is not taken.
    pub(crate) fn problem(&mut self, name: &str, got: &Json, takes: &str) {
        self.problems.push(format!("{}{name}: got {got}, takes {takes}", self.path));
    }
}

/// Whether these are the bytes of a `google.protobuf.Struct`, as which Envoy hands one over: its first member (field 1), whose
/// value (field 2 of a map's entry) follows somewhere. No text has the second byte.
fn is_struct(bytes: &[u8]) -> bool {
    bytes.first() == Some(&0x0a) && bytes.contains(&0x12)
}

/// Whether one name may be a misspelling of the other: apart from a common start and a common end they differ in two
/// characters at most.
fn similar(known: &str, got: &str) -> bool {
    let start = known.bytes().zip(got.bytes()).take_while(|(a, b)| a.eq_ignore_ascii_case(b)).count();
    let end = known.bytes().rev().zip(got.bytes().rev()).take_while(|(a, b)| a.eq_ignore_ascii_case(b)).count();
    known.len().max(got.len()).saturating_sub(start.saturating_add(end)) <= 2
}
