//! `BatchWriteRow` bodies, written straight into the bytes that go on the wire.
//!
//! A body holds rows of one table. The sizes of a row are known before it is written, so every
//! length is a canonical varint and nothing is moved, except that the table's own length stands
//! at the front: a gap is left for it and [`BatchBuilder::finish`] slices off what was not needed.
//!
//! ```text
//! BatchWriteRowRequest          { repeated TableInBatchWriteRowRequest = 1 }
//! TableInBatchWriteRowRequest   { string table_name = 1; repeated RowInBatchWriteRowRequest = 2 }
//! RowInBatchWriteRowRequest     { OperationType type = 1; bytes row_change = 2; Condition condition = 3 }
//! ```

use std::ops::Range;

use bytes::Bytes;

use super::crc8;
use super::model::{RowExistence, TableName};
use super::plainbuffer::{self, CellName, CellValue, PlainBufferError, RowChange};

/// Rows in one `BatchWriteRow` (vendor page "Limits").
pub const MAX_ROWS: usize = 200;

/// Data size of one `BatchWriteRow`, in bytes (vendor page "Limits"; measured by the Java SDK's tests).
pub const MAX_DATA_BYTES: usize = 4 << 20;

/// The HTTP body of one request: "5 MB" on the vendor's page, taken in the smaller of two senses.
pub const MAX_BODY_BYTES: usize = 5_000_000;

/// Attribute columns that one row of a request may carry (vendor page "Limits").
pub const MAX_COLUMNS: usize = 1024;

/// Bytes of a STRING or BINARY primary key value.
pub const MAX_KEY_BYTES: usize = 1024;

/// Bytes of a STRING or BINARY attribute value.
pub const MAX_VALUE_BYTES: usize = 2 << 20;

/// What each cell is counted besides name and value: the service may count the version that it
/// assigns itself, and the vendor's texts leave it open.
const VERSION_BYTES: usize = 8;

/// `Condition { row_existence }`, as field 3 of a row.
const CONDITION_LEN: usize = 4;

/// What a row of a batch does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowKind {
    /// `UpdateRow`: sets the given cells, leaves all others.
    Update,
    /// `PutRow` of a row that has nothing but its key, under the given expectation: `UpdateRow`
    /// without a cell is refused.
    KeyOnly(RowExistence),
}

/// A primary key as a row carries it, encoded once. The buffer is kept between rows.
#[derive(Clone, Debug, Default)]
pub struct EncodedKey {
    cells: Vec<u8>,
    crc: u8,
    data_bytes: usize,
}

impl EncodedKey {
    /// Forgets the key, keeps the buffer.
    pub fn clear(&mut self) {
        self.cells.clear();
        self.crc = 0;
        self.data_bytes = 0;
    }

    /// Adds the next column, in the table's order.
    pub fn push(&mut self, name: &CellName, value: &CellValue<'_>) {
        let checksum = plainbuffer::write_cell(&mut self.cells, name, value);
        self.crc = crc8::update(self.crc, checksum);
        self.data_bytes += name.as_bytes().len() + value.data_size();
    }

    /// The encoded cells: equal keys have equal bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.cells
    }

    /// What the key counts towards the data size of a request.
    pub fn data_bytes(&self) -> usize {
        self.data_bytes
    }
}

/// What a cell counts towards the data size of a request, and how long it is encoded.
#[inline]
pub fn cell_size(name: &CellName, value: &CellValue<'_>) -> CellSize {
    CellSize {
        data_bytes: name.as_bytes().len() + value.data_size() + VERSION_BYTES,
        encoded_bytes: plainbuffer::cell_len(name, value),
    }
}

/// The two measures of a cell or of several.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CellSize {
    /// Towards [`MAX_DATA_BYTES`].
    pub data_bytes: usize,
    /// Towards [`MAX_BODY_BYTES`].
    pub encoded_bytes: usize,
}

impl std::ops::AddAssign for CellSize {
    fn add_assign(&mut self, other: Self) {
        self.data_bytes += other.data_bytes;
        self.encoded_bytes += other.encoded_bytes;
    }
}

/// The row does not fit into what is left of the batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full;

/// Where a row stands in a body, and what it counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowSpan {
    /// The row's field of the table message, tag and length included.
    whole: Range<usize>,
    /// The encoded cells of its primary key.
    key: Range<usize>,
    data_bytes: usize,
}

/// A batch being written.
#[derive(Debug)]
pub struct BatchBuilder {
    /// A gap for the head, then the rows.
    body: Vec<u8>,
    /// Length of the gap: the head at its longest.
    gap: usize,
    table: TableName,
    rows: Vec<RowSpan>,
    data_bytes: usize,
}

impl BatchBuilder {
    /// An empty batch for `table`, with room for `capacity` bytes of rows.
    pub fn new(table: &TableName, capacity: usize) -> Self {
        let gap = 1 + varint_len(MAX_BODY_BYTES) + name_field_len(table);
        let mut body = Vec::with_capacity(gap + capacity);
        body.resize(gap, 0);
        Self {
            body,
            gap,
            table: table.clone(),
            rows: Vec::new(),
            data_bytes: 0,
        }
    }

