//! Table Store in the sandbox, addressed by well-formed messages about few rows.
//!
//! Input: what the calls and rows are made of. The target `sandbox` knows malformed ones.

use arbitrary::{Result, Unstructured};
use bytes::Bytes;
use loghub_shipper::tablestore::plainbuffer::{
    CellValue, RowChange, encode, read_row, read_rows, write_variant,
};
use loghub_shipper::tablestore::{Column, TableName, Value, proto};
use prost::Message;

use super::script::{Sent, Way};
use super::service::Services;
use super::shape;

/// How many calls an input makes.
const MAX_CALLS: usize = 16;

/// How deep conditions nest.
const MAX_DEPTH: usize = 3;

/// Every call is answered in the service's own form, row for row; a scan finds each row once, in
/// the order of their keys.
pub fn run(data: &[u8]) {
    let services = Services::new();
    let mut input = Unstructured::new(data);
    for _ in 0..MAX_CALLS {
        if input.is_empty() || call(&services, &mut input).is_err() {
            break;
        }
    }
    services.look_around();
    check_scan(&services);
}

fn call(services: &Services, input: &mut Unstructured<'_>) -> Result<()> {
    match input.int_in_range(0..=8)? {
        0 => services.wait(input.int_in_range(0..=100_000_000)?),
        1 => {
            let request = proto::PutRowRequest {
                table_name: table(input)?,
                row: row(input)?,
                condition: condition(input)?,
                return_content: returned(input)?,
                transaction_id: None,
            };
            send(services, "PutRow", &request);
        }
        2 => {
            let request = proto::UpdateRowRequest {
                table_name: table(input)?,
                row_change: row(input)?,
                condition: condition(input)?,
                return_content: returned(input)?,
                transaction_id: None,
            };
            send(services, "UpdateRow", &request);
        }
        3 => {
            let request = proto::DeleteRowRequest {
                table_name: table(input)?,
                primary_key: row(input)?,
                condition: condition(input)?,
                return_content: returned(input)?,
                transaction_id: None,
            };
            send(services, "DeleteRow", &request);
        }
        4 | 5 => batch(services, input)?,
        6 => {
            let request = proto::GetRowRequest {
                table_name: table(input)?,
                primary_key: key(input)?,
                columns_to_get: columns(input)?,
                time_range: times(input)?,
                max_versions: Some(number(input)?),
                filter: filter(input, 0)?,
                start_column: start(input)?,
                end_column: start(input)?,
                ..proto::GetRowRequest::default()
            };
            if let Some(answer) = send(services, "GetRow", &request) {
                let answer = proto::GetRowResponse::decode(answer).expect("answers decode");
                if !answer.row.is_empty() {
                    let row = read_row(&answer.row).expect("answers can be read");
                    assert!(row.into_row().is_some());
                }
            }
        }
        7 => several(services, input)?,
        _ => range(services, input)?,
    }
    Ok(())
}

fn batch(services: &Services, input: &mut Unstructured<'_>) -> Result<()> {
    let mut request = proto::BatchWriteRowRequest {
        is_atomic: input.arbitrary::<Option<bool>>()?,
        ..proto::BatchWriteRowRequest::default()
    };
    for _ in 0..input.int_in_range(1..=2)? {
        let mut rows = Vec::new();
        for _ in 0..input.int_in_range(0..=5)? {
            rows.push(proto::RowInBatchWriteRowRequest {
                r#type: Some(input.int_in_range(0..=4)?),
                row_change: row(input)?,
                condition: condition(input)?,
                return_content: returned(input)?,
            });
        }
        request.tables.push(proto::TableInBatchWriteRowRequest {
            table_name: table(input)?,
            rows,
        });
    }
    if let Some(answer) = send(services, "BatchWriteRow", &request) {
        let answer = proto::BatchWriteRowResponse::decode(answer).expect("answers decode");
        assert_eq!(answer.tables.len(), request.tables.len());
        for (answer, asked) in answer.tables.iter().zip(&request.tables) {
            assert_eq!(answer.rows.len(), asked.rows.len());
            assert!(
                answer
                    .rows
                    .iter()
                    .all(|row| row.is_ok == row.error.is_none())
            );
        }
    }
    Ok(())
}

