//! A directory of generated files, which never takes the place of anything else.

use sha2::{Digest, Sha256};
use std::{
    collections::BTreeMap,
    fs,
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};

/// Lists what was written here, as `sha256sum` does; `sha256sum -c` checks it.
pub(super) const LIST: &str = "generated.sha256";

/// Files to be written.
#[derive(Debug)]
pub(crate) struct Directory {
    path: PathBuf,
    files: BTreeMap<&'static str, Vec<u8>>,
}

impl Directory {
    pub(crate) fn new(path: PathBuf, files: Vec<(&'static str, Vec<u8>)>) -> Self {
        Self { path, files: files.into_iter().collect() }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The files' names.
    pub(crate) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.files.keys().copied()
    }

    /// What is to be in a file.
    pub(crate) fn file(&self, name: &str) -> Option<String> {
        self.files.get(name).map(|bytes| String::from_utf8_lossy(bytes).into_owned())
    }

    /// Whether every file that would be overwritten or removed was written here, and has not been changed since.
    ///
    /// # Errors
    /// Names the first that was not.
    pub(crate) fn check(&self) -> Result<(), String> {
        let listed = self.listed()?;
        let all = self.files.keys().copied().chain(listed.keys().map(String::as_str));
        for name in all {
            let path = self.path.join(name);
            let there = match fs::read(&path) {
                Ok(there) => there,
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                Err(error) => return Err(format!("{}: {error}", path.display())),
            };
            let made = listed.get(name).is_some_and(|sum| *sum == sum_of(&there));
            if !made && self.files.get(name) != Some(&there) {
                return Err(format!(
                    "{}: got a file that this command did not write or that was edited since, takes only its own: move it away",
                    path.display()
                ));
            }
        }
        Ok(())
    }

    /// Writes the files, and removes those of an earlier run that are no more. All are written beside their places before
    /// the first is moved, so that a full disk leaves what was there.
    ///
    /// # Errors
    /// Names what cannot be written.
    pub(crate) fn write(&self) -> Result<(), String> {
        let at = |path: &Path, error: io::Error| format!("{}: {error}", path.display());
        let stale: Vec<String> =
            self.listed()?.into_keys().filter(|name| !self.files.contains_key(name.as_str())).collect();
        fs::create_dir_all(&self.path).map_err(|error| at(&self.path, error))?;
        let lines: Vec<String> =
            self.files.iter().map(|(name, bytes)| format!("{}  {name}\n", sum_of(bytes))).collect();
        let list = lines.concat();
        let files: Vec<(&str, &[u8])> = self.files.iter().map(|(name, bytes)| (*name, &bytes[..])).collect();
        let files = [&files[..], &[(LIST, list.as_bytes())]].concat();
        let beside = |name: &str| self.path.join(format!(".{name}.new"));
        let written = files.iter().try_for_each(|(name, bytes)| {
            let path = beside(name);
            fs::write(&path, bytes).map_err(|error| at(&path, error))
        });
        if let Err(error) = written {
            for (name, _) in &files {
                let _ = fs::remove_file(beside(name));
            }
            return Err(error);
        }
        for (name, _) in &files {
            let path = self.path.join(name);
            fs::rename(beside(name), &path).map_err(|error| at(&path, error))?;
        }
        for name in stale {
            let path = self.path.join(name);
            fs::remove_file(&path).or_else(gone).map_err(|error| at(&path, error))?;
        }
        Ok(())
    }

    /// What an earlier run wrote: name and sum.
    fn listed(&self) -> Result<BTreeMap<String, String>, String> {
        let path = self.path.join(LIST);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(BTreeMap::new()),
            Err(error) => return Err(format!("{}: {error}", path.display())),
        };
        let entry = |line: &str| {
            let (sum, name) = line.split_once("  ")?;
            // A name with a slash is none of ours, and must not lead out of the directory.
            (!name.contains('/')).then(|| (name.to_owned(), sum.to_owned()))
        };
        let entries: Option<BTreeMap<String, String>> = text.lines().map(entry).collect();
        entries.ok_or_else(|| format!("{}: got something else than sha256sum's list, takes that", path.display()))
    }
}

fn gone(error: io::Error) -> io::Result<()> {
    if error.kind() == ErrorKind::NotFound { Ok(()) } else { Err(error) }
}

fn sum_of(bytes: &[u8]) -> String {
    format!("{:x}", Sha256::digest(bytes))
}
