//! The components: a team's own kustomization, with one line more, mounts the wasm.

use std::fs;
use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use crate::{REVISION, labels, program, render, schemas};

/// What a team has: one workload of each kind, with things of its own in the template.
fn team(component: &str, further: &str) -> Vec<Value> {
    let directory = TempDir::new().expect("a directory");
    copy(&program("K8S"), &directory.path().join("k8s"));
    let own = directory.path().join("team");
    fs::create_dir(&own).expect("a directory");
    let workload = |kind: &str| {
        format!(
            "---\napiVersion: apps/v1\nkind: {kind}\nmetadata: {{name: {0}}}\nspec:\n  selector: {{matchLabels: {{app: a}}}}\n  \
             template:\n    metadata: {{labels: {{app: a}}, annotations: {{own: kept}}}}\n    spec:\n      containers:\n      \
             - {{name: app, image: app}}\n      - {{name: istio-proxy, image: auto}}\n      volumes: [{{name: own, emptyDir: {{}}}}]\n",
            kind.to_lowercase()
        )
    };
    fs::write(own.join("workloads.yaml"), ["Deployment", "StatefulSet", "DaemonSet"].map(workload).concat())
        .expect("a file");
    let kustomization =
        format!("resources: [workloads.yaml]\nnamespace: team\ncomponents: [../k8s/components/{component}]\n{further}");
    fs::write(own.join("kustomization.yaml"), kustomization).expect("a file");
    render(&own)
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).expect("a directory");
    for entry in fs::read_dir(from).expect("a directory") {
        let (path, to) = entry.map(|entry| (entry.path(), to.join(entry.file_name()))).expect("an entry");
        if path.is_dir() { copy(&path, &to) } else { fs::write(to, fs::read(path).expect("a file")).expect("a file") }
    }
}

#[test]
fn each_mounts_its_wasm_in_every_workload_and_adds_its_filter() {
    for (component, context) in
        [("outbound", "SIDECAR_OUTBOUND"), ("inbound", "SIDECAR_INBOUND"), ("gateway", "GATEWAY")]
    {
        let objects = team(component, "");
        assert!(objects.iter().all(|object| object["metadata"]["namespace"] == "team"), "{component}");
        let filters: Vec<&Value> = objects.iter().filter(|object| object["kind"] == "EnvoyFilter").collect();
        let [filter] = filters[..] else { panic!("{component}: {} filters", filters.len()) };
        schemas::check(filter).unwrap_or_else(|error| panic!("{component}: {error}"));
        let revision = labels(filter).expect("a revision");
        assert_eq!(filter["metadata"]["name"], format!("http-trace-filter-{component}-{revision}"));
        for patch in filter["spec"]["configPatches"].as_array().expect("patches") {
            assert_eq!(patch["match"]["context"], context, "{component}");
        }
        for kind in ["Deployment", "StatefulSet", "DaemonSet"] {
            let template = &objects.iter().find(|object| object["kind"] == kind).expect("it")["spec"]["template"];
            let (annotations, spec) = (&template["metadata"]["annotations"], &template["spec"]);
            assert_eq!(template["metadata"]["labels"][REVISION], revision, "{component}: {kind}");
            assert_eq!((&annotations["own"], &template["metadata"]["labels"]["app"]), (&"kept".into(), &"a".into()));
            let parsed =
                |key: &str| serde_json::from_str::<Value>(annotations[key].as_str().unwrap_or("{}")).expect("JSON");
            let own_volume = spec["volumes"].as_array().expect("volumes").iter().any(|volume| volume["name"] == "own");
            assert!(own_volume, "{component}: {kind}");
            let map = format!("http-trace-filter-{revision}");
            let volume = spec["volumes"].as_array().into_iter().flatten().find(|v| v["name"] == "http-trace-filter");
            assert_eq!(volume.expect("a volume")["configMap"]["name"], map);
            if component == "gateway" {
                let proxy = spec["containers"].as_array().into_iter().flatten().find(|c| c["name"] == "istio-proxy");
                let mount = &proxy.expect("a proxy")["volumeMounts"][0];
                assert_eq!((&mount["name"], &mount["readOnly"]), (&"http-trace-filter".into(), &true.into()));
            } else {
                assert_eq!(annotations["sidecar.istio.io/userVolume"], Value::Null, "volumes of the team's own stay");
                let mount = parsed("sidecar.istio.io/userVolumeMount");
                assert_eq!(mount["http-trace-filter"]["mountPath"], "/var/local/lib/wasm-filters");
            }
        }
    }
}

/// What a component says of itself: where its records go, and the patch that sends them elsewhere.
#[test]
fn a_component_s_own_comment_sends_records_elsewhere() {
    for component in ["outbound", "inbound", "gateway"] {
        let path = program("K8S").join("components").join(component).join("kustomization.yaml");
        let text = fs::read_to_string(path).expect("a component");
        let comment: Vec<&str> = text.lines().map_while(|line| line.strip_prefix("# ")).skip(1).collect();
        assert_eq!(comment[0], "Records go to http://collector.observability.svc.cluster.local:9000/publish.");
        let patch: Vec<&str> = comment[2..].iter().map(|line| line.strip_prefix("  ").expect("indented")).collect();
        let patch = patch.join("\n").replace("HOST", "other.example").replace("PORT", "4318") + "\n";
        let objects = team(component, &patch);
        let filter = objects.iter().find(|object| object["kind"] == "EnvoyFilter").expect("it");
        let cluster = &filter["spec"]["configPatches"][0]["patch"]["value"];
        let endpoint = &cluster["load_assignment"]["endpoints"][0]["lb_endpoints"][0]["endpoint"];
        let expected = serde_json::json!({ "address": "other.example", "port_value": 4318 });
        assert_eq!(endpoint["address"]["socket_address"], expected, "{component}");
    }
}

/// Whatever the team's kustomization, or one around it, makes of names: pods name the ConfigMap as it is called then.
#[test]
fn a_prefix_or_suffix_renames_the_config_map_where_it_is_mounted() {
    for component in ["outbound", "inbound", "gateway"] {
        for further in ["namePrefix: a-\n", "nameSuffix: -b\n", "namePrefix: a-\nnameSuffix: -b\n"] {
            let objects = team(component, further);
            let of = |kind: &str| objects.iter().find(|object| object["kind"] == kind).expect("it");
            let map = &of("ConfigMap")["metadata"]["name"];
            assert_ne!(*map, format!("http-trace-filter-{}", labels(of("ConfigMap")).expect("a revision")));
            for kind in ["Deployment", "StatefulSet", "DaemonSet"] {
                let object = of(kind);
                let volumes = object["spec"]["template"]["spec"]["volumes"].as_array().expect("volumes");
                let volume = volumes.iter().find(|volume| volume["name"] == "http-trace-filter").expect("a volume");
                assert_eq!(volume["configMap"]["name"], *map, "{component}, {further}: {kind}");
                // Nothing else names it, where kustomize would not look.
                let text = object.to_string();
                let unnamed = text.replace(&map.to_string(), "");
                assert!(!unnamed.contains("http-trace-filter-"), "{component}, {further}: {unnamed}");
            }
        }
    }
}
