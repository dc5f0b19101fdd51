//! `deploy`, interrupted at ten moments, and run again: the end is the same each time.

use std::fs;
use std::os::unix::process::CommandExt;
use std::process::Stdio;
use std::thread;
use std::time::Instant;

use rustix::process::{Pid, Signal, kill_process_group};

use crate::commands::Site;
use crate::kubectl::workload;

const MOMENTS: u32 = 10;

#[test]
fn a_second_run_ends_what_an_interrupted_one_began() {
    let site = Site::start();
    let shop = &site.namespace;
    fs::write(site.path().join("other.wasm"), b"\0asm\x01\0\0\0").expect("a file");
    let workloads = [("deployments", "Deployment", "orders"), ("statefulsets", "StatefulSet", "store")];
    for (_, kind, name) in workloads {
        site.put(workload(kind, name));
    }
    let before = workloads.map(|(resource, _, name)| site.workload(resource, name));
    let start = Instant::now();
    site.ok(&format!("deploy {shop}"));
    let whole = start.elapsed();
    for moment in 0..MOMENTS {
        // Each time to another revision and direction, so that there is something to do in every step.
        let other = if moment % 2 == 0 { "--wasm other.wasm --traffic inbound" } else { "--traffic outbound" };
        let deploy = format!("deploy {shop} {other}");
        let mut command = site.command(&deploy);
        // kubectl hears it too, as it does in a terminal.
        command.process_group(0).stdout(Stdio::null()).stderr(Stdio::null());
        let mut running = command.spawn().expect("http-trace-ctl");
        thread::sleep(whole * moment / MOMENTS);
        let group = Pid::from_child(&running);
        // It may have ended by itself.
        let _ = kill_process_group(group, Signal::INT);
        let status = running.wait().expect("it was started");
        println!("after {:?}: {status}", whole * moment / MOMENTS);
        site.ok(&deploy);
        let (revision, context) = (site.revision(), if moment % 2 == 0 { "inbound" } else { "outbound" });
        assert_eq!(site.names("envoyfilters"), [format!("http-trace-filter-{context}-{revision}")], "{moment}");
        assert_eq!(site.names("configmaps"), [format!("http-trace-filter-{revision}")], "{moment}");
        let pods = site.pods();
        assert!(pods.len() >= 2 && pods.iter().all(|pod| site.mounts(pod, &revision)), "{moment}: {pods:?}");
    }
    site.ok(&format!("undeploy {shop}"));
    assert_eq!(workloads.map(|(resource, _, name)| site.workload(resource, name)), before);
    for resource in ["envoyfilters", "configmaps"] {
        assert_eq!(site.names(resource), [""; 0]);
    }
}
