//! Writing rows: the hot path for cells, and the general one for whole changes.

use std::fmt;

use super::{
    CellChange, HEADER, RowChange, TAG_CELL, TAG_CELL_CHECKSUM, TAG_CELL_NAME, TAG_CELL_TIMESTAMP,
    TAG_CELL_TYPE, TAG_CELL_VALUE, TAG_DELETE_ROW_MARKER, TAG_ROW_CHECKSUM, TAG_ROW_DATA,
    TAG_ROW_PK, variant,
};
use crate::tablestore::{Column, Value, crc8};

/// Bytes of a cell before its name: two tags and the length.
const BEFORE_NAME: usize = 6;

/// Bytes of a cell behind its value: the tag of the checksum, and the checksum.
const BEHIND_VALUE: usize = 2;

/// A column name with what never changes precomputed: the start of its cells up to the value, and
/// the checksum of the name. Made once per column, used for every row.
#[derive(Clone)]
pub struct CellName {
    /// `03 04 length name 05`.
    head: Box<[u8]>,
    /// Checksum of the name.
    crc: u8,
}

impl CellName {
    /// The column `name`: UTF-8.
    ///
    /// # Panics
    ///
    /// On a name of 4 GiB or more.
    pub fn new(name: &[u8]) -> Self {
        let mut head = Vec::with_capacity(BEFORE_NAME + name.len() + 1);
        write_name(&mut head, name);
        head.push(TAG_CELL_VALUE);
        Self {
            head: head.into(),
            crc: crc8::bytes(0, name),
        }
    }

    /// The name.
    #[inline]
    pub fn as_bytes(&self) -> &[u8] {
        &self.head[BEFORE_NAME..self.head.len() - 1]
    }
}

impl fmt::Debug for CellName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CellName")
            .field(&String::from_utf8_lossy(self.as_bytes()))
            .finish()
    }
}

/// A value to be written, borrowed from wherever it lies.
#[derive(Clone, Copy, Debug, PartialEq)]
#[expect(missing_docs, reason = "the names are the service's own")]
pub enum CellValue<'a> {
    Integer(i64),
    /// Not NaN nor infinite: the service refuses those.
    Double(f64),
    Boolean(bool),
    /// UTF-8.
    String(&'a [u8]),
    Binary(&'a [u8]),
    /// "The service gives the value"; only in the primary key of a write.
    AutoIncrement,
    /// Below every value; only in bounds of a range.
    InfMin,
    /// Above every value; only in bounds of a range.
    InfMax,
}

impl CellValue<'_> {
    /// What the value counts towards the service's 4 MiB of data per request and towards capacity
    /// units, in bytes (the Java SDK's `getDataSize`). The place of a value that the service gives
    /// counts as the integer that it will be.
    #[inline]
    pub fn data_size(&self) -> usize {
        match self {
            Self::Integer(_) | Self::Double(_) | Self::AutoIncrement => 8,
            Self::Boolean(_) => 1,
            Self::String(bytes) | Self::Binary(bytes) => bytes.len(),
            Self::InfMin | Self::InfMax => 0,
        }
    }

    /// Bytes of the payload.
    #[inline]
    fn payload_len(&self) -> usize {
        match self {
            Self::Integer(_) | Self::Double(_) => 8,
            Self::Boolean(_) => 1,
            Self::String(bytes) | Self::Binary(bytes) => 4 + bytes.len(),
            Self::AutoIncrement | Self::InfMin | Self::InfMax => 0,
        }
    }
}

impl<'a> From<&'a Value> for CellValue<'a> {
    fn from(value: &'a Value) -> Self {
        match value {
            Value::Integer(value) => Self::Integer(*value),
            Value::Double(value) => Self::Double(*value),
            Value::Boolean(value) => Self::Boolean(*value),
            Value::String(text) => Self::String(text.as_bytes()),
            Value::Binary(bytes) => Self::Binary(bytes),
            Value::AutoIncrement => Self::AutoIncrement,
            Value::InfMin => Self::InfMin,
            Value::InfMax => Self::InfMax,
        }
    }
}

