//! What gives proxies their configuration. All that one mesh has of its own is in its file, behind one trait.

mod edit;
mod entries;
pub(crate) mod envoy_gateway;
pub(crate) mod istio;
mod kuma;
pub(crate) mod target;
pub(crate) mod wasm_plugin;

use crate::overlay::{Delivery, Direction, Namespace, Options, Plan};
use clap::ValueEnum;
pub(crate) use edit::{set, take_volume};
use serde_json::{Map, Value};
use std::fmt;

/// A mesh, or a gateway of its own.
pub(crate) trait Mesh: Sync {
    /// Whose traffic it can record; the first is the default.
    fn directions(&self) -> &'static [Direction];

    /// How its proxies can get the wasm; the first is the default.
    fn deliveries(&self) -> &'static [Delivery];

    /// Whether it gives the proxies of a namespace's own pods their configuration. Then two such exclude each other.
    fn is_of_pods(&self) -> bool {
        true
    }

    /// The options that only it takes.
    fn options(&self) -> &'static [&'static str];

    /// # Errors
    /// What else is wrong with its options.
    fn check(&self, _options: &Options) -> Result<(), String> {
        Ok(())
    }

    /// What the filter's `mesh` may be; the first is right.
    fn of_filter(&self) -> [&'static str; 2] {
        ["istio", "none"]
    }

    /// The namespace whose patches are for the proxies of every other.
    fn root_namespace(&self) -> Option<&'static str> {
        None
    }

    /// Whether a cluster of this name may be one that the control plane makes.
    fn has_cluster(&self, name: &str) -> bool;

    /// The names of such, for people.
    fn cluster_names(&self) -> &'static str;

    /// What its patches are: of one kind, in one file of an overlay.
    fn patches(&self) -> Kind;

    /// The patch that puts the filter in proxies, and adds the clusters it needs. Without a namespace: for a kustomization that
    /// sets it.
    fn patch(&self, plan: &Plan<'_>, namespace: Option<&Namespace>) -> Value;

    /// What stands beside its patches when proxies fetch the wasm themselves.
    fn plugins(&self) -> Option<Kind> {
        None
    }

    /// What [`Self::plugins`] is of, where the overlay has it.
    fn plugin(&self, _plan: &Plan<'_>, _namespace: &Namespace) -> Option<Value> {
        None
    }

    /// All kinds that put the filter in proxies.
    fn kinds(&self) -> Vec<Kind> {
        // A plugin goes first: without what stands beside it, it may do harm.
        self.plugins().into_iter().chain([self.patches()]).collect()
    }

    /// Which pods a patch is for, by revision; `None`: all.
    fn revision_of<'a>(&self, patch: &'a Value) -> Option<&'a str>;

    /// The kinds of what a mount needs beside the ConfigMap, and the namespace in which they are for the one that is mounted.
    fn beside(&self) -> Option<(Kind, &'static str)> {
        None
    }

    /// What [`Self::beside`] is of, for a namespace.
    fn beside_object(&self, _plan: &Plan<'_>, _namespace: &Namespace) -> Option<Value> {
        None
    }

    /// Whether a pod, or those of a template, ask for [`Self::beside`] of this name.
    fn asks_for(&self, _template: &Value, _name: &str) -> bool {
        false
    }

    /// The filter that a patch puts into proxies: `name` and `typed_config`.
    fn filter_of(&self, patch: &Value) -> Option<Value>;

    /// How its proxies are asked.
    fn proxy(&self) -> Proxy;

    /// The label of namespaces whose pods get one.
    fn injection(&self) -> &'static str;

    /// Why pods of this template get no proxy.
    fn without_proxy(&self, template: &Value) -> Option<String>;

    /// Mounts the wasm in a workload's template. Where it is mounted already, nothing changes; where another revision is, this
    /// takes its place.
    ///
    /// # Errors
    /// When the user's own volumes are in the way; what is there, and what is needed.
    fn mount(&self, template: &mut Value, mount: &Mount) -> Result<(), String>;

    /// The annotations of a template that [`Self::mount`] changes.
    fn annotations(&self) -> &'static [&'static str];

    /// Takes out what [`Self::mount`] put there beside the pod's volume. `before`: what those annotations were.
    fn unmount(&self, template: &mut Value, namespace: &str, before: &Map<String, Value>);
}

/// A mesh's proxies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Proxy {
    /// The container's name.
    pub(crate) container: &'static str,
    pub(crate) admin: Admin,
}

/// Who asks a proxy's admin interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Admin {
    /// Istio's agent, in the container.
    Agent,
    /// Anybody in the pod, at this port.
    Port(u16),
}

/// A kind of objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Kind {
    /// As it stands in objects.
    pub(crate) kind: &'static str,
    /// As kubectl takes it.
    pub(crate) resource: &'static str,
    /// Its file in an overlay.
    pub(crate) file: &'static str,
}

/// What is mounted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mount {
    pub(crate) mesh: ControlPlane,
    pub(crate) namespace: String,
    /// Twelve hexadecimal digits.
    pub(crate) revision: String,
    pub(crate) config_map: String,
}

/// The meshes that there are. (The filter's own `mesh` says where endpoints name their namespace.)
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ControlPlane {
    Istio,
    Kuma,
    EnvoyGateway,
}

impl ControlPlane {
    pub(crate) const ALL: [Self; 3] = [Self::Istio, Self::Kuma, Self::EnvoyGateway];

    pub(crate) fn mesh(self) -> &'static dyn Mesh {
        match self {
            Self::Istio => &istio::Istio,
            Self::Kuma => &kuma::Kuma,
            Self::EnvoyGateway => &envoy_gateway::EnvoyGateway,
        }
    }
}

/// As it stands on the command line.
impl fmt::Display for ControlPlane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.to_possible_value();
        f.write_str(value.as_ref().map_or("", |value| value.get_name()))
    }
}
