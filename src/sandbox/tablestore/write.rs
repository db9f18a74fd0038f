//! `PutRow`, `UpdateRow`, `DeleteRow`, `BatchWriteRow`.

use std::fmt::Write as _;
use std::sync::Arc;

use bytes::Bytes;
use hashbrown::{HashMap, HashSet};

use super::answer::Outcome;
use super::change::{Act, Change};
use super::check::{check_data_size, check_transaction};
use super::cost;
use super::failure::Failure;
use super::names::check_table;
use super::table::{Table, Written};
use super::{TableStore, decode};
use crate::sandbox::faults::Plan;
use crate::tablestore::plainbuffer::{self, CellValue, RowChange};
use crate::tablestore::{Row, proto};

/// Rows of one batch, over all its tables.
const MAX_BATCH_ROWS: usize = 200;

/// `PutRow`.
pub(super) fn put_row(store: &TableStore, body: &Bytes) -> Result<Outcome, Failure> {
    let request: proto::PutRowRequest = decode(body)?;
    check_transaction(request.transaction_id.as_deref())?;
    let written = single(
        store,
        "PutRow",
        Act::Put,
        &request.table_name,
        &request.row,
        request.condition.as_ref(),
        request.return_content.as_ref(),
    )?;
    Ok(Outcome::new(
        1,
        &proto::PutRowResponse {
            consumed: Some(cost::message(written.cost)),
            row: encoded(written.row),
        },
    ))
}

/// `UpdateRow`.
pub(super) fn update_row(store: &TableStore, body: &Bytes) -> Result<Outcome, Failure> {
    let request: proto::UpdateRowRequest = decode(body)?;
    check_transaction(request.transaction_id.as_deref())?;
    let written = single(
        store,
        "UpdateRow",
        Act::Update,
        &request.table_name,
        &request.row_change,
        request.condition.as_ref(),
        request.return_content.as_ref(),
    )?;
    Ok(Outcome::new(
        1,
        &proto::UpdateRowResponse {
            consumed: Some(cost::message(written.cost)),
            row: encoded(written.row),
        },
    ))
}

/// `DeleteRow`.
pub(super) fn delete_row(store: &TableStore, body: &Bytes) -> Result<Outcome, Failure> {
    let request: proto::DeleteRowRequest = decode(body)?;
    check_transaction(request.transaction_id.as_deref())?;
    let written = single(
        store,
        "DeleteRow",
        Act::Delete,
        &request.table_name,
        &request.primary_key,
        request.condition.as_ref(),
        request.return_content.as_ref(),
    )?;
    Ok(Outcome::new(
        1,
        &proto::DeleteRowResponse {
            consumed: Some(cost::message(written.cost)),
            row: encoded(written.row),
        },
    ))
}

fn single(
    store: &TableStore,
    operation: &str,
    act: Act,
    table: &str,
    row: &[u8],
    condition: Option<&proto::Condition>,
    returns: Option<&proto::ReturnContent>,
) -> Result<Written, Failure> {
    check_table(table)?;
    let change = Change::read(act, row, condition, returns, store.names)?;
    check_data_size(operation, change.data_size)?;
    let table = store.table(table)?;
    let now_millis = store.clock.unix_millis();
    table.lock().write(&table.schema, &change, now_millis)
}

fn encoded(row: Option<Row>) -> Option<Bytes> {
    row.map(|row| plainbuffer::encode(&RowChange::from(row)).into())
}

