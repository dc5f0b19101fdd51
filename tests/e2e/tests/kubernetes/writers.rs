//! Other writers: what they write is not lost, and they keep no workload from being mounted.

use std::thread;
use std::time::Duration;

use serde_json::json;

use crate::commands::{REVISION, Site};
use crate::kubectl::workload;

/// How long another writer rests after each of its writes.
const REST: Duration = Duration::from_millis(150);

#[test]
fn another_writer_on_each_workload_is_no_hindrance() {
    let site = Site::start();
    let shop = &site.namespace;
    site.prepare(&format!("overlay {shop}"));
    let workloads =
        [("deployments", "Deployment", "a"), ("statefulsets", "StatefulSet", "b"), ("daemonsets", "DaemonSet", "c")];
    for (_, kind, name) in workloads {
        site.put(workload(kind, name));
    }
    let mut command = site.command(&format!("mount {shop} --timeout 120"));
    let mut writes = 0;
    thread::scope(|scope| {
        let mounting = scope.spawn(|| command.output().expect("http-trace-ctl"));
        while !mounting.is_finished() {
            writes += 1;
            for (resource, _, name) in workloads {
                site.api.edit(resource, shop, name, move |object| {
                    object["metadata"]["annotations"]["writer"] = json!(writes.to_string());
                });
            }
            thread::sleep(REST);
        }
        let output = mounting.join().expect("it ran");
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "after {writes} writes: {text}");
    });
    println!("{writes} writes to each meanwhile");
    // On a busy machine each write takes seconds.
    assert!(writes > 1, "{writes} writes are no other writer");
    for (resource, _, name) in workloads {
        let object = site.workload(resource, name);
        assert_eq!(object["spec"]["template"]["metadata"]["labels"][REVISION], site.revision(), "{name}");
        assert_eq!(object["metadata"]["annotations"]["writer"], writes.to_string(), "{name}: a write was lost");
    }
}
