//! Tables as they are declared: keys, options, and the rules for both.

use super::check::{MAX_KEY_COLUMNS, type_name};
use super::failure::Failure;
use super::incoming::InCell;
use super::names::{NameRule, check_table};
use crate::tablestore::plainbuffer::CellValue;
use crate::tablestore::{PrimaryKeyColumn, PrimaryKeyType, proto};

/// Columns that may be declared besides the key.
const MAX_DEFINED_COLUMNS: usize = 32;
/// How far a given version may lie from the clock unless the table says otherwise.
pub(super) const DEFAULT_DEVIATION_SECONDS: i64 = 86_400;
/// Reserved capacity units, read or write.
const MAX_RESERVED_UNITS: i32 = 100_000;

/// What a table is for good.
#[derive(Clone, Debug)]
pub(super) struct Schema {
    pub(super) name: String,
    pub(super) primary_key: Vec<PrimaryKeyColumn>,
    pub(super) defined_columns: Vec<proto::DefinedColumnSchema>,
    /// Secondary indexes, as declared. They hold no rows here; a table that has any refuses
    /// repeated rows in one batch.
    pub(super) indexes: Vec<proto::IndexMeta>,
    pub(super) encryption: Option<proto::SseSpecification>,
}

/// What `UpdateTable` can change.
#[derive(Clone, Copy, Debug)]
pub(super) struct Options {
    /// Seconds; -1 = for ever.
    pub(super) time_to_live: i32,
    pub(super) max_versions: i32,
    /// Seconds that a given version may lie from the clock.
    pub(super) deviation: i64,
    pub(super) allow_update: bool,
}

/// Reserved capacity units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Reserved {
    pub(super) read: i32,
    pub(super) write: i32,
}

impl Schema {
    /// The declaration of `CreateTable`, judged.
    pub(super) fn read(
        request: &proto::CreateTableRequest,
        names: NameRule,
    ) -> Result<Self, Failure> {
        let meta = request.table_meta.as_ref().ok_or_else(Failure::unparsed)?;
        check_table(&meta.table_name)?;
        let indexes = if meta.index_meta.is_empty() {
            request.index_metas.clone()
        } else {
            meta.index_meta.clone()
        };
        for index in &indexes {
            check_table(&index.name)?;
        }
        let schema = Self {
            name: meta.table_name.clone(),
            primary_key: meta
                .primary_key
                .iter()
                .map(key_column)
                .collect::<Result<_, _>>()?,
            defined_columns: meta.defined_column.clone(),
            indexes,
            encryption: request.sse_spec.clone(),
        };
        schema.check(names)?;
        Ok(schema)
    }

    /// The rules for keys and declared columns.
    pub(super) fn check(&self, names: NameRule) -> Result<(), Failure> {
        check_table(&self.name)?;
        let key = &self.primary_key;
        if !(1..=MAX_KEY_COLUMNS).contains(&key.len()) {
            return Err(Failure::invalid(format!(
                "The number of primary key columns must be in range: [1, {MAX_KEY_COLUMNS}]."
            )));
        }
        for (index, column) in key.iter().enumerate() {
            names.check(&column.name)?;
            let earlier = key.get(..index).unwrap_or_default();
            if earlier.iter().any(|other| other.name == column.name) {
                return Err(Failure::invalid(format!(
                    "Duplicated primary key name: '{}'.",
                    column.name
                )));
            }
            if column.auto_increment && column.kind != PrimaryKeyType::Integer {
                return Err(Failure::invalid(
                    "AUTO_INCREMENT primary key must be integer.",
                ));
            }
        }
        if key.iter().filter(|column| column.auto_increment).count() > 1 {
            return Err(Failure::invalid(
                "AUTO_INCREMENT primary key count must <= 1.",
            ));
        }
        if key.first().is_some_and(|column| column.auto_increment) {
            return Err(Failure::invalid(format!(
                "First primary key can't be auto increment, table: {}.",
                self.name
            )));
        }
        self.check_defined_columns(names)
    }

