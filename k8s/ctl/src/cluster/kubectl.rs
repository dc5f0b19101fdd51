//! The user's own kubectl, with the cluster and the rights that it has.

use super::{connection::Connection, patch::Found};
use crate::{mesh::ControlPlane, overlay::selector};
use serde_json::Value;
use std::{
    io::Write,
    process::{Command, Stdio},
};

/// How long the API server may take for one answer.
pub(super) const LIMIT: &str = "--request-timeout=10s";

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

    pub(super) fn command(&self, arguments: &[&str]) -> Command {
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
        let mut command = self.command(&[&[LIMIT], arguments].concat());
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
        Err(format!("kubectl {}: {}", arguments.join(" "), cause(error.lines())))
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

    /// For where there is nothing in the namespace.
    ///
    /// # Errors
    /// There is no such namespace.
    pub(crate) fn must_exist(&self) -> Result<(), String> {
        if self.namespace_exists()? {
            return Ok(());
        }
        Err(format!("{}: got none of that name, takes a namespace that exists", self.namespace))
    }

    /// What there is of ours of one mesh; `place`: further words, such as for all namespaces.
    pub(crate) fn found(&self, which: ControlPlane, place: &[&str]) -> Result<Found, String> {
        let mesh = which.mesh();
        let list = |resource| self.list(&[&[resource, "--selector", &selector()], place].concat());
        let plugins = match mesh.plugins().map(|kind| list(kind.resource)) {
            // Who may not look at them has made none.
            Some(Err(error)) if !is_forbidden(&error) => return Err(error),
            Some(Ok(plugins)) => plugins,
            _ => Vec::new(),
        };
        Ok(Found::new(which, list(mesh.patches().resource)?, &plugins))
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

/// What kubectl complains about, on one line: its log's lines count only where it says nothing else.
pub(super) fn cause<'a>(lines: impl Iterator<Item = &'a str>) -> String {
    let lines = lines.map(str::trim).filter(|line| !line.is_empty());
    let (logged, said): (Vec<&str>, Vec<&str>) = lines.partition(|line| is_logged(line));
    match (&said[..], logged.last()) {
        ([], Some(last)) => last.split_once("] ").map_or(*last, |(_, text)| text).to_owned(),
        _ => said.join("; "),
    }
}

/// Whether it is a line of its log: `E1129 15:30:00.123456   12345 memcache.go:265] …`.
pub(super) fn is_logged(line: &str) -> bool {
    let (level, rest) = line.split_at_checked(1).unwrap_or_default();
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    ["I", "W", "E", "F"].contains(&level) && digits == 4 && rest[digits..].starts_with(' ') && rest.contains("] ")
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
