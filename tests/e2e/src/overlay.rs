//! An overlay, as `http-trace-ctl overlay` writes it, in a real Envoy: the patches of its EnvoyFilter become a bootstrap and an
//! ECDS file. No CRD says what may stand in a patch's value; Envoy does.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, io};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use fs_err as fs;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::bootstrap;
use crate::yaml;

/// Where the filter is mounted in a proxy.
pub const MOUNT: &str = "/var/local/lib/wasm-filters";

/// A rendered overlay.
#[derive(Debug)]
pub struct Overlay {
    /// Where what Envoy is given is written.
    directory: TempDir,
    /// Where it is itself.
    root: PathBuf,
}

/// The namespace of the overlays of tests.
const NAMESPACE: &str = "shop";

/// The parts of an overlay that Envoy is given.
#[derive(Debug)]
pub struct Rendered {
    pub bootstrap: Value,
    /// The file that the extension comes from.
    pub ecds: PathBuf,
    /// The extension, as it stands in that file.
    pub extension: Value,
}

impl Overlay {
    /// Calls `http-trace-ctl overlay` (`$HTTP_TRACE_CTL`) for a namespace with these further arguments.
    ///
    /// # Errors
    /// When it is not to be found, or refuses; with what it said.
    pub fn generate(arguments: &[&str]) -> io::Result<Self> {
        let directory = TempDir::new()?;
        let ctl = env::var_os("HTTP_TRACE_CTL")
            .ok_or_else(|| io::Error::other("HTTP_TRACE_CTL is not set: it takes the path of http-trace-ctl"))?;
        let mut command = Command::new(ctl);
        command.args(["overlay", NAMESPACE, "--out"]).arg(directory.path()).args(arguments).stdin(Stdio::null());
        let output = command.output()?;
        if !output.status.success() {
            return Err(io::Error::other(String::from_utf8_lossy(&output.stderr).into_owned()));
        }
        Ok(Self { root: directory.path().join(NAMESPACE), directory })
    }

    /// One that was written in this directory.
    ///
    /// # Errors
    /// When there is no place for what Envoy is given.
    pub fn at(root: &Path) -> io::Result<Self> {
        Ok(Self { root: root.to_owned(), directory: TempDir::new()? })
    }

    /// Where the proxy finds the wasm that its ConfigMap holds, once it is rendered.
    #[must_use]
    pub fn wasm(&self) -> PathBuf {
        self.directory.path().join("mount/http-trace-filter.wasm")
    }

    /// Mounts what the ConfigMap holds, as the kubelet would; nothing, where there is none.
    fn mount(&self) -> io::Result<()> {
        let Ok(text) = fs::read_to_string(self.root().join("configmap.yaml")) else { return Ok(()) };
        let map = yaml::documents(&text)?;
        let mount = self.wasm();
        let mount = mount.parent().expect("it is in a directory");
        fs::create_dir_all(mount)?;
        for (name, data) in map[0]["binaryData"].as_object().into_iter().flatten() {
            let bytes = STANDARD.decode(data.as_str().unwrap_or_default()).map_err(io::Error::other)?;
            fs::write(mount.join(name), bytes)?;
        }
        Ok(())
    }

    /// A patch's value, with what is mounted where it is here.
    fn mounted(&self, value: Value) -> Value {
        mounted(value, self.wasm().parent().expect("it is in a directory"))
    }

    /// Mounts its wasm, and applies its patches.
    ///
    /// # Errors
    /// When its EnvoyFilter cannot be read, or has not the patches of a filter that comes by ECDS.
    pub fn render(&self, upstream: SocketAddr, upstream_h2: SocketAddr) -> io::Result<Rendered> {
        self.mount()?;
        let documents = yaml::documents(&fs::read_to_string(self.root().join("envoyfilter.yaml"))?)?;
        let patches =
            documents.iter().flat_map(|document| document["spec"]["configPatches"].as_array().into_iter().flatten());
        let (mut filters, mut clusters, mut extensions) = (Vec::new(), Vec::new(), Vec::new());
        for patch in patches {
            let value = self.mounted(patch["patch"]["value"].clone());
            match patch["applyTo"].as_str() {
                Some("HTTP_FILTER") => filters.push(value),
                Some("CLUSTER") => clusters.push(value),
                Some("EXTENSION_CONFIG") => extensions.push(value),
                other => return Err(io::Error::other(format!("applyTo: got {other:?}, takes one of the three"))),
            }
        }
        let ([filter], [extension]) = (&mut filters[..], &mut extensions[..]) else {
            return Err(io::Error::other(format!(
                "one filter and one extension are needed: {filters:?} {extensions:?}"
            )));
        };
        extension["@type"] = json!("type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig");
        let (extension, ecds) = (extension.clone(), self.directory.path().join("ecds.json"));
        let source = &mut filter["config_discovery"]["config_source"];
        if source["ads"] != json!({}) {
            return Err(io::Error::other(format!("config_source: got {source}, takes ads")));
        }
        // In place of istiod; all else stays as it is.
        source.as_object_mut().expect("an object").remove("ads");
        source["path_config_source"] = json!({ "path": ecds });
        let rendered =
            Rendered { bootstrap: bootstrap::around(filters, clusters, upstream, upstream_h2), ecds, extension };
        rendered.publish()?;
        Ok(rendered)
    }

