//! `PlainBuffer`: the encoding of rows inside Table Store's protobuf messages.
//!
//! A row is a run of tags without an outer length; integers are little-endian:
//!
//! ```text
//! buffer = 75 00 00 00  row...
//! row    = 01 cell...  [02 cell...]  [08]  09 crc8
//! cell   = 03  04 u32 name  [05 value]  [06 u8 type]  [07 i64 timestamp]  0A crc8
//! value  = u32 n  u8 variant  payload              n = 1 + length of the payload
//! ```
//!
//! The checksum of a cell covers name, variant and payload, **timestamp, then type** (the other way
//! round than they are written); that of a row covers the checksums of its cells and one byte for
//! the delete marker. Sources: the vendor's `PlainBuffer` page, the Java SDK's `PlainBufferCodedOutputStream`.
//!
//! Two ways to write: [`write_cell`], which the batches use for every cell of every log, and
//! [`encode`] for any [`RowChange`]. One way to read, which trusts nothing. The extension of rows in
//! stream records is not known here.

mod reader;
mod row;
mod writer;

pub use self::reader::{PlainBufferError, read_primary_key, read_row, read_rows, read_variant};
pub use self::row::{CellChange, CellKind, RowChange};
pub use self::writer::{
    CellName, CellValue, cell_len, encode, encode_rows, write_cell, write_primary_key, write_row,
    write_variant,
};

/// What every buffer starts with, once, however many rows follow.
pub const HEADER: [u8; 4] = [0x75, 0, 0, 0];

/// The cells of the primary key follow.
pub const TAG_ROW_PK: u8 = 0x01;
/// The attribute cells follow; left out where there are none.
pub const TAG_ROW_DATA: u8 = 0x02;
/// A cell follows.
pub const TAG_CELL: u8 = 0x03;
/// The cell's name follows: u32 length, bytes.
pub const TAG_CELL_NAME: u8 = 0x04;
/// The cell's value follows: u32 length of all the rest, variant, payload.
pub const TAG_CELL_VALUE: u8 = 0x05;
/// The cell's type follows: one byte, see [`CellKind`].
pub const TAG_CELL_TYPE: u8 = 0x06;
/// The cell's version follows: i64 milliseconds since 1970.
pub const TAG_CELL_TIMESTAMP: u8 = 0x07;
/// The row is deleted.
pub const TAG_DELETE_ROW_MARKER: u8 = 0x08;
/// The row's checksum follows: one byte.
pub const TAG_ROW_CHECKSUM: u8 = 0x09;
/// The cell's checksum follows: one byte.
pub const TAG_CELL_CHECKSUM: u8 = 0x0A;

/// The variant bytes: which type a value has.
mod variant {
    pub(super) const INTEGER: u8 = 0x00;
    pub(super) const DOUBLE: u8 = 0x01;
    pub(super) const BOOLEAN: u8 = 0x02;
    pub(super) const STRING: u8 = 0x03;
    pub(super) const BLOB: u8 = 0x07;
    pub(super) const INF_MIN: u8 = 0x09;
    pub(super) const INF_MAX: u8 = 0x0A;
    pub(super) const AUTO_INCREMENT: u8 = 0x0B;
}

#[cfg(test)]
mod tests;
