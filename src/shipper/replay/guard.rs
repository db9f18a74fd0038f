//! What an old log may write over: nothing that is newer.
//!
//! Logs of one key make a row as if written one after the other. A log that is shipped late came
//! before whatever was written to its row since it was parked; so those values stay, and the log
//! adds what they leave free, or what is older still. Table Store keeps with each cell when it was
//! written, which is compared with when the log was parked: the row ends as if the log had gone
//! through in its turn.
//!
//! The two times are of two clocks, and between the look and the write a newer value may arrive: a
//! few milliseconds in which an older one may win.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};

use crate::deadletters::{Key, Letter};
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
    /// Letters of which something was left out.
    outdated: BTreeSet<Key>,
}

impl Guard {
    pub(super) fn new(client: Arc<Client>, table: TableName) -> Self {
        Self {
            client,
            table,
            outdated: BTreeSet::new(),
        }
    }

    /// Of how many letters something was left out.
    pub(super) fn kept_newer(&self) -> u64 {
        u64::try_from(self.outdated.len()).unwrap_or(u64::MAX)
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
        let letters: Vec<_> = sealed.firsts().map(|log| &letters[log.index()]).collect();
        let newer: Vec<_> = stored
            .iter()
            .zip(&letters)
            .map(|(row, letter)| newer(row.as_ref(), letter.parked_at_millis))
            .collect();
        let is_newer = |place: usize, name: &str| newer[place].contains(name);
        for (change, (letter, place)) in changes.iter().zip(letters.iter().zip(0..)) {
            if change.cells.iter().any(|cell| is_newer(place, &cell.name)) {
                self.outdated.insert(letter.key.clone());
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
