//! What an old log may write over: nothing that is newer.
//!
//! Logs of one key make a row as if written one after the other. A log that is shipped late came
//! before whatever was written to its row since it was parked; so those values stay, and the log
//! adds what they leave free, or what is older still. Table Store keeps with each cell when it was
//! written, which is compared with when the log was parked: the row ends as if the log had gone
//! through in its turn.
//!
//! What a replay writes is newer than any letter, too. So the newest letter must go first: then what
//! an earlier letter of the same key finds is later than itself, whoever wrote it, and in whatever
//! replay; the other way round, the first letter's values would stay. So they do where the newest
//! letter still fails and an earlier one goes through. And a log that was skipped while an earlier
//! one of its key was in flight has an older time than that one's values.
//!
//! The two times are of two clocks, and between the look and the write a newer value may arrive: a
//! few milliseconds in which an older one may win.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};

use crate::deadletters::Letter;
use crate::shipper::backlog::LogRef;
use crate::shipper::batcher::Sealed;
use crate::tablestore::plainbuffer::RowChange;
use crate::tablestore::{BatchOutcome, CapacityUnit, Client, Error, Row, RowOutcome, TableName};

/// Rows looked at, at once.
const AT_ONCE: usize = 16;

/// Sends batches without what is older than what is there.
#[derive(Debug)]
pub(super) struct Guard {
    client: Arc<Client>,
    table: TableName,
    /// Letters of which something was left out, of those that are shipped together.
    outdated: BTreeSet<usize>,
}

impl Guard {
    pub(super) fn new(client: Arc<Client>, table: TableName) -> Self {
        Self {
            client,
            table,
            outdated: BTreeSet::new(),
        }
    }

    /// Of how many letters something was left out, since the last time.
    pub(super) fn take_kept_newer(&mut self) -> u64 {
        let outdated = std::mem::take(&mut self.outdated);
        u64::try_from(outdated.len()).unwrap_or(u64::MAX)
    }

    /// Sends the rows of a batch, each made of one of these letters, without the cells that are
    /// newer in the table.
    pub(super) async fn send(
        &mut self,
        sealed: &Sealed,
        letters: &[Letter],
    ) -> Result<BatchOutcome, Error> {
        let changes = sealed.changes();
        let stored = self.look(&changes).await?;
        let logs: Vec<_> = sealed.firsts().map(LogRef::index).collect();
        let newer: Vec<_> = stored
            .iter()
            .zip(&logs)
            .map(|(row, log)| newer(row.as_ref(), letters[*log].parked_at_millis))
            .collect();
        let is_newer = |place: usize, name: &str| newer[place].contains(name);
        for (place, (change, log)) in changes.iter().zip(logs).enumerate() {
            if change.cells.iter().any(|cell| is_newer(place, &cell.name)) {
                self.outdated.insert(log);
            }
        }
        let (batch, places) = sealed.without(is_newer);
        // What has nothing to add is as good as written.
        let nothing = RowOutcome::Written(CapacityUnit::default());
        let mut outcomes = vec![nothing; sealed.len()];
        if !places.is_empty() {
            let (body, rows) = (batch.body(), places.len());
            let written = self.client.batch_write_row(&self.table, body, rows).await?;
            for (place, outcome) in places.into_iter().zip(written) {
                outcomes[place] = outcome;
            }
        }
        Ok(outcomes)
    }

    /// The rows as they are; a row that gets no cell need not be looked at.
    async fn look(&self, changes: &[RowChange]) -> Result<Vec<Option<Row>>, Error> {
        let rows = stream::iter(changes).map(async |change: &RowChange| {
            if change.cells.is_empty() {
                return Ok(None);
            }
            self.client.get_row(&self.table, &change.primary_key).await
        });
        rows.buffered(AT_ONCE).try_collect().await
    }
}

/// The columns of a row that were written after this moment.
fn newer(row: Option<&Row>, millis: i64) -> HashSet<&str> {
    let cells = row.into_iter().flat_map(|row| &row.cells);
    cells
        .filter(|cell| cell.timestamp_millis > millis)
        .map(|cell| cell.name.as_str())
        .collect()
}
