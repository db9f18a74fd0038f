//! What a row holds: columns, each with its versions.

use std::sync::Arc;

use bytes::Bytes;
use hashbrown::HashMap;

use crate::tablestore::Value;
use crate::tablestore::plainbuffer::CellValue;

/// A column name of a table, by number: rows repeat names, a table keeps each once.
pub(super) type ColumnId = u32;

/// The column names of a table.
#[derive(Debug, Default)]
pub(super) struct ColumnNames {
    ids: HashMap<Arc<str>, ColumnId>,
    names: Vec<Arc<str>>,
}

impl ColumnNames {
    /// The number of `name`, given now if it is new.
    pub(super) fn intern(&mut self, name: &str) -> ColumnId {
        if let Some(id) = self.ids.get(name) {
            return *id;
        }
        let id = ColumnId::try_from(self.names.len()).expect("fewer than 4 billion column names");
        let name: Arc<str> = name.into();
        self.names.push(Arc::clone(&name));
        self.ids.insert(name, id);
        id
    }

    /// The number of `name`, if the table knows it.
    pub(super) fn find(&self, name: &str) -> Option<ColumnId> {
        self.ids.get(name).copied()
    }

    /// The name with this number.
    pub(super) fn name(&self, id: ColumnId) -> &str {
        usize::try_from(id)
            .ok()
            .and_then(|index| self.names.get(index))
            .map_or("", |name| name)
    }
}

/// A stored value. Text was checked to be UTF-8 when it came in.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Datum {
    Integer(i64),
    Double(f64),
    Boolean(bool),
    String(Box<[u8]>),
    Binary(Box<[u8]>),
}

impl Datum {
    /// Keeps `value`; `None` for what only a key or a bound can hold.
    pub(super) fn keep(value: CellValue<'_>) -> Option<Self> {
        Some(match value {
            CellValue::Integer(value) => Self::Integer(value),
            CellValue::Double(value) => Self::Double(value),
            CellValue::Boolean(value) => Self::Boolean(value),
            CellValue::String(text) => Self::String(text.into()),
            CellValue::Binary(bytes) => Self::Binary(bytes.into()),
            CellValue::AutoIncrement | CellValue::InfMin | CellValue::InfMax => return None,
        })
    }

    /// The value, borrowed.
    pub(super) fn view(&self) -> CellValue<'_> {
        match self {
            Self::Integer(value) => CellValue::Integer(*value),
            Self::Double(value) => CellValue::Double(*value),
            Self::Boolean(value) => CellValue::Boolean(*value),
            Self::String(text) => CellValue::String(text),
            Self::Binary(bytes) => CellValue::Binary(bytes),
        }
    }

    /// The value as the model has it.
    pub(super) fn to_value(&self) -> Value {
        match self {
            Self::Integer(value) => Value::Integer(*value),
            Self::Double(value) => Value::Double(*value),
            Self::Boolean(value) => Value::Boolean(*value),
            Self::String(text) => Value::String(String::from_utf8_lossy(text).into_owned()),
            Self::Binary(bytes) => Value::Binary(Bytes::copy_from_slice(bytes)),
        }
    }
}

/// One version of one column.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct StoredCell {
    pub(super) column: ColumnId,
    pub(super) timestamp_millis: i64,
    pub(super) datum: Datum,
}

/// What readers may still see, at one moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Retention {
    /// Cells older than this are gone.
    pub(super) oldest_millis: i64,
    /// Versions kept of a column.
    pub(super) max_versions: usize,
}

/// A row. Its cells are ordered by column number, versions of a column newest first.
#[derive(Clone, Debug, Default)]
pub(super) struct StoredRow {
    /// When it was last written: what keeps a row without cells alive.
    pub(super) written_millis: i64,
    cells: Vec<StoredCell>,
}

impl StoredRow {
    /// Whether readers still see the row. It outlives its cells, but not its time to live.
    pub(super) fn is_alive(&self, retention: Retention) -> bool {
        self.written_millis >= retention.oldest_millis
            || self
                .cells
                .iter()
                .any(|cell| cell.timestamp_millis >= retention.oldest_millis)
    }

    /// Takes all cells away.
    pub(super) fn clear(&mut self) {
        self.cells.clear();
    }

    /// Makes room for the first cells of a row: most rows are written once.
    pub(super) fn make_room(&mut self, cells: usize) {
        if self.cells.is_empty() {
            self.cells.reserve_exact(cells);
        }
    }

    /// Writes one version, over an equal one, and drops the oldest surplus.
    pub(super) fn put(&mut self, cell: StoredCell, max_versions: usize) {
        let order = |stored: &StoredCell| {
            stored
                .column
                .cmp(&cell.column)
                .then(cell.timestamp_millis.cmp(&stored.timestamp_millis))
        };
        let column = cell.column;
        // Columns mostly come in the order of their numbers: look at the end first.
        if self.cells.last().is_none_or(|last| last.column < column) {
            self.cells.push(cell);
            return;
        }
        match self.cells.binary_search_by(order) {
            Ok(place) => {
                if let Some(stored) = self.cells.get_mut(place) {
                    *stored = cell;
                }
            }
            Err(place) => {
                self.cells.insert(place, cell);
                self.drop_surplus(column, max_versions);
            }
        }
    }

