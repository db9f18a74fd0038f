//! One table: its rows in the order of their keys, and what a write does to them.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::cells::{ColumnNames, Retention, StoredRow};
use super::change::{Change, part};
use super::failure::Failure;
use super::key::{Key, Part};
use super::schema::{Options, Reserved, Schema};
use crate::tablestore::plainbuffer::CellValue;
use crate::tablestore::{CapacityUnit, Row, Value};

/// A table. Its schema is for good; everything else sits behind one lock.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) schema: Schema,
    pub(super) created_micros: i64,
    state: Mutex<State>,
}

/// What of a table changes.
#[derive(Debug)]
pub(super) struct State {
    pub(super) options: Options,
    pub(super) reserved: Reserved,
    /// Seconds since 1970 at which the reserved units last changed by `UpdateTable`.
    pub(super) reserved_changed: Option<i64>,
    pub(super) names: ColumnNames,
    pub(super) rows: BTreeMap<Key, StoredRow>,
    pub(super) counters: TableCounters,
    last_auto_increment: i64,
}

/// What became of a table so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TableCounters {
    /// Writes of rows that were applied; a row written twice counts twice.
    pub rows_written: u64,
    /// Writes of rows that were refused one by one.
    pub rows_refused: u64,
    /// Rows that reads returned.
    pub rows_read: u64,
    /// Read capacity units consumed.
    pub read_units: u64,
    /// Write capacity units consumed.
    pub write_units: u64,
}

impl TableCounters {
    pub(super) fn charge(&mut self, cost: CapacityUnit) {
        self.read_units += u64::from(cost.read);
        self.write_units += u64::from(cost.write);
    }
}

/// What a write cost, and the row that it gives back.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Written {
    pub(super) cost: CapacityUnit,
    pub(super) row: Option<Row>,
}

impl Table {
    pub(super) fn new(
        schema: Schema,
        options: Options,
        reserved: Reserved,
        created_micros: i64,
    ) -> Self {
        Self {
            schema,
            created_micros,
            state: Mutex::new(State {
                options,
                reserved,
                reserved_changed: None,
                names: ColumnNames::default(),
                rows: BTreeMap::new(),
                counters: TableCounters::default(),
                last_auto_increment: created_micros,
            }),
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Options {
    /// What readers see at `now`.
    pub(super) fn retention(&self, now_millis: i64) -> Retention {
        let oldest_millis = if self.time_to_live < 0 {
            i64::MIN
        } else {
            now_millis - i64::from(self.time_to_live) * 1000
        };
        Retention {
            oldest_millis,
            max_versions: usize::try_from(self.max_versions).unwrap_or(1),
        }
    }
}

impl State {
    /// The key that `change` means in a table of this schema; a placeholder gets its value here.
    fn key(&mut self, schema: &Schema, change: &Change<'_>, now_millis: i64) -> Key {
        if change.has_auto_increment() {
            // Microseconds, as in recorded answers; never the same twice.
            let next = (self.last_auto_increment + 1).max(now_millis.saturating_mul(1000));
            self.last_auto_increment = next;
            let given = Part::Integer(next);
            let cells = change.row.key.iter().zip(&schema.primary_key);
            return Key::new(cells.map(|(cell, _)| match cell.value {
                Some(CellValue::AutoIncrement) => given,
                value => part(value),
            }));
        }
        change.sent_key()
    }

    /// Applies one write, or refuses it and changes nothing.
    pub(super) fn write(
        &mut self,
        schema: &Schema,
        change: &Change<'_>,
        now_millis: i64,
    ) -> Result<Written, Failure> {
        let written = self
            .check(schema, change, now_millis)
            .map(|()| self.key(schema, change, now_millis))
            .and_then(|key| self.apply(schema, change, key, now_millis));
        match &written {
            Ok(written) => self.count_written(written.cost),
            Err(_) => self.count_refused(change),
        }
        written
    }

    /// Applies all of some writes of one partition key, or none of them.
    pub(super) fn write_all(
        &mut self,
        schema: &Schema,
        changes: &[Change<'_>],
        now_millis: i64,
    ) -> Result<Vec<Written>, Failure> {
        let mut undo = Vec::with_capacity(changes.len());
        let mut written = Vec::with_capacity(changes.len());
        for change in changes {
            let outcome = self
                .check(schema, change, now_millis)
                .map(|()| self.key(schema, change, now_millis))
                .and_then(|key| {
                    undo.push((key.clone(), self.rows.get(&key).cloned()));
                    self.apply(schema, change, key, now_millis)
                });
            match outcome {
                Ok(one) => written.push(one),
                Err(failure) => {
                    for (key, row) in undo.into_iter().rev() {
                        match row {
                            Some(row) => drop(self.rows.insert(key, row)),
                            None => drop(self.rows.remove(&key)),
                        }
                    }
                    for change in changes {
                        self.count_refused(change);
                    }
                    return Err(failure);
                }
            }
        }
        for one in &written {
            self.count_written(one.cost);
        }
        Ok(written)
    }

    /// Counts a write that was applied.
    fn count_written(&mut self, cost: CapacityUnit) {
        self.counters.rows_written += 1;
        self.counters.charge(cost);
    }

    /// Counts a write that was refused: it costs as if it were the smallest.
    pub(super) fn count_refused(&mut self, change: &Change<'_>) {
        self.counters.rows_refused += 1;
        self.counters.charge(CapacityUnit {
            read: u32::from(change.condition.is_set()),
            write: 1,
        });
    }
}

/// A key value, borrowed.
pub(super) fn view(value: &Value) -> CellValue<'_> {
    match value {
        Value::Integer(value) => CellValue::Integer(*value),
        Value::Double(value) => CellValue::Double(*value),
        Value::Boolean(value) => CellValue::Boolean(*value),
        Value::String(text) => CellValue::String(text.as_bytes()),
        Value::Binary(bytes) => CellValue::Binary(bytes),
        Value::InfMin => CellValue::InfMin,
        Value::InfMax => CellValue::InfMax,
        Value::AutoIncrement => CellValue::AutoIncrement,
    }
}
