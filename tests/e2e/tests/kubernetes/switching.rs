//! An overlay says all that is to be there: `deploy` of another one removes the rest, once no pod needs it.

use std::fs;

use serde_json::{Value, json};

use crate::commands::{Site, names};
use crate::kubectl::workload;

/// A site with one workload.
fn site() -> Site {
    let site = Site::start();
    site.put(workload("Deployment", "orders"));
    site
}

#[test]
fn another_direction_takes_the_place_of_the_first() {
    let site = site();
    let shop = &site.namespace;
    site.ok(&format!("deploy {shop} --traffic outbound"));
    let revision = site.revision();
    let printed = site.ok(&format!("deploy {shop} --traffic inbound"));
    assert_eq!(site.names("envoyfilters"), [format!("http-trace-filter-inbound-{revision}")], "{printed}");
    assert_eq!(site.names("configmaps"), [format!("http-trace-filter-{revision}")]);
    assert!(printed.contains(&format!("http-trace-filter-outbound-{revision}\" deleted")), "{printed}");
}

#[test]
fn several_directions_are_each_a_filter() {
    let site = site();
    let shop = &site.namespace;
    site.ok(&format!("deploy {shop} --traffic inbound,outbound"));
    let revision = site.revision();
    let of = |context: &str| format!("http-trace-filter-{context}-{revision}");
    assert_eq!(site.names("envoyfilters"), [of("inbound"), of("outbound")]);
    let contexts = |name: &str| -> Vec<Value> {
        let object = site.api.object("envoyfilters", shop, name).expect("it");
        let patches = object["spec"]["configPatches"].as_array().expect("patches").clone();
        patches.iter().map(|patch| patch["match"]["context"].clone()).collect()
    };
    assert_eq!(contexts(&of("inbound")), vec![json!("SIDECAR_INBOUND"); 3]);
    assert_eq!(contexts(&of("outbound")), vec![json!("SIDECAR_OUTBOUND"); 3]);
    let before = site.pods();
    site.ok(&format!("deploy {shop} --traffic inbound"));
    assert_eq!(site.names("envoyfilters"), [of("inbound")]);
    assert_eq!(site.pods(), before, "no pod was replaced");
}

#[test]
fn another_delivery_takes_the_place_of_the_first() {
    let site = site();
    let shop = &site.namespace;
    let before = site.workload("deployments", "orders");
    site.ok(&format!("deploy {shop}"));
    let revision = site.revision();
    site.ok(&format!("deploy {shop} --delivery inline"));
    assert_eq!(site.names("envoyfilters"), ["http-trace-filter-outbound"]);
    assert_eq!(site.names("configmaps"), [""; 0]);
    assert_eq!(site.workload("deployments", "orders"), before, "nothing is mounted any more");
    site.ok(&format!("deploy {shop}"));
    assert_eq!(site.names("envoyfilters"), [format!("http-trace-filter-outbound-{revision}")]);
    assert_eq!(site.names("configmaps"), [format!("http-trace-filter-{revision}")]);
    assert!(site.pods().iter().all(|pod| site.mounts(pod, &revision)));
}

/// Where a registry would have the wasm: nothing here fetches it.
const IMAGE: &str =
    "oci://registry.example/filter@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// Each of the three takes the place of each other one: after every step, one of them is all there is.
#[test]
fn of_three_deliveries_there_is_one() {
    let site = site();
    let shop = &site.namespace;
    let (before, untouched) = (site.contents(), site.workload("deployments", "orders"));
    let none = [""; 0].map(str::to_owned).to_vec();
    for delivery in ["configmap", "image", "inline", "image", "configmap", "inline", "configmap", "image"] {
        let image = if delivery == "image" { format!("--image {IMAGE}") } else { String::new() };
        site.ok(&format!("deploy {shop} --delivery {delivery} {image}"));
        let revision = site.revision();
        let name = "http-trace-filter-outbound".to_owned();
        let (filter, plugins, maps) = match delivery {
            "configmap" => (format!("{name}-{revision}"), none.clone(), vec![format!("http-trace-filter-{revision}")]),
            "image" => (name.clone(), vec![name], none.clone()),
            _ => (name, none.clone(), none.clone()),
        };
        assert_eq!(site.names("envoyfilters"), [filter], "{delivery}");
        assert_eq!(site.names("wasmplugins"), plugins, "{delivery}");
        assert_eq!(site.names("configmaps"), maps, "{delivery}");
        if maps.is_empty() {
            assert_eq!(site.workload("deployments", "orders"), untouched, "{delivery}: nothing is mounted");
        } else {
            assert!(site.pods().iter().all(|pod| site.mounts(pod, &revision)), "{delivery}");
        }
        let status: Value = serde_json::from_str(&site.ok(&format!("status {shop} -o json"))).expect("JSON");
        let lines: Vec<&Value> = status.as_array().expect("a list").iter().collect();
        let [line] = lines[..] else { panic!("{delivery}: one line is expected: {status}") };
        let expected = json!([delivery, "outbound", revision, "collector.observability:9000"]);
        assert_eq!(json!([line["delivery"], line["traffic"], line["revision"], line["collector"]]), expected);
    }
    site.ok(&format!("undeploy {shop}"));
    assert_eq!(site.contents(), before);
}