fn several(services: &Services, input: &mut Unstructured<'_>) -> Result<()> {
    let mut keys = Vec::new();
    for _ in 0..input.int_in_range(0..=3)? {
        keys.push(key(input)?);
    }
    let asked = keys.len();
    let request = proto::BatchGetRowRequest {
        tables: vec![proto::TableInBatchGetRowRequest {
            table_name: table(input)?,
            primary_key: keys,
            columns_to_get: columns(input)?,
            time_range: times(input)?,
            max_versions: Some(number(input)?),
            filter: filter(input, 0)?,
            ..proto::TableInBatchGetRowRequest::default()
        }],
    };
    if let Some(answer) = send(services, "BatchGetRow", &request) {
        let answer = proto::BatchGetRowResponse::decode(answer).expect("answers decode");
        let rows: usize = answer.tables.iter().map(|table| table.rows.len()).sum();
        assert_eq!(rows, asked);
    }
    Ok(())
}

fn range(services: &Services, input: &mut Unstructured<'_>) -> Result<()> {
    let request = proto::GetRangeRequest {
        table_name: table(input)?,
        direction: input.int_in_range(0..=2)?,
        columns_to_get: columns(input)?,
        time_range: times(input)?,
        max_versions: Some(number(input)?),
        limit: if input.arbitrary()? {
            Some(number(input)?)
        } else {
            None
        },
        inclusive_start_primary_key: key(input)?,
        exclusive_end_primary_key: key(input)?,
        filter: filter(input, 0)?,
        start_column: start(input)?,
        end_column: start(input)?,
        ..proto::GetRangeRequest::default()
    };
    if let Some(answer) = send(services, "GetRange", &request) {
        let answer = proto::GetRangeResponse::decode(answer).expect("answers decode");
        let rows = read_rows(&answer.rows).expect("answers can be read");
        assert!(rows.into_iter().all(|row| row.into_row().is_some()));
    }
    Ok(())
}

/// All of the table `t`, read two rows at a time, is what the table has.
fn check_scan(services: &Services) {
    let bound = |value| {
        let key = vec![Column {
            name: "pk".to_owned(),
            value,
        }];
        Bytes::from(encode(&RowChange {
            primary_key: key,
            ..RowChange::default()
        }))
    };
    let mut from = bound(Value::InfMin);
    let mut keys = Vec::new();
    loop {
        let request = proto::GetRangeRequest {
            table_name: "t".to_owned(),
            max_versions: Some(1),
            limit: Some(2),
            inclusive_start_primary_key: from,
            exclusive_end_primary_key: bound(Value::InfMax),
            ..proto::GetRangeRequest::default()
        };
        let answer = send(services, "GetRange", &request).expect("the table is there");
        let answer = proto::GetRangeResponse::decode(answer).expect("answers decode");
        for row in read_rows(&answer.rows).expect("answers can be read") {
            match &row.primary_key[..] {
                [
                    Column {
                        value: Value::String(key),
                        ..
                    },
                ] => keys.push(key.clone()),
                other => panic!("a key of {other:?}"),
            }
        }
        match answer.next_start_primary_key {
            Some(next) if !next.is_empty() => from = next,
            _ => break,
        }
    }
    assert!(keys.is_sorted_by(|one, next| one < next), "{keys:?}");
    let table = TableName::new("t").expect("it is a good name");
    assert_eq!(services.rows(&table), keys.len());
}

/// The answer of a call that was carried out.
fn send(services: &Services, operation: &str, request: &impl Message) -> Option<Bytes> {
    let response = services.exchange(&Sent {
        way: Way::TableVersion2,
        method: "POST",
        target: &format!("/{operation}"),
        headers: Vec::new(),
        body: &request.encode_to_vec(),
    });
    let response = response.expect("it is a request");
    (response.status() == 200).then(|| response.into_body())
}

fn table(input: &mut Unstructured<'_>) -> Result<String> {
    let names = ["t", "t", "t", "keys", "keys", "none"];
    Ok((*input.choose(&names)?).to_owned())
}

fn row(input: &mut Unstructured<'_>) -> Result<Bytes> {
    Ok(encode(&shape::row(input)?).into())
}

