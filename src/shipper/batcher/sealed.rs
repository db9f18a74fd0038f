//! Batches that are ready to be sent, and the rows in them.

use super::keys::{KeyHash, Rest};
use crate::shipper::backlog::LogRef;
use crate::tablestore::batch::Batch;
use crate::tablestore::plainbuffer::RowChange;

/// A row of a batch.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) hash: KeyHash,
    /// The logs it was made of, in shard order; mostly one.
    pub(super) first: LogRef,
    pub(super) more: Vec<LogRef>,
    /// Highest `__time__` among them.
    pub(super) time: u32,
    /// The first column that is in this update, and the first that is not.
    pub(super) from: usize,
    pub(super) rest: Option<usize>,
    pub(super) is_key_only: bool,
    /// Whether logs joined after the row was encoded.
    pub(super) is_stale: bool,
    /// Column names in this update that Table Store is not known to take.
    pub(super) unproven: Vec<Box<str>>,
}

impl Row {
    pub(super) fn new(
        hash: KeyHash,
        first: LogRef,
        more: Vec<LogRef>,
        time: u32,
        from: usize,
    ) -> Self {
        Self {
            hash,
            first,
            more,
            time,
            from,
            rest: None,
            is_key_only: false,
            is_stale: false,
            unproven: Vec::new(),
        }
    }

    pub(super) fn logs(&self) -> impl Iterator<Item = LogRef> + '_ {
        std::iter::once(self.first).chain(self.more.iter().copied())
    }

    /// What of the row is still to be written, from a column on.
    pub(super) fn rest_from(&self, from: usize, edition: u64) -> Rest {
        let logs = self.logs().collect();
        Rest {
            logs,
            from,
            edition,
        }
    }
}

/// A batch that is ready to be sent, or was.
#[derive(Debug)]
pub(in crate::shipper) struct Sealed {
    pub(super) batch: Batch,
    pub(super) rows: Vec<Row>,
    /// The edition of the book of names by which it was encoded.
    pub(super) edition: u64,
    /// How often it was tried before.
    pub(in crate::shipper) attempt: u32,
    /// Whether all its rows were refused one by one, in passing.
    pub(in crate::shipper) is_rest: bool,
}

impl Sealed {
    /// The request body.
    pub(in crate::shipper) fn body(&self) -> bytes::Bytes {
        self.batch.body()
    }

    /// Bytes of the request body.
    pub(in crate::shipper) fn bytes(&self) -> usize {
        self.batch.body().len()
    }

    /// How many rows it has.
    pub(in crate::shipper) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Its rows, read back.
    pub(in crate::shipper) fn changes(&self) -> Vec<RowChange> {
        self.batch
            .changes()
            .expect("what was encoded here can be read")
    }

    /// The first log of each row.
    pub(in crate::shipper) fn firsts(&self) -> impl Iterator<Item = LogRef> {
        self.rows.iter().map(|row| row.first)
    }

    /// A batch without the cells of which `is_out` says so, by the row's place and the column's
    /// name, and the places of its rows: those of which nothing is left are not in it.
    pub(in crate::shipper) fn without(
        &self,
        is_out: impl Fn(usize, &str) -> bool,
    ) -> (Batch, Vec<usize>) {
        self.batch
            .without(is_out)
            .expect("what was encoded here can be read")
    }

    /// Whether some name in it must prove itself: such batches go one at a time.
    pub(in crate::shipper) fn is_probe(&self) -> bool {
        self.rows.iter().any(|row| !row.unproven.is_empty())
    }

    pub(super) fn has_unproven(&self, name: &str) -> bool {
        let mut unproven = self.rows.iter().flat_map(|row| &row.unproven);
        unproven.any(|known| **known == *name)
    }

    /// Whether two batches of rows that wait for a busy partition can be one, so that many of them
    /// are not as many requests.
    pub(in crate::shipper) fn can_join(&self, other: &Self) -> bool {
        self.is_rest
            && other.is_rest
            && self.edition == other.edition
            && self.batch.has_room_for(&other.batch)
    }

    /// Adds the rows of another batch that [can](Self::can_join) join.
    pub(in crate::shipper) fn join(self, other: Self) -> Self {
        let attempt = self.attempt.max(other.attempt);
        let mut builder = self.batch.builder();
        for batch in [&self.batch, &other.batch] {
            for row in batch.rows() {
                let copied = builder.push_copy(batch, row);
                debug_assert_eq!(copied, Ok(()), "there was found to be room");
            }
        }
        Self {
            batch: builder.finish(),
            rows: self.rows.into_iter().chain(other.rows).collect(),
            edition: self.edition,
            attempt,
            is_rest: true,
        }
    }

    pub(super) fn split(self) -> [Self; 2] {
        let Self {
            batch,
            rows,
            edition,
            attempt,
            ..
        } = self;
        let half = rows.len() / 2;
        let mut rows = rows.into_iter().zip(0..);
        let front: Vec<_> = rows.by_ref().take(half).collect();
        [front, rows.collect()].map(|rows| Self::copy(&batch, rows, edition, attempt))
    }

    /// A batch of some rows of another, which have these places in it.
    pub(super) fn copy(from: &Batch, rows: Vec<(Row, usize)>, edition: u64, attempt: u32) -> Self {
        let mut builder = from.builder();
        for (_, place) in &rows {
            let copied = builder.push_copy(from, &from.rows()[*place]);
            debug_assert_eq!(copied, Ok(()), "a part of a batch fits into a batch");
        }
        let rows = rows.into_iter().map(|(row, _)| row).collect();
        Self {
            batch: builder.finish(),
            rows,
            edition,
            attempt,
            is_rest: false,
        }
    }
}
