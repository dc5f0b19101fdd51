//! Deployments, StatefulSets and DaemonSets: found, changed, and waited for.

use super::kubectl::{Kubectl, is_conflict, is_not_found};
use serde_json::{Value, json};
use std::{fmt, str::FromStr, thread, time::Duration};

/// How often a change is tried that another writer comes before.
const ATTEMPTS: u64 = 30;

/// `KIND/NAME`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reference {
    kind: &'static str,
    name: String,
}

impl Reference {
    /// Of an object that kubectl gave.
    pub(crate) fn of(workload: &Value) -> Result<Self, String> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        format!("{}/{}", text(&workload["kind"]).to_lowercase(), text(&workload["metadata"]["name"])).parse()
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.kind, self.name)
    }
}

impl FromStr for Reference {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let kind = |kind: &str| match kind {
            "deployment" | "deployments" | "deploy" => Some("deployment"),
            "statefulset" | "statefulsets" | "sts" => Some("statefulset"),
            "daemonset" | "daemonsets" | "ds" => Some("daemonset"),
            _ => None,
        };
        let parsed = text.split_once('/').and_then(|(given, name)| Some((kind(&given.to_lowercase())?, name)));
        match parsed {
            Some((kind, name)) if !name.is_empty() && !name.contains('/') => Ok(Self { kind, name: name.to_owned() }),
            _ => Err("takes deployment/NAME, statefulset/NAME or daemonset/NAME".to_owned()),
        }
    }
}

/// The workloads that are asked for, or all of the namespace.
///
/// # Errors
/// When one of them does not exist.
pub(crate) fn find(kubectl: &Kubectl, wanted: &[Reference]) -> Result<Vec<Value>, String> {
    if wanted.is_empty() {
        return kubectl.list(&["deployments,statefulsets,daemonsets"]);
    }
    wanted.iter().map(|reference| kubectl.json(&["get", &reference.to_string()])).collect()
}

/// What became of a change; each with the workload as it was just before.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Changed {
    Nothing(Value),
    /// Its pods are replaced.
    Template(Value),
    /// It was deleted meanwhile.
    Gone,
}

/// Changes a workload as `change` says. It is read just before, and the API server refuses the patch when another writer came in
/// between, such as the workload's own controller; then it is worked out again from what is there now, and nobody's change is lost.
///
/// # Errors
/// What `change` or the API server has against it.
pub(crate) fn change(
    kubectl: &Kubectl,
    reference: &Reference,
    dry_run: bool,
    change: impl Fn(&Value) -> Result<Value, String>,
) -> Result<Changed, String> {
    let reference = reference.to_string();
    let mut arguments =
        vec!["patch", &reference, "--type=json", "--patch-file=/dev/stdin", "--field-manager=http-trace-filter"];
    if dry_run {
        arguments.push("--dry-run=server");
    }
    let mut attempt = 1;
    loop {
        let now = match kubectl.json(&["get", &reference]) {
            Ok(now) => now,
            Err(error) if is_not_found(&error) => return Ok(Changed::Gone),
            Err(error) => return Err(error),
        };
        let after = change(&now)?;
        if after == now {
            return Ok(Changed::Nothing(now));
        }
        match kubectl.run_with(&arguments, &patch(&now, &after).to_string()) {
            Ok(_) => return Ok(Changed::Template(now)),
            Err(error) if is_conflict(&error) && attempt < ATTEMPTS => {
                // Not always at the same moment as a writer that has a rhythm.
                thread::sleep(Duration::from_millis(attempt * 37 % 200));
                attempt += 1;
            }
            Err(error) if is_conflict(&error) => {
                return Err(format!("another writer came before each of {ATTEMPTS} attempts: {error}"));
            }
            Err(error) => return Err(error),
        }
    }
}

/// Replaces the template and the annotations, if the object is still the one that was read. The API server tells of a version
/// that is replaced by an older one as a conflict (409); of a `test` that fails it says only that something is wrong (422).
fn patch(now: &Value, after: &Value) -> Value {
    let version = &now["metadata"]["resourceVersion"];
    let mut operations = vec![json!({ "op": "replace", "path": "/metadata/resourceVersion", "value": version })];
    for path in ["/spec/template", "/metadata/annotations"] {
        let operation = match (now.pointer(path), after.pointer(path)) {
            (now, after) if now == after => continue,
            (Some(_), Some(value)) => json!({ "op": "replace", "path": path, "value": value }),
            (_, Some(value)) => json!({ "op": "add", "path": path, "value": value }),
            (_, None) => json!({ "op": "remove", "path": path }),
        };
        operations.push(operation);
    }
    Value::Array(operations)
}

#[cfg(test)]
mod tests {
    use super::Reference;

    #[test]
    fn references_take_kubectl_s_names() {
        for (text, expected) in
            [("deploy/a", "deployment/a"), ("StatefulSets/b", "statefulset/b"), ("ds/c", "daemonset/c")]
        {
            assert_eq!(text.parse::<Reference>().expect("valid").to_string(), expected);
        }
        for text in ["a", "pod/a", "deployment/", "deployment/a/b"] {
            assert!(text.parse::<Reference>().is_err(), "{text}");
        }
    }
}
