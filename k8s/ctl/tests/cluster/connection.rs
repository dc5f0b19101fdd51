//! kubectl's own options, and the namespaces and workloads that are meant.

use crate::fake::Place;

/// `--kubeconfig`, `--context` and `-n` reach every call of kubectl, of every command.
#[test]
fn kubectl_s_options_are_passed_on() {
    for command in ["unmount", "undeploy", "doctor", "deploy --collector collector.example:9000"] {
        let place = Place::new("*'get namespace'*) echo namespace/shop ;;");
        let printed = place.run(&format!("{command} -n shop --kubeconfig /etc/a.yaml --context blue"));
        let asked = place.asked();
        assert!(!asked.is_empty(), "{command}: {printed:?}");
        for line in asked {
            assert!(line.starts_with("--kubeconfig /etc/a.yaml --context blue "), "{command}: {line}");
            let is_ours = line.contains("--namespace shop ") || line.contains("--namespace kuma-system ");
            let of_none = line.contains(" apply ") || line.contains(" get --raw /version ");
            assert!(is_ours || of_none, "{command}: {line}");
        }
    }
}

#[test]
fn a_namespace_is_given_in_one_way() {
    let place = Place::new("");
    for (arguments, expected) in [
        ("unmount shop -n billing", "cannot be used with"),
        ("unmount", "NAMESPACE"),
        ("unmount -n Shop", "takes 1 to 63 lower-case letters"),
    ] {
        let printed = place.run(arguments);
        assert!(printed.code == Some(2) && printed.stderr.contains(expected), "{arguments}: {printed:?}");
        assert!(printed.stdout.is_empty(), "{arguments}: {printed:?}");
    }
    assert!(place.asked().is_empty());
}

/// What follows one `--workload` is a namespace again.
#[test]
fn each_workload_has_its_own_option() {
    let place = Place::new("");
    place.run("unmount --workload deployment/a shop --workload ds/b");
    let asked = place.asked();
    assert!(asked[1].starts_with("--namespace shop ") && asked[1].contains(" get deployment/a "), "{asked:?}");
    assert!(asked[2].starts_with("--namespace shop ") && asked[2].contains(" get daemonset/b "), "{asked:?}");
    let several = place.run("unmount shop --workload deployment/a deployment/b");
    assert!(several.code == Some(2) && several.stderr.contains("'deployment/b'"), "{several:?}");
}
