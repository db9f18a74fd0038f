//! What a write does to its row.

use super::cells::{ColumnId, Datum, Retention, StoredCell, StoredRow};
use super::change::{Act, CellAct, Change, Returns};
use super::cost;
use super::failure::Failure;
use super::filter::Filter;
use super::incoming::InCell;
use super::key::Key;
use super::schema::{Options, Schema};
use super::table::{State, Written, view};
use crate::tablestore::plainbuffer::CellValue;
use crate::tablestore::{CapacityUnit, Cell, Column, Row, RowExistence};

impl Options {
    /// Refuses a given version too far from the clock.
    fn check_version(&self, cell: &InCell<'_>, now_millis: i64) -> Result<(), Failure> {
        let Some(timestamp) = cell.timestamp else {
            return Ok(());
        };
        let (now, at) = (now_millis / 1000, timestamp / 1000);
        let reach = if self.time_to_live < 0 {
            self.deviation
        } else {
            self.deviation.min(i64::from(self.time_to_live))
        };
        if now.saturating_sub(reach) <= at && at < now.saturating_add(self.deviation) {
            return Ok(());
        }
        Err(Failure::invalid(format!(
            "Invalid timestamp. Cell:{}.",
            cell.name
        )))
    }
}

impl State {
    /// What can be told of a write from schema and options, before looking for the row.
    pub(super) fn check(
        &self,
        schema: &Schema,
        change: &Change<'_>,
        now_millis: i64,
    ) -> Result<(), Failure> {
        schema.check_key(&change.row.key)?;
        if change.act == Act::Update && !self.options.allow_update {
            return Err(Failure::invalid(format!(
                "UpdateRow is not allowed by table: '{}'.",
                schema.name
            )));
        }
        change
            .row
            .cells
            .iter()
            .filter(|cell| matches!(cell.act(), CellAct::Put | CellAct::Increment))
            .try_for_each(|cell| self.options.check_version(cell, now_millis))
    }

    /// Applies one write to the row with this key, or refuses it and changes nothing.
    pub(super) fn apply(
        &mut self,
        schema: &Schema,
        change: &Change<'_>,
        key: Key,
        now_millis: i64,
    ) -> Result<Written, Failure> {
        self.check_condition(schema, change, &key, now_millis)?;
        let sums = self.increments(change, &key, now_millis)?;
        let is_asked_back = change.returns != Returns::Nothing;
        let given_back = is_asked_back.then(|| (key.columns(&schema.primary_key), key.clone()));
        match change.act {
            Act::Delete => drop(self.rows.remove(&key)),
            Act::Put => self.put(change, key, now_millis),
            Act::Update => self.update(change, key, &sums, now_millis),
        }
        Ok(Written {
            cost: write_cost(change),
            row: given_back.map(|(columns, key)| self.returned(change, columns, &key, now_millis)),
        })
    }

    fn check_condition(
        &self,
        schema: &Schema,
        change: &Change<'_>,
        key: &Key,
        now_millis: i64,
    ) -> Result<(), Failure> {
        if !change.condition.is_set() {
            return Ok(());
        }
        let retention = self.options.retention(now_millis);
        let row = self.rows.get(key).filter(|row| row.is_alive(retention));
        let meets_existence = match change.condition.existence {
            RowExistence::Ignore => true,
            RowExistence::ExpectExist => row.is_some(),
            RowExistence::ExpectNotExist => row.is_none(),
        };
        let meets_columns = change
            .condition
            .columns
            .as_ref()
            .is_none_or(|filter| self.passes(schema, filter, key, row, retention));
        if meets_existence && meets_columns {
            Ok(())
        } else {
            Err(Failure::condition())
        }
    }

    /// Holds a filter against a row, or against the absence of one.
    fn passes(
        &self,
        schema: &Schema,
        filter: &Filter,
        key: &Key,
        row: Option<&StoredRow>,
        retention: Retention,
    ) -> bool {
        let key_columns = if row.is_some() {
            key.columns(&schema.primary_key)
        } else {
            Vec::new()
        };
        filter.passes(&|name| {
            if let Some(column) = key_columns.iter().find(|column| column.name == name) {
                return vec![view(&column.value)];
            }
            let versions = row.zip(self.names.find(name));
            versions.map_or_else(Vec::new, |(row, column)| {
                row.versions(column, retention)
                    .iter()
                    .map(|cell| cell.datum.view())
                    .collect()
            })
        })
    }

