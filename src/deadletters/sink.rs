//! Where letters are stored.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use super::desk::Desk;
use super::file::FileSink;
use super::table::TableSink;
use super::{Destination, Letter, Order, Origin};
use crate::tablestore::{Client, Error, RowError, Verdict};
use crate::transport::retry::Policy;
use crate::transport::{Retry, Retryable};

/// Stores letters, for all shards.
#[derive(Debug)]
pub enum Sink {
    /// In a table.
    Table(TableSink),
    /// In a file.
    File(Arc<FileSink>),
}

/// Why a letter was not stored, read or removed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SinkError {
    /// The table could not be spoken with, or refused.
    #[error(transparent)]
    Table(#[from] Error),
    /// The table refused a letter.
    #[error("letter refused: {0}")]
    Row(#[source] RowError),
    /// The file could not be read or written.
    #[error("cannot {doing} {}: {source}", path.display())]
    File {
        /// What was tried.
        doing: &'static str,
        /// The file, or its folder.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
}

impl SinkError {
    /// Whether it is a matter of permission.
    pub fn is_permission(&self) -> bool {
        match self {
            Self::File { source, .. } => matches!(
                source.kind(),
                io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem
            ),
            Self::Table(_) | Self::Row(_) => false,
        }
    }

    /// Whether somebody must step in before it can work again.
    pub fn needs_operator(&self) -> bool {
        match self {
            Self::Table(error) => matches!(error.verdict(), Verdict::Operator | Verdict::BadRow),
            Self::Row(error) => {
                matches!(error.code.verdict(), Verdict::Operator | Verdict::BadRow)
            }
            // Full disks, missing folders and permissions do not mend themselves.
            Self::File { .. } => true,
        }
    }
}

impl Retryable for SinkError {
    fn retry(&self) -> Retry {
        match self {
            Self::Table(error) => error.retry(),
            Self::Row(error) => match error.code.verdict() {
                Verdict::Retry(retry) => retry,
                Verdict::BadRow | Verdict::Operator => Retry::Never,
            },
            Self::File { .. } => Retry::Never,
        }
    }
}

/// What became of letters that were to be stored.
#[derive(Debug, Default)]
pub struct Stored {
    /// Places of those that are not stored, in order.
    pub failed: Vec<usize>,
    /// Places of those that the try had no time for, in order.
    pub left: Vec<usize>,
    /// Why: the latest reason.
    pub error: Option<SinkError>,
}

impl Stored {
    /// None of `count` letters is stored.
    pub(super) fn nothing(count: usize, error: SinkError) -> Self {
        Self {
            failed: (0..count).collect(),
            left: Vec::new(),
            error: Some(error),
        }
    }
}

impl Sink {
    /// A sink for this destination; nothing is looked at yet.
    pub fn new(destination: Destination, client: &Arc<Client>) -> Self {
        match destination {
            Destination::Table(table) => Self::Table(TableSink::new(table, Arc::clone(client))),
            Destination::File(path) => Self::File(Arc::new(FileSink::new(path))),
        }
    }

    /// Stores letters; those of which nothing is said are stored for good. A letter that is
    /// stored already is stored over, or left as it is: there is one. Of letters that have to go
    /// one by one a slow table gets as many as there is time for, and at least one.
    ///
    /// Dropping the future leaves open which are stored.
    pub async fn store(&self, letters: Vec<Letter>) -> Stored {
        match self {
            Self::Table(table) => table.store(&letters).await,
            Self::File(file) => Arc::clone(file).store(letters).await,
        }
    }

    /// Reads the letters of an origin back; a service that is away is tried again by `policy`.
    pub async fn open(
        &self,
        origin: Origin,
        order: Order,
        policy: Policy,
    ) -> Result<Desk, SinkError> {
        match self {
            Self::Table(table) => Ok(Desk::Table(table.open(&origin, order, policy))),
            Self::File(file) => file.open(origin, order).await.map(Desk::File),
        }
    }
}
