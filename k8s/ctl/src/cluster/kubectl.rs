//! The user's own kubectl, with the cluster and the rights that it has.

use super::connection::Connection;
use serde_json::Value;
use std::{
    io::Write,
    process::{Command, Stdio},
};

/// Runs kubectl for one namespace.
#[derive(Clone, Debug)]
pub(crate) struct Kubectl {
    connection: Connection,
    /// Empty: where each object says.
    namespace: String,
}

impl Kubectl {
    /// An empty namespace: each object says where it is.
    pub(super) fn new(connection: Connection, namespace: impl ToString) -> Self {
        Self { connection, namespace: namespace.to_string() }
    }

    /// For another namespace of the same cluster.
    pub(crate) fn elsewhere(&self, namespace: impl ToString) -> Self {
        Self::new(self.connection.clone(), namespace)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("kubectl");
        // Before the rest: what follows `--` belongs to another program.
        command.args(self.connection.arguments());
        if !self.namespace.is_empty() {
            command.args(["--namespace", &self.namespace]);
        }
        command.args(arguments);
        command
    }

    /// What it prints.
    ///
    /// # Errors
    /// What it complains about, on one line, after what it was asked.
    pub(crate) fn run(&self, arguments: &[&str]) -> Result<String, String> {
        self.run_with(arguments, "")
    }

    /// The same, with this on its standard input.
    pub(crate) fn run_with(&self, arguments: &[&str], input: &str) -> Result<String, String> {
        let mut command = self.command(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|error| format!("kubectl, which must be in PATH: {error}"))?;
        if let Some(mut stdin) = child.stdin.take() {
            // It may end without having read all; then it says why.
            let _ = stdin.write_all(input.as_bytes());
        }
        let output = child.wait_with_output().map_err(|error| format!("kubectl: {error}"))?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        let error = String::from_utf8_lossy(&output.stderr);
        let lines: Vec<&str> = error.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        Err(format!("kubectl {}: {}", arguments.join(" "), lines.join("; ")))
    }

    /// Runs it with its output passed on as it comes: for what takes long.
    pub(crate) fn show(&self, arguments: &[&str]) -> Result<(), String> {
        let status = self.command(arguments).stdin(Stdio::null()).status();
        let status = status.map_err(|error| format!("kubectl, which must be in PATH: {error}"))?;
        if status.success() { Ok(()) } else { Err(format!("kubectl {}: {status}", arguments.join(" "))) }
    }

    /// What it prints as JSON.
    pub(crate) fn json(&self, arguments: &[&str]) -> Result<Value, String> {
        let text = self.run(&[arguments, &["--output", "json"]].concat())?;
        serde_json::from_str(&text).map_err(|error| format!("kubectl {}: no JSON: {error}", arguments.join(" ")))
    }

    /// Whether there is this object; not in a cluster that has no such kind.
    pub(crate) fn find(&self, what: &[&str]) -> Result<bool, String> {
        match self.run(&[&["get"], what, &["--ignore-not-found", "--output", "name"]].concat()) {
            Ok(name) => Ok(!name.trim().is_empty()),
            Err(error) if unknown_kind(&error) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The items of a list of objects; none when the cluster does not know the kind.
    pub(crate) fn list(&self, arguments: &[&str]) -> Result<Vec<Value>, String> {
        match self.json(&[&["get"], arguments].concat()) {
            Ok(list) => Ok(list["items"].as_array().cloned().unwrap_or_default()),
            Err(error) if unknown_kind(&error) => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    /// Whether the namespace exists, as far as one may know: many roles may not look. Nothing needs to know but messages that
    /// are clearer than an empty list.
    pub(crate) fn namespace_exists(&self) -> Result<bool, String> {
        let arguments = ["get", "namespace", &self.namespace, "--ignore-not-found", "--output", "name"];
        match self.run(&arguments) {
            Ok(name) => Ok(!name.trim().is_empty()),
            Err(error) if is_forbidden(&error) => Ok(true),
            Err(error) => Err(error),
        }
    }
}

/// Whether kubectl complains that the cluster has no such kind, as one without that mesh.
pub(crate) fn unknown_kind(error: &str) -> bool {
    error.contains("the server doesn't have a resource type")
}

/// Whether the API server refused it for the user's rights.
pub(crate) fn is_forbidden(error: &str) -> bool {
    error.contains("(Forbidden)")
}

/// Whether there is no object of the name.
pub(crate) fn is_not_found(error: &str) -> bool {
    error.contains("(NotFound)")
}

/// Whether another writer came before.
pub(crate) fn is_conflict(error: &str) -> bool {
    error.contains("(Conflict)") || error.contains("the object has been modified")
}
