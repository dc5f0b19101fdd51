//! Where the API server has the objects that tests read and write themselves. kubectl asks it; a test that did would ask each time.

use serde_json::Value;

/// A kind of objects.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Kind {
    /// `/api/v1`, `/apis/GROUP/VERSION`.
    api: &'static str,
    plural: &'static str,
    kind: &'static str,
    namespaced: bool,
}

const fn kind(api: &'static str, plural: &'static str, kind: &'static str) -> Kind {
    Kind { api, plural, kind, namespaced: true }
}

const fn cluster(api: &'static str, plural: &'static str, kind: &'static str) -> Kind {
    Kind { api, plural, kind, namespaced: false }
}

const CORE: &str = "/api/v1";
const APPS: &str = "/apis/apps/v1";
const ISTIO: &str = "/apis/networking.istio.io/v1alpha3";
const KUMA: &str = "/apis/kuma.io/v1alpha1";
const ADMISSION: &str = "/apis/admissionregistration.k8s.io/v1";
const RIGHTS: &str = "/apis/rbac.authorization.k8s.io/v1";

const KINDS: &[Kind] = &[
    cluster(CORE, "namespaces", "Namespace"),
    cluster(CORE, "nodes", "Node"),
    kind(CORE, "configmaps", "ConfigMap"),
    kind(CORE, "pods", "Pod"),
    kind(CORE, "serviceaccounts", "ServiceAccount"),
    kind(APPS, "deployments", "Deployment"),
    kind(APPS, "statefulsets", "StatefulSet"),
    kind(APPS, "daemonsets", "DaemonSet"),
    kind(APPS, "replicasets", "ReplicaSet"),
    kind(ISTIO, "envoyfilters", "EnvoyFilter"),
    kind("/apis/extensions.istio.io/v1alpha1", "wasmplugins", "WasmPlugin"),
    kind(KUMA, "containerpatches", "ContainerPatch"),
    kind(KUMA, "meshproxypatches", "MeshProxyPatch"),
    kind("/apis/gateway.envoyproxy.io/v1alpha1", "envoypatchpolicies", "EnvoyPatchPolicy"),
    kind(RIGHTS, "roles", "Role"),
    kind(RIGHTS, "rolebindings", "RoleBinding"),
    cluster(ADMISSION, "mutatingadmissionpolicies", "MutatingAdmissionPolicy"),
    cluster(ADMISSION, "mutatingadmissionpolicybindings", "MutatingAdmissionPolicyBinding"),
    cluster(ADMISSION, "mutatingwebhookconfigurations", "MutatingWebhookConfiguration"),
    cluster("/apis/apiextensions.k8s.io/v1", "customresourcedefinitions", "CustomResourceDefinition"),
];

impl Kind {
    /// The kind of this resource (`deployments`).
    ///
    /// # Panics
    /// When it does not stand in the table: a mistake in a test.
    #[track_caller]
    pub(crate) fn named(plural: &str) -> &'static Self {
        let known = KINDS.iter().find(|kind| kind.plural == plural);
        known.unwrap_or_else(|| panic!("{plural:?} does not stand in src/cluster/kinds.rs"))
    }

    /// The kind of an object.
    pub(crate) fn of(object: &Value) -> Option<&'static Self> {
        KINDS.iter().find(|kind| object["kind"] == kind.kind)
    }

    /// The resources of a namespace that are not made by controllers.
    pub(crate) fn kept() -> impl Iterator<Item = &'static str> {
        let kept = KINDS.iter().filter(|kind| kind.namespaced && !["Pod", "ReplicaSet"].contains(&kind.kind));
        kept.map(|kind| kind.plural)
    }

    /// Where this object is; without a name, where all of its namespace are.
    pub(crate) fn path(&self, namespace: &str, name: &str) -> String {
        let place = if self.namespaced { format!("/namespaces/{namespace}") } else { String::new() };
        let name = if name.is_empty() { String::new() } else { format!("/{name}") };
        format!("{}{place}/{}{name}", self.api, self.plural)
    }
}
