//! What is there, at one moment: tables and their rows.

use std::time::{Duration, SystemTime};

use super::TableStore;
use super::read::{Asked, Lens};
use super::table::TableCounters;
use crate::tablestore::{PrimaryKeyColumn, Row, TableName, proto};

/// A table at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableSnapshot {
    /// Its primary key, in order.
    pub primary_key: Vec<PrimaryKeyColumn>,
    /// Columns that were declared besides the key, with their types.
    pub defined_columns: Vec<(String, String)>,
    /// Secondary indexes that were declared. They hold nothing here.
    pub indexes: Vec<String>,
    /// What `UpdateTable` can change.
    pub options: TableOptions,
    /// When it was created.
    pub created: SystemTime,
    /// Rows that readers see.
    pub row_count: usize,
    /// What became of it so far.
    pub counters: TableCounters,
}

/// Options of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TableOptions {
    /// Seconds that a cell lives; -1 = for ever.
    pub time_to_live_seconds: i32,
    /// Versions kept of a cell.
    pub max_versions: i32,
    /// Seconds that a given version may lie from the clock.
    pub max_deviation_seconds: i64,
    /// `false` forbids `UpdateRow`.
    pub allow_update: bool,
}

impl TableStore {
    /// The names of all tables, sorted.
    pub fn table_names(&self) -> Vec<String> {
        self.read_tables().keys().cloned().collect()
    }

    /// All rows of a table as readers see them now, in the order of their keys, with all versions.
    /// `None` if there is no such table.
    pub fn rows(&self, table: &TableName) -> Option<Vec<Row>> {
        let everything = Asked {
            max_versions: Some(i32::MAX),
            ..Asked::default()
        };
        let lens = Lens::new(everything, self.names).ok()?;
        let table = self.table(table.as_str()).ok()?;
        let state = table.lock();
        let retention = state.options.retention(self.clock.unix_millis());
        let alive = state.rows.iter().filter(|(_, row)| row.is_alive(retention));
        let shown = alive.filter_map(|(key, row)| {
            let columns = key.columns(&table.schema.primary_key);
            lens.show(columns, row, &state.names, retention).row
        });
        Some(shown.collect())
    }

    /// How many rows a table has now. `None` if there is no such table.
    pub fn row_count(&self, table: &TableName) -> Option<usize> {
        let table = self.table(table.as_str()).ok()?;
        let state = table.lock();
        let retention = state.options.retention(self.clock.unix_millis());
        Some(
            state
                .rows
                .values()
                .filter(|row| row.is_alive(retention))
                .count(),
        )
    }

    /// What became of a table so far. `None` if there is no such table.
    pub fn counters(&self, table: &TableName) -> Option<TableCounters> {
        let table = self.table(table.as_str()).ok()?;
        let counters = table.lock().counters;
        Some(counters)
    }

    /// Schema, options and counters of a table. `None` if there is no such table.
    pub fn describe(&self, table: &TableName) -> Option<TableSnapshot> {
        let row_count = self.row_count(table)?;
        let table = self.table(table.as_str()).ok()?;
        let state = table.lock();
        let schema = &table.schema;
        let created = Duration::from_micros(u64::try_from(table.created_micros).unwrap_or(0));
        let defined = schema.defined_columns.iter();
        Some(TableSnapshot {
            primary_key: schema.primary_key.clone(),
            defined_columns: defined
                .map(|column| (column.name.clone(), defined_type(column).to_owned()))
                .collect(),
            indexes: schema
                .indexes
                .iter()
                .map(|index| index.name.clone())
                .collect(),
            options: TableOptions {
                time_to_live_seconds: state.options.time_to_live,
                max_versions: state.options.max_versions,
                max_deviation_seconds: state.options.deviation,
                allow_update: state.options.allow_update,
            },
            created: SystemTime::UNIX_EPOCH + created,
            row_count,
            counters: state.counters,
        })
    }
}

/// The vendor's word for the type of a declared column.
fn defined_type(column: &proto::DefinedColumnSchema) -> &'static str {
    let number = column.r#type.unwrap_or_default();
    match proto::DefinedColumnType::try_from(number) {
        Ok(proto::DefinedColumnType::Integer) => "INTEGER",
        Ok(proto::DefinedColumnType::Double) => "DOUBLE",
        Ok(proto::DefinedColumnType::Boolean) => "BOOLEAN",
        Ok(proto::DefinedColumnType::String) => "STRING",
        Ok(proto::DefinedColumnType::Blob) => "BINARY",
        Err(_unknown) => "UNKNOWN",
    }
}
