//! What an overlay is made from: the command line, and the original deploy.sh's variables.

use super::{Address, Image, image, namespace};
use crate::mesh::{ControlPlane, target::Target};
use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// The original collector's port.
const COLLECTOR_PORT: u16 = 9000;
/// Where the original's sampling manager listens.
const SAMPLING_PORT: u16 = 9990;

/// The command line.
#[derive(Args, Clone, Debug)]
pub(crate) struct Flags {
    /// Where the records go, unless the configuration names a cluster; an OpenTelemetry Collector takes the format otlp on port 4318
    /// [default: $WASM_FILTER_TRACE_BACKEND_ADDRESS:$WASM_FILTER_TRACE_BACKEND_PORT, whose port is 9000 unless set].
    #[arg(long, value_name = "HOST:PORT")]
    collector: Option<Address>,
    /// Where the hosts to trace come from, when sampling.hosts is on [default: the collector's host, port
    /// $WASM_FILTER_TRACE_SAMPLING_PORT, else 9990].
    #[arg(long, value_name = "HOST:PORT")]
    sampling: Option<Address>,
    /// The filter's configuration, JSON. $TRACE_SAMPLING_ENABLED=true turns on its sampling.hosts.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Whose traffic is recorded: what workloads send, what they receive, what gateways forward, or what waypoints forward.
    /// Several with commas between. [default: outbound; with --mesh envoy-gateway, which has no other, gateway]
    #[arg(long = "traffic", value_enum, value_name = "DIRECTION", value_delimiter = ',')]
    traffic: Vec<Direction>,
    /// How proxies get the wasm: a mounted ConfigMap, with the configuration that the mesh sends them, or from a registry.
    /// [default: configmap; with --image, image; with --mesh envoy-gateway, which has no other, inline]
    #[arg(long, value_enum)]
    delivery: Option<Delivery>,
    #[command(flatten)]
    image: image::Flags,
    /// The mesh.
    #[arg(long, value_enum, default_value_t = ControlPlane::Istio)]
    mesh: ControlPlane,
    #[command(flatten)]
    target: Target,
    /// Reach the collector by Istio's own cluster for it, with mutual TLS, instead of a new one.
    #[arg(long, conflicts_with_all = ["tls", "http2"])]
    istio_cluster: bool,
    #[command(flatten)]
    transport: Transport,
    /// The clusters that the configuration names are there, though neither this command nor the mesh makes them.
    #[arg(long)]
    cluster_exists: bool,
    /// Allow the namespace whose objects are for all namespaces of the mesh: istio-system, or kuma-system.
    #[arg(long)]
    mesh_wide: bool,
    /// Where the overlays are written, one directory each.
    #[arg(long, value_name = "DIR", default_value = "k8s/overlays")]
    pub(crate) out: PathBuf,
    /// The filter's module [default: $WASM_FILTER_BINARY_PATH, else the one this command was built with].
    #[arg(long, value_name = "FILE")]
    wasm: Option<PathBuf>,
    /// Let the module call all of Envoy's host functions, not only those that this filter needs: for a --wasm of your own.
    #[arg(long)]
    unrestricted: bool,
    /// What the ConfigMap's name begins with; the wasm's revision is added [default: $WASM_FILTER_CONFIG_MAP_NAME, else
    /// http-trace-filter].
    #[arg(long, value_name = "NAME", value_parser = namespace::prefix)]
    config_map_name: Option<String>,
}