    /// Applies the patches of a Kuma overlay, whose values are YAML in strings; the bootstrap.
    ///
    /// # Errors
    /// When its MeshProxyPatch cannot be read.
    pub fn render_kuma(&self, upstream: SocketAddr, upstream_h2: SocketAddr) -> io::Result<Value> {
        self.mount()?;
        let documents = yaml::documents(&fs::read_to_string(self.root().join("meshproxypatch.yaml"))?)?;
        let (mut filters, mut clusters) = (Vec::new(), Vec::new());
        for change in documents
            .iter()
            .flat_map(|document| document["spec"]["default"]["appendModifications"].as_array().into_iter().flatten())
        {
            for (kind, to) in [("cluster", &mut clusters), ("httpFilter", &mut filters)] {
                let values = yaml::documents(change[kind]["value"].as_str().unwrap_or_default())?;
                to.extend(values.into_iter().filter(Value::is_object).map(|value| self.mounted(value)));
            }
        }
        Ok(bootstrap::around(filters, clusters, upstream, upstream_h2))
    }

    /// Applies the patches of an overlay for Envoy Gateway; the bootstrap, and the listener that is patched.
    ///
    /// # Errors
    /// When its EnvoyPatchPolicy cannot be read, or patches something else than clusters and a listener's filters.
    pub fn render_gateway(&self, upstream: SocketAddr, upstream_h2: SocketAddr) -> io::Result<(Value, String)> {
        let documents = yaml::documents(&fs::read_to_string(self.root().join("envoypatchpolicy.yaml"))?)?;
        let (mut filters, mut clusters, mut listener) = (Vec::new(), Vec::new(), String::new());
        for patch in
            documents.iter().flat_map(|document| document["spec"]["jsonPatches"].as_array().into_iter().flatten())
        {
            let (kind, operation) = (patch["type"].as_str().unwrap_or_default(), &patch["operation"]);
            match (kind.rsplit('.').next(), operation["path"].as_str()) {
                (Some("Cluster"), Some("")) => clusters.push(operation["value"].clone()),
                (Some("Listener"), Some("http_filters/0")) => {
                    filters.push(operation["value"].clone());
                    listener = patch["name"].as_str().unwrap_or_default().to_owned();
                }
                other => return Err(io::Error::other(format!("got a patch of {other:?}"))),
            }
        }
        Ok((bootstrap::around(filters, clusters, upstream, upstream_h2), listener))
    }

    /// The directory that `kubectl apply -k` takes.
    #[must_use]
    pub fn root(&self) -> PathBuf {
        self.root.clone()
    }
}

impl Rendered {
    /// Hands the extension to Envoy, which watches the file.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn publish(&self) -> io::Result<()> {
        let next = self.ecds.with_extension("next");
        fs::write(&next, serde_json::to_vec(&json!({ "resources": [self.extension] }))?)?;
        fs::rename(next, &self.ecds)
    }
}

/// Replaces the mount's path by `root`, wherever it stands.
fn mounted(value: Value, root: &Path) -> Value {
    match value {
        Value::String(text) => match text.strip_prefix(MOUNT) {
            Some(file) => json!(format!("{}{file}", root.display())),
            None => Value::String(text),
        },
        Value::Array(list) => list.into_iter().map(|value| mounted(value, root)).collect(),
        Value::Object(members) => {
            Value::Object(members.into_iter().map(|(name, value)| (name, mounted(value, root))).collect())
        }
        other => other,
    }
}
