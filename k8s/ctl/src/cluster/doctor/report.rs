//! What the doctor found: a line each for people, or a list for programs.

use crate::{cluster::output::Output, words::counted};
use serde_json::{Value, json};

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    what: String,
    kind: Kind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    Good,
    /// Nothing is wrong now, but somebody may want to know, and to do something.
    Note(String),
    /// And what to do.
    Wrong(String),
}

impl Finding {
    pub(crate) fn ok(what: impl Into<String>) -> Self {
        Self { what: what.into(), kind: Kind::Good }
    }

    pub(crate) fn note(what: impl Into<String>, todo: impl Into<String>) -> Self {
        Self { what: what.into(), kind: Kind::Note(todo.into()) }
    }

    pub(crate) fn fail(what: impl Into<String>, todo: impl Into<String>) -> Self {
        Self { what: what.into(), kind: Kind::Wrong(todo.into()) }
    }

    /// A failure unless `good`.
    pub(crate) fn check(good: bool, what: impl Into<String>, todo: &str) -> Self {
        if good { Self::ok(what) } else { Self::fail(what, todo) }
    }

    /// Something more that may help, where this is a failure.
    pub(crate) fn or(mut self, further: impl FnOnce() -> Option<String>) -> Self {
        if let Kind::Wrong(todo) = &mut self.kind {
            if let Some(further) = further() {
                *todo = format!("{todo}; {further}");
            }
        }
        self
    }
}

/// Counts what is wrong; prints findings as they come, or all at the end as JSON.
#[derive(Debug)]
pub(crate) struct Report {
    output: Output,
    /// Whether lines have to say which namespace they are about.
    several: bool,
    namespace: String,
    findings: Vec<Value>,
    failures: Vec<(String, usize)>,
}

impl Report {
    /// For a number of namespaces.
    pub(crate) fn new(output: Output, namespaces: usize) -> Self {
        let (namespace, findings, failures) = (String::new(), Vec::new(), Vec::new());
        Self { output, several: namespaces > 1, namespace, findings, failures }
    }

    /// What comes now is about this namespace.
    pub(crate) fn begin(&mut self, namespace: &str) {
        namespace.clone_into(&mut self.namespace);
        self.failures.push((namespace.to_owned(), 0));
    }

    pub(crate) fn add(&mut self, about: &str, finding: Finding) {
        let Finding { what, kind } = finding;
        let (word, result, todo) = match kind {
            Kind::Good => ("ok   ", "ok", None),
            Kind::Note(todo) => ("note ", "note", Some(todo)),
            Kind::Wrong(todo) => ("FAIL ", "fail", Some(todo)),
        };
        if result == "fail" {
            if let Some((_, failures)) = self.failures.last_mut() {
                *failures += 1;
            }
        }
        if self.output == Output::Text {
            let place = if self.several { format!("{}: ", self.namespace) } else { String::new() };
            let todo = todo.map_or_else(String::new, |todo| format!("; {todo}"));
            println!("{word} {place}{about}: {what}{todo}");
            return;
        }
        self.findings.push(json!({
            "namespace": self.namespace, "about": about, "result": result, "what": what, "do": todo,
        }));
    }

    /// # Errors
    /// When something is wrong.
    pub(crate) fn end(self) -> Result<(), String> {
        if self.output == Output::Json {
            println!("{:#}", Value::Array(self.findings));
        }
        let wrong = self.failures.iter().filter(|(_, failures)| *failures > 0).map(|(namespace, failures)| {
            let first = if *failures > 1 { "; the first is the most likely cause" } else { "" };
            format!("{namespace}: {}{first}", counted(*failures, "finding"))
        });
        let wrong: Vec<String> = wrong.collect();
        if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n")) }
    }
}