    fn check_defined_columns(&self, names: NameRule) -> Result<(), Failure> {
        if self.defined_columns.len() > MAX_DEFINED_COLUMNS {
            return Err(Failure::invalid(format!(
                "The number of defined columns must be in range: [0, {MAX_DEFINED_COLUMNS}]."
            )));
        }
        for column in &self.defined_columns {
            names.check(&column.name)?;
            if self.primary_key.iter().any(|key| key.name == column.name) {
                return Err(Failure::invalid(format!(
                    "Duplicated attribute column name with primary key column: '{}'.",
                    column.name
                )));
            }
            let kind = column.r#type.unwrap_or_default();
            if proto::DefinedColumnType::try_from(kind).is_err() {
                return Err(Failure::invalid(format!("Invalid column type: {kind}.")));
            }
        }
        Ok(())
    }

    /// Holds the columns of a key against the table. A placeholder fits an auto-increment column,
    /// a bound fits any.
    pub(super) fn check_key(&self, key: &[InCell<'_>]) -> Result<(), Failure> {
        if key.len() != self.primary_key.len() {
            return Err(Failure::invalid_pk(format!(
                "Validate PK size fail. Input: {}, Meta: {}.",
                key.len(),
                self.primary_key.len()
            )));
        }
        for (cell, column) in key.iter().zip(&self.primary_key) {
            if cell.name != column.name {
                return Err(Failure::invalid_pk(format!(
                    "Validate PK name fail. Input: {}, Meta: {}.",
                    cell.name, column.name
                )));
            }
            let fits = matches!(
                (cell.value, column.kind),
                (Some(CellValue::Integer(_)), PrimaryKeyType::Integer)
                    | (Some(CellValue::String(_)), PrimaryKeyType::String)
                    | (Some(CellValue::Binary(_)), PrimaryKeyType::Binary)
                    | (Some(CellValue::InfMin | CellValue::InfMax), _)
            ) || (column.auto_increment && cell.value == Some(CellValue::AutoIncrement));
            if !fits {
                return Err(Failure::invalid_pk(format!(
                    "Validate PK type fail. Input: {}, Meta: {}.",
                    cell.value.map_or("VT_NULL", |value| type_name(&value)),
                    kind_name(column.kind)
                )));
            }
        }
        Ok(())
    }

    /// The declaration as answers carry it.
    pub(super) fn message(&self) -> proto::TableMeta {
        proto::TableMeta {
            table_name: self.name.clone(),
            primary_key: self
                .primary_key
                .iter()
                .map(|column| proto::PrimaryKeySchema {
                    name: column.name.clone(),
                    r#type: Some(kind_number(column.kind)),
                    option: column
                        .auto_increment
                        .then(|| proto::PrimaryKeyOption::AutoIncrement.into()),
                })
                .collect(),
            defined_column: self.defined_columns.clone(),
            index_meta: Vec::new(),
        }
    }
}

fn key_column(message: &proto::PrimaryKeySchema) -> Result<PrimaryKeyColumn, Failure> {
    let kind = match message.r#type.unwrap_or_default() {
        1 => PrimaryKeyType::Integer,
        2 => PrimaryKeyType::String,
        3 => PrimaryKeyType::Binary,
        4 => return Err(not_for_keys("DOUBLE")),
        5 => return Err(not_for_keys("BOOLEAN")),
        other => return Err(not_for_keys(&other.to_string())),
    };
    // An option of another number is as good as none: the Rust SDK sends 0 with integer columns.
    let auto_increment = i32::from(proto::PrimaryKeyOption::AutoIncrement);
    Ok(PrimaryKeyColumn {
        name: message.name.clone(),
        kind,
        auto_increment: message.option == Some(auto_increment),
    })
}

