//! Reading rows. Whatever comes in is a claim: lengths are held against what is there before
//! anything is copied, every checksum is verified.

use bytes::Bytes;

use super::{
    CellChange, CellKind, HEADER, RowChange, TAG_CELL, TAG_CELL_CHECKSUM, TAG_CELL_NAME,
    TAG_CELL_TIMESTAMP, TAG_CELL_TYPE, TAG_CELL_VALUE, TAG_DELETE_ROW_MARKER, TAG_ROW_CHECKSUM,
    TAG_ROW_DATA, TAG_ROW_PK, variant,
};
use crate::tablestore::{Column, Value, crc8};

/// Why a buffer cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PlainBufferError {
    /// The first four bytes are not [`HEADER`].
    #[error("header is {0:02x?}, not 75 00 00 00")]
    Header([u8; 4]),
    /// The buffer ends inside something.
    #[error("the buffer ends inside {inside}")]
    Truncated {
        /// What is cut off.
        inside: &'static str,
    },
    /// A tag where another must stand.
    #[error("tag 0x{found:02x} where {wanted} must stand")]
    Tag {
        /// What must stand there.
        wanted: &'static str,
        /// What stands there.
        found: u8,
    },
    /// A variant that is not one of a stored value.
    #[error("column {column:?} has the unknown value type 0x{found:02x}")]
    Variant {
        /// The column; empty for a bare variant.
        column: String,
        /// The variant byte.
        found: u8,
    },
    /// A boolean that is neither 0 nor 1.
    #[error("column {column:?} has the boolean 0x{found:02x}")]
    Boolean {
        /// The column; empty for a bare variant.
        column: String,
        /// The byte.
        found: u8,
    },
    /// The length word of a value does not fit the value.
    #[error("column {column:?} has a value of {actual} bytes that says to have {stated}")]
    ValueLength {
        /// The column.
        column: String,
        /// The length word.
        stated: u32,
        /// Variant byte and payload as found.
        actual: usize,
    },
    /// A cell type that does not exist.
    #[error("column {column:?} has the unknown cell type 0x{found:02x}")]
    CellType {
        /// The column.
        column: String,
        /// The type byte.
        found: u8,
    },
    /// A name or STRING that is not UTF-8.
    #[error("{what} is not UTF-8")]
    NotUtf8 {
        /// Which of the two.
        what: &'static str,
    },
    /// A cell of the primary key without a value, or with a type or timestamp.
    #[error("primary key column {column:?} must have a value, and neither type nor timestamp")]
    KeyCell {
        /// The column.
        column: String,
    },
    /// A cell whose checksum does not fit.
    #[error(
        "cell data broken, checksum of column {column:?} is 0x{stated:02x}, computed 0x{computed:02x}"
    )]
    CellChecksum {
        /// The column.
        column: String,
        /// As written.
        stated: u8,
        /// As it should be.
        computed: u8,
    },
    /// A row whose checksum does not fit.
    #[error("row data broken, checksum is 0x{stated:02x}, computed 0x{computed:02x}")]
    RowChecksum {
        /// As written.
        stated: u8,
        /// As it should be.
        computed: u8,
    },
    /// Something other than zero bytes behind a single row or a bare variant.
    #[error("{bytes} bytes too many behind the end")]
    Trailing {
        /// How many.
        bytes: usize,
    },
    /// Attribute cells or a delete marker where only a primary key may be.
    #[error("a primary key with more than primary key columns")]
    NotAKey,
}

type Result<T> = std::result::Result<T, PlainBufferError>;

/// Reads a buffer of exactly one row. Zero bytes behind it are passed over: the npm package sends
/// up to 27 of them, and the service takes that.
pub fn read_row(bytes: &[u8]) -> Result<RowChange> {
    let mut reader = Reader { rest: bytes };
    reader.header()?;
    let row = reader.row()?;
    if reader.rest.iter().any(|byte| *byte != 0) {
        return Err(PlainBufferError::Trailing {
            bytes: reader.rest.len(),
        });
    }
    Ok(row)
}

