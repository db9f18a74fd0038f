//! Letters of a file, read back in order, and removed.
//!
//! The file is read twice: once to find out where which letter is (a line may be there twice, the
//! later one counts), then letter by letter in shard order. It is written anew from time to time,
//! and at the end: under the file's lock, beside it, on the disk, then put in its place. Whatever
//! was appended meanwhile is carried over; so are lines of others, and lines that are no letters.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, BufWriter, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::Instant;

use super::super::desk::Found;
use super::{SinkError, folder, is_named, lines, lost};
use crate::deadletters::{Key, Letter, Order, Origin, Reason};

/// How long changes may wait before the file is written anew: what was shipped since then is
/// shipped again if the replay is killed.
const PAUSE: Duration = Duration::from_secs(5);

/// Bytes of letters handed out at once, after which no further one is added.
const BYTES: usize = 4 << 20;

/// What is to be done about letters: they are removed, or stay for this reason.
type Changes = HashMap<Key, Option<Reason>>;

/// The letters of one origin.
#[derive(Debug)]
pub struct FileDesk {
    path: PathBuf,
    /// The file as it was found: it can be read on when its name means another.
    file: File,
    /// What lies where, in the order in which it is read.
    places: std::vec::IntoIter<Place>,
    /// What the file has not seen.
    changes: Changes,
    written: Instant,
}

/// A line of the file.
#[derive(Debug)]
struct Place {
    /// The letter's key, or what is wrong with the line, by its number.
    key: Result<Key, (u64, String)>,
    offset: u64,
    len: usize,
}

impl FileDesk {
    pub(super) fn open(path: &Path, origin: &Origin, order: Order) -> Result<Self, SinkError> {
        let refused = |doing| {
            move |source| SinkError::File {
                doing,
                path: path.to_owned(),
                source,
            }
        };
        let file = File::open(path).map_err(refused("open"))?;
        file.lock_shared().map_err(refused("lock"))?;
        let places = index(&file, origin);
        file.unlock().map_err(refused("unlock"))?;
        let mut places = places.map_err(refused("read"))?;
        if order == Order::NewestFirst {
            places.reverse();
        }
        Ok(Self {
            path: path.to_owned(),
            file,
            places: places.into_iter(),
            changes: HashMap::new(),
            written: Instant::now(),
        })
    }

    pub(in crate::deadletters) async fn next(
        &mut self,
        most: u32,
    ) -> Result<Option<Vec<Found>>, SinkError> {
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let (mut places, mut bytes) = (Vec::new(), 0);
        while places.len() < most
            && bytes < BYTES
            && let Some(place) = self.places.next()
        {
            bytes += place.len;
            places.push(place);
        }
        if places.is_empty() {
            return Ok(None);
        }
        let file = self.file.try_clone();
        let read = move || {
            let mut file = file?;
            places
                .into_iter()
                .map(|place| place.read(&mut file))
                .collect()
        };
        let read: Result<io::Result<Vec<_>>, _> = tokio::task::spawn_blocking(read).await;
        let found = read.map_err(|_panicked| lost("read"))?;
        found.map(Some).map_err(|source| SinkError::File {
            doing: "read",
            path: self.path.clone(),
            source,
        })
    }

    pub(in crate::deadletters) async fn change(
        &mut self,
        gone: Vec<Key>,
        kept: Vec<(Key, Reason)>,
    ) -> Result<(), SinkError> {
        let gone = gone.into_iter().map(|key| (key, None));
        let kept = kept.into_iter().map(|(key, reason)| (key, Some(reason)));
        self.changes.extend(gone.chain(kept));
        if self.written.elapsed() >= PAUSE {
            self.write().await?;
        }
        Ok(())
    }

    pub(in crate::deadletters) async fn close(mut self) -> Result<(), SinkError> {
        self.write().await
    }

    /// Puts the changes into the file.
    async fn write(&mut self) -> Result<(), SinkError> {
        if self.changes.is_empty() {
            return Ok(());
        }
        let (path, changes) = (self.path.clone(), std::mem::take(&mut self.changes));
        let rewrite = move || (rewrite(&path, &changes), changes);
        let written = tokio::task::spawn_blocking(rewrite).await;
        self.written = Instant::now();
        let (written, changes) = written.map_err(|_panicked| lost("write anew"))?;
        written.map_err(|source| {
            // For another try at the end.
            self.changes = changes;
            SinkError::File {
                doing: "write anew",
                path: self.path.clone(),
                source,
            }
        })
    }
}

