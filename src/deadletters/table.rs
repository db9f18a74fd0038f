//! Letters as rows of a table.
//!
//! The primary key is [`KEY`], and what a letter has besides are columns of the names that its JSON
//! form has; the log itself is that form's text. A log of more than a piece's length (Table Store
//! takes 2 MiB a value, Log Service logs of 10 MB) lies in several columns, `log`, `log_2`, and so
//! on, which are written before the others: a row without `code` is a letter that was not finished,
//! and does not count as stored.

mod desk;
mod row;

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::sink::{SinkError, Stored};
use super::{Letter, Order, Origin};
use crate::tablestore::batch::{BatchBuilder, EncodedKey};
use crate::tablestore::plainbuffer::{CellName, CellValue};
use crate::tablestore::{
    Client, Column, Error, PrimaryKeyType, RowError, RowExistence, RowOutcome, TableName, Verdict,
};
use crate::transport::retry::Policy;

pub use self::desk::TableDesk;
use self::row::LetterColumns;

/// The primary key of a table of letters, in order.
pub const KEY: [(&str, PrimaryKeyType); 4] = [
    ("project_logstore", PrimaryKeyType::String),
    ("consumer_group", PrimaryKeyType::String),
    ("shard", PrimaryKeyType::Integer),
    ("position", PrimaryKeyType::String),
];

/// How long the letters of one request go one by one, in one try; whatever is under way by then is
/// waited for.
const ONE_BY_ONE: Duration = Duration::from_secs(2);

/// Stores letters in a table.
#[derive(Debug)]
pub struct TableSink {
    client: Arc<Client>,
    table: TableName,
}

/// Letters of one request: the request, and their places among those to be stored.
#[derive(Debug)]
struct Parcel {
    builder: BatchBuilder,
    places: Vec<usize>,
}

impl TableSink {
    pub(super) fn new(table: TableName, client: Arc<Client>) -> Self {
        Self { client, table }
    }

    /// The table.
    pub fn name(&self) -> &TableName {
        &self.table
    }

    pub(super) fn open(&self, origin: &Origin, order: Order, policy: Policy) -> TableDesk {
        let (client, table) = (Arc::clone(&self.client), self.table.clone());
        TableDesk::new(client, table, origin, order, policy)
    }

    /// Stores letters, as many at once as a request takes.
    pub(super) async fn store(&self, letters: &[Letter]) -> Stored {
        let mut stored = Stored::default();
        let mut parcel = self.parcel();
        for (place, letter) in letters.iter().enumerate() {
            let columns = LetterColumns::of(letter);
            if columns.is_long() {
                let outcome = self.store_alone(&columns).await;
                note(&mut stored, place, outcome);
                continue;
            }
            if !parcel.take(&columns, place) {
                let full = std::mem::replace(&mut parcel, self.parcel());
                self.send(full, letters, &mut stored).await;
                if !parcel.take(&columns, place) {
                    // Not even alone: Table Store is to say so, for no letter is passed over.
                    let outcome = self.store_alone(&columns).await;
                    note(&mut stored, place, outcome);
                }
            }
        }
        self.send(parcel, letters, &mut stored).await;
        stored.failed.sort_unstable();
        stored.left.sort_unstable();
        stored
    }

    fn parcel(&self) -> Parcel {
        Parcel {
            builder: BatchBuilder::new(&self.table, 0),
            places: Vec::new(),
        }
    }

    async fn send(&self, parcel: Parcel, letters: &[Letter], stored: &mut Stored) {
        let Parcel { builder, places } = parcel;
        if places.is_empty() {
            return;
        }
        let body = builder.finish().body();
        let answer = self.client.batch_write_row(&self.table, body, places.len());
        match answer.await {
            Ok(outcomes) => {
                for (place, outcome) in places.into_iter().zip(outcomes) {
                    note(stored, place, row_outcome(outcome));
                }
            }
            // One of them is not to its taste: the others must not wait for it.
            Err(error) if error.verdict() == Verdict::BadRow && places.len() > 1 => {
                self.send_one_by_one(places, letters, stored).await;
            }
            Err(error) => {
                stored.failed.extend(places);
                stored.error = Some(error.into());
            }
        }
    }

    /// Until the time is up: what is known by then should not wait for a slow table.
    async fn send_one_by_one(&self, places: Vec<usize>, letters: &[Letter], stored: &mut Stored) {
        let until = Instant::now() + ONE_BY_ONE;
        let mut places = places.into_iter();
        for place in places.by_ref() {
            let columns = LetterColumns::of(&letters[place]);
            note(stored, place, self.store_alone(&columns).await);
            if Instant::now() >= until {
                break;
            }
        }
        stored.left.extend(places);
    }

    /// Stores one letter, in as many steps as it takes; the last one makes it count.
    async fn store_alone(&self, columns: &LetterColumns) -> Result<(), SinkError> {
        for step in columns.steps() {
            let update =
                self.client
                    .update_row(&self.table, &columns.key, step, RowExistence::Ignore);
            update.await.map_err(in_its_words)?;
        }
        Ok(())
    }
}

impl Parcel {
    /// Adds a letter; `false` where it does not fit any more.
    fn take(&mut self, letter: &LetterColumns, place: usize) -> bool {
        let mut key = EncodedKey::default();
        for column in &letter.key {
            key.push(
                &CellName::new(column.name.as_bytes()),
                &CellValue::from(&column.value),
            );
        }
        let cells = letter
            .columns()
            .map(|column| (column.name.as_str(), CellValue::from(&column.value)));
        let is_taken = self.builder.push_values(&key, cells).is_ok();
        if is_taken {
            self.places.push(place);
        }
        is_taken
    }
}

fn note(stored: &mut Stored, place: usize, outcome: Result<(), SinkError>) {
    if let Err(error) = outcome {
        stored.failed.push(place);
        stored.error = Some(error);
    }
}

fn row_outcome(outcome: RowOutcome) -> Result<(), SinkError> {
    match outcome {
        RowOutcome::Written(_) => Ok(()),
        RowOutcome::Refused(error) => Err(SinkError::Row(error)),
    }
}

/// A refusal of a request with one letter is a refusal of that letter.
fn in_its_words(error: Error) -> SinkError {
    match error {
        Error::Service { code, message, .. } if code.verdict() == Verdict::BadRow => {
            SinkError::Row(RowError { code, message })
        }
        other => SinkError::Table(other),
    }
}

fn column(name: &str, value: crate::tablestore::Value) -> Column {
    Column {
        name: name.to_owned(),
        value,
    }
}

#[cfg(test)]
mod tests;
