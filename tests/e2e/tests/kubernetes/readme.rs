//! The README's commands for clusters, as they stand there, before the API server and a real Envoy.

use std::env;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http_trace_e2e::envoy;
use http_trace_e2e::wait;
use serde_json::json;

use crate::commands::Site;
use crate::doctor::Ward;
use crate::kubectl::{cluster, workload};

/// Stands in for Nix: `nix run .#NAME -- …` is the subcommand NAME, or a program of its own.
const NIX: &str = "#!/bin/sh
set -eu
[ \"$1\" = run ]
name=${2#.#}
[ \"$3\" = -- ]
shift 3
if [ \"$name\" = push-collector ]; then exec \"$HTTP_TRACE_PUSH_COLLECTOR\" \"$@\"; fi
exec \"$HTTP_TRACE_CTL\" \"$name\" \"$@\"
";

/// The lines of the README's blocks of this kind.
fn commands(kind: &str) -> Vec<String> {
    let path = env::var_os("README").expect("README is not set: it takes the path of README.md");
    let text = fs::read_to_string(path).expect("README.md");
    let fence = format!("\n```console {kind}\n");
    let blocks = text.split(&fence).skip(1);
    let block = |block: &str| block.split("\n```").next().unwrap_or_default().to_owned();
    blocks.map(block).flat_map(|block| block.lines().map(str::to_owned).collect::<Vec<_>>()).collect()
}

/// Runs a line of the README as a shell does, where `nix` and kubectl are; what it printed.
fn shell(site: &Site, line: &str) -> String {
    let kubectl = PathBuf::from(env::var_os("KUBECTL").expect("KUBECTL is not set: it takes a program"));
    let path = env::var_os("PATH").unwrap_or_default();
    let paths = [site.path().join("bin"), kubectl.parent().expect("a directory").to_owned()];
    let paths = paths.into_iter().chain(env::split_paths(&path));
    let mut shell = Command::new("sh");
    shell.args(["-euc", line]).current_dir(site.path()).envs(site.api.environment());
    shell.env("PATH", env::join_paths(paths).expect("paths"));
    shell.env("HTTP_TRACE_FILTER_WASM", envoy::wasm().expect("it"));
    // There is no registry to push to: the check collector-image has one.
    shell.env("SKOPEO", "true");
    let output = shell.output().expect("sh");
    println!("$ {line}\n{}", String::from_utf8_lossy(&output.stdout));
    assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// Puts it where [`shell`] looks for programs.
fn nix(site: &Site) {
    let bin = site.path().join("bin");
    fs::create_dir(&bin).expect("a directory");
    fs::write(bin.join("nix"), NIX).expect("a file");
    fs::set_permissions(bin.join("nix"), fs::Permissions::from_mode(0o755)).expect("it is ours");
}

#[tokio::test]
async fn every_command_of_the_deployment_works() {
    // The namespace that the README names.
    let labels = json!({ "istio-injection": "enabled" });
    cluster().add_namespace("shop", &labels);
    let ward = Ward::at(Site::of("shop".to_owned()), true).await;
    ward.site.put(workload("Deployment", "orders"));
    ward.exchange().await;
    wait::until("a record", || (ward.rig.metric("exported")? == 1).then_some(())).await;
    let before = ward.site.workload("deployments", "orders");
    nix(&ward.site);
    // The ward's own overlay names its collector; the README's are for another.
    fs::remove_dir_all(ward.site.overlay()).expect("it was written");
    let commands = commands("deploy");
    assert!(commands.len() >= 6, "{commands:?}");
    for line in &commands {
        shell(&ward.site, line);
    }
    assert_eq!(ward.site.workload("deployments", "orders"), before, "the last command takes all away");
}

/// The repository's own example, by kubectl alone.
#[test]
fn the_example_applies_as_it_stands() {
    cluster().add_namespace("example", &json!({}));
    let site = Site::of("example".to_owned());
    let k8s = env::var_os("K8S").expect("K8S is not set: it takes a copy of the repository's directory k8s");
    symlink(k8s, site.path().join("k8s")).expect("a link");
    let commands = commands("example");
    assert_eq!(commands.len(), 1, "{commands:?}");
    for line in &commands {
        let printed = shell(&site, line);
        assert!(printed.lines().count() == 2 && printed.lines().all(|line| line.ends_with(" created")), "{printed}");
    }
    let [maps, filters] = ["configmaps", "envoyfilters"].map(|resource| site.names(resource));
    assert_eq!((maps.len(), filters.len()), (1, 1), "{maps:?}, {filters:?}");
}

/// From nothing to a collector, and a namespace whose records go there with its token.
#[test]
fn the_collector_runs_and_the_filter_knows_its_token() {
    let site = Site::start();
    site.put(workload("Deployment", "orders"));
    nix(&site);
    let commands = commands("collector");
    assert_eq!(commands.len(), 3, "{commands:?}");
    let printed: Vec<String> =
        commands.iter().map(|line| shell(&site, &line.replace(" shop ", &format!(" {} ", site.namespace)))).collect();
    // The API server holds its pods to the standard "restricted".
    let kubectl = |arguments: &[&str]| site.kubectl(&[&["--namespace", "http-trace"], arguments].concat());
    kubectl(&["wait", "deployment/collector", "--for=condition=Available", "--timeout=60s"]);
    let pods = site.api.objects("pods", "http-trace");
    assert_eq!(pods.len(), 1, "{pods:?}");
    let container = &pods[0]["spec"]["containers"][0];
    assert_eq!(container["image"], printed[0].trim(), "push-collector prints the image's name");
    let secret = container["env"][0]["valueFrom"]["secretKeyRef"]["name"].as_str().expect("the name of a Secret");
    let token = kubectl(&["get", "secret", secret, "--output=jsonpath={.data.token}"]);
    let token = String::from_utf8(STANDARD.decode(token).expect("base64")).expect("text");
    assert_eq!(token.len(), 40, "{token}");
    let filters = site.api.objects("envoyfilters", &site.namespace);
    assert_eq!(filters.len(), 1, "{filters:?}");
    assert!(filters[0].to_string().contains(&format!("Bearer {token}")), "{}", filters[0]);
}
