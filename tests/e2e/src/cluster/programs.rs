//! etcd, kube-apiserver and kube-controller-manager, each a process.

use std::net::SocketAddr;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, io};

use fs_err::{self as fs, File};
use hyper::{Method, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpSocket;

use super::client::{Client, JSON};
use super::guard::Guard;
use super::{audit, certificate_pem};
use crate::certificate;

/// Tokens; each is its user's name as well.
pub(crate) const OWNER: &str = "owner";
pub(crate) const KUBELET: &str = "kubelet";
const CONTROLLERS: &str = "controllers";
/// How long the API server may take to start on a machine that is slow, and busy with other things.
const PATIENCE: Duration = Duration::from_secs(240);

/// The controllers that tests need: those that roll workloads out, and those without which pods or namespaces are not whole.
const LOOPS: &str = "deployment-controller,replicaset-controller,statefulset-controller,daemonset-controller,\
                     serviceaccount-controller,root-ca-certificate-publisher-controller,namespace-controller,\
                     endpointslice-controller,garbage-collector-controller,clusterrole-aggregation-controller";

/// The programs, and all that they read and write.
#[derive(Debug)]
pub(crate) struct Programs {
    directory: PathBuf,
    address: SocketAddr,
    children: Vec<(&'static str, Child)>,
    /// Ends all when this process is gone.
    guard: Guard,
    /// Held, so that no other process is given one of the ports before ours listens on it.
    _ports: Vec<TcpSocket>,
}

impl Programs {
    /// Starts them, and returns once the API server is ready.
    ///
    /// # Errors
    /// When one cannot be started, or ends; the error holds the end of its log.
    pub(crate) async fn start() -> io::Result<Self> {
        // The guard deletes it.
        let directory = TempDir::new()?.keep();
        let guard = Guard::over(&directory)?;
        let [(etcd, held_1), (peer, held_2), (address, held_3)] = [free()?, free()?, free()?];
        let ports = vec![held_1, held_2, held_3];
        let mut programs = Self { directory, address, children: Vec::new(), guard, _ports: ports };
        programs.write()?;
        let [etcd, peer] = [etcd, peer].map(|address| format!("http://{address}"));
        programs.run("ETCD", "etcd", &Self::etcd(&etcd, &peer))?;
        programs.run("KUBE_APISERVER", "kube-apiserver", &programs.api_server(&etcd))?;
        let client = Client::new(address, OWNER)?;
        programs.ready(|| async { client.call(Method::GET, "/readyz", JSON, None).await }).await?;
        programs.run("KUBE_CONTROLLER_MANAGER", "kube-controller-manager", &Self::controller_manager())?;
        Ok(programs)
    }

    /// Where the API server listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where all of it writes.
    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    /// What the API server notes of kubectl's calls.
    pub(crate) fn audit_log(&self) -> PathBuf {
        self.directory.join("audit.log")
    }

    /// The file that makes kubectl use the API server.
    pub(crate) fn kubeconfig(&self) -> PathBuf {
        self.directory.join("kubeconfig")
    }

    /// Such a file (JSON is YAML), for kubectl's user, or for one that it speaks for.
    pub(crate) fn kubeconfig_text(&self, user: Option<&str>) -> String {
        let mut who = json!({ "token": audit::USER });
        if let Some(user) = user {
            who["as"] = json!(user);
        }
        self.kubeconfig_of(&who)
    }

    fn kubeconfig_of(&self, user: &Value) -> String {
        let server = json!({
            "server": format!("https://{}", self.address), "certificate-authority": self.directory.join("certificate.pem"),
        });
        json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "test",
            "clusters": [{ "name": "test", "cluster": server }], "users": [{ "name": "test", "user": user }],
            "contexts": [{ "name": "test", "context": { "cluster": "test", "user": "test" } }],
        })
        .to_string()
    }

    /// Writes what the programs read.
    fn write(&self) -> io::Result<()> {
        let write = |name: &str, text: &str| fs::write(self.directory.join(name), text);
        write("certificate.pem", &certificate_pem())?;
        write("key.pem", &certificate::pem("PRIVATE KEY", &certificate::identity().key))?;
        let users = [audit::USER, OWNER, KUBELET, CONTROLLERS];
        write("tokens.csv", &users.map(|user| format!("{user},{user},{user},system:masters\n")).concat())?;
        write("audit.json", &audit::policy().to_string())?;
        write("kubeconfig", &self.kubeconfig_text(None))?;
        write("controllers.kubeconfig", &self.kubeconfig_of(&json!({ "token": CONTROLLERS })))
    }

    fn etcd(client: &str, peer: &str) -> Vec<String> {
        let cluster = format!("--initial-cluster=default={peer}");
        let urls = [("listen-client", client), ("advertise-client", client)];
        let peers = [("listen-peer", peer), ("initial-advertise-peer", peer)];
        let urls = urls.into_iter().chain(peers).map(|(name, url)| format!("--{name}-urls={url}"));
        let rest = ["--data-dir=etcd", "--unsafe-no-fsync", "--log-level=warn", &cluster];
        rest.map(str::to_owned).into_iter().chain(urls).collect()
    }

    fn api_server(&self, etcd: &str) -> Vec<String> {
        let (etcd, port) = (format!("--etcd-servers={etcd}"), format!("--secure-port={}", self.address.port()));
        let issuer = "--service-account-issuer=https://kubernetes.default.svc";
        [
            &etcd[..],
            &port,
            "--bind-address=127.0.0.1",
            "--advertise-address=127.0.0.1",
            "--endpoint-reconciler-type=none",
            "--service-cluster-ip-range=10.96.0.0/16",
            "--authorization-mode=RBAC",
            "--token-auth-file=tokens.csv",
            "--tls-cert-file=certificate.pem",
            "--tls-private-key-file=key.pem",
            issuer,
            "--service-account-key-file=certificate.pem",
            "--service-account-signing-key-file=key.pem",
            "--kubelet-preferred-address-types=InternalIP",
            // The node takes the WebSocket of `kubectl exec` as it comes. It is the kubelet's way since 1.36; before that, the API
            // server would make SPDY of it.
            "--feature-gates=TranslateStreamCloseWebsocketRequests=false,MutatingAdmissionPolicy=true",
            // The policies of API servers before 1.36.
            "--runtime-config=admissionregistration.k8s.io/v1beta1=true",
            "--audit-policy-file=audit.json",
            "--audit-log-path=audit.log",
        ]
        .map(str::to_owned)
        .to_vec()
    }

    fn controller_manager() -> Vec<String> {
        let loops = format!("--controllers={LOOPS}");
        let rest = ["--kubeconfig=controllers.kubeconfig", "--leader-elect=false", "--secure-port=0"];
        let accounts = ["--root-ca-file=certificate.pem", "--service-account-private-key-file=key.pem"];
        // By default it makes twenty calls a second, which all tests would wait for.
        let quick = ["--kube-api-qps=1000", "--kube-api-burst=1000"];
        rest.into_iter().chain(accounts).chain(quick).chain([&loops[..]]).map(str::to_owned).collect()
    }

    /// Starts one, which `variable` may name, in the directory.
    fn run(&mut self, variable: &str, name: &'static str, arguments: &[String]) -> io::Result<()> {
        let program = env::var_os(variable).map_or_else(|| name.into(), PathBuf::from);
        let log = File::create(self.directory.join(format!("{name}.log")))?.into_file();
        let mut command = Command::new(&program);
        command.args(arguments).current_dir(&self.directory).stdin(Stdio::null());
        let child = command.stdout(log.try_clone()?).stderr(log).process_group(0).spawn();
        let child = child.map_err(|error| {
            io::Error::new(error.kind(), format!("{} ({variable} names another): {error}", program.display()))
        })?;
        self.guard.watch(&child)?;
        self.children.push((name, child));
        Ok(())
    }

    /// Waits until the API server answers with 200.
    async fn ready<F>(&mut self, asks: impl Fn() -> F) -> io::Result<()>
    where
        F: Future<Output = io::Result<(StatusCode, Value)>>,
    {
        let deadline = Instant::now() + PATIENCE;
        while !asks().await.is_ok_and(|(status, _)| status == StatusCode::OK) {
            for (name, child) in &mut self.children {
                if let Some(status) = child.try_wait()? {
                    return Err(io::Error::other(format!(
                        "{name} has ended: {status}\n{}",
                        tail(&self.directory, name)
                    )));
                }
            }
            if Instant::now() > deadline {
                let log = tail(&self.directory, "kube-apiserver");
                return Err(io::Error::new(io::ErrorKind::TimedOut, format!("kube-apiserver is not ready:\n{log}")));
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(())
    }
}

/// A free port of 127.0.0.1, which nobody else is given while it is held, and on which a program of ours can listen.
fn free() -> io::Result<(SocketAddr, TcpSocket)> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
    Ok((socket.local_addr()?, socket))
}

/// The last lines of a program's log.
fn tail(directory: &Path, name: &str) -> String {
    let log = fs::read(directory.join(format!("{name}.log"))).unwrap_or_default();
    let log = String::from_utf8_lossy(&log);
    let lines: Vec<&str> = log.lines().collect();
    lines[lines.len().saturating_sub(20)..].join("\n")
}
