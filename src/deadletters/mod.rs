//! Dead letters: the logs that will never become a row as things stand, kept whole.
//!
//! A [`Letter`] is a log with everything that is needed to ship it again, where it came from, and
//! why it was given up. A [`Sink`] stores letters, in a table of the same instance or in a file of
//! JSON lines; a log counts as decided only when its letter is stored. A [`Desk`] reads them back
//! for a replay, in shard order, and removes what went through.
//!
//! What is here knows letters and where they lie, not why logs die nor how they are shipped.
//!
//! **What names a letter.** A log has no name in Log Service, and the positions that it has are
//! not all alike:
//!
//! * A cursor stands before a log group, is opaque, and grows by one per log group. After a crash
//!   a shard is read from the last checkpoint on, and the pulls need not be cut as before: so "the
//!   third log of the pull at cursor C" names a log only as long as nobody reads again.
//! * A log group is stored and pulled whole: the place of a log within its group never changes.
//! * A digest of the log does not tell two equal logs apart, and in a table with an auto-increment
//!   key two equal logs are two rows.
//!
//! So a letter's [position](Key::position) is its group's own number, the log's place in the
//! group, and a digest of the log. The number is that of the pull's cursor plus the groups before
//! it, and is used only where the service itself bears it out: the cursor behind the pull must be as
//! many steps away as there are groups in it. Then a log that is read again has its old position,
//! however pulls are cut, and its letter is stored over the old one. The digest guards against a
//! logstore that was deleted and created again under its name. Where the numbers do not agree (or
//! cursors are no numbers any more), the pull's cursor itself stands in the position: nothing is
//! lost then either, yet a log that is read again after a crash may get a second letter. Shipping
//! both changes nothing, except in a table with an auto-increment key, where every write is a row.

mod desk;
mod file;
mod letter;
mod log;
mod position;
mod sink;
mod table;

use std::fmt;
use std::path::PathBuf;

pub use self::desk::{Desk, Found, Order};
pub use self::file::{FileDesk, FileSink};
pub use self::letter::{Key, Letter, Origin, Reason, configuration, short};
pub use self::log::{Body, WholeLog, as_pull};
pub use self::position::Place;
pub use self::sink::{Sink, SinkError, Stored};
pub use self::table::{KEY, TableDesk, TableSink};
use crate::tablestore::TableName;

/// Where dead letters are stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// A table of the instance that holds the target table, with the primary key [`KEY`].
    Table(TableName),
    /// A file of JSON lines, one letter each.
    File(PathBuf),
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Table(table) => write!(f, "table {table}"),
            Self::File(path) => write!(f, "file {}", path.display()),
        }
    }
}
