//! The reading end: a thread of its own, since standard input blocks.

use std::io;
use std::thread::JoinHandle;

use tokio::sync::mpsc;

use super::exit::{Exit, Failure};
use super::lines::{Input, Line, Lines};
use super::output;
use super::upload::Chunk;
use crate::loghub::entry::Entry;
use crate::transport::Clock;

/// Logs handed over at once, at the most.
const CHUNK_LOGS: usize = 200;

/// Chunks that wait for the uploader: memory stays bounded, whatever the size of the input.
const CHUNKS: usize = 4;

/// Bytes of lines in a chunk, about; one line may be larger by itself.
const CHUNK_BYTES: usize = 1 << 20;

/// What was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Fed {
    pub(super) logs: u64,
    /// Lines that are no log and were passed over.
    pub(super) bad: u64,
}

/// A thread that reads logs, and the channel that they come by.
#[derive(Debug)]
pub(super) struct Feed<N> {
    pub(super) chunks: mpsc::Receiver<Chunk<N>>,
    pub(super) thread: JoinHandle<Result<Fed, Failure>>,
}

/// Waits for a thread that has nothing more to do.
pub(super) fn join(thread: JoinHandle<Result<Fed, Failure>>) -> Result<Fed, Failure> {
    thread
        .join()
        .unwrap_or_else(|_panic| Err(Failure::new(Exit::Internal, "the reading thread panicked")))
}

/// What to do with a line that is no log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BadLines {
    /// It ends the reading; what came before it stays.
    Stop,
    /// It is named on standard error and passed over.
    Skip,
}

/// Reads JSON lines on a thread. `note` is asked for each log with its line number, in order.
pub(super) fn lines<N: Send + 'static>(
    input: &Input,
    bad_lines: BadLines,
    clock: Clock,
    note: impl FnMut(&Entry, u64) -> N + Send + 'static,
) -> Result<Feed<N>, Failure> {
    // A file that is not there is told before anything is connected; a pipe may be slow to speak.
    let opened = match input {
        Input::File(_) => Some(input.open().map_err(|error| cannot_read(input, &error))?),
        Input::Stdin => None,
    };
    let input = input.clone();
    spawn(move |chunks| {
        let lines = opened.map_or_else(|| input.open(), Ok);
        let lines = lines.map_err(|error| cannot_read(&input, &error))?;
        Reader {
            lines,
            input,
            bad_lines,
            clock,
            note,
            chunks,
            chunk: Chunk::new(),
            bytes: 0,
        }
        .run()
    })
}

/// Takes logs that are made rather than read, on a thread.
pub(super) fn made<N: Send + 'static>(
    entries: impl Iterator<Item = (Entry, N)> + Send + 'static,
) -> Result<Feed<N>, Failure> {
    spawn(move |chunks| {
        let mut fed = Fed::default();
        let mut entries = entries.peekable();
        while entries.peek().is_some() {
            let chunk: Chunk<N> = entries.by_ref().take(CHUNK_LOGS).collect();
            fed.logs += u64::try_from(chunk.len()).unwrap_or(u64::MAX);
            if chunks.blocking_send(chunk).is_err() {
                break;
            }
        }
        Ok(fed)
    })
}

fn spawn<N: Send + 'static>(
    work: impl FnOnce(mpsc::Sender<Chunk<N>>) -> Result<Fed, Failure> + Send + 'static,
) -> Result<Feed<N>, Failure> {
    let (sender, chunks) = mpsc::channel(CHUNKS);
    let thread = std::thread::Builder::new()
        .name("feed".to_owned())
        .spawn(move || work(sender))
        .map_err(|error| Failure::of(Exit::Io, "cannot start a thread", &error))?;
    Ok(Feed { chunks, thread })
}

fn cannot_read(input: &Input, error: &io::Error) -> Failure {
    Failure::of(Exit::Io, format!("cannot read {input}"), error)
}

/// What the thread for lines works with.
struct Reader<N, F> {
    lines: Lines,
    input: Input,
    bad_lines: BadLines,
    clock: Clock,
    note: F,
    chunks: mpsc::Sender<Chunk<N>>,
    chunk: Chunk<N>,
    /// Of the lines in the chunk.
    bytes: usize,
}

