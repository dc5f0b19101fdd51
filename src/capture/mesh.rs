//! The place where a mesh names the namespace of an exchange's destination.

use super::words::cut;

/// The mesh whose metadata names the destination namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mesh {
    /// Istio: the endpoint's workload; of what a proxy receives, the cluster's first service.
    Istio,
    /// Kuma: the endpoint's tag.
    Kuma,
    /// No mesh: the namespace is not looked up.
    None,
}

/// One place where a mesh names the namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metadata {
    path: &'static [&'static str],
    /// Whether the value is `workload;namespace;service;revision;cluster`, or the namespace itself.
    is_workload: bool,
}

// The attributes' names since Envoy 1.28.
const ISTIO_ENDPOINT: Metadata =
    Metadata { path: &["xds", "upstream_host_metadata", "filter_metadata", "istio", "workload"], is_workload: true };
const ISTIO_CLUSTER: Metadata = Metadata {
    path: &["xds", "cluster_metadata", "filter_metadata", "istio", "services", "0", "namespace"],
    is_workload: false,
};
const KUMA_ENDPOINT: Metadata = Metadata {
    path: &["xds", "upstream_host_metadata", "filter_metadata", "envoy.lb", "k8s.kuma.io/namespace"],
    is_workload: false,
};

// === impl Mesh ===

impl Mesh {
    /// Their names in the configuration.
    pub const WORDS: [(&str, Self); 3] = [("istio", Self::Istio), ("kuma", Self::Kuma), ("none", Self::None)];

    /// Where the namespace is looked up, in this order.
    pub fn metadata(self) -> &'static [Metadata] {
        match self {
            Self::Istio => &[ISTIO_ENDPOINT, ISTIO_CLUSTER],
            Self::Kuma => &[KUMA_ENDPOINT],
            Self::None => &[],
        }
    }
}

// === impl Metadata ===

impl Metadata {
    /// The path of Envoy's attribute.
    pub fn path(self) -> &'static [&'static str] {
        self.path
    }

    /// The namespace in the value found there.
    pub fn namespace(self, value: &[u8]) -> Option<&[u8]> {
        let namespace = if self.is_workload { cut(cut(value, b';').1?, b';').0 } else { value };
        (!namespace.is_empty()).then_some(namespace)
    }
}
