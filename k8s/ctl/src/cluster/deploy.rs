//! `deploy` and `undeploy`: all steps in their order, for several namespaces.

use super::{
    connection::each,
    kubectl::is_forbidden,
    mount,
    rest::{self, When, delete},
    template,
};
use crate::{
    failure::Failure,
    mesh::ControlPlane,
    overlay::{Namespace, Options, Overlay, Overlays, mounting, selector},
};
use clap::Args;

/// What to do about a namespace that does not exist.
#[derive(Args, Clone, Copy, Debug)]
#[group(id = "missing")]
pub(crate) struct Missing {
    /// Skip namespaces that do not exist, as the original does, in the place of doing nothing at all.
    #[arg(long)]
    skip_missing: bool,
}

/// Writes the overlays, applies each, mounts it, and removes what it no longer says. A dry run writes nothing.
///
/// # Errors
/// What stopped a namespace; those after it are still done. Nothing is done where one does not exist.
pub(crate) fn deploy(
    namespaces: &[Namespace],
    options: &Options,
    flags: &mount::Flags,
    missing: Missing,
) -> Result<(), Failure> {
    let mut overlays = Overlays::new(namespaces, options)?;
    flags.connection.reach()?;
    let there = existing(namespaces, flags, missing)?;
    overlays.all.retain(|overlay| there.contains(overlay.namespace()));
    if !flags.dry_run {
        overlays.write()?;
    }
    let revision = overlays.revision();
    for overlay in &overlays.all {
        overlay.tell(&format!("revision {revision}{}", if flags.dry_run { "; not written (dry run)" } else { "" }));
    }
    let overlay_of = |namespace: &Namespace| overlays.all.iter().find(|overlay| overlay.namespace() == namespace);
    Ok(each(&there, |namespace| overlay_of(namespace).map_or(Ok(()), |overlay| deploy_one(overlay, flags)))?)
}

fn deploy_one(overlay: &Overlay, flags: &mount::Flags) -> Result<(), String> {
    let (namespace, written) = (overlay.namespace(), overlay.written()?);
    // Every object names its namespace itself, and one of Kuma's is in another.
    let kubectl = flags.connection.anywhere();
    let applied = if flags.dry_run {
        kubectl.run_with(&["apply", "--filename", "-", "--dry-run=server"], &overlay.objects())?
    } else {
        let directory = &written.directory;
        let path = directory.to_str().ok_or_else(|| format!("{}: takes a name in UTF-8", directory.display()))?;
        kubectl.run(&["apply", "--kustomize", path])?
    };
    print!("{applied}");
    rest::remove(namespace, &written, flags, When::Applied)?;
    mount::mount_written(namespace, &written, flags)?;
    if written.mount.is_none() && written.mesh.mesh().is_of_pods() {
        unmount_what_is_mounted(namespace, flags)?;
    }
    // Where nothing was mounted, all would seem to be needed.
    if flags.dry_run { Ok(()) } else { rest::remove(namespace, &written, flags, When::Mounted) }
}

/// Unmounts, and deletes everything of any revision that was made here. Of some workloads it only unmounts: the others need all
/// the rest.
///
/// # Errors
/// What could not be undone; all else is. Nothing is done where a namespace does not exist.
pub(crate) fn undeploy(namespaces: &[Namespace], flags: &mount::Flags, missing: Missing) -> Result<(), String> {
    flags.connection.reach()?;
    each(&existing(namespaces, flags, missing)?, |namespace| {
        if !flags.workloads.is_empty() {
            mount::unmount(namespace, flags)?;
            println!("{namespace}: the filter stays for its other workloads: undeploy without --workload removes it");
            return Ok(());
        }
        undeploy_all(namespace, flags)
    })
}

fn undeploy_all(namespace: &Namespace, flags: &mount::Flags) -> Result<(), String> {
    let mut errors: Vec<String> = mount::unmount(namespace, flags).err().into_iter().collect();
    // While pods still mount it, a ConfigMap or ContainerPatch that is gone would keep new ones from starting.
    let mounted = !errors.is_empty();
    let (kubectl, label) = (flags.connection.kubectl(namespace), selector());
    let mut done = |result: Result<(), String>| errors.extend(result.err());
    for kind in ControlPlane::ALL.into_iter().flat_map(|mesh| mesh.mesh().kinds()) {
        done(delete(&kubectl, &[kind.resource, "--selector", &label], flags));
    }
    if !mounted {
        for (kind, place) in ControlPlane::ALL.iter().filter_map(|mesh| mesh.mesh().beside()) {
            let name = mounting::container_patch(namespace.as_str());
            done(delete(&kubectl.elsewhere(place), &[kind.resource, &name], flags));
        }
        done(delete(&kubectl, &["configmaps", "--selector", &label], flags));
    }
    if mounted {
        errors.push("what workloads mount stays: run undeploy again once they can be changed".to_owned());
    }
    if errors.is_empty() { Ok(()) } else { Err(errors.join("\n")) }
}

/// For an overlay that mounts nothing. Who may not list workloads has mounted none.
fn unmount_what_is_mounted(namespace: &Namespace, flags: &mount::Flags) -> Result<(), String> {
    match flags.connection.kubectl(namespace).list(&["deployments,statefulsets,daemonsets"]) {
        Ok(workloads) if workloads.iter().any(|workload| template::revision(workload).is_some()) => {
            mount::unmount(namespace, flags)
        }
        Err(error) if !is_forbidden(&error) => Err(error),
        _ => Ok(()),
    }
}

/// Those that exist; all, unless some may be missing.
fn existing(namespaces: &[Namespace], flags: &mount::Flags, missing: Missing) -> Result<Vec<Namespace>, String> {
    let (mut there, mut errors) = (Vec::new(), Vec::new());
    for namespace in namespaces {
        if flags.connection.kubectl(namespace).namespace_exists()? {
            there.push(namespace.clone());
        } else if missing.skip_missing {
            eprintln!("{namespace}: skipped: there is no such namespace");
        } else {
            errors.push(format!("{namespace}: there is no such namespace: nothing is done (--skip-missing skips it)"));
        }
    }
    if errors.is_empty() { Ok(there) } else { Err(errors.join("\n")) }
}
