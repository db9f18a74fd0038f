//! Writes as they are asked for, and everything about them that can be judged without the table.
//!
//! The service refuses a whole request for a fault that shows without the table's schema, and a
//! single row of a batch for one that does not: the line between this file and `table.rs`.

use super::check::check_row;
use super::cost;
use super::failure::Failure;
use super::filter::Filter;
use super::incoming::{InCell, InRow, read_row};
use super::key::{Key, Part};
use super::names::NameRule;
use crate::tablestore::plainbuffer::CellValue;
use crate::tablestore::{RowExistence, proto};

/// What a write does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Act {
    Put,
    Update,
    Delete,
}

/// What one cell of an `UpdateRow` does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CellAct {
    Put,
    DeleteOne,
    DeleteAll,
    Increment,
}

/// What a write expects.
#[derive(Clone, Debug)]
pub(super) struct Condition {
    pub(super) existence: RowExistence,
    pub(super) columns: Option<Filter>,
}

/// What a write gives back besides what it cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Returns {
    Nothing,
    Key,
    /// The named columns as they are afterwards; none named: those that the request touches.
    AfterModify(Vec<String>),
}

/// One write, sound as far as it can be told without the table.
#[derive(Clone, Debug)]
pub(super) struct Change<'a> {
    pub(super) act: Act,
    pub(super) row: InRow<'a>,
    pub(super) condition: Condition,
    pub(super) returns: Returns,
    /// Bytes of names and values.
    pub(super) data_size: usize,
}

impl<'a> Change<'a> {
    /// Reads and judges one write.
    pub(super) fn read(
        act: Act,
        row: &'a [u8],
        condition: Option<&proto::Condition>,
        returns: Option<&proto::ReturnContent>,
        names: NameRule,
    ) -> Result<Self, Failure> {
        let row = read_row(row)?;
        check_row(act, &row, names)?;
        let change = Self {
            act,
            data_size: cost::row_size(&row),
            row,
            condition: Condition::read(condition, names)?,
            returns: Returns::read(returns)?,
        };
        change.check_auto_increment()?;
        Ok(change)
    }

    /// Whether the key leaves a column to the service.
    pub(super) fn has_auto_increment(&self) -> bool {
        self.row
            .key
            .iter()
            .any(|cell| cell.value == Some(CellValue::AutoIncrement))
    }

    /// Whether a cell adds to what is there.
    pub(super) fn has_increment(&self) -> bool {
        self.act == Act::Update
            && self
                .row
                .cells
                .iter()
                .any(|cell| cell.act() == CellAct::Increment)
    }

    /// The key as it was sent, to tell equal rows of one request; without the schema.
    pub(super) fn sent_key(&self) -> Key {
        Key::new(self.row.key.iter().map(|cell| part(cell.value)))
    }

    /// Rows with a placeholder take no condition: there is no row to hold it against.
    fn check_auto_increment(&self) -> Result<(), Failure> {
        if !self.has_auto_increment() {
            return Ok(());
        }
        if self.condition.columns.is_some() {
            return Err(Failure::invalid(
                "Can't set condition when modify row with pk auto increment.",
            ));
        }
        let expect = match self.condition.existence {
            RowExistence::Ignore => return Ok(()),
            RowExistence::ExpectExist => "EXPECT_EXIST",
            RowExistence::ExpectNotExist => "EXPECT_NOT_EXIST",
        };
        Err(Failure::invalid(format!(
            "Invalid expect:{expect} when modify row with pk auto increment."
        )))
    }
}

impl InCell<'_> {
    /// What the cell does; unknown type bytes were refused when it was judged.
    pub(super) fn act(&self) -> CellAct {
        match self.op {
            None => CellAct::Put,
            Some(1) => CellAct::DeleteAll,
            Some(3) => CellAct::DeleteOne,
            Some(_) => CellAct::Increment,
        }
    }
}

/// A key value as a part of a [`Key`]; what no key can hold counts as its lower bound.
pub(super) fn part(value: Option<CellValue<'_>>) -> Part<'_> {
    match value {
        Some(CellValue::Integer(value)) => Part::Integer(value),
        Some(CellValue::String(bytes) | CellValue::Binary(bytes)) => Part::Bytes(bytes),
        Some(CellValue::InfMax) => Part::Above,
        _ => Part::Below,
    }
}

impl Condition {
    fn read(message: Option<&proto::Condition>, names: NameRule) -> Result<Self, Failure> {
        let message = message.ok_or_else(Failure::unparsed)?;
        let existence = match message.row_existence {
            0 => RowExistence::Ignore,
            1 => RowExistence::ExpectExist,
            2 => RowExistence::ExpectNotExist,
            other => {
                return Err(Failure::invalid(format!(
                    "Invalid row-existence expectation: {other}."
                )));
            }
        };
        // SDKs send an empty condition where none is set.
        let columns = match message.column_condition.as_deref() {
            None | Some([]) => None,
            Some(bytes) => Some(Filter::condition(bytes, names)?),
        };
        Ok(Self { existence, columns })
    }

    /// Whether anything is expected at all.
    pub(super) fn is_set(&self) -> bool {
        self.existence != RowExistence::Ignore || self.columns.is_some()
    }
}

impl Returns {
    fn read(message: Option<&proto::ReturnContent>) -> Result<Self, Failure> {
        let Some(message) = message else {
            return Ok(Self::Nothing);
        };
        match message.return_type.unwrap_or_default() {
            0 => Ok(Self::Nothing),
            1 => Ok(Self::Key),
            2 => Ok(Self::AfterModify(message.return_column_names.clone())),
            other => Err(Failure::invalid(format!("Invalid return type: {other}."))),
        }
    }
}
