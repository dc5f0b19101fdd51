//! What ends the cluster: a test program has no end at which it could do so itself.

use std::io::{self, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// Reads the ids of processes until nobody can write any more; then ends them, and deletes the directory.
const SCRIPT: &str = "while read -r pid; do pids=\"$pids $pid\"; done; kill -KILL $pids; \
                      until rm -rf \"$1\"; do sleep 0.1; done";

/// A shell that outlives this process, however that ends, and cleans up after it.
#[derive(Debug)]
pub(crate) struct Guard(Child);

impl Guard {
    /// Watches over a directory.
    ///
    /// # Errors
    /// When there is no `sh`.
    pub(crate) fn over(directory: &Path) -> io::Result<Self> {
        let mut command = Command::new("sh");
        command.args(["-c", SCRIPT, "guard"]).arg(directory).stdin(Stdio::piped());
        // Out of the terminal's group: Ctrl-C is for the tests.
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).process_group(0).spawn()?;
        Ok(Self(child))
    }

    /// Watches over a process, too.
    ///
    /// # Errors
    /// When the shell has ended.
    pub(crate) fn watch(&mut self, process: &Child) -> io::Result<()> {
        let stdin = self.0.stdin.as_mut().ok_or_else(|| io::Error::other("the guard has no input"))?;
        writeln!(stdin, "{}", process.id())
    }
}
