//! Requests about rows.

use super::*;
use crate::tablestore::plainbuffer::{read_primary_key, read_row};
use crate::tablestore::vectors::{self, hex, key, row};

fn request_again(operation: &str, body: &[u8]) {
    match operation {
        "CreateTable" => drop(again::<CreateTableRequest>(body)),
        "ListTable" => drop(again::<ListTableRequest>(body)),
        "DescribeTable" => drop(again::<DescribeTableRequest>(body)),
        "UpdateTable" => drop(again::<UpdateTableRequest>(body)),
        "DeleteTable" => drop(again::<DeleteTableRequest>(body)),
        "PutRow" => drop(row_again(&again::<PutRowRequest>(body).row)),
        "UpdateRow" => {
            let request = again::<UpdateRowRequest>(body);
            row_again(&request.row_change);
            let condition = request.condition.unwrap().column_condition;
            if let Some(filter) = condition {
                filter_again(&again::<Filter>(&filter));
            }
        }
        "DeleteRow" => {
            let request = again::<DeleteRowRequest>(body);
            assert!(row_again(&request.primary_key).delete_marker);
        }
        "BatchWriteRow" => {
            for table in again::<BatchWriteRowRequest>(body).tables {
                assert!(!table.rows.is_empty());
                for row in table.rows {
                    row_again(&row.row_change);
                }
            }
        }
        "GetRow" => drop(row_again(&again::<GetRowRequest>(body).primary_key)),
        "GetRange" => {
            let request = again::<GetRangeRequest>(body);
            row_again(&request.inclusive_start_primary_key);
            row_again(&request.exclusive_end_primary_key);
        }
        "BatchGetRow" => {
            for table in again::<BatchGetRowRequest>(body).tables {
                assert_eq!(table.primary_key.len(), 3);
                for key in table.primary_key {
                    read_primary_key(&key).unwrap();
                }
            }
        }
        other => panic!("unknown operation {other}"),
    }
}

fn filter_again(filter: &Filter) {
    if filter.r#type() == FilterType::SingleColumnValue {
        let single = again::<SingleColumnValueFilter>(&filter.filter);
        plainbuffer::read_variant(&single.column_value).unwrap();
    } else {
        let composite = again::<CompositeColumnValueFilter>(&filter.filter);
        assert_eq!(composite.combinator(), LogicalOperator::And);
        composite.sub_filters.iter().for_each(filter_again);
    }
}

#[test]
fn recorded_requests_are_encoded_again_byte_by_byte() {
    let recorded = vectors::load("requests.json");
    let requests = array(&recorded["requests"]);
    assert!(requests.len() >= 29);
    for request in requests {
        request_again(text(&request["operation"]), &hex(&request["body_hex"]));
    }
}

fn existence(logical: &Json) -> i32 {
    match text(logical) {
        "IGNORE" => RowExistenceExpectation::Ignore.into(),
        "EXPECT_EXIST" => RowExistenceExpectation::ExpectExist.into(),
        "EXPECT_NOT_EXIST" => RowExistenceExpectation::ExpectNotExist.into(),
        other => panic!("unknown expectation {other}"),
    }
}

fn batch_row(json: &Json) -> RowInBatchWriteRowRequest {
    let operation = match text(&json["type"]) {
        "PUT" => OperationType::Put,
        "UPDATE" => OperationType::Update,
        "DELETE" => OperationType::Delete,
        other => panic!("unknown operation {other}"),
    };
    RowInBatchWriteRowRequest {
        r#type: Some(operation.into()),
        row_change: plainbuffer::encode(&row(json)).into(),
        condition: Some(Condition {
            row_existence: existence(&json["condition"]),
            column_condition: None,
        }),
        return_content: None,
    }
}

fn batch_table(json: &Json, rows: &Json) -> TableInBatchWriteRowRequest {
    let name = json.get("table_name").unwrap_or(&json["table"]);
    TableInBatchWriteRowRequest {
        table_name: text(name).to_owned(),
        rows: array(rows).iter().map(batch_row).collect(),
    }
}

