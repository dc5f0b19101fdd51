//! An overlay applied by kubectl, in both ways, one after the other.

use crate::commands::Site;

/// The API server sees no change in what it has, and who applied it the other way before has no conflict.
#[test]
fn a_second_apply_changes_nothing_and_the_other_way_has_no_conflict() {
    let site = Site::start();
    let overlay = site.overlay();
    site.ok(&format!("overlay {}", site.namespace));
    let version = || {
        let maps = site.api.objects("configmaps", &site.namespace);
        let ours = maps.iter().find(|map| map["metadata"]["name"] != "kube-root-ca.crt").expect("a ConfigMap");
        assert_eq!(ours["immutable"], true);
        ours["metadata"]["resourceVersion"].clone()
    };
    let apply = ["apply", "--kustomize", overlay.to_str().expect("UTF-8")];
    site.kubectl(&apply);
    let first = version();
    let printed = site.kubectl(&apply);
    assert!(printed.lines().count() == 2 && printed.lines().all(|line| line.ends_with(" unchanged")), "{printed}");
    assert_eq!(version(), first);
    let printed = site.kubectl(&[&apply[..], &["--server-side"]].concat());
    assert_eq!(printed.lines().filter(|line| line.ends_with(" serverside-applied")).count(), 2, "{printed}");
}
