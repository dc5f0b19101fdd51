//! `status`, and shell completion.

use crate::fake::{Place, objects};
use serde_json::{Value, json};
use std::path::Path;

const FILTERS: &str = "get envoyfilters.networking.istio.io";
const PATCHES: &str = "get meshproxypatches.kuma.io";

/// Two namespaces of Istio's, and one of Kuma's.
fn place() -> Place {
    let place = Place::new("");
    for arguments in [
        "shop --traffic inbound,outbound --collector collector.observability:9000",
        "billing --delivery inline --istio-cluster --collector collector.observability.svc.cluster.local:9000",
        "pay --mesh kuma --collector [2001:db8::1]:443 --tls",
    ] {
        assert_eq!(place.run(&format!("overlay {arguments}")).code, Some(0));
    }
    let file = |path: &str| objects(&place.path().join("k8s/overlays").join(Path::new(path)));
    place.answers(FILTERS, &[file("shop/envoyfilter.yaml"), file("billing/envoyfilter.yaml")].concat());
    place.answers(PATCHES, &file("pay/meshproxypatch.yaml"));
    place
}

#[test]
fn each_namespace_has_its_lines() {
    let place = place();
    let printed = place.run("status");
    assert_eq!((printed.code, &printed.stderr[..]), (Some(0), ""));
    let expected = "\
NAMESPACE  MESH   REVISION      TRAFFIC   DELIVERY   RECORDS GO TO
billing    istio  93a44bbb96c7  outbound  inline     collector.observability.svc.cluster.local:9000
pay        kuma   93a44bbb96c7  outbound  configmap  [2001:db8::1]:443
shop       istio  93a44bbb96c7  inbound   configmap  collector.observability:9000
shop       istio  93a44bbb96c7  outbound  configmap  collector.observability:9000
";
    assert_eq!(printed.stdout, expected);
    assert!(place.asked().iter().any(|line| line.contains("--all-namespaces")), "{:?}", place.asked());
    let printed = place.run("status -o json");
    let rows: Vec<Value> = serde_json::from_str(&printed.stdout).expect("a list");
    let first = json!({
        "namespace": "billing", "mesh": "istio", "revision": "93a44bbb96c7", "traffic": "outbound", "delivery": "inline",
        "collector": "collector.observability.svc.cluster.local:9000",
        "cluster": "outbound|9000||collector.observability.svc.cluster.local",
    });
    assert_eq!((rows.len(), &rows[0]), (4, &first));
}

#[test]
fn some_namespaces_and_some_rights() {
    let place = Place::new("*'get namespace nowhere'*) ;;\n*'get namespace '*) echo it ;;");
    place.run("status -n shop --context blue");
    assert!(
        place.asked()[1..].iter().all(|line| line.starts_with("--context blue --namespace shop ")),
        "{:?}",
        place.asked()
    );
    assert_eq!(place.run("status shop").stdout, "the filter is in none of these namespaces\n");
    let printed = place.run("status nowhere");
    assert!(printed.code == Some(1) && printed.stderr.contains("nowhere: got none of that name"), "{printed:?}");
    // Who may look at one mesh sees that one; who may look at none is told.
    place.says(FILTERS, "echo 'Error from server (Forbidden): no' >&2; exit 1");
    assert_eq!(place.run("status").code, Some(0));
    for kind in [PATCHES, "get envoypatchpolicies.gateway.envoyproxy.io"] {
        place.says(kind, "echo 'Error from server (Forbidden): no' >&2; exit 1");
    }
    let printed = place.run("status");
    assert!(
        printed.code == Some(1) && printed.stderr.contains("name the namespaces that you may look into"),
        "{printed:?}"
    );
}

/// For each shell, with every command and its options.
#[test]
fn shells_complete() {
    let place = Place::new("");
    for shell in ["bash", "zsh", "fish"] {
        let printed = place.run(&format!("completion {shell}"));
        assert_eq!(printed.code, Some(0), "{printed:?}");
        for word in ["undeploy", "status", "traffic", "outbound", "kubeconfig"] {
            assert!(printed.stdout.contains(word), "{shell}: {word}");
        }
    }
    assert_eq!(place.run("completion cmd").code, Some(2));
}
