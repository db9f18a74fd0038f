//! Field names and columns, interned: each is looked at once, however many logs have it.
//!
//! Logs of one logstore mostly have the same names in the same order. So the next name of a log is
//! guessed from the log before it and only compared; the hash table serves what was guessed wrong.

use std::hash::BuildHasher as _;

use foldhash::fast::FixedState;
use hashbrown::{HashMap, HashSet, HashTable};

use super::names::NameBook;
use crate::tablestore::plainbuffer::CellName;

/// A field name, as an index into the vocabulary.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct NameId(usize);

/// An attribute column, as an index into the vocabulary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct ColumnId(usize);

/// What is known of a field name.
#[derive(Debug)]
pub(super) struct Name {
    text: Box<str>,
    /// The attribute column that it is written to, and whether that bears the name itself.
    pub(super) column: Option<(ColumnId, bool)>,
    /// The log that last had it, and where its value is.
    stamp: u64,
    slot: usize,
}

impl Name {
    /// The name.
    pub(super) fn text(&self) -> &str {
        &self.text
    }
}

/// What is known of an attribute column.
#[derive(Debug)]
pub(super) struct Column {
    /// Its encoded head.
    pub(super) cell: CellName,
    /// Its name as it is sent.
    pub(super) sent: Box<str>,
    /// Whether Table Store is known to take the name.
    pub(super) is_proven: bool,
    /// Who last wrote it.
    pub(super) last: LastWrite,
}

/// Who last wrote a column, and where.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct LastWrite {
    /// The row, by its running number.
    pub(super) draft: u64,
    /// The log, by its running number.
    pub(super) log: u64,
    /// The place among the row's cells.
    pub(super) at: usize,
    /// The field or transform.
    pub(super) by: NameId,
    /// Whether the writer bears the column's name itself.
    pub(super) is_own: bool,
}

/// The interned names and columns.
#[derive(Debug, Default)]
pub(super) struct Vocabulary {
    names: Vec<Name>,
    by_hash: HashTable<NameId>,
    columns: Vec<Column>,
    by_sent: HashMap<Box<str>, ColumnId>,
    /// The names of the log before, in order.
    shape: Vec<NameId>,
    /// Columns, and names that had to give way to others of their logs.
    clashes: HashSet<(ColumnId, NameId)>,
    hasher: FixedState,
}

impl Vocabulary {
    /// How many names there are.
    pub(super) fn len(&self) -> usize {
        self.names.len()
    }

    pub(super) fn name(&self, id: NameId) -> &Name {
        &self.names[id.0]
    }

    pub(super) fn column(&self, id: ColumnId) -> &Column {
        &self.columns[id.0]
    }

    pub(super) fn column_mut(&mut self, id: ColumnId) -> &mut Column {
        &mut self.columns[id.0]
    }

    /// The id of a name at `position` of a log, where it is known: the guess, or the table.
    #[inline]
    pub(super) fn find_at(&mut self, position: usize, text: &[u8]) -> Option<NameId> {
        if let Some(&guess) = self.shape.get(position)
            && self.names[guess.0].text.as_bytes() == text
        {
            return Some(guess);
        }
        let found = self.find(text)?;
        self.guess(position, found);
        Some(found)
    }

    /// Remembers what name stood at `position`.
    pub(super) fn guess(&mut self, position: usize, id: NameId) {
        let known = self.shape.len();
        match self.shape.get_mut(position) {
            Some(guess) => *guess = id,
            None if known == position => self.shape.push(id),
            None => {}
        }
    }

    fn find(&self, text: &[u8]) -> Option<NameId> {
        let hash = self.hasher.hash_one(text);
        let is_it = |id: &NameId| self.names[id.0].text.as_bytes() == text;
        self.by_hash.find(hash, is_it).copied()
    }

    /// The id of a name; `column` tells of a new one which column it is written to.
    pub(super) fn intern(
        &mut self,
        text: &str,
        column: impl FnOnce(&mut Self) -> Option<(ColumnId, bool)>,
    ) -> NameId {
        if let Some(id) = self.find(text.as_bytes()) {
            return id;
        }
        let column = column(self);
        let id = NameId(self.names.len());
        self.names.push(Name {
            text: text.into(),
            column,
            stamp: 0,
            slot: 0,
        });
        let Self {
            names,
            by_hash,
            hasher,
            ..
        } = self;
        let rehash = |id: &NameId| hasher.hash_one(names[id.0].text.as_bytes());
        by_hash.insert_unique(hasher.hash_one(text.as_bytes()), id, rehash);
        id
    }

    /// The column that a log's own `name` ends on, and whether it bears that name; `None` where
    /// the policy leaves it out.
    pub(super) fn column_for(&mut self, name: &str, book: &NameBook) -> Option<(ColumnId, bool)> {
        let outgoing = book.outgoing(name)?;
        let is_own = outgoing.is_own;
        if let Some(&id) = self.by_sent.get(outgoing.name.as_str()) {
            return Some((id, is_own));
        }
        let id = ColumnId(self.columns.len());
        self.columns.push(Column {
            cell: CellName::new(outgoing.name.as_bytes()),
            sent: outgoing.name.as_str().into(),
            is_proven: outgoing.is_proven,
            last: LastWrite::default(),
        });
        self.by_sent.insert(outgoing.name.into(), id);
        Some((id, is_own))
    }

    /// Notes that `loser` had to give way to another field on its `column`; `false` where it had
    /// to before.
    pub(super) fn note_clash(&mut self, column: ColumnId, loser: NameId) -> bool {
        self.clashes.insert((column, loser))
    }

    /// Notes that `log` has `name`, its value at `slot`; where an earlier content of the same log
    /// has it too, the slot of that one is returned instead.
    #[inline]
    pub(super) fn mark(&mut self, name: NameId, log: u64, slot: usize) -> Option<usize> {
        let name = &mut self.names[name.0];
        if name.stamp == log {
            return Some(name.slot);
        }
        name.stamp = log;
        name.slot = slot;
        None
    }

    /// Where the value of `name` in `log` is, if it has one.
    #[inline]
    pub(super) fn slot_of(&self, name: NameId, log: u64) -> Option<usize> {
        let name = &self.names[name.0];
        (name.stamp == log).then_some(name.slot)
    }
}
