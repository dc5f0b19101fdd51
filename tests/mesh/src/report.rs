//! One line for each scenario, and a last one.

use std::io::{self, Write};
use std::time::Instant;

/// What is printed.
pub(crate) struct Report {
    began: Instant,
    passed: usize,
    failed: usize,
}

impl Report {
    pub(crate) fn new() -> Self {
        Self { began: Instant::now(), passed: 0, failed: 0 }
    }

    /// A line about what comes before the scenarios.
    pub(crate) fn say(&self, what: &str) {
        self.line(&format!("{:>6.1} s  {what}", self.began.elapsed().as_secs_f32()));
    }

    /// How a scenario ended; whether well.
    pub(crate) fn ended(&mut self, name: &str, result: &io::Result<()>) -> bool {
        match result {
            Ok(()) => {
                self.passed += 1;
                self.say(&format!("ok      {name}"));
            }
            Err(error) => {
                self.failed += 1;
                self.say(&format!("FAILED  {name}: {error}"));
            }
        }
        result.is_ok()
    }

    /// The last line; whether all is well.
    pub(crate) fn end(&self) -> bool {
        self.line(&format!("{} passed, {} failed", self.passed, self.failed));
        self.failed == 0 && self.passed > 0
    }

    fn line(&self, text: &str) {
        // Who does not read it any more is not told.
        let _ = writeln!(io::stdout(), "{text}");
    }
}