/// Reads a buffer of any number of rows; no bytes at all are no rows, and so is a lone header.
pub fn read_rows(bytes: &[u8]) -> Result<Vec<RowChange>> {
    let mut rows = Vec::new();
    if bytes.is_empty() {
        return Ok(rows);
    }
    let mut reader = Reader { rest: bytes };
    reader.header()?;
    while !reader.rest.is_empty() {
        rows.push(reader.row()?);
    }
    Ok(rows)
}

/// Reads a buffer that holds a primary key alone: a key to read, a bound of a range.
pub fn read_primary_key(bytes: &[u8]) -> Result<Vec<Column>> {
    let row = read_row(bytes)?;
    if row.delete_marker || !row.cells.is_empty() {
        return Err(PlainBufferError::NotAKey);
    }
    Ok(row.primary_key)
}

/// Reads a bare variant, as filters and partition ranges hold it.
pub fn read_variant(bytes: &[u8]) -> Result<Value> {
    let mut reader = Reader { rest: bytes };
    let (value, _) = reader.variant(0, "")?;
    if reader.rest.is_empty() {
        Ok(value)
    } else {
        Err(PlainBufferError::Trailing {
            bytes: reader.rest.len(),
        })
    }
}

/// What is left of a buffer.
struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn header(&mut self) -> Result<()> {
        match self.array("the header")? {
            HEADER => Ok(()),
            other => Err(PlainBufferError::Header(other)),
        }
    }

    fn row(&mut self) -> Result<RowChange> {
        let mut row = RowChange::default();
        let mut row_crc = 0;
        self.expect(TAG_ROW_PK, "the tag of a row")?;
        while self.next_is(TAG_CELL) {
            let (cell, crc) = self.cell()?;
            row.primary_key.push(key_column(cell)?);
            row_crc = crc8::update(row_crc, crc);
        }
        if self.next_is(TAG_ROW_DATA) {
            while self.next_is(TAG_CELL) {
                let (cell, crc) = self.cell()?;
                row.cells.push(cell);
                row_crc = crc8::update(row_crc, crc);
            }
        }
        row.delete_marker = self.next_is(TAG_DELETE_ROW_MARKER);
        self.expect(TAG_ROW_CHECKSUM, "the checksum of a row")?;
        let stated = self.byte("the checksum of a row")?;
        let computed = crc8::update(row_crc, u8::from(row.delete_marker));
        if stated != computed {
            return Err(PlainBufferError::RowChecksum { stated, computed });
        }
        Ok(row)
    }

    /// A cell behind its tag, and its checksum.
    fn cell(&mut self) -> Result<(CellChange, u8)> {
        self.expect(TAG_CELL_NAME, "the name of a cell")?;
        let name = self.sized("a column name")?;
        let mut crc = crc8::bytes(0, name);
        let name = utf8(name, "a column name")?;

        let value = if self.next_is(TAG_CELL_VALUE) {
            let (value, carried) = self.value(crc, &name)?;
            crc = carried;
            Some(value)
        } else {
            None
        };
        let kind = if self.next_is(TAG_CELL_TYPE) {
            let found = self.byte("a cell type")?;
            CellKind::from_byte(found).ok_or_else(|| PlainBufferError::CellType {
                column: name.clone(),
                found,
            })?
        } else {
            CellKind::Put
        };
        let timestamp_millis = if self.next_is(TAG_CELL_TIMESTAMP) {
            let bytes = self.array("a timestamp")?;
            crc = crc8::u64_le(crc, u64::from_le_bytes(bytes));
            Some(i64::from_le_bytes(bytes))
        } else {
            None
        };
        // Written: type, then timestamp. Summed up: timestamp, then type.
        if let Some(byte) = kind.byte() {
            crc = crc8::update(crc, byte);
        }

        self.expect(TAG_CELL_CHECKSUM, "the checksum of a cell")?;
        let stated = self.byte("the checksum of a cell")?;
        if stated != crc {
            return Err(PlainBufferError::CellChecksum {
                column: name,
                stated,
                computed: crc,
            });
        }
        let cell = CellChange {
            name,
            value,
            kind,
            timestamp_millis,
        };
        Ok((cell, crc))
    }

    /// A value behind its tag, and `crc` carried on over it. The SDKs' readers pass over the length
    /// word; no writer is known to get it wrong, so a wrong one is held to be damage.
    fn value(&mut self, crc: u8, column: &str) -> Result<(Value, u8)> {
        let stated = u32::from_le_bytes(self.array("the length of a value")?);
        let before = self.rest.len();
        let found = self.variant(crc, column)?;
        let actual = before - self.rest.len();
        if usize::try_from(stated) != Ok(actual) {
            return Err(PlainBufferError::ValueLength {
                column: column.to_owned(),
                stated,
                actual,
            });
        }
        Ok(found)
    }

    /// Variant byte and payload, and `crc` carried on over them.
    fn variant(&mut self, crc: u8, column: &str) -> Result<(Value, u8)> {
        let whole = self.rest;
        let value = match self.byte("a value")? {
            variant::INTEGER => Value::Integer(i64::from_le_bytes(self.array("a value")?)),
            variant::DOUBLE => Value::Double(f64::from_le_bytes(self.array("a value")?)),
            variant::BOOLEAN => match self.byte("a value")? {
                0 => Value::Boolean(false),
                1 => Value::Boolean(true),
                found => {
                    return Err(PlainBufferError::Boolean {
                        column: column.to_owned(),
                        found,
                    });
                }
            },
            variant::STRING => Value::String(utf8(self.sized("a value")?, "a STRING value")?),
            variant::BLOB => Value::Binary(Bytes::copy_from_slice(self.sized("a value")?)),
            variant::INF_MIN => Value::InfMin,
            variant::INF_MAX => Value::InfMax,
            variant::AUTO_INCREMENT => Value::AutoIncrement,
            found => {
                return Err(PlainBufferError::Variant {
                    column: column.to_owned(),
                    found,
                });
            }
        };
        let read = &whole[..whole.len() - self.rest.len()];
        Ok((value, crc8::bytes(crc, read)))
    }

    /// A u32 length and that many bytes.
    fn sized(&mut self, inside: &'static str) -> Result<&'a [u8]> {
        let len = u32::from_le_bytes(self.array(inside)?);
        let (taken, rest) = usize::try_from(len)
            .ok()
            .and_then(|len| self.rest.split_at_checked(len))
            .ok_or(PlainBufferError::Truncated { inside })?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self, inside: &'static str) -> Result<[u8; N]> {
        let (taken, rest) = self
            .rest
            .split_first_chunk()
            .ok_or(PlainBufferError::Truncated { inside })?;
        self.rest = rest;
        Ok(*taken)
    }

    fn byte(&mut self, inside: &'static str) -> Result<u8> {
        self.array(inside).map(|[byte]| byte)
    }

    /// Takes the tag if it comes next.
    fn next_is(&mut self, tag: u8) -> bool {
        match self.rest.split_first() {
            Some((first, rest)) if *first == tag => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    fn expect(&mut self, tag: u8, wanted: &'static str) -> Result<()> {
        match self.byte(wanted)? {
            found if found == tag => Ok(()),
            found => Err(PlainBufferError::Tag { wanted, found }),
        }
    }
}

fn key_column(cell: CellChange) -> Result<Column> {
    match cell {
        CellChange {
            name,
            value: Some(value),
            kind: CellKind::Put,
            timestamp_millis: None,
        } => Ok(Column { name, value }),
        CellChange { name, .. } => Err(PlainBufferError::KeyCell { column: name }),
    }
}

fn utf8(bytes: &[u8], what: &'static str) -> Result<String> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.to_owned()),
        Err(_not_utf8) => Err(PlainBufferError::NotUtf8 { what }),
    }
}
