//! The files that Envoy's tap filter writes: counted, and removed at once, because they would fill the disk.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;
use std::{fs, io};

/// Counts and removes the files of a directory while it exists.
#[derive(Debug)]
pub(crate) struct Taps {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    directory: PathBuf,
    removed: AtomicU64,
    ended: AtomicBool,
}

impl Taps {
    /// Makes the directory.
    pub(crate) fn new(directory: &Path) -> io::Result<Self> {
        fs::create_dir(directory)?;
        let shared =
            Shared { directory: directory.to_owned(), removed: AtomicU64::new(0), ended: AtomicBool::new(false) };
        let shared = Arc::new(shared);
        let thread = thread::spawn({
            let shared = Arc::clone(&shared);
            move || {
                while !shared.ended.load(Ordering::Relaxed) {
                    shared.sweep();
                    thread::sleep(Duration::from_millis(5));
                }
            }
        });
        Ok(Self { shared, thread: Some(thread) })
    }

    /// How many files there were so far.
    pub(crate) fn count(&self) -> u64 {
        self.shared.sweep();
        self.shared.removed.load(Ordering::Relaxed)
    }
}

impl Drop for Taps {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn sweep(&self) {
        // Both threads may sweep; a file counts for the one that removes it.
        for file in fs::read_dir(&self.directory).into_iter().flatten().flatten() {
            if fs::remove_file(file.path()).is_ok() {
                self.removed.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use http_trace_e2e::temp::TempDir;

    use super::Taps;

    #[test]
    fn counts_each_file_once_and_removes_it() {
        let directory = TempDir::new().unwrap();
        let taps = Taps::new(&directory.path().join("taps")).unwrap();
        for name in 0..100 {
            fs::write(directory.path().join("taps").join(name.to_string()), "x").unwrap();
        }
        assert_eq!(taps.count(), 100);
        assert_eq!(taps.count(), 100);
        assert_eq!(fs::read_dir(directory.path().join("taps")).unwrap().count(), 0);
    }
}