/// Builds the body of a request from what it is said to do; `None` for what only other tests build.
fn built(operation: &str, logical: &Json) -> Option<Vec<u8>> {
    let table_name = || text(&logical["table_name"]).to_owned();
    let condition = || {
        Some(Condition {
            row_existence: existence(&logical["condition"]),
            column_condition: None,
        })
    };
    let return_content = || {
        logical.get("return_type").map(|_| ReturnContent {
            return_type: Some(ReturnType::Pk.into()),
            return_column_names: Vec::new(),
        })
    };
    let encoded = |field: &str| {
        let mut out = Vec::new();
        plainbuffer::write_primary_key(&mut out, &key(&logical[field]));
        Bytes::from(out)
    };
    let columns_to_get = || {
        logical
            .get("columns_to_get")
            .map_or_else(Vec::new, |columns| {
                array(columns)
                    .iter()
                    .map(|name| text(name).to_owned())
                    .collect()
            })
    };
    let number = |field: &str| logical[field].as_i64().map(|n| i32::try_from(n).unwrap());
    let body = match operation {
        "UpdateRow" if logical["condition"].is_string() => UpdateRowRequest {
            table_name: table_name(),
            row_change: plainbuffer::encode(&row(logical)).into(),
            condition: condition(),
            return_content: return_content(),
            transaction_id: None,
        }
        .encode_to_vec(),
        "PutRow" => PutRowRequest {
            table_name: table_name(),
            row: plainbuffer::encode(&row(logical)).into(),
            condition: condition(),
            return_content: return_content(),
            transaction_id: None,
        }
        .encode_to_vec(),
        "DeleteRow" => {
            let mut row = row(logical);
            row.delete_marker = true;
            DeleteRowRequest {
                table_name: table_name(),
                primary_key: plainbuffer::encode(&row).into(),
                condition: condition(),
                return_content: None,
                transaction_id: None,
            }
            .encode_to_vec()
        }
        "BatchWriteRow" if logical["tables"][0]["rows"].is_array() => BatchWriteRowRequest {
            tables: array(&logical["tables"])
                .iter()
                .map(|table| batch_table(table, &table["rows"]))
                .collect(),
            transaction_id: logical["transaction_id"].as_str().map(ToOwned::to_owned),
            is_atomic: None,
        }
        .encode_to_vec(),
        "GetRow" => GetRowRequest {
            table_name: table_name(),
            primary_key: encoded("primary_key"),
            columns_to_get: columns_to_get(),
            time_range: logical["time_range"].as_array().map(|range| TimeRange {
                start_time: range[0].as_i64(),
                end_time: range[1].as_i64(),
                specific_time: None,
            }),
            max_versions: number("max_versions"),
            ..GetRowRequest::default()
        }
        .encode_to_vec(),
        "GetRange" => GetRangeRequest {
            table_name: table_name(),
            direction: match text(&logical["direction"]) {
                "FORWARD" => Direction::Forward.into(),
                _ => Direction::Backward.into(),
            },
            columns_to_get: columns_to_get(),
            max_versions: number("max_versions"),
            limit: number("limit"),
            inclusive_start_primary_key: encoded("start"),
            exclusive_end_primary_key: encoded("end"),
            ..GetRangeRequest::default()
        }
        .encode_to_vec(),
        _ => return None,
    };
    Some(body)
}

#[test]
fn recorded_requests_are_built_from_what_they_do() {
    let recorded = vectors::load("requests.json");
    let mut count = 0;
    for request in array(&recorded["requests"]) {
        let logical = &request["logical"];
        if logical["table_name"].is_null() && logical["tables"].is_null() {
            continue;
        }
        if let Some(body) = built(text(&request["operation"]), logical) {
            assert_eq!(body, hex(&request["body_hex"]), "{}", request["name"]);
            count += 1;
        }
    }
    assert!(count >= 14, "{count}");
}

#[test]
fn recorded_batch_of_two_hundred_rows() {
    let recorded = vectors::load("requests.json");
    let request = array(&recorded["requests"])
        .iter()
        .find(|request| request["name"] == "batch_write_row_200_updates")
        .unwrap();
    let rows = (0..200_i32).map(|i| {
        let key = serde_json::json!([
            {"name": "pk0", "value": {"type": "STRING", "value": format!("user-{i:04}")}},
            {"name": "pk1", "value": {"type": "INTEGER", "value": (i - 100).to_string()}},
        ]);
        let bits = format!("{:016x}", (f64::from(i) * 0.5).to_bits());
        let columns = serde_json::json!([
            {"name": "name", "value": {"type": "STRING", "value": format!("n{i}")}},
            {"name": "score", "value": {"type": "DOUBLE", "bits_hex": bits}},
            {"name": "ok", "value": {"type": "BOOLEAN", "value": i % 2 == 0}},
        ]);
        serde_json::json!({"type": "UPDATE", "condition": "IGNORE", "primary_key": key, "columns": columns})
    });
    let logical = serde_json::json!({
        "tables": [{"table_name": "orders", "rows": rows.collect::<Vec<_>>()}]
    });
    let body = built("BatchWriteRow", &logical).unwrap();
    assert!(body == hex(&request["body_hex"]));
}

#[test]
fn recorded_batches_of_other_sdks() {
    let recorded = vectors::load("batch-write-row-extra.json");
    let requests = array(&recorded["requests"]);
    assert!(requests.len() >= 5);
    for request in requests {
        let (logical, body) = (&request["logical"], hex(&request["body_hex"]));
        if logical.get("padding_zero_bytes").is_some() {
            let update = again::<UpdateRowRequest>(&body);
            let expected = row(logical);
            assert_eq!(read_row(&update.row_change), Ok(expected.clone()));
            let padded = [plainbuffer::encode(&expected), vec![0; 22]].concat();
            assert_eq!(update.row_change, padded);
            continue;
        }
        // "as duplicate_rows_ignore"
        let rows = if logical["rows"].is_array() {
            &logical["rows"]
        } else {
            &requests[0]["logical"]["rows"]
        };
        let expected = BatchWriteRowRequest {
            tables: vec![batch_table(logical, rows)],
            transaction_id: None,
            is_atomic: logical["is_atomic"].as_bool(),
        };
        assert_eq!(
            again::<BatchWriteRowRequest>(&body),
            expected,
            "{}",
            request["name"]
        );
        assert_eq!(expected.encode_to_vec(), body, "{}", request["name"]);
    }
}
