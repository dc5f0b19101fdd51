//! Users with few rights: what they may do is done, and what they may not is said.

use serde_json::{Value, json};

use crate::commands::{REVISION, Site};
use crate::kubectl::{Printed, workload};

/// Runs a command as a user with this role in the namespace.
fn run_as(site: &Site, user: &str, arguments: &str) -> Printed {
    let mut command = site.command(arguments);
    command.envs(site.api.environment_as(user));
    command.output().expect("http-trace-ctl").into()
}

fn bind(site: &Site, user: &str, rules: &Value) {
    let rights = "rbac.authorization.k8s.io";
    let metadata = json!({ "name": user });
    site.put(json!({ "apiVersion": format!("{rights}/v1"), "kind": "Role", "metadata": metadata, "rules": rules }));
    site.put(json!({
        "apiVersion": format!("{rights}/v1"), "kind": "RoleBinding", "metadata": metadata,
        "roleRef": { "apiGroup": rights, "kind": "Role", "name": user },
        "subjects": [{ "apiGroup": rights, "kind": "User", "name": user }],
    }));
}

fn rules(of: &[(&str, &[&str], &[&str])]) -> Value {
    of.iter()
        .map(|(group, resources, verbs)| json!({ "apiGroups": [group], "resources": resources, "verbs": verbs }))
        .collect()
}

const ALL: &[&str] = &["*"];
const APPS: (&str, &[&str], &[&str]) =
    ("apps", &["deployments", "statefulsets", "daemonsets"], &["get", "list", "watch", "patch"]);

/// To look at the namespace itself, which most roles lack.
const NAMESPACE: (&str, &[&str], &[&str]) = ("", &["namespaces"], &["get"]);

/// Everything of the namespace, and nothing about it: no command needs to look at the namespace itself.
#[test]
fn no_command_needs_the_namespace_itself() {
    let site = Site::start();
    let shop = &site.namespace;
    site.put(workload("Deployment", "orders"));
    let before = site.workload("deployments", "orders");
    let rest: [(&str, &[&str], &[&str]); 3] = [
        ("", &["configmaps"], ALL),
        ("", &["pods"], &["get", "list", "watch"]),
        ("networking.istio.io", &["envoyfilters"], ALL),
    ];
    bind(&site, "deployer", &rules(&[&[APPS], &rest[..]].concat()));
    for arguments in ["deploy", "mount", "unmount", "mount"] {
        let printed = run_as(&site, "deployer", &format!("{arguments} {shop}"));
        assert!(printed.success, "{arguments}: {printed:?}");
    }
    let printed = run_as(&site, "deployer", &format!("doctor {shop}"));
    assert!(printed.stdout.contains("ok    deployment/orders: mounts revision "), "{printed:?}");
    // They may not look for what other meshes left; of theirs nothing is left.
    let printed = run_as(&site, "deployer", &format!("undeploy {shop}"));
    assert!(printed.stderr.contains("meshproxypatches.kuma.io"), "{printed:?}");
    assert_eq!(site.workload("deployments", "orders"), before);
    assert_eq!(site.names("envoyfilters"), [""; 0]);
    assert_eq!(site.names("configmaps"), [""; 0]);
}

/// The first kind that may not be deleted is not the last.
#[test]
fn undeploy_goes_on_after_an_error() {
    let site = Site::start();
    let shop = &site.namespace;
    site.put(workload("Deployment", "orders"));
    let before = site.workload("deployments", "orders");
    site.ok(&format!("deploy {shop}"));
    bind(&site, "half", &rules(&[APPS, NAMESPACE, ("", &["configmaps"], ALL)]));
    let printed = run_as(&site, "half", &format!("undeploy {shop}"));
    assert!(!printed.success, "{printed:?}");
    for kind in ["envoyfilters.networking.istio.io", "envoypatchpolicies.gateway.envoyproxy.io"] {
        assert!(printed.stderr.contains(&format!("{kind} is forbidden")), "{printed:?}");
    }
    assert_eq!(site.workload("deployments", "orders"), before);
    assert_eq!(site.names("configmaps"), [""; 0]);
    assert_eq!(site.names("envoyfilters").len(), 1, "it may not");
}

/// Workloads that may not be changed keep what they mount; proxies lose the filter all the same.
#[test]
fn undeploy_keeps_what_workloads_still_mount() {
    let site = Site::start();
    let shop = &site.namespace;
    site.put(workload("Deployment", "orders"));
    site.ok(&format!("deploy {shop}"));
    let reader = ("apps", APPS.1, &["get", "list", "watch"][..]);
    let rest = [NAMESPACE, ("", &["configmaps"], ALL), ("networking.istio.io", &["envoyfilters"], ALL)];
    bind(&site, "reader", &rules(&[&[reader], &rest[..]].concat()));
    let printed = run_as(&site, "reader", &format!("undeploy {shop}"));
    assert!(!printed.success && printed.stderr.contains("what workloads mount stays"), "{printed:?}");
    assert_eq!(site.names("envoyfilters"), [""; 0]);
    assert_eq!(site.names("configmaps").len(), 1);
    let labels = &site.workload("deployments", "orders")["spec"]["template"]["metadata"]["labels"];
    assert!(labels[REVISION].is_string(), "{labels}");
}
