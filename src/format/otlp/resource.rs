//! What stands before the records of a request: whose records they are.

use super::message::{Attributes, OF_RESOURCE, field, field_size, tagged};

// The instrumentation scope.
const NAME: &[u8] = b"http-trace-filter";
const VERSION: &[u8] = env!("CARGO_PKG_VERSION").as_bytes();

/// Attributes of the node, and where in Envoy's `xds.node` they are, joined by NUL; of several places the first that is
/// known. Istio's metadata has all of them, others the last ones.
const NODE: [(&str, &str); 8] = [
    ("service.name", "metadata\0LABELS\0service.istio.io/canonical-name"),
    ("service.name", "metadata\0WORKLOAD_NAME"),
    ("service.name", "cluster"),
    ("service.instance.id", "id"),
    ("k8s.namespace.name", "metadata\0NAMESPACE"),
    ("k8s.pod.name", "metadata\0NAME"),
    ("k8s.node.name", "metadata\0NODE_NAME"),
    ("k8s.cluster.name", "metadata\0CLUSTER_ID"),
];

/// What stands before the records, after their request's first length, and after its second. `look` finds an attribute
/// of the node, or nothing.
pub fn head(configured: &[(String, String)], look: impl Fn(&str) -> Vec<u8>) -> [Vec<u8>; 2] {
    let mut attributes = Vec::new();
    let mut put = Attributes { out: &mut attributes, of: OF_RESOURCE, start: "" };
    for (name, value) in configured {
        put.text(name, value.as_bytes());
    }
    let mut last = "";
    for (name, place) in &NODE {
        if *name != last && configured.iter().all(|(other, _)| other != name) {
            let found = look(place);
            // Every resource must have the name.
            let value = if found.is_empty() && *place == "cluster" { b"envoy" } else { found.as_slice() };
            put.text(name, value);
            if !value.is_empty() {
                last = name;
            }
        }
    }
    // Of ResourceLogs: resource, schema_url, and the tag of scope_logs. Of ScopeLogs: scope.
    let (mut resource, mut scope) = (Vec::new(), Vec::new());
    field(&mut resource, 0x0a, &attributes);
    field(&mut resource, 0x1a, b"https://opentelemetry.io/schemas/1.44.0");
    resource.push(0x12);
    tagged(&mut scope, 0x0a, (field_size(NAME.len()) + field_size(VERSION.len())) as u64);
    field(&mut scope, 0x0a, NAME);
    field(&mut scope, 0x12, VERSION);
    [resource, scope]
}
