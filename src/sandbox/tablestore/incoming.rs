//! `PlainBuffer` as the service receives it: one row, borrowed from the request, every length and
//! every checksum verified in one pass.
//!
//! This is a second reader besides [`crate::tablestore::plainbuffer`], on purpose: it allocates
//! nothing per cell, and a slip of the client's own codec cannot hide behind it.

use super::failure::Failure;
use crate::tablestore::crc8;
use crate::tablestore::plainbuffer::CellValue;

const HEADER: [u8; 4] = [0x75, 0, 0, 0];
const ROW_PK: u8 = 0x01;
const ROW_DATA: u8 = 0x02;
const CELL: u8 = 0x03;
const CELL_NAME: u8 = 0x04;
const CELL_VALUE: u8 = 0x05;
const CELL_TYPE: u8 = 0x06;
const CELL_TIMESTAMP: u8 = 0x07;
const DELETE_ROW_MARKER: u8 = 0x08;
const ROW_CHECKSUM: u8 = 0x09;
const CELL_CHECKSUM: u8 = 0x0a;

/// One cell as it was sent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct InCell<'a> {
    pub(super) name: &'a str,
    pub(super) value: Option<CellValue<'a>>,
    /// The type byte: 1 delete all versions, 3 delete one version, 4 increment.
    pub(super) op: Option<u8>,
    /// Milliseconds since 1970.
    pub(super) timestamp: Option<i64>,
}

/// One row as it was sent.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct InRow<'a> {
    pub(super) key: Vec<InCell<'a>>,
    pub(super) cells: Vec<InCell<'a>>,
    pub(super) delete_marker: bool,
}

/// Reads the one row of `buffer`. Zero bytes behind it are ignored: the npm SDK leaves some there.
pub(super) fn read_row(buffer: &[u8]) -> Result<InRow<'_>, Failure> {
    let mut reader = Reader { rest: buffer };
    reader.header()?;
    let row = reader.row()?;
    match reader.rest.iter().find(|byte| **byte != 0) {
        None => Ok(row),
        Some(&ROW_PK) => Err(Failure::invalid(
            "Invalid row: more than one row in request.",
        )),
        Some(_) => Err(broken_format()),
    }
}

