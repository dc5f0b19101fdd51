//! A MutatingAdmissionPolicy that mounts the wasm in new pods, for clusters whose owners want no change in any workload:
//! <https://kubernetes.io/docs/reference/access-authn-authz/mutating-admission-policy/>. API servers run it before Istio's webhook.

use super::{Plan, REVISION, mounting};
use serde_json::{Value, json};

const NAME: &str = "http-trace-filter";
/// Only namespaces with this label are touched.
const ASKED_FOR: (&str, &str) = ("http-trace-filter/mount", "enabled");

/// The API's versions and their directories: `v1` is there from Kubernetes 1.36 on; 1.34 and 1.35 have the beta, when it is turned
/// on.
pub(super) const VERSIONS: [(&str, &str); 2] = [("v1", "cluster"), ("v1beta1", "cluster/v1beta1")];

/// The policy, and the binding without which it does nothing, in this version of the API.
pub(super) fn objects(plan: &Plan<'_>, version: &str) -> [Value; 2] {
    let version = format!("admissionregistration.k8s.io/{version}");
    let [(user_volume, volume), (user_mount, mount)] = mounting::annotations(&plan.config_map());
    let add = |place: &str, key: &str, value: &str| {
        format!(
            "JSONPatch{{op: \"add\", path: \"/metadata/{place}/\" + jsonpatch.escapeKey({key:?}), value: {value:?}}}"
        )
    };
    // A map must be there before anything can be added to it.
    let place = |place: &str, key: &str, value: &str| {
        format!(
            "(has(object.metadata.{place}) ? [] : [JSONPatch{{op: \"add\", path: \"/metadata/{place}\", value: {{{key:?}: {value:?}}}}}])"
        )
    };
    let revision = plan.wasm.revision();
    let expression = format!(
        "{} +\n{} +\n[\n  {},\n  {},\n  {}\n]\n",
        place("annotations", user_volume, &volume),
        place("labels", REVISION, revision),
        add("annotations", user_volume, &volume),
        add("annotations", user_mount, &mount),
        add("labels", REVISION, revision),
    );
    let own = format!(
        "!has(object.metadata.annotations) || !({user_volume:?} in object.metadata.annotations || {user_mount:?} in \
         object.metadata.annotations)"
    );
    let policy = json!({
        "apiVersion": version,
        "kind": "MutatingAdmissionPolicy",
        "metadata": plan.metadata(NAME, None),
        "spec": {
            // Whatever is wrong with this policy, pods start.
            "failurePolicy": "Ignore",
            "reinvocationPolicy": "Never",
            "matchConstraints": {
                "namespaceSelector": { "matchLabels": { ASKED_FOR.0: ASKED_FOR.1 } },
                "resourceRules": [
                    { "apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"] },
                ],
            },
            // Volumes of the user's own are never replaced.
            "matchConditions": [{ "name": "no-volumes-of-its-own", "expression": own }],
            "mutations": [{ "patchType": "JSONPatch", "jsonPatch": { "expression": expression } }],
        },
    });
    let binding = json!({
        "apiVersion": version,
        "kind": "MutatingAdmissionPolicyBinding",
        "metadata": plan.metadata(NAME, None),
        "spec": { "policyName": NAME },
    });
    [policy, binding]
}
