//! Deployments, StatefulSets and DaemonSets: found, changed, and waited for.

use super::kubectl::Kubectl;
use serde_json::{Value, json};
use std::{fmt, str::FromStr};

/// How often a change is tried again that another writer came before.
const ATTEMPTS: usize = 8;

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

/// What became of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Changed {
    Nothing,
    /// Its pods are replaced.
    Template,
}

/// Changes a workload as `change` says. The patch is refused by the API server when another writer came in between, such as the
/// workload's own controller; then it is worked out again from what is there now, and nobody's change is lost.
///
/// # Errors
/// What `change` or the API server has against it.
pub(crate) fn change(
    kubectl: &Kubectl,
    workload: &Value,
    dry_run: bool,
    change: impl Fn(&Value) -> Result<Value, String>,
) -> Result<Changed, String> {
    let reference = Reference::of(workload)?.to_string();
    let mut now = workload.clone();
    for attempt in 1.. {
        let after = change(&now)?;
        if after == now {
            return Ok(Changed::Nothing);
        }
        let patch = patch(&now, &after).to_string();
        let mut arguments =
            vec!["patch", &reference, "--type=json", "--patch-file=/dev/stdin", "--field-manager=http-trace-filter"];
        if dry_run {
            arguments.push("--dry-run=server");
        }
        match kubectl.run_with(&arguments, &patch) {
            Ok(_) => break,
            Err(error) if attempt < ATTEMPTS && is_conflict(&error) => now = kubectl.json(&["get", &reference])?,
            Err(error) => return Err(error),
        }
    }
    Ok(Changed::Template)
}

/// Replaces the template and the annotations, if the object is still the one that was read.
fn patch(now: &Value, after: &Value) -> Value {
    let mut operations =
        vec![json!({ "op": "test", "path": "/metadata/resourceVersion", "value": now["metadata"]["resourceVersion"] })];
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

/// How kubectl tells that the test of the version failed, or that the API server saw it itself.
fn is_conflict(error: &str) -> bool {
    ["resourceVersion", "Conflict", "the object has been modified"].iter().any(|words| error.contains(words))
}

/// Waits until the workload's pods are replaced, with kubectl's progress.
///
/// # Errors
/// When they are not in time.
pub(crate) fn wait(kubectl: &Kubectl, workload: &Value, seconds: u64) -> Result<(), String> {
    let reference = Reference::of(workload)?;
    if workload["spec"]["updateStrategy"]["type"] == "OnDelete" {
        println!("{reference}: its pods change when they are deleted (updateStrategy OnDelete)");
        return Ok(());
    }
    let timeout = format!("--timeout={seconds}s");
    kubectl.show(&["rollout", "status", &reference.to_string(), &timeout])
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
