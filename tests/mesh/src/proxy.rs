//! The proxy of a pod as the injected pod says it is to run: arguments, environment, and the files that a kubelet would mount.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fs_err as fs;
use http_trace_e2e::cluster::Cluster;
use serde_json::{Value, json};

use crate::sandbox::NODE;

/// Where the filter's wasm is mounted.
const WASM: &str = "/var/local/lib/wasm-filters";

/// The container `istio-proxy`, a sidecar of either sort or a gateway.
pub(crate) fn container<'a>(pod: &'a Value, name: &str) -> Option<&'a Value> {
    let lists = [&pod["spec"]["containers"], &pod["spec"]["initContainers"]];
    lists.into_iter().filter_map(Value::as_array).flatten().find(|container| container["name"] == name)
}

/// The arguments of a container.
pub(crate) fn arguments(container: &Value) -> Vec<String> {
    container["args"].as_array().into_iter().flatten().filter_map(|word| word.as_str().map(str::to_owned)).collect()
}

/// What the container's environment is to be.
pub(crate) fn environment(pod: &Value, container: &Value, address: &str) -> BTreeMap<String, String> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let field = |path: &str| match path {
        "metadata.name" => text(&pod["metadata"]["name"]),
        "metadata.namespace" => text(&pod["metadata"]["namespace"]),
        "status.podIP" => address.to_owned(),
        "status.hostIP" => NODE.to_owned(),
        "spec.serviceAccountName" => account(pod),
        "spec.nodeName" => text(&pod["spec"]["nodeName"]),
        _ => String::new(),
    };
    let variables = container["env"].as_array().into_iter().flatten().map(|variable| {
        let value = &variable["value"];
        let path = variable["valueFrom"]["fieldRef"]["fieldPath"].as_str().unwrap_or_default();
        (text(&variable["name"]), if value.is_string() { text(value) } else { field(path) })
    });
    let mut variables: BTreeMap<String, String> = variables.filter(|(_, value)| !value.is_empty()).collect();
    let ours =
        [("CA_ADDR", &format!("{NODE}:15012")[..]), ("ISTIOD_SAN", "istiod.istio-system.svc"), ("GOMAXPROCS", "1")];
    variables.extend(ours.map(|(name, value)| (name.to_owned(), value.to_owned())));
    if arguments(container).iter().any(|argument| argument == "waypoint") {
        // A stock Envoy lacks the kinds of filter state that Istio's has since 1.29.2; istiod asks older ones for none.
        variables.insert("ISTIO_META_ISTIO_VERSION".to_owned(), "1.29.1".to_owned());
    }
    variables
}

fn account(pod: &Value) -> String {
    pod["spec"]["serviceAccountName"].as_str().unwrap_or("default").to_owned()
}

/// Writes the template of the bootstrap, Istio's own but for the extension that only waypoints have: a stock Envoy lacks it.
///
/// # Errors
/// When it cannot be read, or says nothing of that extension.
pub(crate) fn template(home: &Path) -> io::Result<PathBuf> {
    const ASKED: &str = "{{- if .metadata_discovery }}";
    let source = crate::environment::path("ISTIO_SOURCE", "a checkout of istio")?;
    let source = source.join("tools/packaging/common/envoy_bootstrap.json");
    let text = fs::read_to_string(&source)?;
    if !text.contains(ASKED) {
        return Err(io::Error::other(format!("{}: has no {ASKED}", source.display())));
    }
    let file = home.join("bootstrap.json");
    fs::write(&file, text.replace(ASKED, "{{- if false }}"))?;
    Ok(file)
}

/// Writes the files that the proxy reads into its directory.
///
/// # Errors
/// When the API server does not give them.
pub(crate) fn write(cluster: &Cluster, pod: &Value, home: &Path) -> io::Result<()> {
    for directory in [
        "var/run/secrets/tokens",
        "var/run/secrets/istio",
        "var/run/secrets/workload-spiffe-uds",
        "var/run/secrets/credential-uds",
        "var/lib/istio/data",
        "etc/istio/pod",
        "etc/istio/proxy",
    ] {
        fs::create_dir_all(home.join(directory))?;
    }
    let metadata = &pod["metadata"];
    let namespace = metadata["namespace"].as_str().unwrap_or_default();
    let request = json!({
        "apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest",
        "spec": { "audiences": ["istio-ca"], "expirationSeconds": 43200 },
    });
    let path = format!("/api/v1/namespaces/{namespace}/serviceaccounts/{}/token", account(pod));
    let token = cluster.post(&path, request)?;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    fs::write(home.join("var/run/secrets/tokens/istio-token"), text(&token["status"]["token"]))?;
    let root = config_map(cluster, namespace, "istio-ca-root-cert")?;
    let root = root.ok_or_else(|| io::Error::other("istiod has not written istio-ca-root-cert yet"))?;
    fs::write(home.join("var/run/secrets/istio/root-cert.pem"), text(&root["data"]["root-cert.pem"]))?;
    // As the kubelet writes them: NAME="VALUE", quoted as in JSON.
    let lines = |map: &Value| -> String {
        let lines = map.as_object().into_iter().flatten().map(|(name, value)| format!("{name}={value}\n"));
        lines.collect::<Vec<_>>().concat()
    };
    fs::write(home.join("etc/istio/pod/labels"), lines(&metadata["labels"]))?;
    fs::write(home.join("etc/istio/pod/annotations"), lines(&metadata["annotations"]))
}

/// The directory that is to be mounted where the filter's wasm belongs, with what the pod's ConfigMap holds now; none when the
/// proxy mounts nothing there.
///
/// # Errors
/// When the API server does not answer, or a ConfigMap that has to be there is not.
pub(crate) fn wasm(
    cluster: &Cluster,
    pod: &Value,
    container: &Value,
    home: &Path,
) -> io::Result<Option<(PathBuf, &'static str)>> {
    let named = |list: &Value, field: &str, value: &Value| {
        list.as_array().into_iter().flatten().find(|entry| entry[field] == *value).cloned()
    };
    let Some(mount) = named(&container["volumeMounts"], "mountPath", &json!(WASM)) else { return Ok(None) };
    let volume = named(&pod["spec"]["volumes"], "name", &mount["name"]).unwrap_or_default();
    let name = volume["configMap"]["name"].as_str().unwrap_or_default();
    let namespace = pod["metadata"]["namespace"].as_str().unwrap_or_default();
    let directory = home.join("wasm");
    fs::create_dir_all(&directory)?;
    let map = config_map(cluster, namespace, name)?.unwrap_or_default();
    for (file, data) in map["binaryData"].as_object().into_iter().flatten() {
        let bytes = STANDARD.decode(data.as_str().unwrap_or_default()).map_err(io::Error::other)?;
        fs::write(directory.join(file), bytes)?;
    }
    Ok(Some((directory, WASM)))
}

fn config_map(cluster: &Cluster, namespace: &str, name: &str) -> io::Result<Option<Value>> {
    cluster.get(&format!("/api/v1/namespaces/{namespace}/configmaps/{name}"))
}
