//! What the doctor found, a line each.

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    what: String,
    /// What to do, when something is wrong.
    todo: Option<String>,
}

impl Finding {
    pub(crate) fn ok(what: String) -> Self {
        Self { what, todo: None }
    }

    pub(crate) fn fail(what: String, todo: &str) -> Self {
        Self { what, todo: Some(todo.to_owned()) }
    }

    /// A failure unless `good`.
    pub(crate) fn check(good: bool, what: String, todo: &str) -> Self {
        if good { Self::ok(what) } else { Self::fail(what, todo) }
    }
}

/// Prints findings as they come, and counts what is wrong.
#[derive(Debug, Default)]
pub(crate) struct Report {
    failures: usize,
}

impl Report {
    pub(crate) fn add(&mut self, about: &str, finding: Finding) {
        match finding.todo {
            None => println!("ok    {about}: {}", finding.what),
            Some(todo) => {
                self.failures += 1;
                println!("FAIL  {about}: {}; {todo}", finding.what);
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
