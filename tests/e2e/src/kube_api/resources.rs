//! The resources the double knows.

use serde_json::Value;

/// One of them.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Resource {
    pub(crate) group: &'static str,
    pub(crate) version: &'static str,
    pub(crate) plural: &'static str,
    pub(crate) singular: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) short: &'static str,
    pub(crate) namespaced: bool,
}

const fn resource(api: [&'static str; 2], names: [&'static str; 4]) -> Resource {
    let [group, version] = api;
    let [plural, singular, kind, short] = names;
    Resource { group, version, plural, singular, kind, short, namespaced: true }
}

const fn cluster(api: [&'static str; 2], names: [&'static str; 4]) -> Resource {
    Resource { namespaced: false, ..resource(api, names) }
}

const CORE: [&str; 2] = ["", "v1"];
const APPS: [&str; 2] = ["apps", "v1"];
const ISTIO: [&str; 2] = ["networking.istio.io", "v1alpha3"];
const KUMA: [&str; 2] = ["kuma.io", "v1alpha1"];
const ADMISSION: [&str; 2] = ["admissionregistration.k8s.io", "v1"];

/// All of them.
pub(crate) const RESOURCES: &[Resource] = &[
    cluster(CORE, ["namespaces", "namespace", "Namespace", "ns"]),
    resource(CORE, ["configmaps", "configmap", "ConfigMap", "cm"]),
    resource(CORE, ["pods", "pod", "Pod", "po"]),
    resource(APPS, ["deployments", "deployment", "Deployment", "deploy"]),
    resource(APPS, ["statefulsets", "statefulset", "StatefulSet", "sts"]),
    resource(APPS, ["daemonsets", "daemonset", "DaemonSet", "ds"]),
    resource(APPS, ["replicasets", "replicaset", "ReplicaSet", "rs"]),
    resource(ISTIO, ["envoyfilters", "envoyfilter", "EnvoyFilter", ""]),
    resource(KUMA, ["containerpatches", "containerpatch", "ContainerPatch", ""]),
    resource(KUMA, ["meshproxypatches", "meshproxypatch", "MeshProxyPatch", ""]),
    cluster(ADMISSION, ["mutatingadmissionpolicies", "mutatingadmissionpolicy", "MutatingAdmissionPolicy", ""]),
    cluster(
        ADMISSION,
        ["mutatingadmissionpolicybindings", "mutatingadmissionpolicybinding", "MutatingAdmissionPolicyBinding", ""],
    ),
];

impl Resource {
    /// `v1`, `apps/v1`.
    pub(crate) fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.to_owned() } else { format!("{}/{}", self.group, self.version) }
    }

    /// As failures name it: `pods`, `deployments.apps`.
    pub(crate) fn qualified(&self) -> String {
        if self.group.is_empty() { self.plural.to_owned() } else { format!("{}.{}", self.plural, self.group) }
    }

    /// Whether a controller rolls it out.
    pub(crate) fn is_workload(&self) -> bool {
        ["Deployment", "StatefulSet", "DaemonSet"].contains(&self.kind)
    }

    /// Whether a CustomResourceDefinition describes it: its lists have no merge keys, and there is no strategic merge.
    pub(crate) fn is_custom(&self) -> bool {
        self.group.contains('.') && !self.group.ends_with(".k8s.io")
    }

    /// Whether the server counts its generations.
    pub(crate) fn has_generation(&self) -> bool {
        !self.group.is_empty()
    }
}

/// The resource an object is of.
pub(crate) fn of_object(object: &Value) -> Option<&'static Resource> {
    RESOURCES.iter().find(|known| object["apiVersion"] == known.api_version() && object["kind"] == known.kind)
}

/// The resource of this name (`deployments`).
///
/// # Panics
/// When the double does not know it: a mistake in a test.
pub(crate) fn named(plural: &str) -> &'static Resource {
    let known = RESOURCES.iter().find(|known| known.plural == plural);
    known.unwrap_or_else(|| panic!("the double of the API server has no resource {plural:?}"))
}
