//! A connection that comes about, and then carries no request.

use crate::{
    cluster::{kubectl::Kubectl, patch::Patch},
    mesh::ControlPlane,
};

/// What may be wrong with it; nothing, where the cluster is the mesh's own.
pub(super) fn hint(patch: &Patch, kubectl: &Kubectl) -> Option<String> {
    if patch.mesh.mesh().has_cluster(&patch.cluster) {
        return None;
    }
    match patch.mesh {
        ControlPlane::Istio => {}
        ControlPlane::Kuma => {
            return Some(
                "if the mesh has mTLS on and the collector is in it, name Kuma's own cluster in collector.cluster"
                    .to_owned(),
            );
        }
        ControlPlane::EnvoyGateway => return None,
    }
    // NAME.NAMESPACE.svc…
    let namespace = patch.authority.as_deref().and_then(|authority| authority.split(['.', ':']).nth(1));
    let places = [namespace, Some("istio-system")].into_iter().flatten();
    let mut strict = places.filter_map(|namespace| strict(&kubectl.elsewhere(namespace), namespace));
    Some(match strict.next() {
        Some(name) => {
            format!(
                "PeerAuthentication {name} asks for mutual TLS (STRICT), and this cluster speaks without: deploy with --istio-cluster"
            )
        }
        None => {
            "if mutual TLS is asked for there (a PeerAuthentication, STRICT), deploy with --istio-cluster".to_owned()
        }
    })
}

/// The first PeerAuthentication of a namespace that is STRICT, as far as it may be seen.
fn strict(kubectl: &Kubectl, namespace: &str) -> Option<String> {
    let all = kubectl.list(&["peerauthentications.security.istio.io"]).unwrap_or_default();
    let strict = all.iter().find(|one| one["spec"]["mtls"]["mode"] == "STRICT")?;
    Some(format!("{namespace}/{}", strict["metadata"]["name"].as_str()?))
}
