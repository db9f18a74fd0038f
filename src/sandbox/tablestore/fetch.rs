//! `GetRow`, `BatchGetRow`, `GetRange`.

use std::ops::Bound;

use bytes::Bytes;
use hashbrown::HashSet;

use super::answer::Outcome;
use super::change::part;
use super::check::{KeyUse, check_key, check_transaction};
use super::cost;
use super::failure::Failure;
use super::incoming::{InCell, read_row};
use super::key::Key;
use super::names::{NameRule, check_table};
use super::read::{Asked, Lens, Shown};
use super::table::{State, Table};
use super::{TableStore, decode};
use crate::tablestore::plainbuffer::{self, RowChange};
use crate::tablestore::proto;

/// Rows of one `BatchGetRow`, over all its tables.
const MAX_BATCH_ROWS: usize = 100;
/// Rows that one `GetRange` looks at.
const MAX_RANGE_ROWS: usize = 5000;
/// Bytes of data that one `GetRange` reads.
const MAX_RANGE_BYTES: usize = 4 * 1024 * 1024;

/// `GetRow`.
pub(super) fn get_row(store: &TableStore, body: &Bytes) -> Result<Outcome, Failure> {
    let request: proto::GetRowRequest = decode(body)?;
    check_table(&request.table_name)?;
    check_transaction(request.transaction_id.as_deref())?;
    let key = read_key(&request.primary_key, KeyUse::Read, store.names)?;
    let lens = Lens::new(Asked::from(&request), store.names)?;
    let table = store.table(&request.table_name)?;
    let found = find(store, &table, &key, &lens)?;
    let answer = proto::GetRowResponse {
        consumed: Some(cost::message(cost::of_read(found.size))),
        row: encoded(&found),
        next_token: None,
    };
    Ok(Outcome::new(usize::from(found.row.is_some()), &answer))
}

/// `BatchGetRow`: answers in the order of the request; what needs the table is refused row by row.
pub(super) fn batch_get_row(store: &TableStore, body: &Bytes) -> Result<Outcome, Failure> {
    let request: proto::BatchGetRowRequest = decode(body)?;
    check_shape(&request)?;
    let mut rows = 0;
    let tables = request
        .tables
        .iter()
        .map(|asked| {
            let lens = Lens::new(Asked::from(asked), store.names)?;
            let keys = asked
                .primary_key
                .iter()
                .map(|key| read_key(key, KeyUse::Read, store.names))
                .collect::<Result<Vec<_>, _>>()?;
            let table = store.table(&asked.table_name)?;
            let answers = keys.iter().map(|key| {
                rows += 1;
                batched(find(store, &table, key, &lens))
            });
            Ok(proto::TableInBatchGetRowResponse {
                table_name: asked.table_name.clone(),
                rows: answers.collect(),
            })
        })
        .collect::<Result<_, Failure>>()?;
    Ok(Outcome::new(rows, &proto::BatchGetRowResponse { tables }))
}

fn check_shape(request: &proto::BatchGetRowRequest) -> Result<(), Failure> {
    // Tables without keys are answered without rows (functional tests of the Python and PHP SDKs).
    if request.tables.is_empty() {
        return Err(Failure::invalid(
            "No row specified in the request of BatchGetRow.",
        ));
    }
    let mut names = HashSet::new();
    let mut rows = 0_usize;
    for table in &request.tables {
        let name = table.table_name.as_str();
        check_table(name)?;
        if !names.insert(name) {
            return Err(Failure::invalid(format!(
                "Duplicated table name: '{name}'."
            )));
        }
        rows += table.primary_key.len();
    }
    if rows > MAX_BATCH_ROWS {
        return Err(Failure::invalid(format!(
            "Rows count exceeds the upper limit: {MAX_BATCH_ROWS}."
        )));
    }
    Ok(())
}

