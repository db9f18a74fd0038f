//! Letters read back, to be shipped again.

use super::file::FileDesk;
use super::table::TableDesk;
use super::{Key, Letter, Reason, SinkError};

/// In which order letters are read: that of shards and positions, or the other way round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// As the logs stand in their shards.
    OldestFirst,
    /// The last log first.
    NewestFirst,
}

/// The letters of one origin, in order.
#[derive(Debug)]
pub enum Desk {
    /// Of a table.
    Table(TableDesk),
    /// Of a file.
    File(FileDesk),
}

/// What lies there.
#[derive(Clone, Debug, PartialEq)]
pub enum Found {
    /// A letter.
    Letter(Box<Letter>),
    /// Something that is none; it is left alone.
    Unreadable {
        /// Where it lies.
        place: String,
        /// What is wrong with it.
        fault: String,
    },
}

impl Desk {
    /// The next letters, at most `most`; `None` at the end. None may come before the end.
    pub async fn next(&mut self, most: u32) -> Result<Option<Vec<Found>>, SinkError> {
        match self {
            Self::Table(table) => table.next(most).await,
            Self::File(file) => file.next(most).await,
        }
    }

    /// Whether there are more. What is looked at to find out is not read again.
    pub async fn has_more(&mut self) -> Result<bool, SinkError> {
        while let Some(found) = self.next(1).await? {
            if !found.is_empty() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Removes letters that went through, and writes down of others why they are still here.
    /// Whatever happens meanwhile, no letter is lost that is not `gone`.
    ///
    /// Of a file this may wait until [`Self::close`].
    pub async fn change(
        &mut self,
        gone: Vec<Key>,
        kept: Vec<(Key, Reason)>,
    ) -> Result<(), SinkError> {
        match self {
            Self::Table(table) => table.change(&gone, &kept).await,
            Self::File(file) => file.change(gone, kept).await,
        }
    }

    /// Makes sure that all changes are made.
    pub async fn close(self) -> Result<(), SinkError> {
        match self {
            Self::Table(_) => Ok(()),
            Self::File(file) => file.close().await,
        }
    }
}
