//! A kubectl that notes what it is asked, and answers what a test says.

use serde::Deserialize;
use serde_json::{Value, json};
use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Output},
};
use tempfile::TempDir;

/// The smallest module.
const WASM: &[u8] = b"\0asm\x01\0\0\0";

/// A directory to run in, with a kubectl in its `bin`.
pub(crate) struct Place(TempDir);

impl Place {
    /// `answers`: the branches of a shell's `case "$*"`, whose words are kubectl's arguments. What no branch takes is an empty list.
    pub(crate) fn new(answers: &str) -> Self {
        let place = Self(TempDir::new().expect("a directory"));
        fs::write(place.path().join("filter.wasm"), WASM).expect("a file");
        fs::create_dir(place.path().join("bin")).expect("a directory");
        let list = r#"*"--output json"*) echo '{"items": []}' ;;"#;
        let log = place.path().join("log");
        let more = place.path().join("answers");
        let (log, more) = (log.display(), more.display());
        let script = format!(
            "#!/bin/sh\necho \"$*\" >> {log}\nfor answer in $(ls -r {more} 2>/dev/null); do . {more}/$answer; done\n\
             case \"$*\" in\n{answers}\n{list}\nesac\n"
        );
        place.program("kubectl", &script);
        place
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Answers calls with these words by a shell's own; what is said last counts most.
    pub(crate) fn says(&self, words: &str, script: &str) {
        let directory = self.path().join("answers");
        fs::create_dir_all(&directory).expect("a directory");
        let name = format!("{:03}", fs::read_dir(&directory).expect("a directory").count());
        let text = format!("case \"$*\" in *{words:?}*) {script}\nexit ;; esac\n");
        fs::write(directory.join(name), text).expect("a file");
    }

    /// Answers them by a list of objects.
    pub(crate) fn answers(&self, words: &str, objects: &[Value]) {
        let file = self.path().join(format!("{}.json", words.replace([' ', '/'], "-")));
        fs::write(&file, json!({ "items": objects }).to_string()).expect("a file");
        self.says(words, &format!("cat {}", file.display()));
    }

    /// Puts a program beside kubectl.
    pub(crate) fn program(&self, name: &str, script: &str) -> PathBuf {
        let path = self.path().join("bin").join(name);
        fs::write(&path, script).expect("a file");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("it is ours");
        path
    }

    /// The command, before it runs.
    pub(crate) fn command(&self, arguments: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_http-trace-ctl"));
        command.current_dir(self.path()).args(arguments.split_whitespace()).env_clear();
        let path = format!("{}:/usr/bin:/bin", self.path().join("bin").display());
        command.env("WASM_FILTER_BINARY_PATH", "filter.wasm").env("PATH", path);
        command
    }

    /// Runs it.
    pub(crate) fn run(&self, arguments: &str) -> Printed {
        self.command(arguments).output().expect("it runs").into()
    }

    /// What kubectl was asked, a line each, oldest first.
    pub(crate) fn asked(&self) -> Vec<String> {
        let log = fs::read_to_string(self.path().join("log")).unwrap_or_default();
        log.lines().map(str::to_owned).collect()
    }
}

/// What a program printed, and its exit code.
#[derive(Debug)]
pub(crate) struct Printed {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl From<Output> for Printed {
    fn from(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("it prints UTF-8");
        Self { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}

/// The objects in a file of YAML.
pub(crate) fn objects(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).expect("a file of the overlay");
    serde_yaml_ng::Deserializer::from_str(&text).map(|object| Value::deserialize(object).expect("YAML")).collect()
}
