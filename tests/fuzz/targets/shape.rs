//! Rows, keys and values out of a fuzzer's bytes: well-formed, and likely to meet.

use arbitrary::{Result, Unstructured};
use loghub_shipper::tablestore::plainbuffer::{CellChange, CellKind, RowChange};
use loghub_shipper::tablestore::{Column, Value};

/// Column names that occur often enough to meet; any other one now and then.
const NAMES: [&str; 6] = ["a", "b", "c", "user-agent", "_x", ""];

/// Names of primary key columns.
const KEY_NAMES: [&str; 4] = ["pk", "seq", "bin", "no"];

/// A column's name.
pub(super) fn name(input: &mut Unstructured<'_>) -> Result<String> {
    Ok(if input.ratio(1, 8)? {
        input.arbitrary()?
    } else {
        (*input.choose(&NAMES)?).to_owned()
    })
}

/// Any value.
pub(super) fn value(input: &mut Unstructured<'_>) -> Result<Value> {
    Ok(match input.int_in_range(0..=9)? {
        0 | 1 => Value::Integer(small(input)?),
        2 => Value::Double(input.arbitrary()?),
        3 => Value::Boolean(input.arbitrary()?),
        4 | 5 => Value::String(text(input)?),
        6 => Value::Binary(input.arbitrary::<Vec<u8>>()?.into()),
        7 => Value::InfMin,
        8 => Value::InfMax,
        _ => Value::AutoIncrement,
    })
}

/// A value of a primary key that there is likely a row for.
pub(super) fn key_value(input: &mut Unstructured<'_>) -> Result<Value> {
    Ok(match input.int_in_range(0..=7)? {
        0..=5 => Value::String((*input.choose(&["a", "b", "c", "d", ""])?).to_owned()),
        _ => value(input)?,
    })
}

/// A primary key of the column `pk`, seldom of others.
pub(super) fn key(input: &mut Unstructured<'_>) -> Result<Vec<Column>> {
    let mut key = vec![Column {
        name: "pk".to_owned(),
        value: key_value(input)?,
    }];
    if input.ratio(1, 4)? {
        key.truncate(input.int_in_range(0..=1)?);
        for _ in 0..input.int_in_range(0..=4)? {
            key.push(Column {
                name: (*input.choose(&KEY_NAMES)?).to_owned(),
                value: value(input)?,
            });
        }
    }
    Ok(key)
}

/// A whole change.
pub(super) fn row(input: &mut Unstructured<'_>) -> Result<RowChange> {
    let primary_key = key(input)?;
    let mut cells = Vec::new();
    for _ in 0..input.int_in_range(0..=6)? {
        cells.push(cell(input)?);
    }
    Ok(RowChange {
        primary_key,
        cells,
        delete_marker: input.ratio(1, 8)?,
    })
}

fn cell(input: &mut Unstructured<'_>) -> Result<CellChange> {
    let kind = *input.choose(&[
        CellKind::Put,
        CellKind::Put,
        CellKind::DeleteOne,
        CellKind::DeleteAll,
        CellKind::Increment,
    ])?;
    let is_usual = input.ratio(7, 8)?;
    let has_value = is_usual == matches!(kind, CellKind::Put | CellKind::Increment);
    let has_version = if is_usual {
        kind == CellKind::DeleteOne || (kind != CellKind::DeleteAll && input.arbitrary()?)
    } else {
        input.arbitrary()?
    };
    let value = match kind {
        _ if !has_value => None,
        CellKind::Increment if is_usual => Some(Value::Integer(small(input)?)),
        _ => Some(value(input)?),
    };
    Ok(CellChange {
        name: name(input)?,
        value,
        kind,
        timestamp_millis: if has_version {
            Some(small(input)?)
        } else {
            None
        },
    })
}

/// An integer, mostly small: versions and values are to meet, and the ends of the range to occur.
pub(super) fn small(input: &mut Unstructured<'_>) -> Result<i64> {
    Ok(match input.int_in_range(0..=7)? {
        0 => input.arbitrary()?,
        1 => i64::MAX,
        2 => i64::MIN,
        _ => input.int_in_range(-2..=4)?,
    })
}

fn text(input: &mut Unstructured<'_>) -> Result<String> {
    Ok(if input.ratio(1, 4)? {
        input.arbitrary()?
    } else {
        (*input.choose(&["", "a", "12", "1.5", "x 7 y"])?).to_owned()
    })
}