fn batched(found: Result<Shown, Failure>) -> proto::RowInBatchGetRowResponse {
    match found {
        Ok(found) => proto::RowInBatchGetRowResponse {
            is_ok: true,
            error: None,
            consumed: Some(cost::message(cost::of_read(found.size))),
            row: Some(encoded(&found)),
            next_token: None,
        },
        Err(failure) => proto::RowInBatchGetRowResponse {
            is_ok: false,
            error: Some(failure.message()),
            consumed: Some(cost::message(cost::of_read(0))),
            row: None,
            next_token: None,
        },
    }
}

/// A key as it was sent, without delete marker and attribute cells.
fn read_key(bytes: &[u8], purpose: KeyUse, names: NameRule) -> Result<Vec<InCell<'_>>, Failure> {
    let row = read_row(bytes)?;
    if !row.cells.is_empty() {
        return Err(Failure::invalid(
            "Attribute column cannot be given while reading data.",
        ));
    }
    if row.delete_marker {
        return Err(Failure::invalid("Delete marker cannot be given."));
    }
    check_key(&row.key, purpose, names)?;
    Ok(row.key)
}

fn sent(key: &[InCell<'_>]) -> Key {
    Key::new(key.iter().map(|cell| part(cell.value)))
}

fn find(
    store: &TableStore,
    table: &Table,
    key: &[InCell<'_>],
    lens: &Lens,
) -> Result<Shown, Failure> {
    table.schema.check_key(key)?;
    let key = sent(key);
    let mut state = table.lock();
    let retention = state.options.retention(store.clock.unix_millis());
    let found = state.rows.get(&key).filter(|row| row.is_alive(retention));
    let shown = found.map_or_else(Shown::nothing, |row| {
        let columns = key.columns(&table.schema.primary_key);
        lens.show(columns, row, &state.names, retention)
    });
    state.counters.rows_read += u64::from(shown.row.is_some());
    state.counters.charge(cost::of_read(shown.size));
    Ok(shown)
}

/// The row as answers carry it; no bytes at all where there is none.
fn encoded(shown: &Shown) -> Bytes {
    shown.row.as_ref().map_or_else(Bytes::new, |row| {
        plainbuffer::encode(&RowChange::from(row.clone())).into()
    })
}

/// `GetRange`.
pub(super) fn get_range(store: &TableStore, body: &Bytes) -> Result<Outcome, Failure> {
    let request: proto::GetRangeRequest = decode(body)?;
    check_table(&request.table_name)?;
    check_transaction(request.transaction_id.as_deref())?;
    let direction = match request.direction {
        0 => Direction::Forward,
        1 => Direction::Backward,
        other => return Err(Failure::invalid(format!("Invalid direction: {other}."))),
    };
    let limit = match request.limit.map(usize::try_from) {
        None => MAX_RANGE_ROWS,
        Some(Ok(limit)) if limit > 0 => limit,
        Some(_) => return Err(Failure::invalid("The limit must be greater than 0.")),
    };
    let start = read_key(
        &request.inclusive_start_primary_key,
        KeyUse::Bound,
        store.names,
    )?;
    let end = read_key(
        &request.exclusive_end_primary_key,
        KeyUse::Bound,
        store.names,
    )?;
    let lens = Lens::new(Asked::from(&request), store.names)?;
    let table = store.table(&request.table_name)?;
    table.schema.check_key(&start)?;
    table.schema.check_key(&end)?;
    let (start, end) = (sent(&start), sent(&end));
    direction.check(&start, &end)?;
    let mut state = table.lock();
    let now_millis = store.clock.unix_millis();
    let page = scan(
        &state,
        &table,
        direction,
        (&start, &end),
        limit,
        &lens,
        now_millis,
    );
    state.counters.rows_read += u64::try_from(page.rows.len()).unwrap_or(u64::MAX);
    state.counters.charge(cost::of_read(page.size));
    drop(state);
    let rows = if page.rows.is_empty() {
        Bytes::new()
    } else {
        plainbuffer::encode_rows(&page.rows).into()
    };
    let answer = proto::GetRangeResponse {
        consumed: Some(cost::message(cost::of_read(page.size))),
        rows,
        next_start_primary_key: page.next.map(|key| {
            let row = RowChange {
                primary_key: key.columns(&table.schema.primary_key),
                ..RowChange::default()
            };
            plainbuffer::encode(&row).into()
        }),
        ..proto::GetRangeResponse::default()
    };
    Ok(Outcome::new(page.rows.len(), &answer))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Direction {
    Forward,
    Backward,
}

impl Direction {
    /// Bounds must leave room between them. Without a full stop, as the service says it.
    fn check(self, start: &Key, end: &Key) -> Result<(), Failure> {
        match self {
            Self::Forward if start >= end => Err(Failure::invalid(
                "Begin key must less than end key in FORWARD",
            )),
            Self::Backward if start <= end => Err(Failure::invalid(
                "Begin key must more than end key in BACKWARD",
            )),
            Self::Forward | Self::Backward => Ok(()),
        }
    }
}

/// What one `GetRange` found.
struct RangePage {
    rows: Vec<RowChange>,
    /// Bytes of data read, also for rows that the filter left out.
    size: usize,
    /// The first row that was not looked at.
    next: Option<Key>,
}

fn scan(
    state: &State,
    table: &Table,
    direction: Direction,
    (start, end): (&Key, &Key),
    limit: usize,
    lens: &Lens,
    now_millis: i64,
) -> RangePage {
    let retention = state.options.retention(now_millis);
    let rows: Box<dyn Iterator<Item = _>> = match direction {
        Direction::Forward => Box::new(
            state
                .rows
                .range((Bound::Included(start), Bound::Excluded(end))),
        ),
        Direction::Backward => {
            let range = state
                .rows
                .range((Bound::Excluded(end), Bound::Included(start)));
            Box::new(range.rev())
        }
    };
    let mut page = RangePage {
        rows: Vec::new(),
        size: 0,
        next: None,
    };
    let alive = rows.filter(|(_, row)| row.is_alive(retention));
    for (looked_at, (key, row)) in alive.enumerate() {
        if looked_at == MAX_RANGE_ROWS || page.rows.len() == limit {
            page.next = Some(key.clone());
            break;
        }
        let columns = key.columns(&table.schema.primary_key);
        let shown = lens.show(columns, row, &state.names, retention);
        if looked_at > 0 && page.size + shown.size > MAX_RANGE_BYTES {
            page.next = Some(key.clone());
            break;
        }
        page.size += shown.size;
        page.rows.extend(shown.row.map(RowChange::from));
    }
    page
}

impl<'a> From<&'a proto::GetRowRequest> for Asked<'a> {
    fn from(request: &'a proto::GetRowRequest) -> Self {
        Self {
            columns_to_get: &request.columns_to_get,
            time_range: request.time_range.as_ref(),
            max_versions: request.max_versions,
            filter: request.filter.as_deref(),
            start_column: request.start_column.as_deref(),
            end_column: request.end_column.as_deref(),
        }
    }
}

impl<'a> From<&'a proto::TableInBatchGetRowRequest> for Asked<'a> {
    fn from(request: &'a proto::TableInBatchGetRowRequest) -> Self {
        Self {
            columns_to_get: &request.columns_to_get,
            time_range: request.time_range.as_ref(),
            max_versions: request.max_versions,
            filter: request.filter.as_deref(),
            start_column: request.start_column.as_deref(),
            end_column: request.end_column.as_deref(),
        }
    }
}

impl<'a> From<&'a proto::GetRangeRequest> for Asked<'a> {
    fn from(request: &'a proto::GetRangeRequest) -> Self {
        Self {
            columns_to_get: &request.columns_to_get,
            time_range: request.time_range.as_ref(),
            max_versions: request.max_versions,
            filter: request.filter.as_deref(),
            start_column: request.start_column.as_deref(),
            end_column: request.end_column.as_deref(),
        }
    }
}
