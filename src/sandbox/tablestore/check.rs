//! The rules for rows that show without the table's schema: counts, names, types, lengths, and which
//! cells make sense. Breaking one refuses the whole request.

use super::change::{Act, CellAct};
use super::failure::Failure;
use super::incoming::{InCell, InRow};
use super::names::NameRule;
use crate::tablestore::plainbuffer::CellValue;

/// Primary key columns of a table.
pub(super) const MAX_KEY_COLUMNS: usize = 4;
/// Bytes of a STRING or BINARY key value.
const MAX_KEY_BYTES: usize = 1024;
/// Bytes of a STRING or BINARY attribute value.
const MAX_VALUE_BYTES: usize = 2 * 1024 * 1024;
/// Attribute cells of one written row in one request, and columns named by a read.
pub(super) const MAX_COLUMNS: usize = 1024;
/// Bytes of data of one write, and of one batch of writes.
pub(super) const MAX_DATA_BYTES: usize = 4 * 1024 * 1024;

/// Refuses more data than one request of `operation` may carry.
pub(super) fn check_data_size(operation: &str, size: usize) -> Result<(), Failure> {
    if size <= MAX_DATA_BYTES {
        return Ok(());
    }
    // The service ends this sentence for batches alone.
    let stop = if operation == "BatchWriteRow" {
        "."
    } else {
        ""
    };
    Err(Failure::invalid(format!(
        "The total data size of {operation} request exceeds the limit, limit size: {MAX_DATA_BYTES}, data size: {size}{stop}"
    )))
}

/// There are no local transactions here: no id is of one.
pub(super) fn check_transaction(id: Option<&str>) -> Result<(), Failure> {
    match id {
        None | Some("") => Ok(()),
        Some(_) => Err(Failure::invalid("TransactionID is invalid.")),
    }
}

/// What a key is for: placeholders belong in writes, bounds in ranges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeyUse {
    Write,
    Delete,
    Read,
    Bound,
}