fn key(input: &mut Unstructured<'_>) -> Result<Bytes> {
    let row = RowChange {
        primary_key: shape::key(input)?,
        ..RowChange::default()
    };
    Ok(encode(&row).into())
}

fn columns(input: &mut Unstructured<'_>) -> Result<Vec<String>> {
    (0..input.int_in_range(0..=2)?)
        .map(|_| shape::name(input))
        .collect()
}

fn start(input: &mut Unstructured<'_>) -> Result<Option<String>> {
    Ok(if input.ratio(1, 8)? {
        Some(shape::name(input)?)
    } else {
        None
    })
}

fn times(input: &mut Unstructured<'_>) -> Result<Option<proto::TimeRange>> {
    let time = |input: &mut Unstructured<'_>| -> Result<Option<i64>> {
        Ok(if input.arbitrary()? {
            Some(shape::small(input)?)
        } else {
            None
        })
    };
    Ok(if input.ratio(1, 4)? {
        Some(proto::TimeRange {
            start_time: time(input)?,
            end_time: time(input)?,
            specific_time: time(input)?,
        })
    } else {
        None
    })
}

/// A number of rows, versions or cells.
fn number(input: &mut Unstructured<'_>) -> Result<i32> {
    Ok(if input.ratio(1, 8)? {
        input.arbitrary()?
    } else {
        input.int_in_range(0..=4)?
    })
}

fn returned(input: &mut Unstructured<'_>) -> Result<Option<proto::ReturnContent>> {
    Ok(if input.ratio(1, 4)? {
        Some(proto::ReturnContent {
            return_type: Some(input.int_in_range(0..=3)?),
            return_column_names: columns(input)?,
        })
    } else {
        None
    })
}

fn condition(input: &mut Unstructured<'_>) -> Result<Option<proto::Condition>> {
    Ok(Some(proto::Condition {
        row_existence: input.int_in_range(0..=2)?,
        column_condition: filter(input, 0)?,
    }))
}

/// A filter, encoded; mostly none.
fn filter(input: &mut Unstructured<'_>, depth: usize) -> Result<Option<Bytes>> {
    Ok(if input.ratio(1, 3)? {
        Some(filter_of(input, depth)?.encode_to_vec().into())
    } else {
        None
    })
}

fn filter_of(input: &mut Unstructured<'_>, depth: usize) -> Result<proto::Filter> {
    let kind = input.int_in_range(0..=4)?;
    let filter = match kind {
        2 if depth < MAX_DEPTH => {
            let mut sub_filters = Vec::new();
            for _ in 0..input.int_in_range(0..=3)? {
                sub_filters.push(filter_of(input, depth + 1)?);
            }
            let filter = proto::CompositeColumnValueFilter {
                combinator: Some(input.int_in_range(0..=4)?),
                sub_filters,
            };
            filter.encode_to_vec()
        }
        3 => {
            let filter = proto::ColumnPaginationFilter {
                offset: number(input)?,
                limit: number(input)?,
            };
            filter.encode_to_vec()
        }
        _ => {
            let mut column_value = Vec::new();
            write_variant(&mut column_value, &CellValue::from(&shape::value(input)?));
            let filter = proto::SingleColumnValueFilter {
                comparator: Some(input.int_in_range(0..=7)?),
                column_name: shape::name(input)?,
                column_value: column_value.into(),
                filter_if_missing: input.arbitrary()?,
                latest_version_only: input.arbitrary()?,
                value_trans_rule: rule(input)?,
            };
            filter.encode_to_vec()
        }
    };
    Ok(proto::Filter {
        r#type: Some(kind),
        filter: filter.into(),
    })
}

fn rule(input: &mut Unstructured<'_>) -> Result<Option<proto::ValueTransferRule>> {
    Ok(if input.ratio(1, 4)? {
        let regex = if input.arbitrary()? {
            (*input.choose(&["([0-9]+)", ".*", "a|b", "(", ""])?).to_owned()
        } else {
            input.arbitrary()?
        };
        Some(proto::ValueTransferRule {
            regex,
            cast_type: Some(input.int_in_range(0..=8)?),
        })
    } else {
        None
    })
}