    fn drop_surplus(&mut self, column: ColumnId, max_versions: usize) {
        let run = self.run(column);
        let keep = run.end.min(run.start.saturating_add(max_versions));
        self.cells.drain(keep..run.end);
    }

    /// Removes the version at `timestamp_millis`, if there is one.
    pub(super) fn delete_one(&mut self, column: ColumnId, timestamp_millis: i64) {
        self.cells
            .retain(|cell| cell.column != column || cell.timestamp_millis != timestamp_millis);
    }

    /// Removes all versions of a column.
    pub(super) fn delete_all(&mut self, column: ColumnId) {
        let run = self.run(column);
        self.cells.drain(run);
    }

    /// The versions of a column that readers see, newest first.
    pub(super) fn versions(&self, column: ColumnId, retention: Retention) -> &[StoredCell] {
        visible(
            self.cells.get(self.run(column)).unwrap_or_default(),
            retention,
        )
    }

    /// All columns with the versions that readers see, in the order of their numbers. No empty
    /// ones.
    pub(super) fn columns(&self, retention: Retention) -> impl Iterator<Item = &[StoredCell]> {
        self.cells
            .chunk_by(|left, right| left.column == right.column)
            .map(move |run| visible(run, retention))
            .filter(|run| !run.is_empty())
    }

    fn run(&self, column: ColumnId) -> std::ops::Range<usize> {
        let start = self.cells.partition_point(|cell| cell.column < column);
        let length = self
            .cells
            .get(start..)
            .unwrap_or_default()
            .partition_point(|cell| cell.column == column);
        start..start + length
    }
}

/// The part of a column's versions that readers see: newest first, so always the head.
fn visible(run: &[StoredCell], retention: Retention) -> &[StoredCell] {
    let live = run.partition_point(|cell| cell.timestamp_millis >= retention.oldest_millis);
    run.get(..live.min(retention.max_versions))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: Retention = Retention {
        oldest_millis: i64::MIN,
        max_versions: 3,
    };

    fn cell(column: ColumnId, timestamp_millis: i64, value: i64) -> StoredCell {
        StoredCell {
            column,
            timestamp_millis,
            datum: Datum::Integer(value),
        }
    }

    fn shown(row: &StoredRow, column: ColumnId, retention: Retention) -> Vec<i64> {
        row.versions(column, retention)
            .iter()
            .map(|cell| cell.timestamp_millis)
            .collect()
    }

    #[test]
    fn versions_stay_newest_first_and_surplus_goes_oldest_first() {
        let mut row = StoredRow::default();
        for timestamp in [5, 3, 9, 4, 9, 1] {
            row.put(cell(1, timestamp, timestamp), 3);
            row.put(cell(0, timestamp, -timestamp), 3);
        }
        assert_eq!(shown(&row, 1, ALL), [9, 5, 4]);
        assert_eq!(shown(&row, 0, ALL), [9, 5, 4]);
        assert_eq!(row.columns(ALL).count(), 2);
        row.put(cell(1, 9, 77), 3);
        assert_eq!(row.versions(1, ALL)[0].datum, Datum::Integer(77));
        row.delete_one(1, 5);
        row.delete_one(1, 6);
        assert_eq!(shown(&row, 1, ALL), [9, 4]);
        row.delete_all(1);
        assert_eq!(shown(&row, 1, ALL), [0; 0]);
        assert_eq!(shown(&row, 0, ALL), [9, 5, 4]);
    }

    #[test]
    fn readers_see_neither_the_expired_nor_the_surplus() {
        let mut row = StoredRow::default();
        for timestamp in 1..=4 {
            row.put(cell(7, timestamp, timestamp), 10);
        }
        let narrow = Retention {
            oldest_millis: 2,
            max_versions: 2,
        };
        assert_eq!(shown(&row, 7, narrow), [4, 3]);
        let late = Retention {
            oldest_millis: 4,
            max_versions: 2,
        };
        assert_eq!(shown(&row, 7, late), [4]);
        let gone = Retention {
            oldest_millis: 5,
            max_versions: 2,
        };
        assert_eq!(row.columns(gone).count(), 0);
        assert!(!row.is_alive(gone));
        row.written_millis = 5;
        assert!(row.is_alive(gone));
    }

    #[test]
    fn names_keep_their_numbers() {
        let mut names = ColumnNames::default();
        assert_eq!(names.find("a"), None);
        let (a, b) = (names.intern("a"), names.intern("b"));
        assert_eq!((names.intern("a"), names.find("b")), (a, Some(b)));
        assert_eq!((names.name(a), names.name(b)), ("a", "b"));
    }
}
