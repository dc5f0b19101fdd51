//! The filter's own configuration, as the mesh hands it to the filter.

use super::{
    Address, Direction, Options,
    destination::{self, Destination},
};
use crate::failure::Failure;
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
    /// Where records go, in words.
    pub(crate) destination: String,
}

impl Configuration {
    /// Reads the file that the options name, or starts from nothing, and adds the clusters and the mesh where it does not
    /// name its own.
    ///
    /// # Errors
    /// What is wrong in the file, as the filter itself would say it; or with the options; or between the two.
    pub(crate) fn new(options: &Options, direction: Direction) -> Result<Self, Failure> {
        let given = match &options.config {
            None => b"{}".to_vec(),
            Some(path) => fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?,
        };
        let name =
            options.config.as_deref().map_or_else(|| "the defaults".to_owned(), |path| path.display().to_string());
        let check = |json: &[u8]| {
            let lines = |error: http_trace_filter::config::ConfigError| {
                error.problems.iter().map(|problem| format!("{name}: {problem}")).collect::<Vec<_>>().join("\n")
            };
            Config::parse(json).map_err(lines)
        };
        let parsed = check(&given)?;
        let mut root = match serde_json::from_slice(&given) {
            Ok(Value::Object(root)) => root,
            // Nothing at all means every default.
            _ => Map::new(),
        };
        let said = root.clone();
        let (mut clusters, mut named) = (Vec::new(), 0);
        let mut cluster = |kind: &str, destination: &Destination<'_>| {
            let address = match destination {
                Destination::Cluster(name) => {
                    named += 1;
                    return Ok((*name).to_owned());
                }
                Destination::Address(address) if options.istio_cluster => return address.istio_cluster(),
                Destination::Address(address) => *address,
            };
            let name = format!("{kind}_{}", direction.word());
            clusters.push((name.clone(), address.clone()));
            Ok(name)
        };
        let records = destination::of_records(&name, &said, options)?;
        let collector = section(&mut root, "collector");
        let to = cluster("trace_analyzer", &records).map_err(Failure::Usage)?;
        collector.entry("cluster").or_insert_with(|| json!(to));
        let path = parsed.collector.path.split('?').next().unwrap_or_default();
        let destination = match &records {
            Destination::Cluster(name) => format!("Envoy's cluster {name:?}, as POST {path}"),
            Destination::Address(address) => {
                collector.entry("authority").or_insert_with(|| json!(address.authority()));
                let scheme = if options.transport.tls { "https" } else { "http" };
                let by = if options.istio_cluster { format!(", by Istio's cluster {to:?}") } else { String::new() };
                format!("{scheme}://{}{path}{by}", address.authority())
            }
        };
        if parsed.sampling.hosts.is_some() || options.sampling_enabled {
            let polls = destination::of_polls(&name, &said, options)?;
            let to = cluster("trace_sampling_manager", &polls).map_err(Failure::Usage)?;
            let sampling = section(&mut root, "sampling");
            // `true` turns it on with every default; the original's own key does without this one.
            if sampling.get("hosts").is_none_or(|hosts| !hosts.is_object()) {
                sampling.insert("hosts".to_owned(), json!({}));
            }
            section(sampling, "hosts").entry("cluster").or_insert_with(|| json!(to));
        } else if options.sampling_given {
            return Err(Failure::Usage(format!(
                "--sampling: given, and {name} leaves sampling.hosts off: takes one that turns it on, or TRACE_SAMPLING_ENABLED=true"
            )));
        }
        if options.cluster_exists && named == 0 {
            return Err(Failure::Usage(format!(
                "--cluster-exists: given, and {name} names no cluster: takes one with collector.cluster"
            )));
        }
        let mesh = options.mesh.mesh();
        match ["mesh", "service_mesh"].into_iter().find_map(|key| Some((key, said.get(key)?.as_str()?))) {
            Some((key, word)) if !mesh.of_filter().contains(&word) => {
                return Err(Failure::Usage(format!(
                    "--mesh {}: got {key} {word:?} in {name}, takes {} there, or none at all",
                    options.mesh,
                    mesh.of_filter().map(|word| format!("{word:?}")).join(" or ")
                )));
            }
            // The filter's own default.
            None if mesh.of_filter()[0] != "istio" => drop(root.insert("mesh".to_owned(), json!(mesh.of_filter()[0]))),
            _ => {}
        }
        let json = Value::Object(root).to_string();
        check(json.as_bytes())?;
        Ok(Self { json, clusters, destination })
    }
}

/// The object with this name, made when there is none.
fn section<'a>(root: &'a mut Map<String, Value>, name: &str) -> &'a mut Map<String, Value> {
    let value = root.entry(name).or_insert_with(|| json!({}));
    value.as_object_mut().expect("the filter's parser takes nothing else here")
}
