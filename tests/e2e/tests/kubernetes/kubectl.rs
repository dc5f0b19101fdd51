//! The real kubectl, before a real API server.

use std::ffi::OsString;
use std::io::Write;
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;
use std::{env, thread};

use http_trace_e2e::cluster::Cluster;
use http_trace_e2e::yaml;
use serde_json::{Value, json};

/// The meshes' kinds.
const DEFINITIONS: [&str; 6] = [
    include_str!("../../../schemas/crds/containerpatches.kuma.io.yaml"),
    include_str!("../../../schemas/crds/envoyfilters.networking.istio.io.yaml"),
    include_str!("../../../schemas/crds/envoypatchpolicies.gateway.envoyproxy.io.yaml"),
    include_str!("../../../schemas/crds/meshproxypatches.kuma.io.yaml"),
    include_str!("../../../schemas/crds/peerauthentications.security.istio.io.yaml"),
    include_str!("../../../schemas/crds/wasmplugins.extensions.istio.io.yaml"),
];

/// The cluster of all these tests.
pub(crate) fn cluster() -> &'static Cluster {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    CLUSTER.get_or_init(|| {
        let definitions = DEFINITIONS.iter().flat_map(|text| yaml::documents(text).expect("a CRD"));
        let start = std::time::Instant::now();
        let cluster = Cluster::start(&definitions.collect::<Vec<_>>());
        println!("a cluster after {} ms", start.elapsed().as_millis());
        cluster.unwrap_or_else(|error| panic!("{error}"))
    })
}

/// What a program printed.
#[derive(Debug)]
pub(crate) struct Printed {
    pub(crate) success: bool,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl From<Output> for Printed {
    fn from(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("it prints UTF-8");
        Self { success: output.status.success(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}

/// The kubectl to test with.
pub(crate) fn program() -> OsString {
    env::var_os("KUBECTL").expect("KUBECTL is not set: it should name the kubectl to test with")
}

/// Runs kubectl, with this on its standard input.
pub(crate) fn run(arguments: &[&str], input: &str) -> Printed {
    let mut command = Command::new(program());
    command.args(arguments).env_clear().envs(cluster().environment());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap_or_else(|error| panic!("KUBECTL={:?}: {error}", program()));
    let (mut stdin, input) = (child.stdin.take().expect("piped"), input.to_owned());
    // kubectl may end without having read all of it
    let writer = thread::spawn(move || drop(stdin.write_all(input.as_bytes())));
    let output = child.wait_with_output().expect("kubectl was started");
    writer.join().expect("a thread that does not panic");
    output.into()
}

/// A workload.
pub(crate) fn workload(kind: &str, name: &str) -> Value {
    let labels = json!({ "app": name });
    let containers = json!([{ "name": name, "image": "image:1", "env": [{ "name": "A", "value": "1" }] }]);
    let template = json!({ "metadata": { "labels": labels }, "spec": { "containers": containers } });
    json!({
        "apiVersion": "apps/v1", "kind": kind, "metadata": { "name": name, "labels": labels },
        "spec": { "selector": { "matchLabels": labels }, "template": template },
    })
}