fn not_for_keys(kind: &str) -> Failure {
    Failure::invalid(format!("{kind} is an invalid type for the primary key."))
}

fn kind_name(kind: PrimaryKeyType) -> &'static str {
    match kind {
        PrimaryKeyType::Integer => "VT_INTEGER",
        PrimaryKeyType::String => "VT_STRING",
        PrimaryKeyType::Binary => "VT_BLOB",
    }
}

fn kind_number(kind: PrimaryKeyType) -> i32 {
    match kind {
        PrimaryKeyType::Integer => proto::PrimaryKeyType::Integer.into(),
        PrimaryKeyType::String => proto::PrimaryKeyType::String.into(),
        PrimaryKeyType::Binary => proto::PrimaryKeyType::Binary.into(),
    }
}

impl Options {
    /// Options with everything but the two that a table must name at its default.
    pub(super) fn new(time_to_live: i32, max_versions: i32) -> Self {
        Self {
            time_to_live,
            max_versions,
            deviation: DEFAULT_DEVIATION_SECONDS,
            allow_update: true,
        }
    }

    /// The options of `CreateTable`, judged.
    pub(super) fn read(message: Option<&proto::TableOptions>) -> Result<Self, Failure> {
        let message = message.copied().unwrap_or_default();
        let time_to_live = message
            .time_to_live
            .ok_or_else(|| Failure::invalid("Time-to-live is missing while creating table."))?;
        let max_versions = message
            .max_versions
            .ok_or_else(|| Failure::invalid("MaxVersions is missing while creating table."))?;
        Self::new(time_to_live, max_versions).changed(&message)
    }

    /// These options with those of `message` in their place, judged.
    pub(super) fn changed(mut self, message: &proto::TableOptions) -> Result<Self, Failure> {
        self.time_to_live = message.time_to_live.unwrap_or(self.time_to_live);
        self.max_versions = message.max_versions.unwrap_or(self.max_versions);
        self.deviation = message
            .deviation_cell_version_in_sec
            .unwrap_or(self.deviation);
        self.allow_update = message.allow_update.unwrap_or(self.allow_update);
        self.check()?;
        Ok(self)
    }

    /// The rules for options.
    pub(super) fn check(&self) -> Result<(), Failure> {
        if self.time_to_live == 0 || self.time_to_live < -1 {
            return Err(Failure::invalid("TimeToLive cannot be 0 or less than -1."));
        }
        if self.max_versions <= 0 {
            return Err(Failure::invalid(
                "The maximum versions cannot be less than or equal to 0.",
            ));
        }
        if !(0..=i64::MAX / 1_000_000).contains(&self.deviation) {
            return Err(Failure::invalid(
                "The maximum deviation must be in range [0, INT64_MAX/1000000].",
            ));
        }
        Ok(())
    }

    /// The options as answers carry them: all set, as the Go SDK needs them.
    pub(super) fn message(&self) -> proto::TableOptions {
        proto::TableOptions {
            time_to_live: Some(self.time_to_live),
            max_versions: Some(self.max_versions),
            deviation_cell_version_in_sec: Some(self.deviation),
            allow_update: Some(self.allow_update),
            ..proto::TableOptions::default()
        }
    }
}

impl Reserved {
    /// The units that a request names, `self` where it names none.
    pub(super) fn changed(self, message: &proto::ReservedThroughput) -> Result<Self, Failure> {
        let units = message.capacity_unit.unwrap_or_default();
        let changed = Self {
            read: units.read.unwrap_or(self.read),
            write: units.write.unwrap_or(self.write),
        };
        for units in [changed.read, changed.write] {
            if !(0..=MAX_RESERVED_UNITS).contains(&units) {
                return Err(Failure::invalid(format!(
                    "Invalid Capacity Unit:{units}. Capacity Unit must be in range: [0, {MAX_RESERVED_UNITS}]."
                )));
            }
        }
        Ok(changed)
    }
}
