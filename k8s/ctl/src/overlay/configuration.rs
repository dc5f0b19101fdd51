//! The filter's own configuration, as the mesh hands it to the filter.

use super::{Address, Direction, Options};
use http_trace_filter::config::Config;
use serde_json::{Map, Value, json};
use std::fs;

/// A valid configuration, and the clusters that it needs beside those of the mesh.
#[derive(Debug)]
pub(crate) struct Configuration {
    /// JSON on one line.
    pub(crate) json: String,
    /// Name and address of each cluster that is not there yet.
    pub(crate) clusters: Vec<(String, Address)>,
}

impl Configuration {
    /// Reads the file that the options name, or starts from nothing, and adds the clusters and the mesh where it does not
    /// name its own.
    ///
    /// # Errors
    /// What is wrong in the file, as the filter itself would say it; or with the options.
    pub(crate) fn new(options: &Options, direction: Direction) -> Result<Self, String> {
        let given = match &options.config {
            None => b"{}".to_vec(),
            Some(path) => fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?,
        };
        let name = options.config.as_deref().map_or_else(String::new, |path| path.display().to_string());
        let check = |json: &[u8]| {
            let line = |error: http_trace_filter::config::ConfigError| {
                error.problems.iter().map(|problem| format!("{name}: {problem}")).collect::<Vec<_>>().join("; ")
            };
            Config::parse(json).map_err(line)
        };
        let parsed = check(&given)?;
        let mut root = match serde_json::from_slice(&given) {
            Ok(Value::Object(root)) => root,
            // Nothing at all means every default.
            _ => Map::new(),
        };
        let mut clusters = Vec::new();
        let mut named = |kind: &str, address: &Address| {
            if options.istio_cluster {
                return address.istio_cluster();
            }
            let name = format!("{kind}_{}", direction.word());
            clusters.push((name.clone(), address.clone()));
            Ok(name)
        };
        let collector = section(&mut root, "collector");
        if !collector.contains_key("cluster") {
            if parsed.format.name == "otlp" && options.collector_is_default() {
                let takes = "takes HOST:PORT with the format otlp; the port of an OpenTelemetry Collector is 4318";
                return Err(format!("--collector: not given, {takes}"));
            }
            collector.insert("cluster".to_owned(), json!(named("trace_analyzer", &options.collector)?));
            collector.entry("authority").or_insert_with(|| json!(options.collector.authority()));
        }
        if parsed.sampling.hosts.is_some() || options.sampling_enabled {
            let sampling = section(&mut root, "sampling");
            // `true` turns it on with every default; the original's own key does without this one.
            if sampling.get("hosts").is_none_or(|hosts| !hosts.is_object()) {
                sampling.insert("hosts".to_owned(), json!({}));
            }
            let hosts = section(sampling, "hosts");
            if !hosts.contains_key("cluster") {
                hosts.insert("cluster".to_owned(), json!(named("trace_sampling_manager", &options.sampling)?));
            }
        }
        if let Some(mesh) = options.mesh.mesh().of_filter() {
            if !root.contains_key("mesh") && !root.contains_key("service_mesh") {
                root.insert("mesh".to_owned(), json!(mesh));
            }
        }
        let json = Value::Object(root).to_string();
        check(json.as_bytes())?;
        Ok(Self { json, clusters })
    }
}

/// The object with this name, made when there is none.
fn section<'a>(root: &'a mut Map<String, Value>, name: &str) -> &'a mut Map<String, Value> {
    let value = root.entry(name).or_insert_with(|| json!({}));
    value.as_object_mut().expect("the filter's parser takes nothing else here")
}
