//! The keys of rows under way, and what waits for them.

use std::collections::VecDeque;
use std::hash::Hasher;

use crate::shipper::backlog::LogRef;

/// A key, by its hash. It is seeded at random, so that nobody can make up keys that have one hash;
/// by chance, two out of 100,000 keys under way have one less than once in a billion, and then one
/// waits for the other.
pub(super) type KeyHash = u64;

/// A key that is in a batch, or waits for one.
#[derive(Debug)]
pub(super) struct HeldKey {
    /// The batch that has the key, and the row's place in it.
    pub(super) batch: u64,
    pub(super) row: usize,
    /// What must follow, in order.
    pub(super) waiting: VecDeque<Waiting>,
}

/// Work that waits for its key.
#[derive(Debug)]
pub(super) enum Waiting {
    /// A log; neighbours are merged into one row.
    Log(LogRef),
    /// A log that must be a row of its own: merged with others, it was refused, or it has another
    /// key than those that it waited with.
    Alone(LogRef),
    /// Logs of one row that still lacks columns.
    Rest(Rest),
}

/// The columns of a row from the `from`-th on, the earlier ones being written.
#[derive(Debug)]
pub(super) struct Rest {
    pub(super) logs: Vec<LogRef>,
    pub(super) from: usize,
    /// The edition of the book of names by which columns were counted. By another one they may
    /// have other names, and so another order: then the row starts again, and writing a column
    /// twice changes nothing.
    pub(super) edition: u64,
}

impl Waiting {
    /// The logs that wait.
    pub(super) fn logs(&self) -> impl Iterator<Item = LogRef> + '_ {
        let (one, several) = match self {
            Self::Log(log) | Self::Alone(log) => (Some(*log), [].as_slice()),
            Self::Rest(rest) => (None, rest.logs.as_slice()),
        };
        one.into_iter().chain(several.iter().copied())
    }
}

impl HeldKey {
    /// What comes next for the key: the logs of one row, and its first column.
    pub(super) fn next_work(&mut self, edition: u64) -> (Vec<LogRef>, usize) {
        let mut logs = Vec::new();
        while let Some(Waiting::Log(log)) = self.waiting.front() {
            logs.push(*log);
            self.waiting.pop_front();
        }
        if !logs.is_empty() {
            return (logs, 0);
        }
        match self.waiting.pop_front() {
            Some(Waiting::Log(log) | Waiting::Alone(log)) => (vec![log], 0),
            Some(Waiting::Rest(rest)) if rest.edition == edition => (rest.logs, rest.from),
            Some(Waiting::Rest(rest)) => (rest.logs, 0),
            None => (Vec::new(), 0),
        }
    }
}

/// The hasher of hashes.
#[derive(Default)]
pub(super) struct Unhashed(u64);

impl Hasher for Unhashed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}
