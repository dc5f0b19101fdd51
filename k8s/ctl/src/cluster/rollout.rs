//! How far the replacement of a workload's pods is, and waiting for it.

use super::{kubectl::Kubectl, workload::Reference};
use serde_json::Value;
use std::{
    thread,
    time::{Duration, Instant},
};

/// How long a workload that was not up before is given from one step forward to the next.
const PATIENCE: Duration = Duration::from_secs(20);

/// What became of a roll-out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Complete,
    /// It does not come now, for a reason that is not the change.
    Left(String),
}

/// Waits until the pods of a workload are what its template says. `before`: the workload just before the change. One that was up
/// has to come up again; of one that was not, nobody knows whether it can.
///
/// # Errors
/// When a workload that was up is not in time.
pub(crate) fn wait(kubectl: &Kubectl, before: &Value, seconds: u64) -> Result<Outcome, String> {
    let (reference, spec) = (Reference::of(before)?.to_string(), &before["spec"]);
    if spec["updateStrategy"]["type"] == "OnDelete" {
        return Ok(Outcome::Left("its pods change when they are deleted (updateStrategy OnDelete)".to_owned()));
    }
    if spec["paused"] == true {
        return Ok(Outcome::Left("it is paused (spec.paused): its pods change when it is resumed".to_owned()));
    }
    let limit = Duration::from_secs(seconds);
    if is_up(before) {
        kubectl.show(&["rollout", "status", &reference, &format!("--timeout={seconds}s")])?;
        return Ok(Outcome::Complete);
    }
    let (start, mut step, mut best) = (Instant::now(), Instant::now(), i64::MIN);
    loop {
        let now = kubectl.json(&["get", &reference])?;
        if is_up(&now) {
            return Ok(Outcome::Complete);
        }
        let score = score(&now);
        if score > best {
            (best, step) = (score, Instant::now());
        }
        if has_failed(&now) || step.elapsed() >= PATIENCE || start.elapsed() >= limit {
            return Ok(Outcome::Left(format!(
                "it was not up before ({}), and is not now: it is not waited for",
                counted(before)
            )));
        }
        thread::sleep(Duration::from_millis(500));
    }
}

/// Whether its pods are being replaced now, or should be.
pub(crate) fn is_moving(workload: &Value) -> bool {
    let spec = &workload["spec"];
    spec["paused"] != true && spec["updateStrategy"]["type"] != "OnDelete" && !is_up(workload)
}

/// Whether all of the workload's pods are of its template, and available; as `kubectl rollout status` sees it.
pub(crate) fn is_up(workload: &Value) -> bool {
    let status = &workload["status"];
    let number = |name: &str| status[name].as_i64().unwrap_or(0);
    if number("observedGeneration") < workload["metadata"]["generation"].as_i64().unwrap_or(0) {
        return false;
    }
    let (wanted, available) = available(workload);
    let updated = match workload["kind"].as_str() {
        Some("StatefulSet") => {
            let partition = workload["spec"]["updateStrategy"]["rollingUpdate"]["partition"].as_i64().unwrap_or(0);
            let all = status["currentRevision"] == status["updateRevision"];
            all || partition > 0 && number("updatedReplicas") >= wanted - partition
        }
        Some("DaemonSet") => number("updatedNumberScheduled") >= wanted,
        _ => number("updatedReplicas") >= wanted && number("replicas") <= number("updatedReplicas"),
    };
    updated && available >= wanted
}

/// How many pods a workload is to have, and how many are available.
fn available(workload: &Value) -> (i64, i64) {
    let number = |name: &str| workload["status"][name].as_i64().unwrap_or(0);
    match workload["kind"].as_str() {
        Some("DaemonSet") => (number("desiredNumberScheduled"), number("numberAvailable")),
        kind => {
            let wanted = workload["spec"]["replicas"].as_i64().unwrap_or(1);
            // What kubectl asks of a StatefulSet.
            (wanted, number(if kind == Some("StatefulSet") { "readyReplicas" } else { "availableReplicas" }))
        }
    }
}

fn counted(workload: &Value) -> String {
    let (wanted, available) = available(workload);
    if available < wanted {
        format!("{available} of {wanted} pods available")
    } else {
        "its pods were being replaced".to_owned()
    }
}

/// Grows with each pod that is new, or available, and with each old one that goes. A pod that comes and falls again and again
/// makes it no higher than it was.
fn score(workload: &Value) -> i64 {
    let number = |name: &str| workload["status"][name].as_i64().unwrap_or(0);
    let updated = number("updatedReplicas").max(number("updatedNumberScheduled"));
    2 * updated + available(workload).1 - number("replicas")
}

/// Whether the Deployment's own deadline for progress is over.
fn has_failed(workload: &Value) -> bool {
    let conditions = workload["status"]["conditions"].as_array().into_iter().flatten();
    let seen = workload["status"]["observedGeneration"] == workload["metadata"]["generation"];
    seen && conditions.into_iter().any(|one| one["type"] == "Progressing" && one["status"] == "False")
}

#[cfg(test)]
mod tests {
    use super::{has_failed, is_up};
    use serde_json::{Value, json};

    fn workload(kind: &str, spec: Value, status: Value) -> Value {
        json!({ "kind": kind, "metadata": { "generation": 2 }, "spec": spec, "status": status })
    }

    #[test]
    fn up_is_what_kubectl_calls_complete() {
        let two = json!({ "replicas": 2 });
        let whole = json!({ "observedGeneration": 2, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 2, "readyReplicas": 2 });
        let with = |name: &str, value: i64| {
            let mut status = whole.clone();
            status[name] = json!(value);
            status
        };
        assert!(is_up(&workload("Deployment", two.clone(), whole.clone())));
        for (name, value) in
            [("observedGeneration", 1), ("replicas", 3), ("updatedReplicas", 1), ("availableReplicas", 1)]
        {
            assert!(!is_up(&workload("Deployment", two.clone(), with(name, value))), "{name}");
        }
        assert!(is_up(&workload("Deployment", json!({ "replicas": 0 }), json!({ "observedGeneration": 2 }))));
        assert!(is_up(&workload("StatefulSet", two.clone(), whole.clone())));
        let mut moving = with("updatedReplicas", 1);
        moving["updateRevision"] = json!("b");
        assert!(!is_up(&workload("StatefulSet", two.clone(), moving.clone())));
        let partition = json!({ "replicas": 2, "updateStrategy": { "rollingUpdate": { "partition": 1 } } });
        assert!(is_up(&workload("StatefulSet", partition, moving)));
        let nodes = json!({ "observedGeneration": 2, "desiredNumberScheduled": 3, "updatedNumberScheduled": 3, "numberAvailable": 2 });
        assert!(!is_up(&workload("DaemonSet", json!({}), nodes)));
    }

    #[test]
    fn a_deadline_counts_once_the_change_is_seen() {
        let conditions = json!([{ "type": "Progressing", "status": "False" }]);
        for (seen, expected) in [(1, false), (2, true)] {
            let status = json!({ "observedGeneration": seen, "conditions": conditions });
            assert_eq!(has_failed(&workload("Deployment", json!({}), status)), expected);
        }
    }
}
