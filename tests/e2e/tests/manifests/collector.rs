//! The collector of `k8s/collector`: what runs it, and who reaches it.

use serde_json::{Value, json};

use crate::schemas::check;
use crate::{program, render};

#[test]
fn the_collector_holds_and_is_of_one_piece() {
    let objects = render(&program("K8S").join("collector"));
    let object =
        |kind: &str| objects.iter().find(|object| object["kind"] == kind).unwrap_or_else(|| panic!("no {kind}"));
    let mut kinds: Vec<&str> = objects.iter().filter_map(|object| object["kind"].as_str()).collect();
    kinds.sort_unstable();
    assert_eq!(kinds, ["Deployment", "Namespace", "NetworkPolicy", "Service"]);
    for object in &objects {
        check(object).unwrap_or_else(|error| panic!("{}: {error}", object["kind"]));
        // None of them lets a mistake pass.
        let mut spoilt = vec![object.clone(), object.clone()];
        spoilt[0]["spec"]["podSelectr"] = json!({});
        spoilt[1]["metadata"]["labels"] = json!("text");
        for spoilt in spoilt {
            assert!(check(&spoilt).is_err(), "it passes: {spoilt}");
        }
    }
    let (deployment, service, policy) = (object("Deployment"), object("Service"), object("NetworkPolicy"));
    let pod = &deployment["spec"]["template"];
    let labels = pod["metadata"]["labels"].as_object().expect("labels");
    for selector in [
        &deployment["spec"]["selector"]["matchLabels"],
        &service["spec"]["selector"],
        &policy["spec"]["podSelector"]["matchLabels"],
    ] {
        let selector = selector.as_object().expect("a selector");
        assert!(!selector.is_empty(), "it selects every pod of the namespace");
        assert!(selector.iter().all(|(name, value)| labels.get(name) == Some(value)), "{selector:?} and {labels:?}");
    }
    // Each port is the one that the program listens at.
    let container = &pod["spec"]["containers"][0];
    let arguments: Vec<&str> =
        container["args"].as_array().expect("arguments").iter().filter_map(Value::as_str).collect();
    assert_eq!(arguments[..2], ["--listen", "0.0.0.0:9000"]);
    assert_eq!(container["ports"], json!([{ "name": "http", "containerPort": 9000 }]));
    let ports = [&service["spec"]["ports"][0]["targetPort"], &policy["spec"]["ingress"][0]["ports"][0]["port"]];
    assert_eq!(ports, [&json!("http"); 2]);
    for probe in ["readinessProbe", "livenessProbe"] {
        assert_eq!(container[probe]["httpGet"], json!({ "path": "/healthz", "port": "http" }), "{probe}");
    }
    // Nobody reads without a token, and a pod without the Secret does not start.
    let token = json!([{ "name": "HTTP_TRACE_COLLECTOR_TOKEN", "valueFrom": { "secretKeyRef": { "name": "collector", "key": "token" } } }]);
    assert_eq!(container["env"], token);
    let mut outward = policy["spec"]["policyTypes"].as_array().expect("types").clone();
    outward.sort_by_key(ToString::to_string);
    assert_eq!((outward, &policy["spec"]["egress"]), (vec![json!("Egress"), json!("Ingress")], &Value::Null));
    // What the standard "restricted" asks for, a root that stays as it is, and bounds.
    assert_eq!(object("Namespace")["metadata"]["labels"]["pod-security.kubernetes.io/enforce"], "restricted");
    let (of_pod, of_container) = (&pod["spec"]["securityContext"], &container["securityContext"]);
    assert_eq!([&of_pod["runAsNonRoot"], &of_container["readOnlyRootFilesystem"]], [&json!(true); 2]);
    assert_eq!(of_container["allowPrivilegeEscalation"], false);
    assert_eq!(of_container["capabilities"]["drop"], json!(["ALL"]));
    assert_eq!(pod["spec"]["automountServiceAccountToken"], false);
    let limits = container["resources"]["limits"].as_object().expect("limits");
    assert_eq!(limits.keys().collect::<Vec<_>>(), ["cpu", "memory"]);
}
