//! Where the records of an overlay go: said by the options or by the configuration, never by both, and defined by somebody.

use super::{Address, Options};
use crate::failure::Failure;
use serde_json::{Map, Value};

/// What a member of the configuration names, or the options.
pub(super) enum Destination<'a> {
    /// A cluster that proxies have.
    Cluster(&'a str),
    /// Where a cluster is to be added, or is Istio's own.
    Address(&'a Address),
}

/// That of the records.
///
/// # Errors
/// Nothing says where, both do, or nothing defines the cluster.
pub(super) fn of_records<'a>(
    file: &str,
    root: &'a Map<String, Value>,
    options: &'a Options,
) -> Result<Destination<'a>, Failure> {
    let Some(cluster) = root.get("collector").and_then(|collector| collector["cluster"].as_str()) else {
        return options.collector.as_ref().map(Destination::Address).ok_or_else(|| {
            Failure::Usage(
                "--collector: not given, takes HOST:PORT, where records go (or $WASM_FILTER_TRACE_BACKEND_ADDRESS, or a \
                 configuration whose collector.cluster names a cluster that proxies have)"
                    .to_owned(),
            )
        });
    };
    if let Some(option) = options.to_collector.first() {
        return Err(Failure::Usage(format!(
            "{option}: given beside collector.cluster {cluster:?} in {file}, takes a configuration that leaves the cluster to it: \
             only one of the two can say where records go"
        )));
    }
    defined(file, "collector.cluster", "--collector", cluster, options)?;
    Ok(Destination::Cluster(cluster))
}

/// That of the polls for hosts to trace.
///
/// # Errors
/// As [`of_records`].
pub(super) fn of_polls<'a>(
    file: &str,
    root: &'a Map<String, Value>,
    options: &'a Options,
) -> Result<Destination<'a>, Failure> {
    let hosts = root.get("sampling").map(|sampling| &sampling["hosts"]);
    let Some(cluster) = hosts.and_then(|hosts| hosts["cluster"].as_str()) else {
        return options.sampling.as_ref().map(Destination::Address).ok_or_else(|| {
            Failure::Usage(format!(
                "--sampling: not given, takes HOST:PORT, where the hosts to trace come from: {file} turns sampling.hosts on, and its \
                 collector.cluster has no host to take"
            ))
        });
    };
    if options.sampling_given {
        return Err(Failure::Usage(format!(
            "--sampling: given beside sampling.hosts.cluster {cluster:?} in {file}, takes a configuration that leaves the cluster to it"
        )));
    }
    defined(file, "sampling.hosts.cluster", "--sampling", cluster, options)?;
    Ok(Destination::Cluster(cluster))
}

/// Proxies refuse no filter for a cluster that they do not have: its records are lost.
fn defined(file: &str, field: &str, option: &str, cluster: &str, options: &Options) -> Result<(), Failure> {
    let mesh = options.mesh.mesh();
    if options.cluster_exists || mesh.has_cluster(cluster) {
        return Ok(());
    }
    Err(Failure::Other(format!(
        "{file}: {field}: got {cluster:?}, which nothing defines, takes one that --mesh {} makes ({}); or leave it out and give \
         {option} HOST:PORT; or, where an object of your own adds it to the proxies, give --cluster-exists",
        options.mesh,
        mesh.cluster_names()
    )))
}
