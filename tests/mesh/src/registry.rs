//! A real OCI registry on the node, and the images in it.

use std::io;
use std::net::TcpStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use fs_err::{self as fs, File};
use serde_json::json;

use crate::mesh::until;
use crate::readme::Readme;
use crate::sandbox::{DIRECTORY, NODE};
use crate::{command, environment};

/// A port of this run's own network.
const PORT: u16 = 5000;

/// A running registry. What was pushed to an earlier one is in it.
pub(crate) struct Registry {
    child: Child,
}

impl Registry {
    /// Starts it.
    ///
    /// # Errors
    /// When it does not answer; the error holds its log.
    pub(crate) fn start() -> io::Result<Self> {
        let directory = directory();
        fs::create_dir_all(&directory)?;
        let configuration = json!({
            "version": "0.1", "log": { "level": "info" }, "http": { "addr": address() },
            "storage": { "filesystem": { "rootdirectory": directory.join("images") } },
        });
        let file = directory.join("registry.json");
        fs::write(&file, configuration.to_string())?;
        let log = File::create(directory.join("log"))?.into_file();
        let mut command = Command::new(environment::program("REGISTRY", "registry"));
        command.arg("serve").arg(file).current_dir(&directory);
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).process_group(0);
        let mut registry = Self { child: command::spawn(&mut command)? };
        until("the registry's answer", || registry.answers())?;
        Ok(registry)
    }

    fn answers(&mut self) -> io::Result<Option<()>> {
        if let Some(status) = self.child.try_wait()? {
            let log = fs::read_to_string(directory().join("log"))?;
            return Err(io::Error::other(format!("the registry has ended: {status}\n{log}")));
        }
        Ok(TcpStream::connect(address()).ok().map(drop))
    }

    /// Pushes the filter's image by the README's command, or another one in its place; gives the reference by digest.
    ///
    /// # Errors
    /// What the command complained about.
    pub(crate) fn push(&self, readme: &Readme, other: Option<&Path>) -> io::Result<String> {
        let image = other.map(|image| format!("IMAGE='{}' ", image.display())).unwrap_or_default();
        let name = if other.is_some() { "other" } else { "http-trace-filter" };
        let reference = format!("{}/team/{name}:0.1.0", address());
        let printed = readme.shell(&format!("{image}nix run .#push -- {reference} --dest-tls-verify=false"))?;
        Ok(printed.trim().to_owned())
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        // One that has ended already is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn address() -> String {
    format!("{NODE}:{PORT}")
}

fn directory() -> PathBuf {
    Path::new(DIRECTORY).join("registry")
}
