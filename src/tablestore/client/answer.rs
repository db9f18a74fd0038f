//! From messages to the words of the model, and back. What a message must have and has not is told
//! as text: the exchange knows which call it belongs to.

use crate::tablestore::plainbuffer::{self, PlainBufferError, RowChange};
use crate::tablestore::{
    BatchOutcome, CapacityUnit, Column, ErrorCode, PrimaryKeyColumn, PrimaryKeyType, Row, RowError,
    RowExistence, RowOutcome, TableDescription, TableName, proto,
};

/// How much of the service's words is kept, in characters. Its longest known message quotes a
/// column name of 255 bytes; this is what a status row and a log line can bear.
const MAX_MESSAGE_CHARS: usize = 2048;

pub(super) fn condition(existence: RowExistence) -> proto::Condition {
    let expectation = match existence {
        RowExistence::Ignore => proto::RowExistenceExpectation::Ignore,
        RowExistence::ExpectExist => proto::RowExistenceExpectation::ExpectExist,
        RowExistence::ExpectNotExist => proto::RowExistenceExpectation::ExpectNotExist,
    };
    proto::Condition {
        row_existence: expectation.into(),
        column_condition: None,
    }
}

pub(super) fn key_schema(column: &PrimaryKeyColumn) -> proto::PrimaryKeySchema {
    let kind = match column.kind {
        PrimaryKeyType::Integer => proto::PrimaryKeyType::Integer,
        PrimaryKeyType::String => proto::PrimaryKeyType::String,
        PrimaryKeyType::Binary => proto::PrimaryKeyType::Binary,
    };
    let option = column
        .auto_increment
        .then_some(proto::PrimaryKeyOption::AutoIncrement);
    proto::PrimaryKeySchema {
        name: column.name.clone(),
        r#type: Some(kind.into()),
        option: option.map(i32::from),
    }
}

fn key_column(schema: proto::PrimaryKeySchema) -> Result<PrimaryKeyColumn, String> {
    let kind = match schema.r#type.map(proto::PrimaryKeyType::try_from) {
        Some(Ok(proto::PrimaryKeyType::Integer)) => PrimaryKeyType::Integer,
        Some(Ok(proto::PrimaryKeyType::String)) => PrimaryKeyType::String,
        Some(Ok(proto::PrimaryKeyType::Binary)) => PrimaryKeyType::Binary,
        Some(Err(_)) | None => {
            let (name, number) = (&schema.name, schema.r#type);
            return Err(format!(
                "primary key column {name:?} has the unknown type {number:?}"
            ));
        }
    };
    Ok(PrimaryKeyColumn {
        auto_increment: schema.option == Some(proto::PrimaryKeyOption::AutoIncrement.into()),
        name: schema.name,
        kind,
    })
}

pub(super) fn table(
    name: &TableName,
    answer: proto::DescribeTableResponse,
) -> Result<TableDescription, String> {
    let meta = answer.table_meta.unwrap_or_default();
    if meta.primary_key.is_empty() {
        return Err("the table has no primary key".to_owned());
    }
    let options = answer.table_options.unwrap_or_default();
    let primary_key: Result<_, _> = meta.primary_key.into_iter().map(key_column).collect();
    Ok(TableDescription {
        name: name.clone(),
        primary_key: primary_key?,
        time_to_live_seconds: options.time_to_live.unwrap_or(-1),
        max_versions: options.max_versions.unwrap_or(1),
        allow_update: options.allow_update.unwrap_or(true),
    })
}

/// Nothing said is nothing consumed, as in the Python SDK.
pub(super) fn capacity(consumed: Option<proto::ConsumedCapacity>) -> CapacityUnit {
    let unit = consumed.and_then(|consumed| consumed.capacity_unit);
    let count = |count: Option<i32>| count.and_then(|n| u32::try_from(n).ok()).unwrap_or(0);
    CapacityUnit {
        read: count(unit.and_then(|unit| unit.read)),
        write: count(unit.and_then(|unit| unit.write)),
    }
}

pub(super) fn row(answer: &proto::GetRowResponse) -> Result<Option<Row>, String> {
    if answer.row.is_empty() {
        return Ok(None);
    }
    let row = plainbuffer::read_row(&answer.row).map_err(unreadable)?;
    stored(row).map(Some)
}

pub(super) fn range(
    answer: proto::GetRangeResponse,
) -> Result<(Vec<Row>, Option<Vec<Column>>), String> {
    let format = (answer.data_block_type, answer.compress_type);
    if !matches!(format, (None | Some(0), None | Some(0))) {
        return Err(format!("the rows are not in PlainBuffer: {format:?}"));
    }
    let rows = plainbuffer::read_rows(&answer.rows).map_err(unreadable)?;
    let rows: Result<_, _> = rows.into_iter().map(stored).collect();
    let next = answer.next_start_primary_key.filter(|key| !key.is_empty());
    let next = next.map(|key| plainbuffer::read_primary_key(&key).map_err(unreadable));
    Ok((rows?, next.transpose()?))
}

fn stored(row: RowChange) -> Result<Row, String> {
    row.into_row()
        .ok_or_else(|| "the row is a change, not a stored row".to_owned())
}

#[expect(clippy::needless_pass_by_value, reason = "it is what map_err gives")]
fn unreadable(error: PlainBufferError) -> String {
    format!("the row cannot be read: {error}")
}

/// Outcomes go with rows by their position alone: there must be one for each row.
pub(super) fn batch(
    table: &TableName,
    rows: usize,
    answer: proto::BatchWriteRowResponse,
) -> Result<BatchOutcome, String> {
    let [only] = <[_; 1]>::try_from(answer.tables).map_err(|tables| {
        let count = tables.len();
        format!("the answer is about {count} tables, the request was about one")
    })?;
    if only.table_name != table.as_str() {
        return Err(format!("the answer is about table {:?}", only.table_name));
    }
    if only.rows.len() != rows {
        let count = only.rows.len();
        return Err(format!("{count} outcomes for {rows} rows"));
    }
    let outcomes = only.rows.into_iter().enumerate();
    outcomes.map(|(row, answer)| outcome(row, answer)).collect()
}

fn outcome(row: usize, answer: proto::RowInBatchWriteRowResponse) -> Result<RowOutcome, String> {
    if answer.is_ok {
        return Ok(RowOutcome::Written(capacity(answer.consumed)));
    }
    answer
        .error
        .filter(|error| !error.code.is_empty())
        .map(|error| RowOutcome::Refused(refusal(&error)))
        .ok_or_else(|| format!("row {row} is neither written nor refused with a code"))
}

/// An error in the service's words.
pub(super) fn refusal(error: &proto::Error) -> RowError {
    let message = error.message.as_deref().unwrap_or_default();
    let message = String::from_utf8_lossy(message);
    RowError {
        code: ErrorCode::parse(&error.code),
        message: message.chars().take(MAX_MESSAGE_CHARS).collect(),
    }
}