    /// The rows so far.
    pub fn rows(&self) -> &[RowSpan] {
        &self.rows
    }

    /// Data size of the rows so far, as the service counts it.
    pub fn data_bytes(&self) -> usize {
        self.data_bytes
    }

    /// Whether no row was added.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The encoded primary key of a row: equal keys have equal bytes.
    pub fn key(&self, row: &RowSpan) -> &[u8] {
        &self.body[row.key.clone()]
    }

    /// Adds a row; `size` is the sum of its cells' [`cell_size`]s. The caller keeps the cells
    /// within [`MAX_COLUMNS`], and gives none for [`RowKind::KeyOnly`].
    pub fn push<'c>(
        &mut self,
        kind: RowKind,
        key: &EncodedKey,
        size: CellSize,
        cells: impl Iterator<Item = (&'c CellName, CellValue<'c>)>,
    ) -> Result<(), Full> {
        let has_cells = size.encoded_bytes > 0;
        let row_len = plainbuffer::HEADER.len()
            + 1
            + key.cells.len()
            + if has_cells { 1 + size.encoded_bytes } else { 0 }
            + 2;
        let message_len = 2 + 1 + varint_len(row_len) + row_len + CONDITION_LEN;
        let data_bytes = key.data_bytes + size.data_bytes;
        self.make_room(1 + varint_len(message_len) + message_len, data_bytes)?;

        let start = self.body.len();
        let body = &mut self.body;
        let (operation, existence) = match kind {
            RowKind::Update => (2, RowExistence::Ignore),
            RowKind::KeyOnly(existence) => (1, existence),
        };
        body.push(0x12);
        push_varint(body, message_len);
        body.extend_from_slice(&[0x08, operation, 0x12]);
        push_varint(body, row_len);
        body.extend_from_slice(&plainbuffer::HEADER);
        body.push(plainbuffer::TAG_ROW_PK);
        let key_start = body.len();
        body.extend_from_slice(&key.cells);
        let key_end = body.len();
        let mut crc = key.crc;
        if has_cells {
            body.push(plainbuffer::TAG_ROW_DATA);
            for (name, value) in cells {
                crc = crc8::update(crc, plainbuffer::write_cell(body, name, &value));
            }
        }
        // The byte of the delete marker, which is not set, is part of the row's checksum.
        crc = crc8::update(crc, 0);
        let existence = match existence {
            RowExistence::Ignore => 0,
            RowExistence::ExpectExist => 1,
            RowExistence::ExpectNotExist => 2,
        };
        body.extend_from_slice(&[plainbuffer::TAG_ROW_CHECKSUM, crc, 0x1a, 2, 0x08, existence]);
        let end = body.len();
        debug_assert_eq!(end - start, 1 + varint_len(message_len) + message_len);
        self.rows.push(RowSpan {
            whole: start..end,
            key: key_start..key_end,
            data_bytes,
        });
        Ok(())
    }

    /// Adds an update with cells of any names, which need not be encoded before: not for the many
    /// rows of a busy shard.
    pub fn push_values<'c>(
        &mut self,
        key: &EncodedKey,
        cells: impl IntoIterator<Item = (&'c str, CellValue<'c>)>,
    ) -> Result<(), Full> {
        let cells: Vec<_> = cells
            .into_iter()
            .map(|(name, value)| (CellName::new(name.as_bytes()), value))
            .collect();
        let mut size = CellSize::default();
        for (name, value) in &cells {
            size += cell_size(name, value);
        }
        let cells = cells.iter().map(|(name, value)| (name, *value));
        self.push(RowKind::Update, key, size, cells)
    }

    /// Adds a row of a finished batch as it is.
    pub fn push_copy(&mut self, from: &Batch, row: &RowSpan) -> Result<(), Full> {
        self.push_encoded(&from.body[row.whole.clone()], row)
    }

    /// Adds a row of another batch still being written, as it is.
    pub fn push_row_of(&mut self, from: &Self, row: &RowSpan) -> Result<(), Full> {
        self.push_encoded(&from.body[row.whole.clone()], row)
    }

    fn push_encoded(&mut self, encoded: &[u8], row: &RowSpan) -> Result<(), Full> {
        self.make_room(encoded.len(), row.data_bytes)?;
        let shift = |at: usize| at - row.whole.start + self.body.len();
        let span = RowSpan {
            whole: shift(row.whole.start)..shift(row.whole.end),
            key: shift(row.key.start)..shift(row.key.end),
            data_bytes: row.data_bytes,
        };
        self.body.extend_from_slice(encoded);
        self.rows.push(span);
        Ok(())
    }

    /// Counts a row in, if every limit allows it.
    fn make_room(&mut self, encoded_bytes: usize, data_bytes: usize) -> Result<(), Full> {
        let fits = self.rows.len() < MAX_ROWS
            && self.data_bytes + data_bytes <= MAX_DATA_BYTES
            && self.body.len() + encoded_bytes <= MAX_BODY_BYTES;
        if !fits {
            return Err(Full);
        }
        self.data_bytes += data_bytes;
        Ok(())
    }

    /// The whole request body.
    pub fn finish(mut self) -> Batch {
        let name = self.table.as_str().as_bytes();
        let table_len = name_field_len(&self.table) + self.body.len() - self.gap;
        let mut head = Vec::with_capacity(self.gap);
        head.push(0x0a);
        push_varint(&mut head, table_len);
        head.push(0x0a);
        push_varint(&mut head, name.len());
        head.extend_from_slice(name);
        let start = self.gap - head.len();
        self.body[start..self.gap].copy_from_slice(&head);
        Batch {
            body: Bytes::from(self.body),
            start,
            table: self.table,
            rows: self.rows,
        }
    }
}

