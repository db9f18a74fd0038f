//! Rows in Table Store's encoding.
//!
//! Input: one byte that says how the rest is taken: as a buffer, or as what a row is made of.

use arbitrary::Unstructured;
use loghub_shipper::tablestore::plainbuffer::{
    self, CellKind, CellName, CellValue, RowChange, cell_len, encode, encode_rows,
    read_primary_key, read_row, read_rows, read_variant, write_cell, write_row, write_variant,
};
use loghub_shipper::tablestore::{Column, crc8};

use super::shape;

/// What is read is written again as it was; what is written is read again as it was; checksums are
/// those of a loop over bits.
pub fn run(data: &[u8]) {
    let Some((how, rest)) = data.split_first() else {
        return;
    };
    if how & 1 == 0 {
        read(rest);
    } else {
        write(&mut Unstructured::new(rest));
    }
    assert_eq!(crc8::bytes(*how, rest), naive_crc(*how, rest));
}

fn read(data: &[u8]) {
    if let Ok(row) = read_row(data) {
        let trimmed = data
            .iter()
            .rposition(|byte| *byte != 0)
            .map_or(0, |last| last + 1);
        assert_written_again(&encode(&row), data, trimmed);
        let key = read_primary_key(data);
        assert_eq!(key.is_ok(), !row.delete_marker && row.cells.is_empty());
        drop(row.into_row());
    }
    if let Ok(rows) = read_rows(data) {
        assert_written_again(&encode_rows(&rows), data, data.len());
    }
    if let Ok(value) = read_variant(data) {
        let mut again = Vec::new();
        write_variant(&mut again, &CellValue::from(&value));
        assert_eq!(again, data);
    }
}

/// Equal to what was read, less zeros behind it. A buffer may also say that attributes follow where
/// none do, and have no header where there are no rows: then it reads as it did, in fewer bytes.
#[track_caller]
fn assert_written_again(again: &[u8], read: &[u8], least: usize) {
    if again.len() >= least && !read.is_empty() {
        let (same, zeros) = read.split_at(again.len());
        assert_eq!(same, again);
        assert!(zeros.iter().all(|byte| *byte == 0));
    } else {
        let rows = read_rows(again).expect("it was just written");
        assert_eq!(encode_rows(&rows), again);
    }
}

fn write(input: &mut Unstructured<'_>) {
    let Ok(row) = shape::row(input) else { return };
    let whole = encode(&row);
    let again = read_row(&whole).expect("it was just written");
    assert_eq!(encode(&again), whole);
    assert_eq!(again.cells.len(), row.cells.len());
    assert_eq!(again.delete_marker, row.delete_marker);

    if let Some(columns) = put_columns(&row) {
        let mut straight = Vec::new();
        write_row(&mut straight, &row.primary_key, &columns);
        assert_eq!(straight, whole);
        check_cells(&row.primary_key);
        check_cells(&columns);
    }

    // A byte changed anywhere: whatever it reads as then is no reason to panic.
    let mut damaged = whole;
    if let (Ok(at), Ok(byte)) = (input.choose_index(damaged.len()), input.arbitrary()) {
        damaged[at] = byte;
        read(&damaged);
    }
}

/// The columns of a row that only puts values, without versions.
fn put_columns(row: &RowChange) -> Option<Vec<Column>> {
    let column = |cell: &plainbuffer::CellChange| {
        let is_plain = cell.kind == CellKind::Put && cell.timestamp_millis.is_none();
        Some(Column {
            name: cell.name.clone(),
            value: cell.value.clone().filter(|_| is_plain)?,
        })
    };
    let columns: Option<_> = row.cells.iter().map(column).collect();
    columns.filter(|_| !row.delete_marker)
}

/// A cell is as long as announced, and its checksum stands at its end.
fn check_cells(columns: &[Column]) {
    for column in columns {
        let name = CellName::new(column.name.as_bytes());
        let value = CellValue::from(&column.value);
        let mut out = Vec::new();
        let crc = write_cell(&mut out, &name, &value);
        assert_eq!(out.len(), cell_len(&name, &value));
        assert_eq!(out.last(), Some(&crc));
    }
}

/// Polynomial 0x07, a bit at a time.
fn naive_crc(seed: u8, data: &[u8]) -> u8 {
    data.iter().fold(seed, |crc, byte| {
        (0..8).fold(crc ^ byte, |crc, _| {
            (crc << 1) ^ if crc & 0x80 == 0 { 0 } else { 7 }
        })
    })
}