/// `BatchWriteRow`. What shows without the tables refuses the whole request before anything is
/// written; what needs them refuses row by row.
pub(super) fn batch_write_row(
    store: &TableStore,
    body: &Bytes,
    plan: &Plan,
) -> Result<Outcome, Failure> {
    let request: proto::BatchWriteRowRequest = decode(body)?;
    check_transaction(request.transaction_id.as_deref())?;
    check_shape(&request)?;
    let changes = request
        .tables
        .iter()
        .map(|table| read_changes(table, store))
        .collect::<Result<Vec<_>, _>>()?;
    let size = changes
        .iter()
        .flatten()
        .map(|change| change.data_size)
        .sum();
    check_data_size("BatchWriteRow", size)?;
    let tables = request
        .tables
        .iter()
        .map(|table| store.table(&table.table_name))
        .collect::<Result<Vec<_>, _>>()?;
    for (table, changes) in tables.iter().zip(&changes) {
        check_repeats(table, changes)?;
    }
    let mut batch = Batch {
        plan,
        now_millis: store.clock.unix_millis(),
        place: 0,
    };
    let is_atomic = request.is_atomic == Some(true);
    let answers = tables.iter().zip(&changes).map(|(table, changes)| {
        let rows = if is_atomic {
            batch.write_all(table, changes)
        } else {
            batch.write_each(table, changes)
        };
        proto::TableInBatchWriteRowResponse {
            table_name: table.schema.name.clone(),
            rows,
        }
    });
    let answer = proto::BatchWriteRowResponse {
        tables: answers.collect(),
    };
    Ok(Outcome::new(batch.place, &answer))
}

/// Tables named well and once, rows in each, and not too many.
fn check_shape(request: &proto::BatchWriteRowRequest) -> Result<(), Failure> {
    if request.tables.is_empty() {
        return Err(Failure::invalid("No row is specified in BatchWriteRow."));
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
        if table.rows.is_empty() {
            return Err(Failure::invalid(format!(
                "No operation is specified for table: '{name}'."
            )));
        }
        rows += table.rows.len();
    }
    if rows > MAX_BATCH_ROWS {
        return Err(Failure::invalid(format!(
            "Rows count exceeds the upper limit: {MAX_BATCH_ROWS}."
        )));
    }
    Ok(())
}

fn read_changes<'r>(
    table: &'r proto::TableInBatchWriteRowRequest,
    store: &TableStore,
) -> Result<Vec<Change<'r>>, Failure> {
    let mut changes: Vec<Change<'r>> = Vec::with_capacity(table.rows.len());
    for row in &table.rows {
        let act = match row.r#type {
            Some(1) => Act::Put,
            Some(2) => Act::Update,
            Some(3) => Act::Delete,
            _ => {
                return Err(Failure::invalid(
                    "The type of row in batch write operation is invalid.",
                ));
            }
        };
        let change = Change::read(
            act,
            &row.row_change,
            row.condition.as_ref(),
            row.return_content.as_ref(),
            store.names,
        )?;
        let columns = change.row.key.len();
        if changes
            .first()
            .is_some_and(|first| first.row.key.len() != columns)
        {
            return Err(Failure::invalid(format!(
                "PK column size not the same for all rows in table: {}.",
                table.table_name
            )));
        }
        changes.push(change);
    }
    Ok(changes)
}

/// A row may stand several times in one batch as long as nothing depends on which of its writes
/// comes first in another sense than their order: no condition on it, no increment of it, and no
/// secondary index of the table.
fn check_repeats(table: &Table, changes: &[Change<'_>]) -> Result<(), Failure> {
    let has_index = !table.schema.indexes.is_empty();
    let matters = |change: &Change<'_>| change.condition.is_set() || change.has_increment();
    if !has_index && !changes.iter().any(matters) {
        return Ok(());
    }
    let mut seen: HashMap<_, Vec<&Change<'_>>> = HashMap::new();
    for change in changes.iter().filter(|change| !change.has_auto_increment()) {
        seen.entry(change.sent_key()).or_default().push(change);
    }
    for repeated in seen.values().filter(|changes| changes.len() > 1) {
        if repeated
            .iter()
            .any(|change| change.condition.columns.is_some())
        {
            return Err(Failure::invalid(
                "Repeated rows do not support row condition check in BatchModify.",
            ));
        }
        if repeated.iter().any(|change| change.condition.is_set()) {
            return Err(Failure::invalid(
                "Repeated rows do not support row exist expectation check in BatchModify.",
            ));
        }
        if has_index || repeated.iter().any(|change| change.has_increment()) {
            return Err(Failure::invalid("Duplicate rows detected in MultiPut."));
        }
    }
    Ok(())
}

/// A batch while it is written.
struct Batch<'p> {
    plan: &'p Plan,
    now_millis: i64,
    /// Rows passed so far, over all tables.
    place: usize,
}

