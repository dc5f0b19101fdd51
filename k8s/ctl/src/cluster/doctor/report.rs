//! What the doctor found, a line each.

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    what: String,
    kind: Kind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    Good,
    /// Nothing is wrong now, but somebody may want to know.
    Note,
    /// And what to do.
    Wrong(String),
}

impl Finding {
    pub(crate) fn ok(what: impl Into<String>) -> Self {
        Self { what: what.into(), kind: Kind::Good }
    }

    pub(crate) fn note(what: impl Into<String>) -> Self {
        Self { what: what.into(), kind: Kind::Note }
    }

    pub(crate) fn fail(what: impl Into<String>, todo: impl Into<String>) -> Self {
        Self { what: what.into(), kind: Kind::Wrong(todo.into()) }
    }

    /// A failure unless `good`.
    pub(crate) fn check(good: bool, what: String, todo: &str) -> Self {
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

/// Prints findings as they come, and counts what is wrong.
#[derive(Debug, Default)]
pub(crate) struct Report {
    failures: usize,
}

impl Report {
    pub(crate) fn add(&mut self, about: &str, finding: Finding) {
        let what = finding.what;
        match finding.kind {
            Kind::Good => println!("ok    {about}: {what}"),
            Kind::Note => println!("note  {about}: {what}"),
            Kind::Wrong(todo) => {
                self.failures += 1;
                println!("FAIL  {about}: {what}; {todo}");
            }
        }
    }

    /// # Errors
    /// When something is wrong.
    pub(crate) fn end(self, namespace: &str) -> Result<(), String> {
        match self.failures {
            0 => Ok(()),
            failures => Err(format!("{namespace}: {failures} findings; the first is the most likely cause")),
        }
    }
}
