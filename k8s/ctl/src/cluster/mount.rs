//! `mount` and `unmount`: the wasm in live workloads, and out of them.

use super::{
    connection::Connection,
    rollout::{self, Outcome},
    template,
    workload::{self, Changed, Reference},
};
use crate::{
    overlay::{Namespace, Written},
    words::counted,
};
use clap::Args;
use serde_json::Value;
use std::path::{Path, PathBuf};

/// Which workloads, and how.
#[derive(Args, Clone, Debug)]
#[group(id = "roll-out")]
pub(crate) struct Flags {
    /// Only this, and may be repeated; otherwise all Deployments, StatefulSets and DaemonSets of the namespace.
    #[arg(long = "workload", value_name = "KIND/NAME")]
    pub(crate) workloads: Vec<Reference>,
    /// Ask the API server what it would say, and change nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// How many seconds each workload may take to replace its pods.
    #[arg(long, value_name = "SECONDS", default_value_t = 300, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) timeout: u64,
    #[command(flatten)]
    pub(crate) connection: Connection,
}

/// Mounts what the overlay of the namespace holds.
///
/// # Errors
/// When there is no overlay, or one of the workloads could not be mounted; each has said why.
pub(crate) fn mount(namespace: &Namespace, overlays: &Path, flags: &Flags) -> Result<(), String> {
    mount_written(namespace, &Written::read(namespace, overlays)?, flags)
}

/// The same for an overlay that was read already.
pub(crate) fn mount_written(namespace: &Namespace, written: &Written, flags: &Flags) -> Result<(), String> {
    let Some(mount) = &written.mount else {
        println!("{namespace}: nothing to mount: proxies get the wasm otherwise (--delivery inline or image)");
        return Ok(());
    };
    // Pods that start before it is there stay without the filter, also when it comes. A dry run of all steps has not applied it.
    let config_map = ["get", "configmap", &mount.config_map, "--ignore-not-found", "--output", "name"];
    if !flags.dry_run && flags.connection.kubectl(namespace).run(&config_map)?.trim().is_empty() {
        return Err(format!(
            "{namespace}: got no ConfigMap {}, takes it to be there first: kubectl apply -k {}",
            mount.config_map,
            written.directory.display()
        ));
    }
    let words = Words {
        changed: format!("mounted revision {}", mount.revision),
        unchanged: format!("revision {} is mounted already", mount.revision),
    };
    let skipped = |workload: &Value| mount.mesh.mesh().without_proxy(&workload["spec"]["template"]);
    each(namespace, flags, &words, skipped, |workload| template::mounted(workload, mount))
}

/// Restores what was there before [`mount`].
///
/// # Errors
/// When one of the workloads could not be restored; each has said why.
pub(crate) fn unmount(namespace: &Namespace, flags: &Flags) -> Result<(), String> {
    let words = Words { changed: "unmounted".to_owned(), unchanged: "nothing is mounted".to_owned() };
    each(namespace, flags, &words, |_| None, |workload| Ok(template::unmounted(workload)))
}

struct Words {
    changed: String,
    unchanged: String,
}

/// One workload after another, so that a filter that harms (or a cluster that is full) meets one of them only: after the first
/// that does not come up again, the others are left as they are.
fn each(
    namespace: &Namespace,
    flags: &Flags,
    words: &Words,
    skipped: impl Fn(&Value) -> Option<String>,
    change: impl Fn(&Value) -> Result<Value, String>,
) -> Result<(), String> {
    let kubectl = flags.connection.kubectl(namespace);
    let (workloads, mut refused) = (workload::find(&kubectl, &flags.workloads)?, 0);
    if workloads.is_empty() {
        kubectl.must_exist()?;
    }
    for (at, workload) in workloads.iter().enumerate() {
        let reference = Reference::of(workload)?;
        if let Some(reason) = skipped(workload) {
            println!("{reference}: skipped: {reason}");
            continue;
        }
        let before = match workload::change(&kubectl, &reference, flags.dry_run, &change) {
            Ok(Changed::Nothing(now)) => {
                println!("{reference}: {}", words.unchanged);
                // What an interrupted run has begun goes on.
                if template::revision(&now).is_none() || !rollout::is_moving(&now) {
                    continue;
                }
                now
            }
            Ok(Changed::Template(now)) => {
                let how = if flags.dry_run { " (dry run)" } else { "; its pods are being replaced" };
                println!("{reference}: {}{how}", words.changed);
                now
            }
            Ok(Changed::Gone) => {
                println!("{reference}: skipped: it is no more");
                continue;
            }
            Err(error) => {
                eprintln!("{reference}: refused: {error}");
                refused += 1;
                continue;
            }
        };
        if flags.dry_run {
            continue;
        }
        let outcome = rollout::wait(&kubectl, &before, flags.timeout).map_err(|error| {
            let left = workloads.len() - at - 1;
            let left = counted(left, "workload");
            format!("{reference}: its pods do not come up: {error}; {left} left as before")
        })?;
        if let Outcome::Left(reason) = outcome {
            println!("{reference}: {reason}");
        }
    }
    let all = counted(workloads.len(), "workload");
    println!("{namespace}: {all}, {refused} refused");
    if refused > 0 { Err(format!("{namespace}: {refused} of {all} refused")) } else { Ok(()) }
}

/// Where overlays are.
#[derive(Args, Clone, Debug)]
pub(crate) struct Overlays {
    /// Where the overlays are, one directory each.
    #[arg(long, value_name = "DIR", default_value = "k8s/overlays")]
    pub(crate) out: PathBuf,
}