/// How a cluster added for the collector speaks to it.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Transport {
    /// Speak HTTP/2 to the collector, which takes less CPU.
    #[arg(long)]
    pub(crate) http2: bool,
    /// Speak TLS to the collector, and check its certificate.
    #[arg(long)]
    pub(crate) tls: bool,
    /// The authorities to trust, a file in the proxy's container.
    #[arg(long, value_name = "FILE", requires = "tls", default_value = "/etc/ssl/certs/ca-certificates.crt")]
    pub(crate) tls_ca: String,
    /// The name to ask for and to expect in the certificate [default: the collector's host].
    #[arg(long, value_name = "NAME", requires = "tls")]
    pub(crate) tls_name: Option<String>,
    /// The proxy's own certificate, a file in its container.
    #[arg(long, value_name = "FILE", requires = "tls", requires = "tls_key")]
    pub(crate) tls_cert: Option<String>,
    /// The key of --tls-cert.
    #[arg(long, value_name = "FILE", requires = "tls", requires = "tls_cert")]
    pub(crate) tls_key: Option<String>,
}

/// Whose traffic is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum Direction {
    Outbound,
    Inbound,
    Gateway,
    Waypoint,
}

impl Direction {
    /// Those in which the wasm can be mounted.
    pub(crate) const MOUNTED: [Self; 3] = [Self::Outbound, Self::Inbound, Self::Gateway];

    /// As it stands in names.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Outbound => "outbound",
            Self::Inbound => "inbound",
            Self::Gateway => "gateway",
            Self::Waypoint => "waypoint",
        }
    }
}

/// How proxies get the wasm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Delivery {
    Configmap,
    Inline,
    Image,
}

impl Delivery {
    /// As it stands on the command line.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Configmap => "configmap",
            Self::Inline => "inline",
            Self::Image => "image",
        }
    }
}

/// All that an overlay depends on, but for the contents of files.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    /// `None`: the configuration has to say it.
    pub(crate) collector: Option<Address>,
    /// What of the command line and the environment is about the collector alone.
    pub(crate) to_collector: Vec<&'static str>,
    pub(crate) sampling: Option<Address>,
    /// Whether the command line names it.
    pub(crate) sampling_given: bool,
    /// Whether the environment turns `sampling.hosts` on.
    pub(crate) sampling_enabled: bool,
    pub(crate) config: Option<PathBuf>,
    /// Each once.
    pub(crate) directions: Vec<Direction>,
    pub(crate) delivery: Delivery,
    /// With the delivery of that name.
    pub(crate) image: Option<Image>,
    pub(crate) image_pull_secret: Option<String>,
    pub(crate) mesh: ControlPlane,
    pub(crate) target: Target,
    pub(crate) istio_cluster: bool,
    pub(crate) transport: Transport,
    pub(crate) cluster_exists: bool,
    pub(crate) mesh_wide: bool,
    pub(crate) out: PathBuf,
    pub(crate) wasm: Option<PathBuf>,
    /// Whether the VM may do more than the filter needs.
    pub(crate) unrestricted: bool,
    pub(crate) config_map_name: String,
}