/// The channel's other end is gone: the upload has failed, and says why by itself.
struct Unwanted;

impl<N, F: FnMut(&Entry, u64) -> N> Reader<N, F> {
    fn run(mut self) -> Result<Fed, Failure> {
        let mut fed = Fed::default();
        let outcome = loop {
            match self.read_one(&mut fed) {
                Ok(true) => {}
                Ok(false) => break Ok(()),
                Err(failure) => break Err(failure),
            }
            let is_full = self.chunk.len() >= CHUNK_LOGS || self.bytes >= CHUNK_BYTES;
            // What is at hand goes before a further line is waited for.
            if (is_full || !self.lines.has_buffered_line()) && self.hand_over().is_err() {
                return Ok(fed);
            }
        };
        match self.hand_over() {
            Ok(()) => outcome.map(|()| fed),
            Err(Unwanted) => Ok(fed),
        }
    }

    /// Reads a line; `false` at the end.
    fn read_one(&mut self, fed: &mut Fed) -> Result<bool, Failure> {
        let line = self.lines.next_line();
        let Some(Line { number, text }) = line.map_err(|error| cannot_read(&self.input, &error))?
        else {
            return Ok(false);
        };
        let now = u32::try_from(self.clock.unix_seconds()).unwrap_or(u32::MAX);
        let entry = text.map_or_else(
            || Err("longer than any log may be".to_owned()),
            |text| Entry::parse(text, now),
        );
        match entry {
            Ok(entry) => {
                fed.logs += 1;
                self.bytes += text.map_or(0, <[u8]>::len);
                let note = (self.note)(&entry, number);
                self.chunk.push((entry, note));
                Ok(true)
            }
            Err(fault) => {
                let message = format!("{}, line {number}: {fault}", self.input);
                if self.bad_lines == BadLines::Stop {
                    return Err(Failure::new(Exit::Data, message));
                }
                fed.bad += 1;
                output::note(&format!("skipped {message}"));
                Ok(true)
            }
        }
    }

    fn hand_over(&mut self) -> Result<(), Unwanted> {
        self.bytes = 0;
        let chunk = std::mem::take(&mut self.chunk);
        if chunk.is_empty() {
            return Ok(());
        }
        self.chunks.blocking_send(chunk).map_err(|_closed| Unwanted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn feed(text: &str, bad_lines: BadLines) -> (Vec<u64>, Result<Fed, String>) {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        let input = Input::from(file.path());
        let Feed { mut chunks, thread } =
            lines(&input, bad_lines, Clock::system(), |_, number| number).unwrap();
        let mut notes = Vec::new();
        while let Some(chunk) = chunks.blocking_recv() {
            notes.extend(chunk.into_iter().map(|(_, note)| note));
        }
        (
            notes,
            join(thread).map_err(|failure| {
                assert_eq!(failure.exit, Exit::Data);
                failure.message
            }),
        )
    }

    #[test]
    fn a_bad_line_ends_the_reading_after_what_came_before_it() {
        let (notes, outcome) = feed("{}\n{\"a\":1}\n[]\n{}\n", BadLines::Stop);
        assert_eq!(notes, [1, 2]);
        let message = outcome.unwrap_err();
        assert!(
            message.ends_with(", line 3: not a JSON object but an array"),
            "{message}"
        );
    }

    #[test]
    fn bad_lines_are_passed_over_if_wanted() {
        let (notes, outcome) = feed("{}\n[]\n\nx\n{}\n", BadLines::Skip);
        assert_eq!(notes, [1, 5]);
        assert_eq!(outcome, Ok(Fed { logs: 2, bad: 2 }));
    }

    #[test]
    fn a_missing_file_is_told_at_once() {
        let input = Input::File("/nonexistent/logs".into());
        let failure = lines(&input, BadLines::Stop, Clock::system(), |_, _| ()).unwrap_err();
        assert_eq!(failure.exit, Exit::Io);
        assert!(
            failure
                .message
                .starts_with("cannot read /nonexistent/logs: "),
            "{failure:?}"
        );
    }
}
