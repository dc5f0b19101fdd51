//! The real kubectl.

use std::ffi::OsStr;
use std::ffi::OsString;
use std::io;
use std::process::Command;

use serde_json::{Value, json};

use crate::{command, environment};

/// kubectl with the cluster's environment.
#[derive(Clone, Debug)]
pub(crate) struct Kubectl {
    environment: Vec<(&'static str, OsString)>,
}

impl Kubectl {
    pub(crate) fn new(environment: impl IntoIterator<Item = (&'static str, OsString)>) -> Self {
        Self { environment: environment.into_iter().collect() }
    }

    /// Runs it; gives what it printed.
    ///
    /// # Errors
    /// What it complained about.
    pub(crate) fn run<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> io::Result<String> {
        command::output(&mut self.command(arguments), "")
    }

    /// Applies objects.
    ///
    /// # Errors
    /// What it complained about.
    pub(crate) fn apply(&self, objects: &[Value]) -> io::Result<()> {
        let list = json!({ "apiVersion": "v1", "kind": "List", "items": objects }).to_string();
        let arguments = ["apply", "--server-side", "--force-conflicts", "--filename", "-"];
        command::output(&mut self.command(arguments), &list).map(drop)
    }

    /// Gives what it prints of an object on its standard input, as JSON.
    ///
    /// # Errors
    /// What it complained about.
    pub(crate) fn pipe(&self, arguments: &[&str], object: &Value) -> io::Result<Value> {
        let printed = command::output(&mut self.command(arguments), &object.to_string())?;
        Ok(serde_json::from_str(&printed)?)
    }

    /// What makes a command use the cluster.
    pub(crate) fn environment(&self) -> &[(&'static str, OsString)] {
        &self.environment
    }

    fn command<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Command {
        let mut command = Command::new(environment::program("KUBECTL", "kubectl"));
        command.args(arguments).envs(self.environment.iter().cloned());
        command
    }
}
