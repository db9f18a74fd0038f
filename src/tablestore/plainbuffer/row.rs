//! A row as a buffer holds it: of a write, or of an answer.

use crate::tablestore::{Cell, Column, Row, Value};

/// What a buffer says of one row.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RowChange {
    /// The primary key, in the table's order.
    pub primary_key: Vec<Column>,
    /// The attribute cells, in the order written.
    pub cells: Vec<CellChange>,
    /// Whether the whole row is deleted (`DeleteRow`).
    pub delete_marker: bool,
}

/// What a buffer says of one attribute cell.
///
/// Only the form is checked by the reader. Which kinds go with a value and with a timestamp:
///
/// | kind | value | timestamp |
/// | --- | --- | --- |
/// | `Put` | yes | optional |
/// | `DeleteOne` | no | yes |
/// | `DeleteAll` | no | no |
/// | `Increment` | INTEGER | optional |
#[derive(Clone, Debug, PartialEq)]
pub struct CellChange {
    /// The column's name.
    pub name: String,
    /// The value.
    pub value: Option<Value>,
    /// What is done.
    pub kind: CellKind,
    /// The version: milliseconds since 1970.
    pub timestamp_millis: Option<i64>,
}

/// What is done to a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CellKind {
    /// It is written, or was read. Has no type byte.
    Put,
    /// One version of it is deleted.
    DeleteOne,
    /// All versions of it are deleted.
    DeleteAll,
    /// Its value is added to the stored one.
    Increment,
}

impl CellKind {
    /// The type byte, where the kind has one.
    pub(super) fn byte(self) -> Option<u8> {
        match self {
            Self::Put => None,
            Self::DeleteAll => Some(0x01),
            Self::DeleteOne => Some(0x03),
            Self::Increment => Some(0x04),
        }
    }

    /// The kind that a type byte names.
    pub(super) fn from_byte(byte: u8) -> Option<Self> {
        [Self::DeleteAll, Self::DeleteOne, Self::Increment]
            .into_iter()
            .find(|kind| kind.byte() == Some(byte))
    }
}

impl From<Row> for RowChange {
    /// The row as an answer carries it: every cell with its version.
    fn from(row: Row) -> Self {
        let cells = row.cells.into_iter().map(|cell| CellChange {
            name: cell.name,
            value: Some(cell.value),
            kind: CellKind::Put,
            timestamp_millis: Some(cell.timestamp_millis),
        });
        Self {
            primary_key: row.primary_key,
            cells: cells.collect(),
            delete_marker: false,
        }
    }
}

impl RowChange {
    /// The row of an answer; `None` where this is a change rather than a row: a cell without value
    /// or version, a cell of another kind than `Put`, a delete marker.
    pub fn into_row(self) -> Option<Row> {
        if self.delete_marker {
            return None;
        }
        let cell = |cell: CellChange| match cell {
            CellChange {
                name,
                value: Some(value),
                kind: CellKind::Put,
                timestamp_millis: Some(timestamp_millis),
            } => Some(Cell {
                name,
                value,
                timestamp_millis,
            }),
            _ => None,
        };
        let cells: Option<Vec<Cell>> = self.cells.into_iter().map(cell).collect();
        Some(Row {
            primary_key: self.primary_key,
            cells: cells?,
        })
    }
}
