//! Ways in for tests, seeds and the demo, past HTTP and signatures.

use std::collections::BTreeMap;
use std::sync::{Arc, RwLockWriteGuard};

use super::change::{Act, Change};
use super::check::check_data_size;
use super::failure::Failure;
use super::schema::{DEFAULT_DEVIATION_SECONDS, Options, Reserved, Schema};
use super::table::Table;
use super::{TableStore, tables};
use crate::tablestore::plainbuffer::{self, RowChange};
use crate::tablestore::{PrimaryKeyColumn, RowError, TableName, proto};

/// A table to be created.
#[derive(Clone, Debug)]
pub struct TableSpec {
    /// Its name.
    pub name: TableName,
    /// Its primary key, in order: 1 to 4 columns.
    pub primary_key: Vec<PrimaryKeyColumn>,
    /// Seconds that a cell lives; -1 = for ever.
    pub time_to_live_seconds: i32,
    /// Versions kept of a cell.
    pub max_versions: i32,
    /// Seconds that a given version may lie from the clock.
    pub max_deviation_seconds: i64,
    /// `false` forbids `UpdateRow`.
    pub allow_update: bool,
    /// Whether it counts as one with a secondary index: repeated rows in one batch are refused.
    pub has_index: bool,
}

impl TableSpec {
    /// A table that keeps one version of everything, for ever, and has no index.
    pub fn new(name: TableName, primary_key: Vec<PrimaryKeyColumn>) -> Self {
        Self {
            name,
            primary_key,
            time_to_live_seconds: -1,
            max_versions: 1,
            max_deviation_seconds: DEFAULT_DEVIATION_SECONDS,
            allow_update: true,
            has_index: false,
        }
    }
}

impl TableStore {
    /// Creates a table, with the same rules as `CreateTable`.
    pub fn create_table(&self, spec: TableSpec) -> Result<(), RowError> {
        let index = proto::IndexMeta {
            name: "declared_index".to_owned(),
            ..Default::default()
        };
        let schema = Schema {
            name: spec.name.as_str().to_owned(),
            primary_key: spec.primary_key,
            defined_columns: Vec::new(),
            indexes: if spec.has_index {
                vec![index]
            } else {
                Vec::new()
            },
            encryption: None,
        };
        schema.check(self.names)?;
        let options = Options {
            deviation: spec.max_deviation_seconds,
            allow_update: spec.allow_update,
            ..Options::new(spec.time_to_live_seconds, spec.max_versions)
        };
        options.check()?;
        tables::add(self, schema, options, Reserved::default())?;
        Ok(())
    }

    /// Writes a whole row, with the same rules as `PutRow` without a condition.
    pub fn put(&self, table: &TableName, row: &RowChange) -> Result<(), RowError> {
        let bytes = plainbuffer::encode(row);
        let condition = proto::Condition::default();
        let change = Change::read(Act::Put, &bytes, Some(&condition), None, self.names)?;
        check_data_size("PutRow", change.data_size)?;
        let table = self.table(table.as_str())?;
        let now_millis = self.clock.unix_millis();
        table.lock().write(&table.schema, &change, now_millis)?;
        Ok(())
    }

    /// Deletes a table with its rows; whether there was one.
    pub fn delete_table(&self, table: &TableName) -> bool {
        self.write_tables().remove(table.as_str()).is_some()
    }

    /// Gets ready to take over all tables of `other`; refused where one of their names is taken, or
    /// there would be too many. Nobody else uses the store until the reception is over.
    pub(in crate::sandbox) fn receive(&self, other: &Self) -> Result<Reception<'_>, RowError> {
        let new = std::mem::take(&mut *other.write_tables());
        let tables = self.write_tables();
        if let Some(taken) = new.keys().find(|name| tables.contains_key(*name)) {
            let there = Failure::new(
                409,
                "OTSObjectAlreadyExist",
                format!("{taken} is there already"),
            );
            return Err(there.into());
        }
        tables::check_count(tables.len() + new.len())?;
        Ok(Reception { tables, new })
    }

    /// Forgets all tables.
    pub(in crate::sandbox) fn reset(&self) {
        self.write_tables().clear();
    }
}

/// Tables about to be taken over.
#[derive(Debug)]
pub(in crate::sandbox) struct Reception<'a> {
    tables: RwLockWriteGuard<'a, BTreeMap<String, Arc<Table>>>,
    new: BTreeMap<String, Arc<Table>>,
}

impl Reception<'_> {
    pub(in crate::sandbox) fn commit(mut self) {
        self.tables.append(&mut self.new);
    }
}
