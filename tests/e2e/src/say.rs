//! Printing.

use std::io::{self, Write};

/// Prints a line at once.
pub(crate) fn say(line: &str) -> io::Result<()> {
    let mut stdout = anstream::stdout().lock();
    writeln!(stdout, "{line}")?;
    stdout.flush()
}
