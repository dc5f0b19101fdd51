//! Why a command ends otherwise than well.

use std::process::ExitCode;

/// What is wrong, a problem a line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// With the command line: exit code 2, as clap has it.
    Usage(String),
    /// With anything else: exit code 1.
    Other(String),
}

impl Failure {
    /// Tells it; how the program ends.
    pub(crate) fn end(&self) -> ExitCode {
        let (Self::Usage(message) | Self::Other(message)) = self;
        eprintln!("{message}");
        ExitCode::from(if matches!(self, Self::Usage(_)) { 2 } else { 1 })
    }
}

impl From<String> for Failure {
    fn from(message: String) -> Self {
        Self::Other(message)
    }
}
