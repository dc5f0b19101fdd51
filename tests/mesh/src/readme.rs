//! The README's own commands, as they stand there.

use std::env;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use fs_err as fs;

use crate::kubectl::Kubectl;
use crate::sandbox::DIRECTORY;
use crate::{command, environment};

/// Stands in for Nix: `nix run .#NAME -- …` is the subcommand NAME, or the program `push`.
const NIX: &str = r#"#!/bin/sh
set -eu
[ "$1" = run ]
name=${2#.#}
[ "$3" = -- ]
shift 3
[ "$name" != push ] || exec "$HTTP_TRACE_PUSH" "$@"
exec "$HTTP_TRACE_CTL" "$name" "$@"
"#;
/// The namespace of the README's commands.
const NAMESPACE: &str = "shop";

/// The lines of the README's blocks about deploying.
pub(crate) struct Readme {
    lines: Vec<String>,
    kubectl: Kubectl,
    /// Where `nix` and `kubectl` are.
    programs: PathBuf,
    /// Where the commands run, as in a checkout.
    directory: PathBuf,
}

impl Readme {
    /// Reads it.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(crate) fn open(kubectl: &Kubectl) -> io::Result<Self> {
        let text = fs::read_to_string(environment::path("README", "the path of README.md")?)?;
        let blocks = text.split("\n```console deploy\n").skip(1);
        let blocks = blocks.map(|block| block.split("\n```").next().unwrap_or_default());
        let lines = blocks.flat_map(str::lines).map(str::to_owned).collect();
        let [programs, directory] = ["bin", "checkout"].map(|name| Path::new(DIRECTORY).join(name));
        fs::create_dir_all(&programs)?;
        fs::create_dir_all(&directory)?;
        let program = |name: &str, text: &str| {
            fs::write(programs.join(name), text)?;
            fs::set_permissions(programs.join(name), PermissionsExt::from_mode(0o755))
        };
        program("nix", NIX)?;
        program("kubectl", &format!("#!/bin/sh\nexec {} \"$@\"\n", environment::program("KUBECTL", "kubectl")))?;
        Ok(Self { lines, kubectl: kubectl.clone(), programs, directory })
    }

    /// Runs the README's lines with these words, for its own namespace.
    ///
    /// # Errors
    /// When there are none, or one fails; the error says what it printed.
    pub(crate) fn run(&self, words: &[&str]) -> io::Result<String> {
        words.iter().map(|word| self.with(word, NAMESPACE, "")).collect()
    }

    /// Runs the README's line with this word, for a namespace, with more options.
    ///
    /// # Errors
    /// As [`Readme::run`].
    pub(crate) fn with(&self, word: &str, namespace: &str, options: &str) -> io::Result<String> {
        let line = self.lines.iter().find(|line| line.contains(word));
        let line = line.ok_or_else(|| io::Error::other(format!("the README has no command with {word:?}")))?;
        let line = line.replace(NAMESPACE, namespace);
        self.shell(&format!("{line} {options}"))
    }

    /// Runs any line in the checkout.
    ///
    /// # Errors
    /// When it fails.
    pub(crate) fn shell(&self, line: &str) -> io::Result<String> {
        let path = env::var_os("PATH").unwrap_or_default();
        let paths = std::iter::once(self.programs.clone()).chain(env::split_paths(&path));
        let mut shell = Command::new("sh");
        shell.args(["-euc", line]).current_dir(&self.directory).envs(self.kubectl.environment().iter().cloned());
        shell.env("PATH", env::join_paths(paths).map_err(io::Error::other)?);
        command::output(&mut shell, "")
    }
}
