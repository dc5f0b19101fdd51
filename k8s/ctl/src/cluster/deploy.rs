//! `deploy` and `undeploy`: all steps in their order, for several namespaces.

use super::{
    kubectl::{Kubectl, unknown_kind},
    mount,
};
use crate::{
    mesh::ControlPlane,
    overlay::{self, Namespace, Options, mounting},
};

/// Writes the overlays, applies each, and mounts it. A namespace that does not exist is skipped, as by the original.
///
/// # Errors
/// What stopped a namespace; those after it are still done.
pub(crate) fn deploy(namespaces: &[Namespace], options: &Options, flags: &mount::Flags) -> Result<(), String> {
    let there = existing(namespaces)?;
    if there.is_empty() {
        return Ok(());
    }
    overlay::run(&there, options)?;
    all(&there, |namespace| {
        let directory = options.out.join(namespace.as_str());
        let directory = directory.to_str().ok_or_else(|| format!("{}: takes a name in UTF-8", directory.display()))?;
        let mut arguments = vec!["apply", "--kustomize", directory];
        if flags.dry_run {
            arguments.push("--dry-run=server");
        }
        // Every object names its namespace itself, and one of Kuma's is in another.
        print!("{}", Kubectl::anywhere().run(&arguments)?);
        mount::mount(namespace, &options.out, flags)
    })
}

/// Unmounts, and deletes everything of any revision that was made here.
///
/// # Errors
/// What stopped a namespace; those after it are still done.
pub(crate) fn undeploy(namespaces: &[Namespace], flags: &mount::Flags) -> Result<(), String> {
    all(&existing(namespaces)?, |namespace| {
        // While pods still mount it, a ConfigMap or ContainerPatch that is gone would keep new ones from starting.
        mount::unmount(namespace, flags)?;
        let label = overlay::selector();
        for mesh in ControlPlane::ALL {
            let mesh = mesh.mesh();
            delete(&Kubectl::new(namespace), &[mesh.patches().resource, "--selector", &label], flags)?;
            if let Some((kind, place)) = mesh.beside() {
                delete(&Kubectl::new(place), &[kind.resource, &mounting::container_patch(namespace.as_str())], flags)?;
            }
        }
        delete(&Kubectl::new(namespace), &["configmaps", "--selector", &label], flags)
    })
}

fn delete(kubectl: &Kubectl, what: &[&str], flags: &mount::Flags) -> Result<(), String> {
    let mut arguments = [&["delete"], what, &["--ignore-not-found"]].concat();
    if flags.dry_run {
        arguments.push("--dry-run=server");
    }
    match kubectl.run(&arguments) {
        Ok(text) => {
            print!("{}", text.replace("No resources found\n", ""));
            Ok(())
        }
        Err(error) if unknown_kind(&error) => Ok(()),
        Err(error) => Err(error),
    }
}

fn existing(namespaces: &[Namespace]) -> Result<Vec<Namespace>, String> {
    let mut there = Vec::new();
    for namespace in namespaces {
        if Kubectl::new(namespace).namespace_exists()? {
            there.push(namespace.clone());
        } else {
            eprintln!("{namespace}: skipped: there is no such namespace");
        }
    }
    Ok(there)
}

fn all(namespaces: &[Namespace], one: impl Fn(&Namespace) -> Result<(), String>) -> Result<(), String> {
    let mut failures = Vec::new();
    for namespace in namespaces {
        if let Err(error) = one(namespace) {
            failures.push(format!("{namespace}: {error}"));
        }
    }
    if failures.is_empty() { Ok(()) } else { Err(failures.join("\n")) }
}