/// Judges a key without the table's schema.
pub(super) fn check_key(
    key: &[InCell<'_>],
    purpose: KeyUse,
    names: NameRule,
) -> Result<(), Failure> {
    if !(1..=MAX_KEY_COLUMNS).contains(&key.len()) {
        return Err(Failure::invalid(format!(
            "The number of primary key columns must be in range: [1, {MAX_KEY_COLUMNS}]."
        )));
    }
    for (index, cell) in key.iter().enumerate() {
        check_key_cell(cell, purpose, names)?;
        let earlier = key.get(..index).unwrap_or_default();
        if earlier.iter().any(|other| other.name == cell.name) {
            return Err(Failure::invalid(format!(
                "Duplicated primary key name: '{}'.",
                cell.name
            )));
        }
    }
    Ok(())
}

fn check_key_cell(cell: &InCell<'_>, purpose: KeyUse, names: NameRule) -> Result<(), Failure> {
    let name = cell.name;
    names.check(name)?;
    if cell.op.is_some() {
        return Err(Failure::invalid(format!(
            "OpType cannot be given for primary key name :{name}."
        )));
    }
    if cell.timestamp.is_some() {
        return Err(Failure::invalid(format!(
            "Timestamp cannot be given for primary key name:{name}."
        )));
    }
    let Some(value) = cell.value else {
        return Err(Failure::invalid(format!(
            "No value is given for primary key name:{name}."
        )));
    };
    match value {
        CellValue::String(bytes) | CellValue::Binary(bytes) => {
            check_length("primary key", name, bytes.len(), MAX_KEY_BYTES)
        }
        CellValue::Integer(_) => Ok(()),
        CellValue::InfMin | CellValue::InfMax if purpose == KeyUse::Bound => Ok(()),
        CellValue::AutoIncrement => match purpose {
            KeyUse::Write => Ok(()),
            KeyUse::Delete => Err(Failure::invalid(
                "Invalid row to delete which with pk auto increment.",
            )),
            KeyUse::Read | KeyUse::Bound => Err(Failure::invalid(
                "PKAutoIncr can't be used for read operations.",
            )),
        },
        CellValue::Double(_) | CellValue::Boolean(_) | CellValue::InfMin | CellValue::InfMax => {
            Err(Failure::invalid(format!(
                "{} is an invalid type for the primary key.",
                type_name(&value)
            )))
        }
    }
}

fn check_length(what: &str, name: &str, length: usize, limit: usize) -> Result<(), Failure> {
    if length <= limit {
        return Ok(());
    }
    Err(Failure::invalid(format!(
        "The length of {what} column: '{name}' exceeds the MaxLength:{limit} with CurrentLength:{length}."
    )))
}

/// A value's type in the service's words.
pub(super) fn type_name(value: &CellValue<'_>) -> &'static str {
    match value {
        CellValue::Integer(_) => "VT_INTEGER",
        CellValue::Double(_) => "VT_DOUBLE",
        CellValue::Boolean(_) => "VT_BOOLEAN",
        CellValue::String(_) => "VT_STRING",
        CellValue::Binary(_) => "VT_BLOB",
        CellValue::AutoIncrement => "VT_AUTO_INCREMENT",
        CellValue::InfMin => "VT_INF_MIN",
        CellValue::InfMax => "VT_INF_MAX",
    }
}

/// Judges a row to be written.
pub(super) fn check_row(act: Act, row: &InRow<'_>, names: NameRule) -> Result<(), Failure> {
    match (act, row.delete_marker) {
        (Act::Delete, false) => {
            return Err(Failure::invalid(
                "Invalid request of delete row: missing RowDeleteMarker in request.",
            ));
        }
        (Act::Put | Act::Update, true) => {
            return Err(Failure::invalid(
                "Invalid request of put/update row: unexpected RowDeleteMarker in request.",
            ));
        }
        _ => {}
    }
    let purpose = if act == Act::Delete {
        KeyUse::Delete
    } else {
        KeyUse::Write
    };
    check_key(&row.key, purpose, names)?;
    match act {
        Act::Delete if !row.cells.is_empty() => {
            return Err(Failure::invalid(
                "Invalid delete row request: unexpected cells in request.",
            ));
        }
        Act::Update if row.cells.is_empty() => {
            return Err(Failure::invalid(
                "Invalid update row request: missing cells in request.",
            ));
        }
        _ => {}
    }
    if row.cells.len() > MAX_COLUMNS {
        return Err(Failure::invalid(format!(
            "The number of attribute columns exceeds the limit, limit count: {MAX_COLUMNS}, column count: {}.",
            row.cells.len()
        )));
    }
    for cell in &row.cells {
        check_cell(act, cell, row, names)?;
    }
    if act == Act::Update {
        check_increments_stand_alone(&row.cells)?;
    }
    Ok(())
}

fn check_cell(
    act: Act,
    cell: &InCell<'_>,
    row: &InRow<'_>,
    names: NameRule,
) -> Result<(), Failure> {
    let name = cell.name;
    names.check(name)?;
    if row.key.iter().any(|key| key.name == name) {
        return Err(Failure::invalid(format!(
            "Duplicated attribute column name with primary key column: '{name}'."
        )));
    }
    match (act, cell.op) {
        (Act::Put, Some(_)) => {
            return Err(Failure::invalid(format!(
                "OpType cannot be given for column name:{name} in PutRow."
            )));
        }
        (Act::Put, None) if cell.value.is_none() => {
            return Err(Failure::invalid(
                "Invalid request of put row: find cells without values.",
            ));
        }
        (_, op) => check_cell_act(cell, op)?,
    }
    if let Some(timestamp) = cell.timestamp
        && !(0..i64::MAX / 1000).contains(&timestamp)
    {
        return Err(Failure::invalid(
            "Timestamp must be in range [0, INT64_MAX/1000).",
        ));
    }
    cell.value.map_or(Ok(()), |value| check_value(name, &value))
}

fn check_cell_act(cell: &InCell<'_>, op: Option<u8>) -> Result<(), Failure> {
    let name = cell.name;
    match op {
        None if cell.value.is_none() => Err(Failure::invalid(format!(
            "Invalid cell: {name}. Reason: missing value."
        ))),
        Some(1 | 3) if cell.value.is_some() => Err(Failure::invalid(
            "Column value cannot be given when type is DELETE_ONE_VERSION,DELETE_ALL_VERSION.",
        )),
        Some(1) if cell.timestamp.is_some() => Err(Failure::invalid(
            "Timestamp cannot be given when type is DELETE_ALL_VERSION.",
        )),
        Some(3) if cell.timestamp.is_none() => Err(Failure::invalid(
            "Timestamp must be given when type is DELETE_ONE_VERSION.",
        )),
        None | Some(1 | 3) => Ok(()),
        Some(4) => match cell.value {
            Some(CellValue::Integer(_)) => Ok(()),
            Some(value) => Err(Failure::invalid(format!(
                "{} is an invalid type for the increment of column: '{name}'.",
                type_name(&value)
            ))),
            None => Err(Failure::invalid(format!(
                "Invalid cell: {name}. Reason: missing value."
            ))),
        },
        Some(other) => Err(Failure::invalid(format!(
            "Invalid op type of cell: {other}."
        ))),
    }
}

fn check_value(name: &str, value: &CellValue<'_>) -> Result<(), Failure> {
    match value {
        CellValue::String(bytes) | CellValue::Binary(bytes) => {
            check_length("attribute", name, bytes.len(), MAX_VALUE_BYTES)
        }
        CellValue::Double(value) if value.is_nan() => {
            Err(Failure::invalid("NaN can't be set to double value."))
        }
        CellValue::Double(value) if value.is_infinite() => {
            Err(Failure::invalid("Infinity can't be set to double value."))
        }
        CellValue::Integer(_) | CellValue::Double(_) | CellValue::Boolean(_) => Ok(()),
        CellValue::AutoIncrement | CellValue::InfMin | CellValue::InfMax => {
            Err(Failure::invalid(format!(
                "{} is an invalid type for the attribute column.",
                type_name(value)
            )))
        }
    }
}

/// A column that is incremented must not occur a second time in the request.
fn check_increments_stand_alone(cells: &[InCell<'_>]) -> Result<(), Failure> {
    if cells.iter().all(|cell| cell.act() != CellAct::Increment) {
        return Ok(());
    }
    let mut names: Vec<_> = cells
        .iter()
        .map(|cell| (cell.name, cell.act() == CellAct::Increment))
        .collect();
    names.sort_unstable();
    let clash = names.windows(2).find(
        |pair| matches!(pair, [(left, one), (right, two)] if left == right && (*one || *two)),
    );
    match clash {
        Some([(name, _), ..]) => Err(Failure::invalid(format!(
            "Column '{name}' has another operation besides its INCREMENT."
        ))),
        _ => Ok(()),
    }
}
