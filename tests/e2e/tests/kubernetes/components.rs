//! Workloads that a component mounts already, and the commands here.

use serde_json::json;

use crate::commands::Site;
use crate::kubectl::workload;

/// The component's volume is the pod's own; `mount` brings it up to date, and makes no second one of its name.
#[test]
fn what_a_component_mounted_is_brought_up_to_date() {
    let site = Site::start();
    let shop = &site.namespace;
    let plain = workload("Deployment", "orders");
    let mut by_component = plain.clone();
    let template = &mut by_component["spec"]["template"];
    let (old, mount) =
        ("93a44bbb96c7", r#"{"http-trace-filter":{"mountPath":"/var/local/lib/wasm-filters","readOnly":true}}"#);
    template["metadata"]["annotations"] = json!({ "sidecar.istio.io/userVolumeMount": mount });
    template["metadata"]["labels"]["http-trace-filter/revision"] = json!(old);
    // As kustomize renames it for a team with prefix and suffix.
    let map = json!({ "name": format!("team-http-trace-filter-{old}-a"), "optional": true });
    template["spec"]["volumes"] = json!([{ "name": "http-trace-filter", "configMap": map }]);
    site.put(by_component);
    site.ok(&format!("deploy {shop}"));
    let pods = site.pods();
    assert!(!pods.is_empty() && pods.iter().all(|pod| site.mounts(pod, &site.revision())), "{pods:?}");
    for pod in &pods {
        let volumes = pod["spec"]["volumes"].as_array().expect("volumes");
        assert_eq!(volumes.iter().filter(|volume| volume["name"] == "http-trace-filter").count(), 1, "{volumes:?}");
    }
    site.ok(&format!("undeploy {shop}"));
    let template = &site.workload("deployments", "orders")["spec"]["template"];
    assert_eq!(template["metadata"], plain["spec"]["template"]["metadata"]);
    assert_eq!(template["spec"]["volumes"], json!(null));
}