    /// What the incremented columns come to, in the order of their cells.
    fn increments(
        &self,
        change: &Change<'_>,
        key: &Key,
        now_millis: i64,
    ) -> Result<Vec<i64>, Failure> {
        if !change.has_increment() {
            return Ok(Vec::new());
        }
        let retention = self.options.retention(now_millis);
        let row = self.rows.get(key);
        let cells = change.row.cells.iter();
        cells
            .filter(|cell| cell.act() == CellAct::Increment)
            .map(|cell| {
                let latest = row
                    .zip(self.names.find(cell.name))
                    .and_then(|(row, column)| row.versions(column, retention).first());
                let base = match latest.map(|cell| &cell.datum) {
                    None => 0,
                    Some(Datum::Integer(value)) => *value,
                    Some(_) => {
                        return Err(Failure::invalid(format!(
                            "Column '{}' is not an integer and can't be incremented.",
                            cell.name
                        )));
                    }
                };
                let Some(CellValue::Integer(delta)) = cell.value else {
                    return Ok(base);
                };
                base.checked_add(delta).ok_or_else(|| {
                    Failure::invalid(format!("Increment of column '{}' overflows.", cell.name))
                })
            })
            .collect()
    }

    fn put(&mut self, change: &Change<'_>, key: Key, now_millis: i64) {
        let max_versions = self.options.retention(now_millis).max_versions;
        let row = self.rows.entry(key).or_default();
        row.clear();
        row.make_room(change.row.cells.len());
        let stamp = stamp(row, max_versions, now_millis);
        row.written_millis = stamp;
        for cell in &change.row.cells {
            let column = self.names.intern(cell.name);
            put_cell(row, column, cell, stamp, max_versions);
        }
    }

    fn update(&mut self, change: &Change<'_>, key: Key, sums: &[i64], now_millis: i64) {
        let retention = self.options.retention(now_millis);
        let cells = &change.row.cells;
        let is_there = self
            .rows
            .get(&key)
            .is_some_and(|row| row.is_alive(retention));
        let mut acts = cells.iter().map(InCell::act);
        if !is_there && !acts.any(|act| matches!(act, CellAct::Put | CellAct::Increment)) {
            // Deletes alone make no row (functional tests of the Python SDK).
            return;
        }
        let row = self.rows.entry(key).or_default();
        if !is_there {
            row.clear();
        }
        row.make_room(cells.len());
        let stamp = stamp(row, retention.max_versions, now_millis);
        row.written_millis = stamp;
        let mut sums = sums.iter();
        for cell in cells {
            let column = self.names.intern(cell.name);
            match (cell.act(), cell.timestamp) {
                (CellAct::Put, _) => put_cell(row, column, cell, stamp, retention.max_versions),
                (CellAct::DeleteOne, Some(timestamp)) => row.delete_one(column, timestamp),
                (CellAct::DeleteOne | CellAct::DeleteAll, _) => row.delete_all(column),
                (CellAct::Increment, timestamp) => {
                    let cell = StoredCell {
                        column,
                        timestamp_millis: timestamp.unwrap_or(stamp),
                        datum: Datum::Integer(sums.next().copied().unwrap_or_default()),
                    };
                    row.put(cell, retention.max_versions);
                }
            }
        }
    }

    /// The row that a write gives back.
    fn returned(
        &self,
        change: &Change<'_>,
        primary_key: Vec<Column>,
        key: &Key,
        now_millis: i64,
    ) -> Row {
        let Returns::AfterModify(wanted) = &change.returns else {
            return Row {
                primary_key,
                cells: Vec::new(),
            };
        };
        let mut names: Vec<&str> = if wanted.is_empty() {
            change.row.cells.iter().map(|cell| cell.name).collect()
        } else {
            wanted.iter().map(String::as_str).collect()
        };
        names.sort_unstable();
        names.dedup();
        let retention = self.options.retention(now_millis);
        let row = self.rows.get(key);
        let cells = names.into_iter().filter_map(|name| {
            let (row, column) = row.zip(self.names.find(name))?;
            let latest = row.versions(column, retention).first()?;
            Some(Cell {
                name: name.to_owned(),
                value: latest.datum.to_value(),
                timestamp_millis: latest.timestamp_millis,
            })
        });
        Row {
            primary_key,
            cells: cells.collect(),
        }
    }
}

fn put_cell(
    row: &mut StoredRow,
    column: ColumnId,
    cell: &InCell<'_>,
    stamp: i64,
    max_versions: usize,
) {
    if let Some(datum) = cell.value.and_then(Datum::keep) {
        let cell = StoredCell {
            column,
            timestamp_millis: cell.timestamp.unwrap_or(stamp),
            datum,
        };
        row.put(cell, max_versions);
    }
}

/// The version that the service gives to the cells of one write: the time, or one more than that
/// of the row's last write within the same millisecond, so that writes in quick succession stay
/// versions of their own.
fn stamp(row: &StoredRow, max_versions: usize, now_millis: i64) -> i64 {
    if max_versions > 1 && row.written_millis >= now_millis {
        row.written_millis + 1
    } else {
        now_millis
    }
}

/// Section "Capacity units" of the vendor's pricing page: writes by data size, one read more where
/// the row had to be looked at first.
fn write_cost(change: &Change<'_>) -> CapacityUnit {
    let key_units = cost::units(cost::key_size(&change.row.key));
    CapacityUnit {
        read: if change.condition.is_set() {
            key_units
        } else {
            0
        },
        write: cost::units(change.data_size),
    }
}
