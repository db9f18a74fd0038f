//! Logs into batches, and answers into decisions: the delivery rules, without a network.
//!
//! A [`Batcher`] belongs to one shard. [`Batcher::fill`] maps the logs of the backlog, in order,
//! into the next batch; [`Batcher::settle`] takes what Table Store said of one. Between the two a
//! row's key is *held*: a later log with the same key waits, so that several batches can be in
//! flight and yet each row is written in shard order.
//!
//! | what happened | what follows |
//! | --- | --- |
//! | log with a key that is free | a row of the open batch; the key is held |
//! | log with the key of a row of the open batch | merged into that row: later values win |
//! | log with a key held by a batch in flight | waits for that batch |
//! | row written | its logs are decided; waiting logs of its key are merged into one row |
//! | row refused in passing | tried again, alone with its like; the key stays held |
//! | row refused for good | its logs go one by one if they were several; else recorded, given up |
//! | log given up | decided; where dead letters are kept, once its letter is stored |
//! | request refused for a column name | the name is learned, the rows are encoded again |
//! | request refused for good | halved until the bad row is alone |
//! | more columns than one update takes | the next columns follow once the first are written |

mod dead;
mod fill;
mod keys;
mod sealed;
mod settle;

use std::collections::VecDeque;
use std::hash::BuildHasherDefault;
use std::sync::Arc;

use foldhash::fast::RandomState;
use hashbrown::HashMap;
use hashbrown::hash_map::Entry;

pub(super) use self::dead::Dead;
use self::keys::{HeldKey, KeyHash, Rest, Unhashed, Waiting};
use self::sealed::Row;
pub(super) use self::sealed::Sealed;
pub(super) use self::settle::Settled;
use super::backlog::{Backlog, LogRef};
use super::lines::Lines;
use super::rows::{Mapper, NameBook};
use super::settings::RowRules;
use crate::mistakes::{Mistake, planted};
use crate::tablestore::batch::EncodedKey;
use crate::tablestore::{PrimaryKeyColumn, TableName};

/// Logs, rows and keys of one shard on their way into the table. See the module.
#[derive(Debug)]
pub(super) struct Batcher {
    table: TableName,
    rules: Arc<RowRules>,
    book: Arc<NameBook>,
    mapper: Mapper,
    pub(super) backlog: Backlog,
    /// The keys of rows that are in a batch, or wait for one.
    keys: HashMap<KeyHash, HeldKey, BuildHasherDefault<Unhashed>>,
    /// Keys that are free again and have waiting work.
    ready: VecDeque<KeyHash>,
    hasher: RandomState,
    /// Whether the service gives every row a key of its own: then no two logs share one.
    has_auto_increment: bool,
    /// Running number of the batch.
    batch: u64,
    /// Length of the last batch: the room to make for the next.
    capacity: usize,
    /// Buffer for the key at hand.
    key: EncodedKey,
    pub(super) lines: Lines,
    /// Whether logs that were given up wait for somebody to keep them; those that nobody has taken
    /// yet, and how many are waited for.
    keeps_dead: bool,
    dead: Vec<Dead>,
    unburied: usize,
    /// Whether logs of one key may become one row.
    merges: bool,
}

impl Batcher {
    pub(super) fn new(
        table: TableName,
        rules: Arc<RowRules>,
        schema: Arc<[PrimaryKeyColumn]>,
        book: Arc<NameBook>,
        backlog: Backlog,
    ) -> Self {
        let has_auto_increment = schema.iter().any(|column| column.auto_increment);
        Self {
            table,
            mapper: Mapper::new(Arc::clone(&rules), schema, Arc::clone(&book)),
            rules,
            book,
            backlog,
            keys: HashMap::default(),
            ready: VecDeque::new(),
            hasher: RandomState::default(),
            has_auto_increment,
            batch: 0,
            capacity: 0,
            key: EncodedKey::default(),
            lines: Lines::default(),
            keeps_dead: false,
            dead: Vec::new(),
            unburied: 0,
            merges: true,
        }
    }

    /// From now on every log is a row of its own; those of one key follow each other.
    pub(super) fn keep_apart(&mut self) {
        self.merges = false;
    }

    /// Whether a call of [`Self::fill`] may bring a batch.
    pub(super) fn has_work(&self) -> bool {
        !self.ready.is_empty() || (!self.is_choked() && self.backlog.peek().is_some())
    }

    /// Tells the container log what was left out of it, where it is time.
    pub(super) fn flush_lines(&mut self) {
        self.lines.flush();
        self.book.flush_lines();
    }

    /// Gives the rows of a batch back, to be encoded again.
    pub(super) fn unseal(&mut self, sealed: Sealed) {
        for row in sealed.rows.into_iter().rev() {
            self.put_back(row.hash, row.rest_from(row.from, sealed.edition));
        }
    }

    /// Returns work to the head of what waits for a key.
    fn put_back(&mut self, hash: KeyHash, rest: Rest) {
        if let Some(held) = self.keys.get_mut(&hash) {
            held.batch = 0;
            held.waiting.push_front(Waiting::Rest(rest));
            self.ready.push_front(hash);
        }
    }

    /// Returns logs to the head of what waits for a key, in order, each to be a row of its own.
    fn put_back_alone(&mut self, hash: KeyHash, logs: Vec<LogRef>) {
        if let Some(held) = self.keys.get_mut(&hash) {
            for log in logs.into_iter().rev() {
                held.waiting.push_front(Waiting::Alone(log));
            }
        }
    }

    /// The logs of a row are decided; its key is free for what waits.
    fn decide(&mut self, row: &Row) {
        for log in row.logs() {
            self.backlog.decide(log);
        }
        self.release(row.hash);
    }

    /// A key is free for what waits for it.
    fn release(&mut self, hash: KeyHash) {
        if let Entry::Occupied(held) = self.keys.entry(hash) {
            if planted(Mistake::WaitingCountsAsWritten) {
                for waiting in held.remove().waiting {
                    waiting.logs().for_each(|log| self.backlog.decide(log));
                }
            } else if held.get().waiting.is_empty() || planted(Mistake::WaitingNotWoken) {
                held.remove();
            } else {
                self.ready.push_back(hash);
            }
        }
    }
}

#[cfg(test)]
pub(super) mod tests;
