//! Files that are looked at again and again, for programs that write them when they please.

use std::path::{Path, PathBuf};
use std::time::SystemTime;
use std::{env, fs};

/// What tells one content of a path from the next. A link's target is part of it: what `nix build` makes is of 1970.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Stamp {
    file: PathBuf,
    modified: SystemTime,
    bytes: u64,
}

impl Stamp {
    /// None while there is no file.
    fn of(path: &Path) -> Option<Self> {
        let file = fs::canonicalize(path).ok()?;
        let metadata = fs::metadata(&file).ok().filter(fs::Metadata::is_file)?;
        Some(Self { file, modified: metadata.modified().ok()?, bytes: metadata.len() })
    }
}

/// A file that may not be there yet.
#[derive(Debug)]
pub(super) struct Watch {
    /// Where it is.
    pub(super) path: PathBuf,
    /// What was last told to the caller.
    told: Option<Stamp>,
    /// What was there a moment ago.
    seen: Option<Stamp>,
}

impl Watch {
    /// What is there now is not new.
    pub(super) fn new(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        let now = Stamp::of(&path);
        Self { path, told: now.clone(), seen: now }
    }

    /// Whether there is something new that did not change since the last call: whoever writes it may have finished.
    pub(super) fn is_new(&mut self) -> bool {
        let now = Stamp::of(&self.path);
        let rests = now == self.seen;
        self.seen = now;
        if !rests || self.seen.is_none() || self.seen == self.told {
            return false;
        }
        self.told.clone_from(&self.seen);
        true
    }

    /// When it was last written, if it is there.
    fn modified(&self) -> Option<SystemTime> {
        self.told.as_ref().map(|stamp| stamp.modified)
    }
}

/// The files that may become the filter: this one only; or what the variable names, and what a checkout's builds write.
pub(super) fn filters(only: Option<&Path>, named: Option<PathBuf>) -> Vec<Watch> {
    if let Some(only) = only {
        return vec![Watch::new(only)];
    }
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| "target".into(), PathBuf::from);
    let built = ["release", "debug"]
        .map(|profile| target.join("wasm32-unknown-unknown").join(profile).join("http_trace_filter.wasm"));
    named.into_iter().chain(built).chain(["result/lib/http-trace-filter.wasm".into()]).map(Watch::new).collect()
}

/// What runs first: the first file if it was named, else the one that was written last. None while there is no file.
pub(super) fn first(filters: &[Watch], named: bool) -> Option<PathBuf> {
    let there = filters.iter().filter(|filter| filter.told.is_some());
    let first = if named { there.take(1).next() } else { there.max_by_key(|filter| filter.modified()) };
    first.map(|filter| filter.path.clone())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::time::{Duration, SystemTime};

    use tempfile::TempDir;

    use super::{Watch, first};

    #[test]
    fn tells_once_what_came_to_rest() {
        let directory = TempDir::new().unwrap();
        let path = directory.path().join("file");
        let mut watch = Watch::new(&path);
        assert!(!watch.is_new(), "there is no file");
        fs::write(&path, "half").unwrap();
        assert!(!watch.is_new(), "it has just appeared");
        fs::write(&path, "half and half").unwrap();
        assert!(!watch.is_new(), "it still grows");
        assert!(watch.is_new(), "it is whole");
        assert!(!watch.is_new(), "it was told");
        fs::remove_file(&path).unwrap();
        assert!(!watch.is_new() && !watch.is_new(), "it is gone");
    }

    #[test]
    fn sees_that_a_link_leads_elsewhere() {
        let directory = TempDir::new().unwrap();
        let file = |name: &str| directory.path().join(name);
        for name in ["a", "b"] {
            fs::write(file(name), "same").unwrap();
            fs::File::options().write(true).open(file(name)).unwrap().set_modified(SystemTime::UNIX_EPOCH).unwrap();
        }
        std::os::unix::fs::symlink(file("a"), file("result")).unwrap();
        let mut watch = Watch::new(file("result"));
        fs::remove_file(file("result")).unwrap();
        std::os::unix::fs::symlink(file("b"), file("result")).unwrap();
        assert!(!watch.is_new());
        assert!(watch.is_new());
    }

    #[test]
    fn begins_with_the_newest_or_the_named() {
        let directory = TempDir::new().unwrap();
        let watch = |name: &str, age: Option<u64>| {
            let path = directory.path().join(name);
            if let Some(age) = age {
                let at = SystemTime::now() - Duration::from_secs(age);
                fs::File::create(&path).unwrap().set_modified(at).unwrap();
            }
            Watch::new(path)
        };
        let filters = [watch("missing", None), watch("old", Some(100)), watch("new", Some(10))];
        assert_eq!(first(&filters, false), Some(directory.path().join("new")));
        assert_eq!(first(&filters, true), Some(directory.path().join("old")));
        assert_eq!(first(&filters[..1], false), None);
    }
}
