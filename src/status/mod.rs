//! What happened to a shard's logs since the last status row, and the reporter that publishes it.
//!
//! The work fills in a [`Tally`] and records it in the shard's [`Journal`]; a [`Reporter`] turns
//! the journal into rows of the status table. Neither waits for the other.

mod journal;
mod reporter;

pub use self::journal::{Fault, Journal, Skip, Tally, TotalCounts, Totals};
pub use self::reporter::{Reporter, Settings, ShardIdentity};
