//! Namespaces of its own for the whole run: users (for who is not root), mounts, network and processes. The kernel ends every
//! process and removes every interface in them when the first process ends, however it does.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, io};

use fs_err as fs;
use tokio::process::{Child, Command};
use tokio::signal::unix::{SignalKind, signal};

use crate::command::run;

/// Where the run keeps its files; nobody outside sees it, and nothing of it stays.
pub(crate) const DIRECTORY: &str = "/run/mesh";
/// The node's address, which pods reach istiod and names by.
pub(crate) const NODE: &str = "10.77.0.1";
/// The bridge that joins the pods.
pub(crate) const BRIDGE: &str = "pods";

/// Runs this program again, in namespaces of its own, until it ends or a signal comes.
///
/// # Errors
/// When it cannot be started.
pub(crate) fn enter() -> io::Result<ExitCode> {
    // In this thread, with which the kernel ends the program.
    let tasks = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    tasks.block_on(async {
        let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        let mut child = again()?;
        let signal = tokio::select! {
            status = child.wait() => {
                let code = status?.code().and_then(|code| u8::try_from(code).ok());
                return Ok(code.map_or(ExitCode::FAILURE, ExitCode::from));
            }
            _ = interrupt.recv() => 2,
            _ = terminate.recv() => 15,
        };
        child.kill().await?;
        Ok(ExitCode::from(128 + signal))
    })
}

/// This program, within: when the one outside ends, however it does, unshare is killed, and with it the first process within.
fn again() -> io::Result<Child> {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", "unshare"]);
    if !rustix::process::getuid().is_root() {
        command.args(["--user", "--map-root-user"]);
    }
    command.args(["--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc", "--"]);
    command.arg(env::current_exe()?).arg("--within").args(env::args_os().skip(1));
    command.spawn().map_err(|error| io::Error::new(error.kind(), format!("setpriv: {error}")))
}

/// Makes the node's network, and directories that this run may write.
///
/// # Errors
/// When the kernel refuses.
pub(crate) fn furnish() -> io::Result<()> {
    run("mount", ["--make-rprivate", "/"])?;
    let resolver = resolver_file()?;
    run("mount", ["-t", "tmpfs", "-o", "mode=755", "mesh", "/run"])?;
    fs::create_dir_all(DIRECTORY)?;
    let text = format!("nameserver {NODE}\n");
    if resolver.starts_with("/run") {
        fs::create_dir_all(resolver.parent().unwrap_or(Path::new("/run")))?;
        fs::write(&resolver, text)?;
    } else {
        let own = format!("{DIRECTORY}/resolv.conf");
        fs::write(&own, text)?;
        run("mount", ["--bind".as_ref(), own.as_ref(), resolver.as_os_str()])?;
    }
    run("ip", ["link", "set", "lo", "up"])?;
    run("ip", ["link", "add", BRIDGE, "type", "bridge"])?;
    run("ip", ["addr", "add", &format!("{NODE}/16"), "dev", BRIDGE])?;
    run("ip", ["link", "set", BRIDGE, "up"]).map(drop)
}

/// The file that says which server answers for names, wherever the link to it leads.
fn resolver_file() -> io::Result<PathBuf> {
    let file = PathBuf::from("/etc/resolv.conf");
    match fs::read_link(&file) {
        Ok(target) if target.is_absolute() => Ok(target),
        // such as ../run/systemd/resolve/stub-resolv.conf
        Ok(target) => Ok(Path::new("/").join(target.strip_prefix("..").unwrap_or(&target))),
        Err(_) if file.exists() => Ok(file),
        Err(error) => Err(error),
    }
}