/// A newer wasm: what the old pods need stays until they are gone, and is gone then.
#[test]
fn an_older_revision_stays_while_a_pod_mounts_it() {
    let site = site();
    let shop = &site.namespace;
    fs::write(site.path().join("old.wasm"), b"\0asm\x01\0\0\0").expect("a file");
    let mut by_hand = workload("StatefulSet", "store");
    by_hand["spec"]["updateStrategy"] = json!({ "type": "OnDelete" });
    site.put(by_hand);
    site.ok(&format!("deploy {shop} --wasm old.wasm"));
    let old = site.revision();
    // Its pod is of the old revision only once somebody deletes the one before.
    site.kubectl(&["delete", "pod", "store-0"]);
    site.kubectl(&["wait", "--for=condition=Ready", "pod/store-0", "--timeout=60s"]);
    let printed = site.ok(&format!("deploy {shop}"));
    let new = site.revision();
    let filter = |revision: &str| format!("http-trace-filter-outbound-{revision}");
    let both = |mut both: [String; 2]| {
        both.sort();
        both
    };
    assert_eq!(site.names("envoyfilters"), both([filter(&old), filter(&new)]), "{printed}");
    let told = format!("{}: it stays until the next deploy: mounted by 1 pod, such as store-0", filter(&old));
    assert!(printed.contains(&told), "{printed}");
    site.kubectl(&["delete", "pod", "store-0"]);
    site.kubectl(&["wait", "--for=condition=Ready", "pod/store-0", "--timeout=60s"]);
    site.ok(&format!("deploy {shop}"));
    assert_eq!(site.names("envoyfilters"), [filter(&new)]);
    assert_eq!(site.names("configmaps"), [format!("http-trace-filter-{new}")]);
}

#[test]
fn another_mesh_takes_the_place_of_the_first() {
    let site = site();
    let shop = &site.namespace;
    let before = site.workload("deployments", "orders");
    site.ok(&format!("deploy {shop} --mesh kuma"));
    assert_eq!(names("containerpatches", "kuma-system").iter().filter(|name| name.ends_with(&shop[..])).count(), 1);
    site.ok(&format!("deploy {shop}"));
    let revision = site.revision();
    assert_eq!(names("containerpatches", "kuma-system").iter().filter(|name| name.ends_with(&shop[..])).count(), 0);
    assert_eq!(site.names("meshproxypatches"), [""; 0]);
    assert_eq!(site.names("envoyfilters"), [format!("http-trace-filter-outbound-{revision}")]);
    let template = &site.workload("deployments", "orders")["spec"]["template"];
    assert_eq!(template["metadata"]["annotations"]["kuma.io/container-patches"], Value::Null);
    site.ok(&format!("undeploy {shop}"));
    assert_eq!(site.workload("deployments", "orders"), before);
}

/// Envoy Gateway's proxies are not those of a mesh: each keeps its filter.
#[test]
fn a_gateway_of_its_own_stands_beside_a_mesh() {
    let site = site();
    let shop = &site.namespace;
    site.ok(&format!("deploy {shop}"));
    let revision = site.revision();
    let pods = site.pods();
    site.ok(&format!("deploy {shop} --mesh envoy-gateway --gateway eg --out gateways"));
    site.ok(&format!("deploy {shop}"));
    assert_eq!(site.names("envoypatchpolicies"), ["http-trace-filter-gateway"]);
    assert_eq!(site.names("envoyfilters"), [format!("http-trace-filter-outbound-{revision}")]);
    assert_eq!(site.pods(), pods, "no pod was replaced");
    site.ok(&format!("undeploy {shop}"));
    assert_eq!(site.names("envoypatchpolicies"), [""; 0]);
}
