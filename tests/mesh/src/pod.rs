//! A running pod: its network, Istio's redirection in it, pilot-agent with Envoy, and the program behind them.

use std::io;
use std::net::IpAddr;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use fs_err::{self as fs, File};
use http_trace_e2e::cluster::Cluster;
use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::Value;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use crate::namespace::Namespace;
use crate::{command, environment, proxy, redirect, sandbox, traffic, users};

/// How long a proxy may take until it is ready.
const PATIENCE: Duration = Duration::from_secs(240);
/// How often it is asked.
const PAUSE: Duration = Duration::from_millis(150);

/// Mounts within a namespace of the process's own, and becomes the command.
const ENTER: &str = r#"
mount -t tmpfs -o mode=755 pod /var
mkdir -p "$2" /var/lib/istio/data
[ -z "$1" ] || mount --bind -o ro "$1" "$2"
mount --bind "$3/var/lib/istio/data" /var/lib/istio/data
cd "$3"
shift 3
exec "$@"
"#;

/// A pod whose parts run.
pub(crate) struct Pod {
    pub(crate) namespace: Namespace,
    /// What the proxy says is in `proxy.log`.
    pub(crate) home: PathBuf,
    agent: Option<Child>,
    program: Option<JoinHandle<()>>,
}

impl Pod {
    /// Starts the network of a pod, with the program that it is about: given a listener, it serves.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub(crate) fn new(name: &str, address: IpAddr) -> io::Result<Self> {
        let home = Path::new(sandbox::DIRECTORY).join("pods").join(name);
        fs::create_dir_all(&home)?;
        Ok(Self { namespace: Namespace::new(name, address)?, home, agent: None, program: None })
    }

    /// Starts its program on a port of its own.
    ///
    /// # Errors
    /// When the port cannot be had.
    pub(crate) fn serve<F>(
        &mut self,
        runtime: &Handle,
        port: u16,
        program: impl FnOnce(tokio::net::TcpListener) -> F,
    ) -> io::Result<()>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = self.namespace.listen(port)?;
        listener.set_nonblocking(true)?;
        let _within = runtime.enter();
        let listener = tokio::net::TcpListener::from_std(listener)?;
        self.program = Some(runtime.spawn(program(listener)));
        Ok(())
    }

    /// Starts its proxy, if it has one, and waits until it is ready.
    ///
    /// # Errors
    /// When the proxy does not start; the error holds the end of its log.
    pub(crate) fn start_proxy(
        &mut self,
        cluster: &Cluster,
        pod: &Value,
        address: IpAddr,
        runtime: &Handle,
        stopped: &AtomicBool,
    ) -> io::Result<()> {
        let Some(container) = proxy::container(pod, "istio-proxy") else { return Ok(()) };
        proxy::write(cluster, pod, &self.home)?;
        if let Some(init) = proxy::container(pod, "istio-init") {
            redirect::install(&self.namespace, &proxy::arguments(init), users::application(address))?;
        }
        let (wasm, place) = proxy::wasm(cluster, pod, container, &self.home)?.unwrap_or((PathBuf::new(), "/var/local"));
        let template = proxy::template(&self.home)?;
        // Envoy opens it once more, as /dev/stdout: it is to be its user's.
        let log = File::create(self.home.join("proxy.log"))?.into_file();
        let user = users::PROXY.to_string();
        if users::has_proxy() {
            command::run("chown", ["-R".as_ref(), format!("{user}:{user}").as_ref(), self.home.as_os_str()])?;
        }
        let [nsenter, net] = self.namespace.prefix();
        let mut command = Command::new(nsenter);
        command.args([&net, "unshare", "--mount", "sh", "-euc", ENTER, "pod"]);
        command.args([wasm.as_os_str(), place.as_ref(), self.home.as_os_str()]);
        if users::has_proxy() {
            command.args(["setpriv", "--reuid", &user, "--regid", &user, "--clear-groups"]);
        }
        command.arg(environment::program("PILOT_AGENT", "pilot-agent")).args(proxy::arguments(container));
        command.arg("--templateFile").arg(template);
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.envs(proxy::environment(pod, container, &address.to_string()));
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).process_group(0);
        self.agent = Some(command::spawn(&mut command)?);
        self.until_ready(runtime, stopped)
    }

    fn until_ready(&mut self, runtime: &Handle, stopped: &AtomicBool) -> io::Result<()> {
        let deadline = Instant::now() + PATIENCE;
        let health = ([127, 0, 0, 1], 15021).into();
        loop {
            if let Some(status) = self.agent.as_mut().map(Child::try_wait).transpose()?.flatten() {
                return Err(io::Error::other(format!("pilot-agent has ended: {status}\n{}", self.log(30))));
            }
            let answer = runtime.block_on(traffic::get(Some(&self.namespace), health, "localhost", "/healthz/ready"));
            if answer.is_ok_and(|answer| answer.status.is_success()) {
                return Ok(());
            }
            if stopped.load(Ordering::Acquire) {
                return Err(io::Error::other("the pod was deleted"));
            }
            if Instant::now() > deadline {
                return Err(io::Error::other(format!("the proxy does not become ready\n{}", self.log(30))));
            }
            std::thread::sleep(PAUSE);
        }
    }

    /// The last lines that the proxy wrote.
    pub(crate) fn log(&self, lines: usize) -> String {
        let log = fs::read(self.home.join("proxy.log")).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        // Said at each question, and already known.
        let all: Vec<&str> = log.lines().filter(|line| !line.contains("Envoy proxy is NOT ready")).collect();
        all[all.len().saturating_sub(lines)..].join("\n")
    }

    /// Ends all of it.
    pub(crate) fn stop(&mut self) {
        if let Some(program) = self.program.take() {
            program.abort();
        }
        if let Some(mut agent) = self.agent.take() {
            // Envoy is in its group. One that has ended already is what is wanted.
            let group = i32::try_from(agent.id()).ok().and_then(Pid::from_raw);
            let _ = group.map(|group| kill_process_group(group, Signal::KILL));
            let _ = agent.wait();
        }
        // What is left of it is out of reach, and goes with the run.
        let _ = self.namespace.remove();
    }
}
