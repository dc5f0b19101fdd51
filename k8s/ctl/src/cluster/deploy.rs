//! `deploy` and `undeploy`: all steps in their order, for several namespaces.

use super::{
    connection::each,
    kubectl::is_forbidden,
    mount,
    rest::{self, When, delete},
    template,
};
use crate::{
    mesh::ControlPlane,
    overlay::{self, Namespace, Options, Written, mounting},
};

/// Writes the overlays, applies each, mounts it, and removes what it no longer says. A namespace that does not exist is skipped,
/// as by the original.
///
/// # Errors
/// What stopped a namespace; those after it are still done.
pub(crate) fn deploy(namespaces: &[Namespace], options: &Options, flags: &mount::Flags) -> Result<(), String> {
    let there = existing(namespaces, flags)?;
    if there.is_empty() {
        return Ok(());
    }
    overlay::run(&there, options)?;
    each(&there, |namespace| {
        let directory = options.out.join(namespace.as_str());
        let directory = directory.to_str().ok_or_else(|| format!("{}: takes a name in UTF-8", directory.display()))?;
        let mut arguments = vec!["apply", "--kustomize", directory];
        if flags.dry_run {
            arguments.push("--dry-run=server");
        }
        // Every object names its namespace itself, and one of Kuma's is in another.
        print!("{}", flags.connection.anywhere().run(&arguments)?);
        let written = Written::read(namespace, &options.out)?;
        rest::remove(namespace, &written, flags, When::Applied)?;
        mount::mount(namespace, &options.out, flags)?;
        if written.mount.is_none() && written.mesh.mesh().is_of_pods() {
            unmount_what_is_mounted(namespace, flags)?;
        }
        // Where nothing was mounted, all would seem to be needed.
        if flags.dry_run { Ok(()) } else { rest::remove(namespace, &written, flags, When::Mounted) }
    })
}

/// Unmounts, and deletes everything of any revision that was made here.
///
/// # Errors
/// What could not be undone; all else is.
pub(crate) fn undeploy(namespaces: &[Namespace], flags: &mount::Flags) -> Result<(), String> {
    each(&existing(namespaces, flags)?, |namespace| {
        let mut errors: Vec<String> = mount::unmount(namespace, flags).err().into_iter().collect();
        // While pods still mount it, a ConfigMap or ContainerPatch that is gone would keep new ones from starting.
        let mounted = !errors.is_empty();
        let (kubectl, label) = (flags.connection.kubectl(namespace), overlay::selector());
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
    })
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

fn existing(namespaces: &[Namespace], flags: &mount::Flags) -> Result<Vec<Namespace>, String> {
    let mut there = Vec::new();
    for namespace in namespaces {
        if flags.connection.kubectl(namespace).namespace_exists()? {
            there.push(namespace.clone());
        } else {
            eprintln!("{namespace}: skipped: there is no such namespace");
        }
    }
    Ok(there)
}