/// Reads a value that stands alone: a filter's operand, a bound of a partition.
pub(super) fn read_variant(buffer: &[u8]) -> Result<CellValue<'_>, Failure> {
    let mut reader = Reader { rest: buffer };
    let (value, _) = reader.variant(0, "")?;
    if reader.rest.is_empty() {
        Ok(value)
    } else {
        Err(broken_format())
    }
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn header(&mut self) -> Result<(), Failure> {
        let found = self.take::<4>()?;
        if found == HEADER {
            return Ok(());
        }
        Err(Failure::invalid(format!(
            "Cell data broken, mismatch header, actual: {}, expect: {}.",
            u32::from_le_bytes(found),
            u32::from_le_bytes(HEADER)
        )))
    }

    fn row(&mut self) -> Result<InRow<'a>, Failure> {
        let mut checksum = 0;
        self.expect(ROW_PK)?;
        let mut key = Vec::with_capacity(4);
        while self.skip(CELL) {
            let (cell, sum) = self.cell()?;
            checksum = crc8::update(checksum, sum);
            key.push(cell);
        }
        let mut cells = Vec::new();
        if self.skip(ROW_DATA) {
            cells.reserve(16);
            while self.skip(CELL) {
                let (cell, sum) = self.cell()?;
                checksum = crc8::update(checksum, sum);
                cells.push(cell);
            }
        }
        let delete_marker = self.skip(DELETE_ROW_MARKER);
        checksum = crc8::update(checksum, u8::from(delete_marker));
        if self.rest.is_empty() {
            return Err(Failure::invalid("Invalid row: missing checksum."));
        }
        self.expect(ROW_CHECKSUM)?;
        self.verify(checksum)?;
        Ok(InRow {
            key,
            cells,
            delete_marker,
        })
    }

    /// A cell behind its tag, with its checksum.
    fn cell(&mut self) -> Result<(InCell<'a>, u8), Failure> {
        self.expect(CELL_NAME)?;
        let length = self.length()?;
        let raw_name = self.slice(length)?;
        let name = str::from_utf8(raw_name).map_err(|_not_text| {
            let shown = String::from_utf8_lossy(raw_name);
            Failure::invalid(format!("Invalid column name: '{shown}'."))
        })?;
        let mut sum = crc8::bytes(0, raw_name);
        let mut value = None;
        if self.skip(CELL_VALUE) {
            let claimed = self.length()?;
            let before = self.rest.len();
            let (found, with_value) = self.variant(sum, name)?;
            if before - self.rest.len() != claimed {
                return Err(Failure::invalid(
                    "Cell data broken, has more data in cell, but they can't be parsed.",
                ));
            }
            value = Some(found);
            sum = with_value;
        }
        let op = if self.skip(CELL_TYPE) {
            Some(self.byte()?)
        } else {
            None
        };
        let mut timestamp = None;
        if self.skip(CELL_TIMESTAMP) {
            let word = self.take::<8>()?;
            sum = crc8::bytes(sum, &word);
            timestamp = Some(i64::from_le_bytes(word));
        }
        // The type is fed behind the timestamp, although it stands before it.
        if let Some(op) = op {
            sum = crc8::update(sum, op);
        }
        if !self.skip(CELL_CHECKSUM) {
            return Err(Failure::invalid(
                "Cell data broken, cell is not end with checksum[0x0A] tag.",
            ));
        }
        self.verify(sum)?;
        let cell = InCell {
            name,
            value,
            op,
            timestamp,
        };
        Ok((cell, sum))
    }

    /// A variant byte with its payload, and `sum` carried on over both.
    fn variant(&mut self, sum: u8, name: &str) -> Result<(CellValue<'a>, u8), Failure> {
        let start = self.rest;
        let value = match self.byte()? {
            0x00 => CellValue::Integer(i64::from_le_bytes(self.take()?)),
            0x01 => CellValue::Double(f64::from_le_bytes(self.take()?)),
            0x02 => match self.byte()? {
                0 => CellValue::Boolean(false),
                1 => CellValue::Boolean(true),
                _ => return Err(broken_format()),
            },
            0x03 => {
                let length = self.length()?;
                let text = self.slice(length)?;
                if str::from_utf8(text).is_err() {
                    return Err(Failure::invalid(format!(
                        "Value of column {name} must be UTF8 encoding."
                    )));
                }
                CellValue::String(text)
            }
            0x07 => {
                let length = self.length()?;
                CellValue::Binary(self.slice(length)?)
            }
            0x09 => CellValue::InfMin,
            0x0a => CellValue::InfMax,
            0x0b => CellValue::AutoIncrement,
            _ => {
                return Err(Failure::invalid(
                    "data format is invalid, unknown variant type occured.",
                ));
            }
        };
        let (fed, _) = start.split_at(start.len() - self.rest.len());
        Ok((value, crc8::bytes(sum, fed)))
    }

    fn verify(&mut self, expected: u8) -> Result<(), Failure> {
        let found = self.byte()?;
        if found == expected {
            Ok(())
        } else {
            Err(Failure::invalid(format!(
                "Cell data broken, checksum is mismatch, {found} : {expected}."
            )))
        }
    }

    fn expect(&mut self, tag: u8) -> Result<(), Failure> {
        let found = self.byte()?;
        if found == tag {
            Ok(())
        } else {
            Err(Failure::invalid(format!(
                "Cell data broken, mismatch tag, actual tag({found}), expect({tag})."
            )))
        }
    }

    /// Steps over `tag` if it is what comes next.
    fn skip(&mut self, tag: u8) -> bool {
        match self.rest.split_first() {
            Some((found, tail)) if *found == tag => {
                self.rest = tail;
                true
            }
            _ => false,
        }
    }

    fn byte(&mut self) -> Result<u8, Failure> {
        let (byte, tail) = self.rest.split_first().ok_or_else(broken_format)?;
        self.rest = tail;
        Ok(*byte)
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], Failure> {
        let (bytes, tail) = self.rest.split_first_chunk().ok_or_else(broken_format)?;
        self.rest = tail;
        Ok(*bytes)
    }

    fn length(&mut self) -> Result<usize, Failure> {
        let word = u32::from_le_bytes(self.take()?);
        usize::try_from(word).map_err(|_too_large| broken_format())
    }

    fn slice(&mut self, length: usize) -> Result<&'a [u8], Failure> {
        let (bytes, tail) = self
            .rest
            .split_at_checked(length)
            .ok_or_else(broken_format)?;
        self.rest = tail;
        Ok(bytes)
    }
}

fn broken_format() -> Failure {
    Failure::invalid("data format is invalid.")
}