/// How many bytes [`write_cell`] writes.
#[inline]
pub fn cell_len(name: &CellName, value: &CellValue<'_>) -> usize {
    // The length word and the variant byte stand before the payload.
    name.head.len() + 5 + value.payload_len() + BEHIND_VALUE
}

/// Appends a cell without type and timestamp (of a primary key, or put with the server's time) and
/// returns its checksum, which the row's checksum is made of.
///
/// # Panics
///
/// On a value of 4 GiB or more; the service takes 2 MiB.
#[inline]
pub fn write_cell(out: &mut Vec<u8>, name: &CellName, value: &CellValue<'_>) -> u8 {
    out.reserve(cell_len(name, value));
    out.extend_from_slice(&name.head);
    let crc = write_value(out, name.crc, value);
    out.extend_from_slice(&[TAG_CELL_CHECKSUM, crc]);
    crc
}

/// Appends a value without its tag and returns `crc` carried on over it.
#[inline]
fn write_value(out: &mut Vec<u8>, crc: u8, value: &CellValue<'_>) -> u8 {
    match *value {
        CellValue::Integer(value) => write_word(out, crc, variant::INTEGER, value.cast_unsigned()),
        CellValue::Double(value) => write_word(out, crc, variant::DOUBLE, value.to_bits()),
        CellValue::Boolean(value) => {
            let byte = u8::from(value);
            out.extend_from_slice(&[2, 0, 0, 0, variant::BOOLEAN, byte]);
            crc8::update(crc8::update(crc, variant::BOOLEAN), byte)
        }
        CellValue::String(bytes) => write_sized(out, crc, variant::STRING, bytes),
        CellValue::Binary(bytes) => write_sized(out, crc, variant::BLOB, bytes),
        CellValue::AutoIncrement => write_bare(out, crc, variant::AUTO_INCREMENT),
        CellValue::InfMin => write_bare(out, crc, variant::INF_MIN),
        CellValue::InfMax => write_bare(out, crc, variant::INF_MAX),
    }
}

#[inline]
fn write_word(out: &mut Vec<u8>, crc: u8, variant: u8, word: u64) -> u8 {
    let mut value = [9, 0, 0, 0, variant, 0, 0, 0, 0, 0, 0, 0, 0];
    value[5..].copy_from_slice(&word.to_le_bytes());
    out.extend_from_slice(&value);
    crc8::Sum::new(crc, variant).u64_le(word).checksum()
}

#[inline]
fn write_sized(out: &mut Vec<u8>, crc: u8, variant: u8, bytes: &[u8]) -> u8 {
    let len = length_word(bytes.len());
    let mut before = [0, 0, 0, 0, variant, 0, 0, 0, 0];
    before[..4].copy_from_slice(&length_word(bytes.len() + 5).to_le_bytes());
    before[5..].copy_from_slice(&len.to_le_bytes());
    out.extend_from_slice(&before);
    out.extend_from_slice(bytes);
    let sum = crc8::Sum::new(crc, variant).u32_le(len);
    sum.bytes(bytes).checksum()
}

#[inline]
fn write_bare(out: &mut Vec<u8>, crc: u8, variant: u8) -> u8 {
    out.extend_from_slice(&[1, 0, 0, 0, variant]);
    crc8::update(crc, variant)
}

#[inline]
fn length_word(len: usize) -> u32 {
    u32::try_from(len).expect("names and values are far below 4 GiB")
}

fn write_name(out: &mut Vec<u8>, name: &[u8]) {
    out.extend_from_slice(&[TAG_CELL, TAG_CELL_NAME]);
    out.extend_from_slice(&length_word(name.len()).to_le_bytes());
    out.extend_from_slice(name);
}

