//! Kuma: its MeshProxyPatch (<https://kuma.io/docs/latest/policies/meshproxypatch/>), and the ContainerPatch by which its
//! injection mounts.

use super::{
    Admin, Kind, Mesh, Mount, Proxy,
    edit::{is_our_volume, put, set},
};
use crate::overlay::{Delivery, Direction, Namespace, Plan, REVISION, envoy_cluster, mounting, wasm_filter, yaml};
use serde_json::{Map, Value, json};

/// The namespace in which Kuma looks for ContainerPatches.
const SYSTEM_NAMESPACE: &str = "kuma-system";
const CONTAINER_PATCHES: &str = "kuma.io/container-patches";
const INJECTION: &str = "kuma.io/sidecar-injection";
const CONTAINER_PATCH: Kind =
    Kind { kind: "ContainerPatch", resource: "containerpatches.kuma.io", file: "containerpatch.yaml" };

pub(crate) struct Kuma;

impl Mesh for Kuma {
    fn directions(&self) -> &'static [Direction] {
        &[Direction::Outbound, Direction::Inbound]
    }

    fn deliveries(&self) -> &'static [Delivery] {
        &[Delivery::Configmap, Delivery::Inline]
    }

    fn options(&self) -> &'static [&'static str] {
        &[]
    }

    fn of_filter(&self) -> [&'static str; 2] {
        ["kuma", "none"]
    }

    fn root_namespace(&self) -> Option<&'static str> {
        Some(SYSTEM_NAMESPACE)
    }

    /// Those of services by their tag `kuma.io/service`, of MeshServices, and of resources by their identifier.
    fn has_cluster(&self, name: &str) -> bool {
        let ends = |word: &str| {
            let (_, port) = name.rsplit_once(word).unwrap_or_default();
            port.parse::<u16>().is_ok_and(|port| port > 0)
        };
        ends("_svc_") || ends("_msvc_") || name.starts_with("kri_")
    }

    fn cluster_names(&self) -> &'static str {
        "NAME_NAMESPACE_svc_PORT, or of a MeshService …_msvc_PORT or kri_…"
    }

    fn patches(&self) -> Kind {
        Kind { kind: "MeshProxyPatch", resource: "meshproxypatches.kuma.io", file: "meshproxypatch.yaml" }
    }

    /// Puts the filter before the router of this namespace's proxies, and adds the clusters it needs. Kuma has no extension
    /// discovery, so only proxies that mount the wasm are given it; with the inline delivery it cannot be missing.
    fn patch(&self, plan: &Plan<'_>, namespace: Option<&Namespace>) -> Value {
        let name = plan.name();
        let origin = if plan.direction == Direction::Inbound { "inbound" } else { "outbound" };
        let clusters = envoy_cluster::all(plan);
        let clusters =
            clusters.iter().map(|cluster| json!({ "cluster": { "operation": "Add", "value": yaml::text(cluster) } }));
        let filter = json!({ "name": name, "typed_config": wasm_filter::typed_config(plan) });
        let filter = json!({ "httpFilter": {
            "operation": "AddBefore",
            "match": { "name": "envoy.filters.http.router", "origin": origin },
            "value": yaml::text(&filter),
        } });
        let target = match plan.options.delivery {
            Delivery::Configmap => json!({ "kind": "Dataplane", "labels": { REVISION: plan.wasm.revision() } }),
            Delivery::Inline | Delivery::Image => json!({ "kind": "Mesh" }),
        };
        json!({
            "apiVersion": "kuma.io/v1alpha1",
            "kind": self.patches().kind,
            "metadata": plan.metadata(&name, namespace),
            "spec": {
                "targetRef": target,
                "default": { "appendModifications": clusters.chain([filter]).collect::<Vec<_>>() },
            },
        })
    }

    fn revision_of<'a>(&self, patch: &'a Value) -> Option<&'a str> {
        patch["spec"]["targetRef"]["labels"][REVISION].as_str()
    }

    fn beside(&self) -> Option<(Kind, &'static str)> {
        Some((CONTAINER_PATCH, SYSTEM_NAMESPACE))
    }

    /// Mounts the volume of a pod's template in its sidecar. Pods ask for it by name, so each namespace has its own: deleting
    /// one must not stop the injection in another.
    fn beside_object(&self, plan: &Plan<'_>, namespace: &Namespace) -> Option<Value> {
        let mount = mounting::named(&mounting::mount());
        Some(json!({
            "apiVersion": "kuma.io/v1alpha1",
            "kind": CONTAINER_PATCH.kind,
            "metadata": {
                "name": mounting::container_patch(namespace.as_str()),
                "namespace": SYSTEM_NAMESPACE,
                "labels": plan.labels(),
            },
            "spec": { "sidecarPatch": [{ "op": "add", "path": "/volumeMounts/-", "value": mount.to_string() }] },
        }))
    }

    fn asks_for(&self, template: &Value, name: &str) -> bool {
        split(template["metadata"]["annotations"][CONTAINER_PATCHES].as_str()).contains(&name)
    }

    fn filter_of(&self, patch: &Value) -> Option<Value> {
        let changes = patch["spec"]["default"]["appendModifications"].as_array()?;
        let filter = changes.iter().find_map(|change| change["httpFilter"]["value"].as_str())?;
        serde_yaml_ng::from_str(filter).ok()
    }

    fn proxy(&self) -> Proxy {
        Proxy { container: "kuma-sidecar", admin: Admin::Port(9901) }
    }

    fn injection(&self) -> &'static str {
        "kuma.io/sidecar-injection=enabled"
    }

    fn without_proxy(&self, template: &Value) -> Option<String> {
        if template["spec"]["hostNetwork"] == true {
            return Some("its pods get no proxy (hostNetwork)".to_owned());
        }
        let metadata = &template["metadata"];
        let off = |place: &&str| matches!(metadata[*place][INJECTION].as_str(), Some("false" | "disabled"));
        let place = ["labels", "annotations"].into_iter().find(off)?;
        Some(format!("its pods get no proxy ({place}: {INJECTION})"))
    }

    fn mount(&self, template: &mut Value, mount: &Mount) -> Result<(), String> {
        // There is no default here as in Istio: a pod must not start without the file that its proxy will be told to load.
        let volume = mounting::named(&mounting::volume(&mount.config_map));
        put(&mut template["spec"]["volumes"], volume, is_our_volume).map_err(|error| format!("volumes: {error}"))?;
        let own = mounting::container_patch(&mount.namespace);
        let annotation = &mut template["metadata"]["annotations"][CONTAINER_PATCHES];
        let mut patches = split(annotation.as_str());
        if !patches.contains(&own.as_str()) {
            patches.push(&own);
            *annotation = json!(patches.join(","));
        }
        Ok(())
    }

    fn annotations(&self) -> &'static [&'static str] {
        &[CONTAINER_PATCHES]
    }

    fn unmount(&self, template: &mut Value, namespace: &str, before: &Map<String, Value>) {
        let own = mounting::container_patch(namespace);
        let Some(now) = template["metadata"]["annotations"][CONTAINER_PATCHES].as_str() else { return };
        let (all, was) = (split(Some(now)), before.get(CONTAINER_PATCHES).and_then(Value::as_str));
        if !all.contains(&own.as_str()) {
            return;
        }
        let rest: Vec<&str> = all.into_iter().filter(|name| *name != own).collect();
        let value = if rest == split(was) { was.map(str::to_owned) } else { Some(rest.join(",")) };
        set(&mut template["metadata"], "annotations", CONTAINER_PATCHES, value);
    }
}

fn split(names: Option<&str>) -> Vec<&str> {
    names.unwrap_or_default().split(',').map(str::trim).filter(|name| !name.is_empty()).collect()
}
