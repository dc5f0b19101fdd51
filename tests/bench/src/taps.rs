//! The files that Envoy's tap filter writes: counted, and removed at once, because they would fill the disk.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use fs_err as fs;

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
    paused: AtomicBool,
}

impl Taps {
    /// Makes the directory.
    pub(crate) fn new(directory: &Path) -> io::Result<Self> {
        fs::create_dir(directory)?;
        let shared = Arc::new(Shared {
            directory: directory.to_owned(),
            removed: AtomicU64::new(0),
            ended: AtomicBool::new(false),
            paused: AtomicBool::new(false),
        });
        let thread = thread::spawn({
            let shared = Arc::clone(&shared);
            move || {
                while !shared.ended.load(Ordering::Relaxed) {
                    if shared.paused.load(Ordering::Relaxed) {
                        thread::park();
                    } else {
                        shared.sweep();
                        thread::sleep(Duration::from_millis(5));
                    }
                }
            }
        });
        Ok(Self { shared, thread: Some(thread) })
    }

    /// Whether to look for files by itself: looking takes CPU from what is measured.
    pub(crate) fn set_paused(&self, paused: bool) {
        self.shared.paused.store(paused, Ordering::Relaxed);
        self.wake();
    }

    fn wake(&self) {
        if let Some(thread) = &self.thread {
            thread.thread().unpark();
        }
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
        self.wake();
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
    use std::thread;
    use std::time::{Duration, Instant};

    use fs_err as fs;
    use tempfile::TempDir;

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
        taps.set_paused(true);
        taps.set_paused(false);
        assert_eq!(fs::read_dir(directory.path().join("taps")).unwrap().count(), 0);
        fs::write(directory.path().join("taps").join("late"), "x").unwrap();
        let deadline = Instant::now() + Duration::from_secs(30);
        while fs::exists(directory.path().join("taps").join("late")).unwrap() {
            assert!(Instant::now() < deadline, "it is not removed unasked");
            thread::sleep(Duration::from_millis(1));
        }
        // A paused one still ends.
        taps.set_paused(true);
    }
}