/// Appends a bare variant, as filters and partition ranges hold it: the variant byte and the
/// payload, without tag, length and checksum.
pub fn write_variant(out: &mut Vec<u8>, value: &CellValue<'_>) {
    let mut whole = Vec::with_capacity(5 + value.payload_len());
    write_value(&mut whole, 0, value);
    out.extend_from_slice(&whole[4..]);
}

/// Appends a buffer that holds a primary key alone: a key to read, a bound of a range.
pub fn write_primary_key(out: &mut Vec<u8>, key: &[Column]) {
    write_row(out, key, &[]);
}

/// Appends a buffer that holds one row to put or update, without timestamps.
pub fn write_row(out: &mut Vec<u8>, key: &[Column], columns: &[Column]) {
    out.extend_from_slice(&HEADER);
    let crc = write_section(out, 0, TAG_ROW_PK, key, write_column);
    let crc = write_section(out, crc, TAG_ROW_DATA, columns, write_column);
    end_row(out, crc, false);
}

/// The buffer of one change.
pub fn encode(row: &RowChange) -> Vec<u8> {
    encode_rows(std::slice::from_ref(row))
}

/// The buffer of several rows: one header, then row after row. No rows are a lone header.
pub fn encode_rows(rows: &[RowChange]) -> Vec<u8> {
    let mut out = HEADER.to_vec();
    for row in rows {
        let crc = write_section(&mut out, 0, TAG_ROW_PK, &row.primary_key, write_column);
        let crc = write_section(&mut out, crc, TAG_ROW_DATA, &row.cells, write_change);
        end_row(&mut out, crc, row.delete_marker);
    }
    out
}

/// Appends the cells of the key or the attributes; returns the row's checksum carried on over
/// theirs. The tag of the attributes is left out when there are none.
fn write_section<T>(
    out: &mut Vec<u8>,
    row_crc: u8,
    tag: u8,
    cells: &[T],
    write: impl Fn(&mut Vec<u8>, &T) -> u8,
) -> u8 {
    if tag == TAG_ROW_PK || !cells.is_empty() {
        out.push(tag);
    }
    cells.iter().fold(row_crc, |row_crc, cell| {
        crc8::update(row_crc, write(out, cell))
    })
}

fn write_column(out: &mut Vec<u8>, column: &Column) -> u8 {
    write_whole_cell(out, &column.name, Some(&column.value), None, None)
}

fn write_change(out: &mut Vec<u8>, cell: &CellChange) -> u8 {
    let (value, kind) = (cell.value.as_ref(), cell.kind.byte());
    write_whole_cell(out, &cell.name, value, kind, cell.timestamp_millis)
}

fn write_whole_cell(
    out: &mut Vec<u8>,
    name: &str,
    value: Option<&Value>,
    kind: Option<u8>,
    timestamp_millis: Option<i64>,
) -> u8 {
    write_name(out, name.as_bytes());
    let mut crc = crc8::bytes(0, name.as_bytes());
    if let Some(value) = value {
        out.push(TAG_CELL_VALUE);
        crc = write_value(out, crc, &CellValue::from(value));
    }
    // Written: type, then timestamp. Summed up: timestamp, then type.
    if let Some(kind) = kind {
        out.extend_from_slice(&[TAG_CELL_TYPE, kind]);
    }
    if let Some(millis) = timestamp_millis {
        out.push(TAG_CELL_TIMESTAMP);
        out.extend_from_slice(&millis.to_le_bytes());
        crc = crc8::u64_le(crc, millis.cast_unsigned());
    }
    if let Some(kind) = kind {
        crc = crc8::update(crc, kind);
    }
    out.extend_from_slice(&[TAG_CELL_CHECKSUM, crc]);
    crc
}

fn end_row(out: &mut Vec<u8>, row_crc: u8, delete_marker: bool) {
    if delete_marker {
        out.push(TAG_DELETE_ROW_MARKER);
    }
    let row_crc = crc8::update(row_crc, u8::from(delete_marker));
    out.extend_from_slice(&[TAG_ROW_CHECKSUM, row_crc]);
}
