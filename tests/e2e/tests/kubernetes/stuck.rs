//! Workloads that do not come up, whatever is mounted: they hold up nobody.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::commands::{REVISION, Site};
use crate::kubectl::{self, workload};

/// What no command here may take: the timeout that each is given is far above.
const SOON: Duration = Duration::from_secs(100);

fn timed(site: &Site, arguments: &str) -> String {
    let start = Instant::now();
    let printed = site.ok(&format!("{arguments} --timeout 300"));
    println!("{arguments}: {:?}", start.elapsed());
    assert!(start.elapsed() < SOON, "{arguments} took {:?}:\n{printed}", start.elapsed());
    printed
}

fn mounted(site: &Site, name: &str) -> Value {
    site.workload("deployments", name)["spec"]["template"]["metadata"]["labels"][REVISION].clone()
}

#[test]
fn a_paused_deployment_is_changed_and_not_waited_for() {
    let site = Site::start();
    let shop = &site.namespace;
    for name in ["a-paused", "b"] {
        site.put(workload("Deployment", name));
    }
    site.api.edit("deployments", shop, "a-paused", |object| object["spec"]["paused"] = json!(true));
    let before = ["a-paused", "b"].map(|name| site.workload("deployments", name));
    let printed = timed(&site, &format!("deploy {shop}"));
    assert!(printed.contains("deployment/a-paused: it is paused (spec.paused): its pods change when"), "{printed}");
    assert_eq!(["a-paused", "b"].map(|name| mounted(&site, name)), [site.revision(), site.revision()].map(Value::from));
    let printed = timed(&site, &format!("undeploy {shop}"));
    assert!(printed.contains("deployment/a-paused: it is paused"), "{printed}");
    assert_eq!(["a-paused", "b"].map(|name| site.workload("deployments", name)), before);
}

/// Its container never starts, as with an image that is not to be had.
#[test]
fn one_that_was_broken_before_is_changed_and_the_others_follow() {
    let site = Site::start();
    let shop = &site.namespace;
    site.api.hold(shop, "a-broken");
    for kind in ["Deployment", "StatefulSet"] {
        let mut broken = workload(kind, "a-broken");
        broken["metadata"]["namespace"] = json!(shop);
        let printed = kubectl::run(&["apply", "--filename=-"], &broken.to_string());
        assert!(printed.success, "{printed:?}");
    }
    site.put(workload("Deployment", "b"));
    let printed = timed(&site, &format!("deploy {shop}"));
    for kind in ["deployment", "statefulset"] {
        let told = format!("{kind}/a-broken: it was not up before (0 of 1 pods available), and is not now");
        assert!(printed.contains(&told), "{printed}");
    }
    assert_eq!(["a-broken", "b"].map(|name| mounted(&site, name)), [site.revision(), site.revision()].map(Value::from));
    timed(&site, &format!("undeploy {shop}"));
    assert_eq!(["a-broken", "b"].map(|name| mounted(&site, name)), [Value::Null, Value::Null]);
    assert_eq!(site.names("configmaps"), [""; 0]);
}

/// One that comes up after a while is waited for, also when it was not up before.
#[test]
fn one_that_comes_up_late_is_waited_for() {
    let site = Site::start();
    let shop = &site.namespace;
    site.api.hold(shop, "orders");
    let mut late = workload("Deployment", "orders");
    late["metadata"]["namespace"] = json!(shop);
    assert!(kubectl::run(&["apply", "--filename=-"], &late.to_string()).success);
    let mut command = site.command(&format!("deploy {shop} --timeout 300"));
    let output = std::thread::scope(|scope| {
        let running = scope.spawn(|| command.output().expect("http-trace-ctl"));
        std::thread::sleep(Duration::from_secs(4));
        site.api.release(shop, "orders");
        running.join().expect("it ran")
    });
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && !printed.contains("not up before"), "{printed}");
    let pods = site.pods();
    assert!(!pods.is_empty() && pods.iter().all(|pod| site.mounts(pod, &site.revision())), "{pods:?}");
}
