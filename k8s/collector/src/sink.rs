//! Where exchanges go: into the files, to the store and the terminal. Only then they are acknowledged.

use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::thread;

use fs_err::{File, OpenOptions};
use tokio::sync::{mpsc, oneshot};

use crate::exchange::Exchange;
use crate::har::HarFile;
use crate::line::line;
use crate::receive;
use crate::store::Store;

/// How many requests may wait, and how many are written together.
const WAITING: usize = 256;

/// How many lines may wait for the terminal. What is more is not shown: nobody could read it.
const LINES: usize = 4096;

/// The files to write.
#[derive(Default)]
pub struct Files {
    pub har: Option<HarFile>,
    pub ndjson: Option<Lines>,
}

struct Waiting {
    exchanges: Vec<Arc<Exchange>>,
    /// Told how it went.
    stored: oneshot::Sender<Result<(), String>>,
}

/// A thread that stores what it is given.
#[derive(Clone)]
pub struct Sink(mpsc::Sender<Option<Waiting>>);

impl Sink {
    /// Starts it. With `print`, each exchange is a line of the standard output. The other result comes once it has ended.
    ///
    /// # Errors
    /// When there can be no thread.
    pub fn start(store: Arc<Store>, mut files: Files, print: bool) -> io::Result<(Self, oneshot::Receiver<()>)> {
        let lines = if print { Some(printer()?) } else { None };
        let (sender, mut receiver) = mpsc::channel::<Option<Waiting>>(WAITING);
        let (end, ended) = oneshot::channel();
        thread::Builder::new().name("sink".to_owned()).spawn(move || {
            let mut received = Vec::new();
            while receiver.blocking_recv_many(&mut received, WAITING) > 0 {
                let waiting: Vec<Waiting> = received.iter_mut().map_while(Option::take).collect();
                let is_last = waiting.len() < received.len();
                received.clear();
                store_all(waiting, &store, &mut files, lines.as_ref());
                if is_last {
                    break;
                }
            }
            drop(files);
            let _ = end.send(());
        })?;
        Ok((Self(sender), ended))
    }

    /// Stores exchanges, and returns once they are.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub async fn store(&self, exchanges: Vec<Exchange>) -> Result<(), String> {
        let (stored, answer) = oneshot::channel();
        let exchanges = exchanges.into_iter().map(Arc::new).collect();
        let ended = || "the collector ends".to_owned();
        self.0.send(Some(Waiting { exchanges, stored })).await.map_err(|_| ended())?;
        answer.await.map_err(|_| ended())?
    }

    /// Ends it, once it has stored what it was given before.
    pub async fn end(&self) {
        // It may have ended already.
        let _ = self.0.send(None).await;
    }
}

/// Stores what waits, all of it together: it costs little more than one.
fn store_all(waiting: Vec<Waiting>, store: &Store, files: &mut Files, lines: Option<&SyncSender<Arc<Exchange>>>) {
    let all = || waiting.iter().flat_map(|waiting| &waiting.exchanges);
    let result = files.write(|| all().map(|exchange| &**exchange)).map_err(|error| error.to_string());
    if let Err(error) = &result {
        anstream::eprintln!("not stored: {error}");
    } else {
        store.add(all().cloned());
        for exchange in all() {
            if let Some(Err(TrySendError::Full(_))) = lines.map(|lines| lines.try_send(Arc::clone(exchange))) {
                break;
            }
        }
    }
    for Waiting { stored, .. } in waiting {
        // Who sent it may have gone away.
        let _ = stored.send(result.clone());
    }
}

/// A terminal can be slow, and be stopped by Ctrl-S: nothing else waits for it.
fn printer() -> io::Result<SyncSender<Arc<Exchange>>> {
    let (sender, receiver) = sync_channel::<Arc<Exchange>>(LINES);
    thread::Builder::new().name("printer".to_owned()).spawn(move || {
        let mut out = anstream::stdout();
        while let Ok(exchange) = receiver.recv() {
            if writeln!(out, "{}", line(&exchange)).is_err() {
                return;
            }
        }
    })?;
    Ok(sender)
}

impl Files {
    fn write<'a, I: Iterator<Item = &'a Exchange>>(&mut self, exchanges: impl Fn() -> I) -> io::Result<()> {
        let before = self.ndjson.as_ref().map_or(0, |ndjson| ndjson.end);
        if let Some(ndjson) = &mut self.ndjson {
            ndjson.add(exchanges())?;
        }
        if let Some(har) = &mut self.har {
            har.add(exchanges()).inspect_err(|_| {
                // They will be sent again.
                if let Some(ndjson) = &mut self.ndjson {
                    ndjson.cut(before);
                }
            })?;
        }
        Ok(())
    }
}

/// A file of JSON lines, each an exchange in the format `publish`.
pub struct Lines {
    file: File,
    end: u64,
}

impl Lines {
    /// Opens it. What is there stays.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn open(path: &Path) -> io::Result<Self> {
        let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        let mut end = file.seek(SeekFrom::End(0))?;
        if end > 0 {
            let mut last = [0];
            file.seek(SeekFrom::Start(end - 1))?;
            file.read_exact(&mut last)?;
            // A line that was being written when the collector was killed.
            if last != *b"\n" {
                file.write_all(b"\n")?;
                end += 1;
            }
        }
        Ok(Self { file, end })
    }

    fn add<'a>(&mut self, exchanges: impl Iterator<Item = &'a Exchange>) -> io::Result<()> {
        let lines: Vec<u8> = exchanges.flat_map(receive::line).collect();
        self.file.seek(SeekFrom::Start(self.end))?;
        match self.file.write_all(&lines) {
            Ok(()) => self.end += lines.len() as u64,
            Err(error) => {
                self.cut(self.end);
                return Err(error);
            }
        }
        Ok(())
    }

    /// Takes away what was written behind this place. If that fails too, it is written over.
    fn cut(&mut self, end: u64) {
        let _ = self.file.set_len(end);
        self.end = end;
    }
}
