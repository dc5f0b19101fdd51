//! Gateways that the Gateway API asks for: istiod makes their Deployments itself.

use serde_json::{Value, json};

use crate::commands::{Site, gateway};

/// As istiod writes it: with the proxy in the template, which is not to be injected a second time.
fn made_by_istiod() -> Value {
    let mut object = gateway(&Value::Null);
    object["metadata"]["labels"]["gateway.networking.k8s.io/gateway-name"] = json!("gateway");
    object["spec"]["template"]["metadata"]["labels"]["sidecar.istio.io/inject"] = json!("false");
    object
}

#[test]
fn istiod_s_own_deployment_is_mounted() {
    let site = Site::start();
    let shop = &site.namespace;
    site.put(made_by_istiod());
    let before = site.workload("deployments", "gateway");
    let printed = site.ok(&format!("deploy {shop} --traffic gateway"));
    assert!(printed.contains("deployment/gateway: mounted revision "), "{printed}");
    let pods = site.pods();
    assert!(!pods.is_empty() && pods.iter().all(|pod| site.mounts(pod, &site.revision())), "{pods:?}");
    site.ok(&format!("undeploy {shop}"));
    assert_eq!(site.workload("deployments", "gateway"), before);
}