/// A finished batch: cheap to clone, its rows can be copied into others.
#[derive(Clone, Debug)]
pub struct Batch {
    body: Bytes,
    start: usize,
    table: TableName,
    rows: Vec<RowSpan>,
}

impl Batch {
    /// An empty batch for the same table. It takes up no more room than the rows that it gets,
    /// which may be few of many.
    pub fn builder(&self) -> BatchBuilder {
        BatchBuilder::new(&self.table, 0)
    }

    /// Whether the rows of both fit into one batch.
    pub fn has_room_for(&self, other: &Self) -> bool {
        let data_bytes = |batch: &Self| batch.rows.iter().map(|row| row.data_bytes).sum::<usize>();
        self.rows.len() + other.rows.len() <= MAX_ROWS
            && data_bytes(self) + data_bytes(other) <= MAX_DATA_BYTES
            && self.body.len() + other.body.len() <= MAX_BODY_BYTES
    }

    /// The request body.
    pub fn body(&self) -> Bytes {
        self.body.slice(self.start..)
    }

    /// Its rows, in order.
    pub fn rows(&self) -> &[RowSpan] {
        &self.rows
    }

    /// Its rows, read back.
    pub fn changes(&self) -> Result<Vec<RowChange>, PlainBufferError> {
        let rows = self.rows.iter();
        rows.map(|row| plainbuffer::read_row(self.row_change(row)))
            .collect()
    }

    /// A copy without the cells of which `is_out` says so, by the row's place and the column's
    /// name, and the places that its rows have here: a row of which no cell is left is left out,
    /// one that had none is kept.
    pub fn without(
        &self,
        is_out: impl Fn(usize, &str) -> bool,
    ) -> Result<(Self, Vec<usize>), PlainBufferError> {
        let mut builder = self.builder();
        let mut places = Vec::with_capacity(self.rows.len());
        for ((place, row), change) in self.rows.iter().enumerate().zip(self.changes()?) {
            let had = change.cells.len();
            let mut cells = change.cells;
            cells.retain(|cell| !is_out(place, &cell.name));
            if cells.len() == had {
                let copied = builder.push_copy(self, row);
                debug_assert_eq!(copied, Ok(()), "a part of a batch fits into a batch");
            } else if cells.is_empty() {
                continue;
            } else {
                let columns = change.primary_key.iter();
                let mut key = EncodedKey::default();
                columns.for_each(|column| {
                    let name = CellName::new(column.name.as_bytes());
                    key.push(&name, &CellValue::from(&column.value));
                });
                let pushed = builder.push_values(
                    &key,
                    cells.iter().filter_map(|cell| {
                        Some((cell.name.as_str(), CellValue::from(cell.value.as_ref()?)))
                    }),
                );
                debug_assert_eq!(pushed, Ok(()), "a part of a batch fits into a batch");
            }
            places.push(place);
        }
        Ok((builder.finish(), places))
    }

    /// The encoded row of an entry: what stands between its head and its condition.
    fn row_change(&self, row: &RowSpan) -> &[u8] {
        let start = row.key.start - plainbuffer::HEADER.len() - 1;
        &self.body[start..row.whole.end - CONDITION_LEN]
    }
}

/// Field 1 of the table message: tag, length, name.
fn name_field_len(table: &TableName) -> usize {
    let len = table.as_str().len();
    1 + varint_len(len) + len
}

fn varint_len(number: usize) -> usize {
    let mut rest = number >> 7;
    let mut len = 1;
    while rest > 0 {
        rest >>= 7;
        len += 1;
    }
    len
}

fn push_varint(out: &mut Vec<u8>, mut number: usize) {
    while number >= 0x80 {
        out.push(low_seven_bits(number) | 0x80);
        number >>= 7;
    }
    out.push(low_seven_bits(number));
}

fn low_seven_bits(number: usize) -> u8 {
    u8::try_from(number & 0x7f).unwrap_or_default()
}

#[cfg(test)]
#[path = "batch_tests.rs"]
mod tests;