/// Finds the letters of an origin: by shard and position, each once; first what is no letter.
fn index(file: &File, origin: &Origin) -> io::Result<Vec<Place>> {
    let mut places = Vec::new();
    let mut number = 0;
    lines::each(BufReader::new(file), |offset, line| {
        number += 1;
        let key = match lines::letter(line) {
            _ if lines::is_blank(line) => return Ok(()),
            Ok(letter) if !letter.key.is_of(origin) => return Ok(()),
            Ok(letter) => Ok(letter.key),
            // What is wrong with those of others is their business.
            Err(_) if lines::key(line).is_ok_and(|key| !key.is_of(origin)) => return Ok(()),
            Err(fault) => Err((number, fault)),
        };
        places.push(Place {
            key,
            offset,
            len: line.len(),
        });
        Ok(())
    })?;
    // Of one key the last line comes first, and is kept.
    let by = |place: &Place| {
        let letter = place.key.as_ref().ok();
        (letter.cloned(), u64::MAX - place.offset)
    };
    places.sort_by_cached_key(by);
    places.dedup_by(|later, earlier| later.key.is_ok() && later.key == earlier.key);
    Ok(places)
}

impl Place {
    fn read(self, file: &mut File) -> io::Result<Found> {
        let unreadable = |place: String, fault| Found::Unreadable { place, fault };
        let key = match self.key {
            Ok(key) => key,
            Err((number, fault)) => return Ok(unreadable(format!("line {number}"), fault)),
        };
        let mut line = vec![0; self.len];
        file.seek(SeekFrom::Start(self.offset))?;
        file.read_exact(&mut line)?;
        Ok(match lines::letter(&line) {
            Ok(letter) => Found::Letter(Box::new(letter)),
            Err(fault) => {
                let Key {
                    shard, position, ..
                } = key;
                unreadable(format!("shard and position {shard} {position}"), fault)
            }
        })
    }
}

/// Writes the file anew with these changes. At any moment there is a whole file under the name.
fn rewrite(path: &Path, changes: &Changes) -> io::Result<()> {
    let file = loop {
        let file = File::open(path)?;
        file.lock()?;
        if is_named(&file, path)? {
            break file;
        }
    };
    let beside = beside(path);
    let written = write_beside(&file, &beside, changes);
    if let Err(error) = written.and_then(|()| std::fs::rename(&beside, path)) {
        // Where the disk is full, a daemon has more use for the room.
        std::fs::remove_file(&beside).unwrap_or_default();
        return Err(error);
    }
    File::open(folder(path))?.sync_all()
}

fn write_beside(file: &File, beside: &Path, changes: &Changes) -> io::Result<()> {
    let mut options = OpenOptions::new();
    let fresh = options.write(true).create(true).truncate(true).mode(0o600);
    let fresh = fresh.open(beside)?;
    let (old, new) = (file.metadata()?, fresh.metadata()?);
    if (new.uid(), new.gid()) != (old.uid(), old.gid()) {
        // A daemon must be able to go on with a file that root has been at.
        chown(beside, Some(old.uid()), Some(old.gid()))?;
    }
    // Before anything is in it that not everybody may read.
    fresh.set_permissions(old.permissions())?;
    let mut fresh = BufWriter::new(fresh);
    lines::each(BufReader::new(file), |_, line| {
        let key = lines::key(line).ok();
        let change = key.and_then(|key| changes.get(&key));
        match change.and_then(|change| Some((change, lines::letter(line).ok()?))) {
            Some((None, _gone)) => return Ok(()),
            Some((Some(reason), letter)) => {
                let reason = reason.clone();
                serde_json::to_writer(&mut fresh, &Letter { reason, ..letter })?;
            }
            None => fresh.write_all(line)?,
        }
        fresh.write_all(b"\n")
    })?;
    let fresh = fresh.into_inner().map_err(io::IntoInnerError::into_error)?;
    fresh.sync_all()
}

/// Where the new file is written: a leftover of a replay that was killed is written over.
fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".replay");
    path.with_file_name(name)
}
