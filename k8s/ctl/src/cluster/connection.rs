//! Which cluster, and which namespaces of it, by kubectl's own options.

use super::{kubectl::Kubectl, reach};
use crate::overlay::Namespace;
use clap::Args;

/// What is passed on to kubectl as it is.
#[derive(Args, Clone, Debug, Default)]
#[group(id = "kubectl")]
pub(crate) struct Connection {
    /// The kubeconfig, as for kubectl [default: $KUBECONFIG, else ~/.kube/config].
    #[arg(long, value_name = "FILE")]
    kubeconfig: Option<String>,
    /// The context of the kubeconfig, as for kubectl [default: its current one].
    #[arg(long, value_name = "NAME")]
    context: Option<String>,
}

impl Connection {
    /// For the objects of a namespace.
    pub(crate) fn kubectl(&self, namespace: impl ToString) -> Kubectl {
        Kubectl::new(self.clone(), namespace)
    }

    /// For objects of several namespaces.
    pub(crate) fn anywhere(&self) -> Kubectl {
        Kubectl::new(self.clone(), "")
    }

    /// Asks the API server for a sign of life, before anything else is asked: one line says why there is none.
    ///
    /// # Errors
    /// The cause, in kubectl's words.
    pub(crate) fn reach(&self) -> Result<(), String> {
        reach::reach(&self.anywhere())
    }

    /// As kubectl takes it.
    pub(super) fn arguments(&self) -> Vec<&str> {
        let pairs = [("--kubeconfig", &self.kubeconfig), ("--context", &self.context)];
        pairs.iter().filter_map(|(name, value)| Some([*name, value.as_deref()?])).flatten().collect()
    }
}

/// The namespaces that a command is for.
#[derive(Args, Clone, Debug)]
#[group(id = "where")]
pub(crate) struct Namespaces {
    /// The namespaces.
    #[arg(value_name = "NAMESPACE", required_unless_present = "namespace")]
    names: Vec<Namespace>,
    /// The same for one, as for kubectl.
    #[arg(short, long, value_name = "NAMESPACE", conflicts_with = "names")]
    namespace: Option<Namespace>,
}

impl Namespaces {
    /// Each that is given.
    pub(crate) fn all(self) -> Vec<Namespace> {
        self.namespace.into_iter().chain(self.names).collect()
    }

    /// Does `one` for each, the others also after one that failed.
    ///
    /// # Errors
    /// The API server does not answer; or what stopped some.
    pub(crate) fn each(
        self,
        connection: &Connection,
        one: impl Fn(&Namespace) -> Result<(), String>,
    ) -> Result<(), String> {
        connection.reach()?;
        each(&self.all(), one)
    }
}

/// The same for a list; an error says which it is of.
pub(super) fn each(namespaces: &[Namespace], one: impl Fn(&Namespace) -> Result<(), String>) -> Result<(), String> {
    let mut failures = Vec::new();
    for namespace in namespaces {
        if let Err(error) = one(namespace) {
            let known = error.starts_with(&format!("{namespace}: "));
            failures.push(if known { error } else { format!("{namespace}: {error}") });
        }
    }
    if failures.is_empty() { Ok(()) } else { Err(failures.join("\n")) }
}
