//! A HAR file that is whole at any moment, whenever the program is killed, though it grows.
//!
//! There are two files. What is new is written to the one beside, which then changes places with the one that has the name,
//! and gets what it has missed with the next exchanges. So nobody ever writes to the file that has the name.

use std::io::{self, Read, Seek, SeekFrom, Write};
use std::mem;
use std::path::{Path, PathBuf};

use fs_err::{self as fs, File, OpenOptions};
use rustix::fs::{CWD, FlockOperation, RenameFlags, flock, renameat_with};

use super::{BETWEEN, HEAD, TAIL, entry};
use crate::exchange::Exchange;

/// What the files of every version of this program begin with.
const OURS: &str = r#"{"log":{"version":"1.2","creator":{"name":"http-trace-collector","#;

/// The file. The one beside it has `.next` behind its name, and is removed at the end.
pub struct HarFile {
    path: PathBuf,
    beside: PathBuf,
    /// The one that has the name.
    shown: Half,
    /// The one beside it.
    next: Half,
    /// What `shown` has and `next` has not.
    missed: Vec<u8>,
}

struct Half {
    file: File,
    /// Where the entries end.
    end: u64,
}

impl HarFile {
    /// Opens it. A file that was written by this program goes on.
    ///
    /// # Errors
    /// When it cannot be written, or is another program's, or another process writes it.
    pub fn open(path: &Path) -> io::Result<Self> {
        let beside = beside(path);
        let next = writable(&beside)?;
        lock(&next, path)?;
        next.set_len(0)?;
        if fs::metadata(path).map_or(0, |metadata| metadata.len()) == 0 {
            (&next).write_all([HEAD, TAIL].concat().as_bytes())?;
            fs::rename(&beside, path)?;
            // With it goes the lock.
            drop(next);
            return Self::open(path);
        }
        let mut shown = writable(path)?;
        lock(&shown, path)?;
        let end = entries_end(&mut shown, path)?;
        shown.seek(SeekFrom::Start(0))?;
        io::copy(&mut shown, &mut &next)?;
        let mut file = Self {
            path: path.to_owned(),
            beside,
            shown: Half { file: shown, end },
            next: Half { file: next, end },
            missed: Vec::new(),
        };
        // Whether the file system can do it is known before there is anything to lose.
        file.exchange().map_err(|error| {
            io::Error::new(error.kind(), format!("{}: two files cannot change places here: {error}", path.display()))
        })?;
        Ok(file)
    }

    /// Adds exchanges: all of them, or none.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn add<'a>(&mut self, exchanges: impl Iterator<Item = &'a Exchange>) -> io::Result<()> {
        let mut new = Vec::new();
        for exchange in exchanges {
            let is_first = self.shown.end == HEAD.len() as u64 && new.is_empty();
            new.extend_from_slice(if is_first { "\n" } else { BETWEEN }.as_bytes());
            serde_json::to_writer(&mut new, &entry(exchange))?;
        }
        let missed = self.missed.len();
        self.missed.extend_from_slice(&new);
        let written = self.next.write(&self.missed).and_then(|()| self.exchange());
        match written {
            Ok(()) => self.missed = new,
            // The next ones are written over it.
            Err(_) => self.missed.truncate(missed),
        }
        written
    }

    /// Lets the two change places.
    fn exchange(&mut self) -> io::Result<()> {
        renameat_with(CWD, &self.beside, CWD, &self.path, RenameFlags::EXCHANGE)?;
        mem::swap(&mut self.shown, &mut self.next);
        Ok(())
    }
}

impl Drop for HarFile {
    fn drop(&mut self) {
        // Nothing is lost if it stays.
        let _ = fs::remove_file(&self.beside);
    }
}

impl Half {
    fn write(&mut self, entries: &[u8]) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(self.end))?;
        self.file.write_all(entries)?;
        self.file.write_all(TAIL.as_bytes())?;
        let end = self.end + entries.len() as u64;
        // A longer attempt may have failed before.
        self.file.set_len(end + TAIL.len() as u64)?;
        self.end = end;
        Ok(())
    }
}

fn writable(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)
}

fn lock(file: &File, path: &Path) -> io::Result<()> {
    flock(file.file(), FlockOperation::NonBlockingLockExclusive)
        .map_err(|error| io::Error::new(error.kind(), format!("another process writes {}: {error}", path.display())))
}

/// Where the entries of a file of ours end.
fn entries_end(file: &mut File, path: &Path) -> io::Result<u64> {
    let length = file.metadata()?.len();
    let mut head = vec![0; OURS.len()];
    let mut tail = vec![0; TAIL.len()];
    let end = length.checked_sub(tail.len() as u64).filter(|end| *end >= head.len() as u64);
    let is_ours = match end {
        Some(end) => {
            file.read_exact(&mut head)?;
            file.seek(SeekFrom::Start(end))?;
            file.read_exact(&mut tail)?;
            head == OURS.as_bytes() && tail == TAIL.as_bytes()
        }
        None => false,
    };
    let other = || {
        let path = path.display();
        io::Error::other(format!(
            "{path} is there and was not written by this program: name another file, or remove it"
        ))
    };
    end.filter(|_| is_ours).ok_or_else(other)
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".next");
    name.into()
}

#[cfg(test)]
mod tests;
