//! Other writers: what they write is not lost, and they keep no workload from being mounted.

use std::sync::atomic::{AtomicBool, Ordering};
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
    let mounted = AtomicBool::new(false);
    let writes = thread::scope(|scope| {
        let mounting = scope.spawn(|| {
            let output = command.output();
            mounted.store(true, Ordering::Relaxed);
            output.expect("http-trace-ctl")
        });
        // A writer for each, so that none waits for what another one writes.
        let writers = workloads.map(|(resource, _, name)| {
            let (site, mounted) = (&site, &mounted);
            scope.spawn(move || {
                let mut writes = 0;
                while !mounted.load(Ordering::Relaxed) {
                    writes += 1;
                    site.api.edit(resource, shop, name, move |object| {
                        object["metadata"]["annotations"]["writer"] = json!(writes.to_string());
                    });
                    thread::sleep(REST);
                }
                writes
            })
        });
        let writes = writers.map(|writer| writer.join().expect("the API server takes each write"));
        let output = mounting.join().expect("it ran");
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "after {writes:?} writes: {text}");
        writes
    });
    println!("{writes:?} writes meanwhile");
    assert!(writes.into_iter().all(|writes| writes > 3), "{writes:?} writes are no other writers");
    for ((resource, _, name), writes) in workloads.into_iter().zip(writes) {
        let object = site.workload(resource, name);
        assert_eq!(object["spec"]["template"]["metadata"]["labels"][REVISION], site.revision(), "{name}");
        assert_eq!(object["metadata"]["annotations"]["writer"], writes.to_string(), "{name}: a write was lost");
    }
}
