//! Letters as lines of a file: JSON, appended, on the disk before they count.
//!
//! | who | does what, under the file's lock |
//! | --- | --- |
//! | a daemon | appends lines, and makes sure that they are on the disk |
//! | a replay | writes what is left beside the file, and puts that in its place |
//!
//! The lock belongs to the file and not to its name, so whoever gets it looks first whether the name
//! still means that file: if a replay (or `logrotate`) was there before, it opens the new one. A
//! line that was cut off by a crash counts for nothing: the next one starts on a line of its own.
//!
//! A log that is read again after a crash must not get a second line. So the keys of the last
//! [`RECENT_BYTES`] of the file are known, whoever wrote them.

mod desk;
mod known;
mod lines;

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use tracing::warn;

use self::known::Known;
use super::sink::{SinkError, Stored};
use super::{Letter, Order, Origin};

pub use self::desk::FileDesk;

/// So much of the file's end is read to find out which letters it has.
const RECENT_BYTES: u64 = 64 << 20;

/// Appends letters to a file, one shard at a time.
#[derive(Debug)]
pub struct FileSink {
    path: PathBuf,
    open: Mutex<Option<Open>>,
}

/// The file as it was left.
#[derive(Debug)]
struct Open {
    file: File,
    /// Where what is known of it ends.
    end: u64,
    known: Known,
}

impl FileSink {
    pub(super) fn new(path: PathBuf) -> Self {
        Self {
            path,
            open: Mutex::new(None),
        }
    }

    /// Whether letters can be appended; creates the file where there is none.
    pub(crate) async fn check(self: Arc<Self>) -> Result<(), SinkError> {
        let check = move || probe(&self.path).and_then(|()| self.append(&[]));
        let outcome = tokio::task::spawn_blocking(check).await;
        outcome.unwrap_or_else(|_panicked| Err(lost("append to")))
    }

    /// Whether a replay can put another file in its place.
    pub(crate) async fn check_folder(self: Arc<Self>) -> Result<(), SinkError> {
        let outcome = tokio::task::spawn_blocking(move || probe(&self.path)).await;
        outcome.unwrap_or_else(|_panicked| Err(lost("create files beside")))
    }

    /// Appends letters that are not there yet.
    pub(super) async fn store(self: Arc<Self>, letters: Vec<Letter>) -> Stored {
        let count = letters.len();
        let outcome = tokio::task::spawn_blocking(move || self.append(&letters)).await;
        match outcome.unwrap_or_else(|_panicked| Err(lost("append to"))) {
            Ok(()) => Stored::default(),
            Err(error) => Stored::nothing(count, error),
        }
    }

    /// Finds the letters of an origin.
    pub(super) async fn open(&self, origin: Origin, order: Order) -> Result<FileDesk, SinkError> {
        let path = self.path.clone();
        let desk = tokio::task::spawn_blocking(move || FileDesk::open(&path, &origin, order)).await;
        desk.unwrap_or_else(|_panicked| Err(lost("read")))
    }

    fn append(&self, letters: &[Letter]) -> Result<(), SinkError> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let refused = |doing| {
            let path = self.path.clone();
            move |source| SinkError::File {
                doing,
                path,
                source,
            }
        };
        let file = match open.take() {
            Some(known) => known,
            None => Open::new(&self.path).map_err(refused("open"))?,
        };
        let file = open.insert(file.lock(&self.path).map_err(refused("lock"))?);
        let appended = file.look().and_then(|()| file.append(letters));
        let unlocked = file.file.unlock();
        appended.and(unlocked).map_err(refused("append to"))
    }
}

/// Whether files can be made in the folder, as a replay does.
fn probe(path: &Path) -> Result<(), SinkError> {
    let refused = |source| SinkError::File {
        doing: "create files in",
        path: folder(path).to_owned(),
        source,
    };
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".check-{}", std::process::id()));
    let probe = path.with_file_name(name);
    File::create(&probe).map_err(refused)?;
    match std::fs::remove_file(&probe) {
        // In another container somebody with our process id was faster.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed.map_err(refused),
    }
}

/// A blocking task that did not come to its end.
fn lost(doing: &'static str) -> SinkError {
    SinkError::File {
        doing,
        path: PathBuf::new(),
        source: io::Error::other("the task ended unexpectedly"),
    }
}

impl Open {
    fn new(path: &Path) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        let file = options.read(true).append(true).create(true).open(path)?;
        // Else a crash of the machine may take the name along, whoever made it just now.
        File::open(folder(path))?.sync_all()?;
        Ok(Self {
            file,
            end: 0,
            known: Known::default(),
        })
    }

    /// Waits for the lock of the file that has the name.
    fn lock(mut self, path: &Path) -> io::Result<Self> {
        loop {
            self.file.lock()?;
            if is_named(&self.file, path)? {
                return Ok(self);
            }
            self = Self::new(path)?;
        }
    }

    /// Takes note of what was written since the last time, by whomever.
    fn look(&mut self) -> io::Result<()> {
        let len = self.file.metadata()?.len();
        if len < self.end {
            // Somebody cut it short.
            self.known = Known::default();
            self.end = 0;
        }
        let start = self.end.max(len.saturating_sub(RECENT_BYTES));
        self.file.seek(SeekFrom::Start(start))?;
        let news = io::BufReader::new((&self.file).take(len - start));
        lines::each(news, |_, line| {
            // The first may be the rest of one, and there may be others that are no letters: what
            // only has the key of one must not pass for it.
            if let Ok(letter) = lines::letter(line) {
                self.known.add(letter.key.fingerprint());
            }
            Ok(())
        })?;
        let is_news = len > self.end;
        self.end = len;
        if is_news && !self.ends_with_a_line()? {
            warn!(
                at = len,
                "the file of dead letters ends in half a line, of a write that was cut off: \
                 it stays, and counts for nothing"
            );
        }
        Ok(())
    }

    /// Appends what is not known yet.
    fn append(&mut self, letters: &[Letter]) -> io::Result<()> {
        let mut text = Vec::new();
        let mut keys = Vec::new();
        for letter in letters {
            let key = letter.key.fingerprint();
            if !self.known.has(&key) && !keys.contains(&key) {
                serde_json::to_writer(&mut text, letter)?;
                text.push(b'\n');
                keys.push(key);
            }
        }
        if text.is_empty() {
            // Whoever wrote them may have been killed before they were on the disk.
            return match letters {
                [] => Ok(()),
                _ => self.file.sync_data(),
            };
        }
        if !self.ends_with_a_line()? {
            text.insert(0, b'\n');
        }
        let written = self
            .file
            .write_all(&text)
            .and_then(|()| self.file.sync_data());
        if let Err(error) = written {
            // Half a line helps nobody; if not even this works, it is passed over by readers.
            self.file.set_len(self.end).unwrap_or_default();
            return Err(error);
        }
        for key in keys {
            self.known.add(key);
        }
        self.end = self.file.metadata()?.len();
        Ok(())
    }

    fn ends_with_a_line(&mut self) -> io::Result<bool> {
        if self.end == 0 {
            return Ok(true);
        }
        let mut last = [0];
        self.file.seek(SeekFrom::Start(self.end - 1))?;
        self.file.read_exact(&mut last)?;
        Ok(last == *b"\n")
    }
}

/// Whether `path` names this very file.
fn is_named(file: &File, path: &Path) -> io::Result<bool> {
    let ours = file.metadata()?;
    match std::fs::metadata(path) {
        Ok(named) => Ok((named.dev(), named.ino()) == (ours.dev(), ours.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// The folder that a file is in.
fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

#[cfg(test)]
mod tests;