impl Batch<'_> {
    fn write_each(
        &mut self,
        table: &Arc<Table>,
        changes: &[Change<'_>],
    ) -> Vec<proto::RowInBatchWriteRowResponse> {
        let mut state = table.lock();
        changes
            .iter()
            .map(|change| match self.scripted(change) {
                Some(failure) => {
                    state.count_refused(change);
                    refused(&failure)
                }
                None => match state.write(&table.schema, change, self.now_millis) {
                    Ok(written) => accepted(written),
                    Err(failure) => refused(&failure),
                },
            })
            .collect()
    }

    /// The rows of an atomic batch: of one partition, and all or nothing.
    fn write_all(
        &mut self,
        table: &Arc<Table>,
        changes: &[Change<'_>],
    ) -> Vec<proto::RowInBatchWriteRowResponse> {
        let scripted = changes
            .iter()
            .filter_map(|change| self.scripted(change))
            .last();
        let failure = match scripted.or_else(|| out_of_scope(changes)) {
            Some(failure) => {
                let mut state = table.lock();
                for change in changes {
                    state.count_refused(change);
                }
                failure
            }
            None => match table
                .lock()
                .write_all(&table.schema, changes, self.now_millis)
            {
                Ok(written) => return written.into_iter().map(accepted).collect(),
                Err(failure) => failure,
            },
        };
        vec![refused(&failure); changes.len()]
    }

    /// The refusal that is scripted for the next row, if one is.
    fn scripted(&mut self, change: &Change<'_>) -> Option<Failure> {
        let place = self.place;
        self.place += 1;
        let error = match partition(change) {
            Some(CellValue::String(bytes) | CellValue::Binary(bytes)) => {
                self.plan.row_error(place, bytes)
            }
            Some(CellValue::Integer(value)) => {
                self.plan.row_error(place, value.to_string().as_bytes())
            }
            _ => self.plan.row_error(place, b""),
        };
        error.map(|(code, message)| Failure::new(400, code.to_owned(), message.to_owned()))
    }
}

/// The value of the first key column: what decides the partition.
fn partition<'r>(change: &Change<'r>) -> Option<CellValue<'r>> {
    change.row.key.first().and_then(|cell| cell.value)
}

/// Why the rows of an atomic batch do not belong together, if they do not.
fn out_of_scope(changes: &[Change<'_>]) -> Option<Failure> {
    let atomic = partition(changes.first()?);
    let stray = changes.iter().map(partition).find(|data| *data != atomic)?;
    Some(Failure::new(
        400,
        "OTSDataOutOfRange",
        format!(
            "Data out of scope of atomic. Atomic PartKey:{}. Data PartKey:{}",
            shown(atomic),
            shown(stray)
        ),
    ))
}

fn shown(value: Option<CellValue<'_>>) -> String {
    match value {
        Some(CellValue::Integer(value)) => value.to_string(),
        Some(CellValue::String(text)) => String::from_utf8_lossy(text).into_owned(),
        Some(CellValue::Binary(bytes)) => bytes.iter().fold(String::new(), |mut out, byte| {
            write!(out, "{byte:02x}").expect("a string takes any text");
            out
        }),
        _ => String::new(),
    }
}

fn accepted(written: Written) -> proto::RowInBatchWriteRowResponse {
    proto::RowInBatchWriteRowResponse {
        is_ok: true,
        error: None,
        consumed: Some(cost::message(written.cost)),
        row: encoded(written.row),
    }
}

fn refused(failure: &Failure) -> proto::RowInBatchWriteRowResponse {
    proto::RowInBatchWriteRowResponse {
        is_ok: false,
        error: Some(failure.message()),
        consumed: None,
        row: None,
    }
}
