//! The place where a mesh names the namespace of an exchange's destination.

/// The mesh whose endpoint metadata names the destination namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mesh {
    /// Istio: `filter_metadata.istio.workload` is `workload;namespace;service;revision;cluster`.
    Istio,
    /// Kuma: `filter_metadata["envoy.lb"]["k8s.kuma.io/namespace"]`.
    Kuma,
    /// No mesh: the namespace is not looked up.
    None,
}

impl Mesh {
    /// Their names in the configuration.
    pub const WORDS: [(&str, Self); 3] = [("istio", Self::Istio), ("kuma", Self::Kuma), ("none", Self::None)];

    /// The path below the upstream host's metadata.
    pub fn metadata_path(self) -> Option<&'static [&'static str]> {
        match self {
            Self::Istio => Some(&["filter_metadata", "istio", "workload"]),
            Self::Kuma => Some(&["filter_metadata", "envoy.lb", "k8s.kuma.io/namespace"]),
            Self::None => None,
        }
    }

    /// The namespace in the value found at [`Mesh::metadata_path`].
    pub fn namespace(self, value: &[u8]) -> Option<&[u8]> {
        let namespace = match self {
            Self::Istio => value.split(|b| *b == b';').nth(1)?,
            Self::Kuma => value,
            Self::None => return None,
        };
        (!namespace.is_empty()).then_some(namespace)
    }
}
