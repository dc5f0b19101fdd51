//! Nothing happens that was not asked for, and nothing that was is passed over in silence.

use crate::fake::Place;
use std::{collections::BTreeSet, fs, path::Path};

const COLLECTOR: &str = "--collector collector.observability:9000";
/// A workload that is mounted, for `get`, `list` and `patch`; and both namespaces but `nowhere`.
const SHOP: &str = r#"*"get namespace nowhere "*) ;;
*"get namespace "*) echo namespace/it ;;
*"get deployments"*) echo '{"items": [{"kind": "Deployment", "metadata": {"name": "a"}}, {"kind": "Deployment", "metadata": {"name": "b"}}]}' ;;
*"get deployment/"*) echo '{"kind": "Deployment", "metadata": {"name": "a"}}' ;;"#;

/// The names of all files below a directory.
fn files(path: &Path) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for entry in fs::read_dir(path).into_iter().flatten() {
        let path = entry.expect("an entry").path();
        all.insert(path.display().to_string());
        all.extend(files(&path));
    }
    all
}

/// The calls that would change something.
fn changes(place: &Place) -> Vec<String> {
    let words = [" apply ", " delete ", " patch "];
    place.asked().into_iter().filter(|line| words.iter().any(|word| line.contains(word))).collect()
}

#[test]
fn undeploy_of_one_workload_leaves_the_filter_of_the_others() {
    let place = Place::new(SHOP);
    let printed = place.run("undeploy shop --workload deployment/a");
    assert_eq!(printed.code, Some(0), "{printed:?}");
    assert!(printed.stdout.contains("shop: the filter stays for its other workloads"), "{printed:?}");
    assert_eq!(changes(&place), [""; 0]);
    let all = Place::new(SHOP);
    assert_eq!(all.run("undeploy shop").code, Some(0));
    assert!(changes(&all).iter().any(|line| line.contains("delete envoyfilters")), "{:?}", all.asked());
}

#[test]
fn a_namespace_that_does_not_exist_is_an_error() {
    for command in [format!("deploy shop nowhere --delivery inline {COLLECTOR}"), "undeploy nowhere shop".to_owned()] {
        let place = Place::new(SHOP);
        let printed = place.run(&command);
        assert_eq!(printed.code, Some(1), "{command}: {printed:?}");
        let expected = "nowhere: there is no such namespace: nothing is done (--skip-missing skips it)\n";
        assert_eq!(printed.stderr, expected, "{command}");
        assert_eq!(changes(&place), [""; 0], "{command}");
        assert!(!place.path().join("k8s").exists(), "{command}");
        let printed = place.run(&format!("{command} --skip-missing"));
        assert_eq!(printed.code, Some(0), "{command}: {printed:?}");
        assert_eq!(printed.stderr, "nowhere: skipped: there is no such namespace\n", "{command}");
        assert!(!changes(&place).is_empty() && !place.path().join("k8s/overlays/nowhere").exists(), "{command}");
    }
}

#[test]
fn a_dry_run_writes_no_file() {
    let place = Place::new(SHOP);
    let before = files(place.path());
    let printed = place.run(&format!("deploy shop --dry-run {COLLECTOR}"));
    assert_eq!(printed.code, Some(0), "{printed:?}");
    assert!(printed.stdout.contains("k8s/overlays/shop: records go to http://collector.observability:9000/publish"));
    let after: BTreeSet<String> = files(place.path()).into_iter().filter(|name| !name.ends_with("/log")).collect();
    assert_eq!(after, before);
    let changes = changes(&place);
    assert!(!changes.is_empty() && changes.iter().all(|line| line.contains("--dry-run=server")), "{changes:?}");
    // And not a byte of what is there is changed.
    place.run(&format!("deploy shop {COLLECTOR}"));
    let there = place.path().join("k8s/overlays/shop/envoyfilter.yaml");
    let written = fs::read(&there).expect("an overlay");
    place.run("deploy shop --dry-run --collector other.example:1");
    assert_eq!(fs::read(&there).expect("an overlay"), written);
}

/// Whatever stands there that `overlay` did not write: nothing is mounted, and it is said.
#[test]
fn mount_takes_only_its_own_directory() {
    let place = Place::new(SHOP);
    let overlay = |namespace: &str| {
        let printed = place.run(&format!("overlay {namespace} --delivery inline {COLLECTOR}"));
        assert_eq!(printed.code, Some(0), "{printed:?}");
        place.path().join("k8s/overlays").join(namespace)
    };
    let shop = overlay("shop");
    assert_eq!(place.run("mount shop").code, Some(0));
    let refused = |expected: &str| {
        let printed = place.run("mount shop");
        assert!(printed.code == Some(1) && printed.stderr.contains(expected), "{expected}: {printed:?}");
        assert!(printed.stderr.contains("takes the overlay that `overlay shop` writes"), "{printed:?}");
        assert!(!printed.stdout.contains("nothing to mount"), "{printed:?}");
    };
    let filter = shop.join("envoyfilter.yaml");
    let written = fs::read_to_string(&filter).expect("text");
    fs::write(&filter, written.replace("app.kubernetes.io/name", "app")).expect("a file");
    refused("got an object without our label");
    fs::write(&filter, written.replace("namespace: \"shop\"", "namespace: \"billing\"")).expect("a file");
    refused("got the namespace \"billing\"");
    fs::write(&filter, written).expect("a file");
    fs::write(shop.join("kustomization.yaml"), "resources: []\n").expect("a file");
    refused("got another kustomization");
    fs::remove_file(shop.join("generated.sha256")).expect("it was written");
    refused("got a directory that this command did not write");
    fs::remove_dir_all(&shop).expect("it was written");
    refused("No such file or directory");
}
