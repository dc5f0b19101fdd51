//! istiod, outside the cluster.

use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use fs_err::{self as fs, File};
use http_trace_e2e::cluster::Cluster;
use serde_json::json;

use crate::kubectl::Kubectl;
use crate::sandbox::{DIRECTORY, NODE};
use crate::{command, environment, injection};

/// How long it may take until it is ready.
const PATIENCE: Duration = Duration::from_secs(300);

/// A running istiod; it ends with this process's namespace.
pub(crate) struct ControlPlane {
    child: Child,
}

impl ControlPlane {
    /// Installs Istio, and starts istiod.
    ///
    /// # Errors
    /// When the cluster refuses it, or istiod does not become ready.
    pub(crate) fn start(cluster: &Cluster, kubectl: &Kubectl) -> io::Result<Self> {
        let source = environment::path("ISTIO_SOURCE", "a checkout of istio")?;
        for definitions in
            ["manifests/charts/base/files/crd-all.gen.yaml", "tests/integration/pilot/testdata/gateway-api-crd.yaml"]
        {
            let file = source.join(definitions);
            kubectl.run(["apply".as_ref(), "--server-side".as_ref(), "--filename".as_ref(), file.as_os_str()])?;
        }
        kubectl.apply(&injection::objects(&source)?)?;
        let mesh = Path::new(DIRECTORY).join("mesh.json");
        let proxies = json!({
            "discoveryAddress": format!("{NODE}:15012"), "concurrency": 1,
            "binaryPath": environment::path("ENVOY", "Envoy, a program")?,
        });
        let config =
            json!({ "accessLogFile": "/dev/stdout", "rootNamespace": "istio-system", "defaultConfig": proxies });
        fs::write(&mesh, config.to_string())?;
        let log = File::create(log_file())?.into_file();
        let mut command = Command::new(environment::program("PILOT_DISCOVERY", "pilot-discovery"));
        command.args(["discovery", "--domain", "cluster.local", "--httpAddr", "127.0.0.1:18080", "--ctrlz_port", "0"]);
        command.args(["--grpcAddr", "127.0.0.1:15010", "--monitoringAddr", "127.0.0.1:15014", "--httpsAddr", ":15017"]);
        command.args(["--secureGRPCAddr", &format!("{NODE}:15012")]);
        command.arg("--kubeconfig").arg(cluster.kubeconfig()).arg("--meshConfig").arg(mesh);
        command.envs([
            ("PILOT_CERT_PROVIDER", "istiod"),
            ("POD_NAME", "istiod-1"),
            ("POD_NAMESPACE", "istio-system"),
            ("SERVICE_ACCOUNT", "istiod"),
            ("CLUSTER_ID", "Kubernetes"),
            ("REVISION", "default"),
            ("INJECTION_WEBHOOK_CONFIG_NAME", "istio-sidecar-injector"),
            ("VALIDATION_WEBHOOK_CONFIG_NAME", "istio-validator-istio-system"),
            ("JWT_POLICY", "third-party-jwt"),
            ("ISTIOD_CUSTOM_HOST", "localhost"),
            // A stock Envoy lacks Istio's own filters.
            ("PILOT_ENABLE_ALPN_FILTER", "false"),
            ("PILOT_ENABLE_METADATA_EXCHANGE", "false"),
            // Waypoints, of one network: for several, a stock Envoy lacks a kind of filter state.
            ("PILOT_ENABLE_AMBIENT", "true"),
            ("AMBIENT_ENABLE_MULTI_NETWORK_WAYPOINT", "false"),
        ]);
        command.current_dir(DIRECTORY).stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).process_group(0);
        let mut istiod = Self { child: command::spawn(&mut command)? };
        istiod.until_ready()?;
        Ok(istiod)
    }

    fn until_ready(&mut self) -> io::Result<()> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Err(io::Error::other(format!("istiod has ended: {status}\n{}", log(20))));
            }
            if std::net::TcpStream::connect("127.0.0.1:18080").is_ok_and(is_ready) {
                return Ok(());
            }
            if Instant::now() > deadline {
                return Err(io::Error::other(format!("istiod does not become ready\n{}", log(20))));
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

fn is_ready(mut stream: std::net::TcpStream) -> bool {
    use std::io::{Read, Write};
    let mut answer = String::new();
    let asked = stream.write_all(b"GET /ready HTTP/1.0\r\n\r\n");
    asked.is_ok() && stream.read_to_string(&mut answer).is_ok() && answer.contains(" 200 ")
}

fn log_file() -> PathBuf {
    Path::new(DIRECTORY).join("istiod.log")
}

/// The last lines that istiod wrote.
pub(crate) fn log(lines: usize) -> String {
    let log = fs::read(log_file()).unwrap_or_default();
    let log = String::from_utf8_lossy(&log);
    let all: Vec<&str> = log.lines().collect();
    all[all.len().saturating_sub(lines)..].join("\n")
}
