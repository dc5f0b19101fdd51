//! The admission policy mounts the wasm in new pods, before Istio injects the proxy; no workload changes.

use std::io;

use serde_json::{Value, json};

use super::outbound::to_pay;
use crate::mesh::{Mesh, until};

const LABEL: &str = "http-trace-filter/mount";

/// Applied as the README says, with the overlay but without `mount`.
pub(super) fn policy(mesh: &Mesh) -> io::Result<()> {
    mesh.readme.shell("\"$HTTP_TRACE_CTL\" manifests --wasm \"$HTTP_TRACE_FILTER_WASM\" --out k8s")?;
    mesh.readme.shell("kubectl apply -k k8s/cluster")?;
    mesh.kubectl.run(["label", "namespace", "shop", &format!("{LABEL}=enabled")])?;
    mesh.readme.run(&[".#overlay", "kubectl apply -k"])?;
    until("the policy's effect on new pods", || Ok(is_mounted(&mesh.dry_run(&pod())?).then_some(())))?;
    mesh.replace("shop", "web")?;
    mesh.records(&mesh.route()?)?.iter().try_for_each(to_pay)?;
    mesh.readme.shell("kubectl delete -k k8s/cluster")?;
    mesh.kubectl.run(["label", "namespace", "shop", &format!("{LABEL}-")])?;
    mesh.readme.run(&[".#undeploy"])?;
    until("the end of the policy's effect", || Ok((!is_mounted(&mesh.dry_run(&pod())?)).then_some(())))?;
    mesh.replace("shop", "web")?;
    mesh.is_as_before("shop")?;
    mesh.no_records(&mesh.route()?)
}

fn pod() -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "probe", "namespace": "shop" },
        "spec": { "containers": [{ "name": "app", "image": "app:1" }] },
    })
}

/// Whether the proxy that was injected has the volume.
fn is_mounted(pod: &Value) -> bool {
    let lists = [&pod["spec"]["containers"], &pod["spec"]["initContainers"]];
    let mut containers = lists.into_iter().filter_map(Value::as_array).flatten();
    let proxy = containers.find(|container| container["name"] == "istio-proxy");
    let mounts = proxy.and_then(|proxy| proxy["volumeMounts"].as_array());
    mounts.is_some_and(|mounts| mounts.iter().any(|mount| mount["name"] == "http-trace-filter"))
}
