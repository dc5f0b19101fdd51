//! Envoy Gateway: what it says of the policy, and its proxies, which are in a namespace of their own.

use super::{Finding, Report, Scene, counted, pod};
use crate::cluster::kubectl::is_forbidden;
use serde_json::Value;

/// Where Envoy Gateway runs proxies, unless it is told otherwise.
const PROXIES: &str = "envoy-gateway-system";
/// Its labels of a proxy's pod.
const LABELS: &str = "gateway.envoyproxy.io/owning-gateway";

/// Looks at the policies, and at the proxies of the Gateways that they are for.
///
/// # Errors
/// What kubectl cannot tell.
pub(super) fn look(mut scene: Scene, policies: &[Value], report: &mut Report) -> Result<(), String> {
    for policy in policies {
        accepted(policy, report);
        let target = &policy["spec"]["targetRef"];
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let (name, namespace) = (text(&target["name"]), text(&policy["metadata"]["namespace"]));
        let of_gateway = target["kind"] == "Gateway";
        let selector = if of_gateway {
            format!("{LABELS}-name={name},{LABELS}-namespace={namespace}")
        } else {
            format!("{LABELS}class={name}")
        };
        let running = ["pods", "--selector", &selector, "--field-selector", "status.phase=Running"];
        let pods = match scene.kubectl.list(&[&running[..], &["--all-namespaces"]].concat()) {
            Err(error) if is_forbidden(&error) => scene.kubectl.elsewhere(PROXIES).list(&running),
            pods => pods,
        }?;
        let todo = format!("no proxy of it runs: see kubectl describe {} {name}", text(&target["kind"]).to_lowercase());
        let (about, what) = (format!("{} {name}", text(&target["kind"])), counted(pods.len(), "running proxy pod"));
        report.add(&about, Finding::check(!pods.is_empty(), what, &todo));
        scene.pods.extend(pods);
    }
    pod::all(&scene, report);
    Ok(())
}

/// What Envoy Gateway says of a policy: <https://gateway-api.sigs.k8s.io/geps/gep-713/>.
fn accepted(policy: &Value, report: &mut Report) {
    let about = format!("EnvoyPatchPolicy {}", policy["metadata"]["name"].as_str().unwrap_or_default());
    let ancestors = policy["status"]["ancestors"].as_array().into_iter().flatten();
    let conditions: Vec<&Value> =
        ancestors.flat_map(|ancestor| ancestor["conditions"].as_array().into_iter().flatten()).collect();
    if conditions.is_empty() {
        let todo = "turn extensionApis.enableEnvoyPatchPolicy on in Envoy Gateway's configuration";
        report.add(&about, Finding::fail("Envoy Gateway says nothing of it", todo));
    }
    for condition in conditions {
        let text = |name: &str| condition[name].as_str().unwrap_or_default();
        let what = format!("{} is {}", text("type"), text("status"));
        let todo = match text("type") {
            "Accepted" => "deploy with --gateway, or --gateway-class, of one that is there",
            _ => {
                "its listener has another name: deploy with --listener, or from Envoy Gateway 1.10 on --xds-listener tcp-PORT"
            }
        };
        let finding = if text("status") == "True" {
            Finding::ok(what)
        } else {
            Finding::fail(format!("{what}: {}", text("message")), todo)
        };
        report.add(&about, finding);
    }
}
