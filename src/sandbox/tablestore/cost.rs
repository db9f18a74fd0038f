//! Data size, and the capacity units that it costs.

use super::incoming::{InCell, InRow};
use crate::tablestore::plainbuffer::CellValue;
use crate::tablestore::{CapacityUnit, proto};

/// Bytes of data that one capacity unit pays for.
const UNIT_BYTES: usize = 4096;

/// What a row of a request weighs: names and values of all cells, 8 for each given timestamp.
pub(super) fn row_size(row: &InRow<'_>) -> usize {
    key_size(&row.key) + row.cells.iter().map(cell_size).sum::<usize>()
}

/// What a key weighs.
pub(super) fn key_size(key: &[InCell<'_>]) -> usize {
    key.iter().map(cell_size).sum()
}

fn cell_size(cell: &InCell<'_>) -> usize {
    cell.name.len()
        + cell.value.map_or(0, |value| value_size(&value))
        + if cell.timestamp.is_some() { 8 } else { 0 }
}

/// What a value weighs. A key value that the service gives is an integer once it is given.
pub(super) fn value_size(value: &CellValue<'_>) -> usize {
    match value {
        CellValue::Integer(_) | CellValue::Double(_) | CellValue::AutoIncrement => 8,
        CellValue::Boolean(_) => 1,
        CellValue::String(bytes) | CellValue::Binary(bytes) => bytes.len(),
        CellValue::InfMin | CellValue::InfMax => 0,
    }
}

/// Units for `bytes` of data.
pub(super) fn units(bytes: usize) -> u32 {
    u32::try_from(bytes.div_ceil(UNIT_BYTES)).unwrap_or(u32::MAX)
}

/// What a read of `bytes` of data costs: at least one unit, also where nothing was found.
pub(super) fn of_read(bytes: usize) -> CapacityUnit {
    CapacityUnit {
        read: units(bytes).max(1),
        write: 0,
    }
}

/// The cost as answers carry it. Both numbers are always there: the Go SDK looks at both without
/// asking.
pub(super) fn message(cost: CapacityUnit) -> proto::ConsumedCapacity {
    let number = |units: u32| Some(i32::try_from(units).unwrap_or(i32::MAX));
    proto::ConsumedCapacity {
        capacity_unit: Some(proto::CapacityUnit {
            read: number(cost.read),
            write: number(cost.write),
        }),
    }
}
