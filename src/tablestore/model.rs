//! The words of Table Store as types.

use std::fmt;

use bytes::Bytes;

use super::error::RowError;

/// A name that Table Store would refuse.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} {name:?} {fault}")]
pub struct NameError {
    /// Which kind of name.
    pub what: &'static str,
    /// The name as given.
    pub name: String,
    /// What is wrong with it, and what would be right.
    pub fault: &'static str,
}

/// The name of an instance: the namespace of tables.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct InstanceName(Box<str>);

impl InstanceName {
    /// 3 to 16 letters, digits or `-`, first a letter, last not `-`.
    pub fn new(name: &str) -> Result<Self, NameError> {
        let bytes = name.as_bytes();
        let good = (3..=16).contains(&bytes.len())
            && bytes
                .iter()
                .all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-')
            && bytes.first().is_some_and(u8::is_ascii_alphabetic)
            && bytes.last() != Some(&b'-');
        if good {
            Ok(Self(name.into()))
        } else {
            Err(NameError {
                what: "instance",
                name: name.to_owned(),
                fault: "must have 3 to 16 letters, digits or '-', start with a letter and not end with '-'",
            })
        }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The name of a table.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TableName(Box<str>);

impl TableName {
    /// 1 to 255 letters, digits or `_`, not starting with a digit.
    pub fn new(name: &str) -> Result<Self, NameError> {
        if is_documented_name(name.as_bytes()) {
            Ok(Self(name.into()))
        } else {
            Err(NameError {
                what: "table",
                name: name.to_owned(),
                fault: "must have 1 to 255 letters, digits or '_', and not start with a digit",
            })
        }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether a table or column name follows the documented rule, `[A-Za-z_][A-Za-z0-9_]{0,254}`.
pub fn is_documented_name(name: &[u8]) -> bool {
    name.len() <= 255
        && name
            .first()
            .is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b'_')
        && name
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
}

impl fmt::Display for InstanceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The type of a primary key column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PrimaryKeyType {
    /// A signed 64-bit integer.
    Integer,
    /// UTF-8 text of at most 1,024 bytes.
    String,
    /// At most 1,024 bytes.
    Binary,
}

impl fmt::Display for PrimaryKeyType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Integer => "INTEGER",
            Self::String => "STRING",
            Self::Binary => "BINARY",
        })
    }
}

/// One column of a table's primary key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrimaryKeyColumn {
    /// Its name.
    pub name: String,
    /// Its type.
    pub kind: PrimaryKeyType,
    /// Whether the service gives the value (INTEGER only, never the first column).
    pub auto_increment: bool,
}

/// A table as `DescribeTable` shows it: what a writer needs of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableDescription {
    /// The table.
    pub name: TableName,
    /// Its primary key, in order.
    pub primary_key: Vec<PrimaryKeyColumn>,
    /// Seconds that a cell lives; -1 = for ever.
    pub time_to_live_seconds: i32,
    /// Versions kept of a cell.
    pub max_versions: i32,
    /// `false` forbids `UpdateRow`.
    pub allow_update: bool,
}

/// A value of a cell or of a primary key column.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the names are the service's own")]
pub enum Value {
    Integer(i64),
    Double(f64),
    Boolean(bool),
    String(String),
    Binary(Bytes),
    /// Below every value; only in bounds of a range.
    InfMin,
    /// Above every value; only in bounds of a range.
    InfMax,
    /// "The service gives the value"; only in writes.
    AutoIncrement,
}

/// A column of a row as it is written.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: Value,
}

/// An attribute cell as it is read: a column with the version of its value.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    /// The column's name.
    pub name: String,
    /// The value.
    pub value: Value,
    /// Version: milliseconds since 1970.
    pub timestamp_millis: i64,
}

/// A row as it is read.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Primary key, in the table's order.
    pub primary_key: Vec<Column>,
    /// Attribute cells, sorted by column name, newest version of a column first.
    pub cells: Vec<Cell>,
}

/// What a write expects of the row before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the service's own")]
pub enum RowExistence {
    Ignore,
    ExpectExist,
    ExpectNotExist,
}

/// What reads and writes cost, as the service reports it (4 KiB each).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CapacityUnit {
    /// Read capacity units.
    pub read: u32,
    /// Write capacity units.
    pub write: u32,
}

/// What became of one row of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowOutcome {
    /// Written; what it cost.
    Written(CapacityUnit),
    /// Refused.
    Refused(RowError),
}

/// What became of the rows of one `BatchWriteRow`, in the order of the request.
pub type BatchOutcome = Vec<RowOutcome>;