impl Options {
    /// Fills what the command line leaves open from the environment. A variable that is empty counts as not set, as in the
    /// original.
    ///
    /// # Errors
    /// Names the variable, what it is and what it takes; or flags that do not go together.
    pub(crate) fn new(flags: Flags, environment: impl Fn(&str) -> Option<String>) -> Result<Self, String> {
        let set = |name: &str| environment(name).filter(|value| !value.is_empty());
        let port = |name: &str, default: u16| {
            let Some(text) = set(name) else { return Ok(default) };
            let port = text.parse().ok().filter(|port| *port > 0);
            port.ok_or_else(|| format!("{name}: got {text:?}, takes a port, 1 to 65535"))
        };
        let mut to_collector = Vec::new();
        let collector_port = port("WASM_FILTER_TRACE_BACKEND_PORT", COLLECTOR_PORT)?;
        let collector = match (flags.collector, set("WASM_FILTER_TRACE_BACKEND_ADDRESS")) {
            (Some(collector), _) => {
                to_collector.push("--collector");
                Some(collector)
            }
            (None, Some(host)) => {
                to_collector.push("$WASM_FILTER_TRACE_BACKEND_ADDRESS");
                let address = format!("{host}:{collector_port}").parse();
                Some(address.map_err(|error| format!("WASM_FILTER_TRACE_BACKEND_ADDRESS: {error}"))?)
            }
            (None, None) => None,
        };
        let transport = &flags.transport;
        let how = [("--istio-cluster", flags.istio_cluster), ("--tls", transport.tls), ("--http2", transport.http2)];
        to_collector.extend(how.into_iter().filter_map(|(name, given)| given.then_some(name)));
        let sampling_port = port("WASM_FILTER_TRACE_SAMPLING_PORT", SAMPLING_PORT)?;
        let sampling_enabled = match set("TRACE_SAMPLING_ENABLED").as_deref() {
            None | Some("false") => false,
            Some("true") => true,
            Some(other) => return Err(format!("TRACE_SAMPLING_ENABLED: got {other:?}, takes true or false")),
        };
        let config_map_name = match (flags.config_map_name, set("WASM_FILTER_CONFIG_MAP_NAME")) {
            (Some(name), _) => name,
            (None, Some(name)) => namespace::prefix(&name)
                .map_err(|takes| format!("WASM_FILTER_CONFIG_MAP_NAME: got {name:?}, {takes}"))?,
            (None, None) => "http-trace-filter".to_owned(),
        };
        let wasm = ["WASM_FILTER_BINARY_PATH", "HTTP_TRACE_FILTER_WASM"].into_iter().find_map(set).map(PathBuf::from);
        let mesh = flags.mesh.mesh();
        let mut directions = flags.traffic;
        if directions.is_empty() {
            directions.extend(mesh.directions().first());
        }
        directions.sort();
        directions.dedup();
        let implied = if flags.image.image.is_some() { Some(&Delivery::Image) } else { mesh.deliveries().first() };
        let delivery = flags.delivery.or(implied.copied()).unwrap_or(Delivery::Configmap);
        let given = flags.istio_cluster.then_some("--istio-cluster").into_iter().chain(flags.target.given());
        for option in given {
            if !mesh.options().contains(&option) {
                let other = ControlPlane::ALL.into_iter().find(|other| other.mesh().options().contains(&option));
                return Err(format!("{option}: takes --mesh {}", other.unwrap_or(flags.mesh)));
            }
        }
        let among = |option: &str, got: &str, takes: Vec<&str>| {
            if takes.contains(&got) {
                return Ok(());
            }
            Err(format!("{option}: got {got}, --mesh {} takes {}", flags.mesh, takes.join(" or ")))
        };
        for direction in &directions {
            among("--traffic", direction.word(), mesh.directions().iter().map(|direction| direction.word()).collect())?;
        }
        among("--delivery", delivery.word(), mesh.deliveries().iter().map(|delivery| delivery.word()).collect())?;
        if delivery != Delivery::Image && flags.image.image.is_some() {
            return Err(format!("--image: takes --delivery image, and got --delivery {}", delivery.word()));
        }
        if let Some(file) = flags.wasm.as_ref().filter(|_| delivery == Delivery::Image) {
            return Err(format!(
                "--wasm: got {}, --delivery image takes none: the wasm is in the image",
                file.display()
            ));
        }
        let options = Self {
            sampling_given: flags.sampling.is_some(),
            sampling: flags.sampling.or_else(|| Some(Address { port: sampling_port, ..collector.clone()? })),
            collector,
            to_collector,
            sampling_enabled,
            config: flags.config,
            directions,
            delivery,
            image: flags.image.image,
            image_pull_secret: flags.image.image_pull_secret,
            mesh: flags.mesh,
            target: flags.target,
            istio_cluster: flags.istio_cluster,
            transport: flags.transport,
            cluster_exists: flags.cluster_exists,
            mesh_wide: flags.mesh_wide,
            out: flags.out,
            wasm: flags.wasm.or(wasm),
            unrestricted: flags.unrestricted,
            config_map_name,
        };
        mesh.check(&options)?;
        Ok(options)
    }
}
