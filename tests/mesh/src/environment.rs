//! The programs and files that a run needs, each named by a variable.

use std::path::PathBuf;
use std::{env, io};

/// A program: what the variable says, or one of this name in the PATH.
pub(crate) fn program(variable: &str, name: &str) -> String {
    env::var(variable).unwrap_or_else(|_| name.to_owned())
}

/// A file or directory that a variable names.
///
/// # Errors
/// When it does not, or names what is not there.
pub(crate) fn path(variable: &str, what: &str) -> io::Result<PathBuf> {
    let named = env::var_os(variable).map(PathBuf::from);
    let path = named.ok_or_else(|| io::Error::other(format!("{variable} is not set: it takes {what}")))?;
    if path.exists() {
        return Ok(path);
    }
    Err(io::Error::other(format!("{variable}: there is no {}; it takes {what}", path.display())))
}
