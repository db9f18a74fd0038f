//! Answers: built from what they say, as the service's side writes them.

use super::*;
use crate::tablestore::plainbuffer::{encode, encode_rows, read_rows, write_primary_key};
use crate::tablestore::vectors::{self, hex, key, row};

fn recorded() -> Vec<Json> {
    let file = vectors::load("responses.json");
    let list = file.as_object().unwrap().values().find_map(Json::as_array);
    list.unwrap().clone()
}

fn answer_again(operation: &str, body: &[u8]) {
    match operation {
        "CreateTable" => drop(again::<CreateTableResponse>(body)),
        "DeleteTable" => drop(again::<DeleteTableResponse>(body)),
        "ListTable" => drop(again::<ListTableResponse>(body)),
        "DescribeTable" => drop(again::<DescribeTableResponse>(body)),
        "UpdateRow" => drop(again::<UpdateRowResponse>(body)),
        "BatchWriteRow" => drop(again::<BatchWriteRowResponse>(body)),
        "any" => drop(again::<Error>(body)),
        "GetRow" => {
            let answer = again::<GetRowResponse>(body);
            if !answer.row.is_empty() {
                row_again(&answer.row);
            }
        }
        "GetRange" => {
            let answer = again::<GetRangeResponse>(body);
            let rows = read_rows(&answer.rows).unwrap();
            if !rows.is_empty() {
                assert_eq!(plainbuffer::encode_rows(&rows), answer.rows);
            }
        }
        "BatchGetRow" => {
            for row in &again::<BatchGetRowResponse>(body).tables[0].rows {
                if let Some(row) = row.row.as_ref().filter(|row| !row.is_empty()) {
                    row_again(row);
                }
            }
        }
        other => panic!("unknown operation {other}"),
    }
}

#[test]
fn recorded_answers_are_encoded_again_byte_by_byte() {
    let answers = recorded();
    assert!(answers.len() >= 30);
    for answer in answers {
        answer_again(text(&answer["operation"]), &hex(&answer["body_hex"]));
    }
}

fn consumed(read: i32, write: i32) -> ConsumedCapacity {
    ConsumedCapacity {
        capacity_unit: Some(capacity_unit(read, write)),
    }
}

fn error(code: &Json, message: &Json) -> Error {
    Error {
        code: text(code).to_owned(),
        message: Some(text(message).to_owned().into()),
    }
}

fn described(logical: &Json, table_status: Option<TableStatus>) -> DescribeTableResponse {
    DescribeTableResponse {
        table_meta: Some(TableMeta {
            table_name: text(&logical["table_name"]).to_owned(),
            primary_key: key_schema(&logical["primary_key"]),
            defined_column: defined_columns(&logical["defined_columns"]),
            index_meta: Vec::new(),
        }),
        reserved_throughput_details: Some(ReservedThroughputDetails {
            capacity_unit: Some(capacity_unit(0, 0)),
            last_increase_time: 1_700_000_000,
            last_decrease_time: None,
        }),
        table_options: Some(table_options(&logical["table_options"])),
        table_status: table_status.map(i32::from),
        stream_details: Some(StreamDetails::default()),
        sse_details: Some(SseSpecification::default()),
        ..DescribeTableResponse::default()
    }
}

fn range(logical: &Json) -> GetRangeResponse {
    let rows: Vec<_> = array(&logical["rows"]).iter().map(row).collect();
    let next = logical["next_start_primary_key"].as_array().map(|_| {
        let mut out = Vec::new();
        write_primary_key(&mut out, &key(&logical["next_start_primary_key"]));
        Bytes::from(out)
    });
    GetRangeResponse {
        consumed: Some(consumed(1, 0)),
        rows: if rows.is_empty() {
            Bytes::new()
        } else {
            encode_rows(&rows).into()
        },
        next_start_primary_key: next,
        ..GetRangeResponse::default()
    }
}

/// An answer with a row for every entry: "ok", or code and message.
fn written(logical: &Json) -> BatchWriteRowResponse {
    let rows = array(&logical["orders"]).iter().map(|entry| {
        let refused = entry.is_array();
        RowInBatchWriteRowResponse {
            is_ok: !refused,
            error: refused.then(|| error(&entry[0], &entry[1])),
            consumed: (!refused).then(|| consumed(0, 1)),
            row: None,
        }
    });
    BatchWriteRowResponse {
        tables: vec![TableInBatchWriteRowResponse {
            table_name: "orders".to_owned(),
            rows: rows.collect(),
        }],
    }
}

/// `found` is the row that "row" stands for.
fn read(logical: &Json, found: &Bytes) -> BatchGetRowResponse {
    let rows = array(&logical["orders"]).iter().map(|entry| {
        let refused = entry.is_array();
        let row = if entry == "row" {
            found.clone()
        } else {
            Bytes::new()
        };
        RowInBatchGetRowResponse {
            is_ok: !refused,
            error: refused.then(|| error(&entry[0], &entry[1])),
            consumed: (!refused).then(|| consumed(1, 0)),
            row: (!refused).then_some(row),
            next_token: None,
        }
    });
    BatchGetRowResponse {
        tables: vec![TableInBatchGetRowResponse {
            table_name: "orders".to_owned(),
            rows: rows.collect(),
        }],
    }
}

#[test]
fn recorded_answers_are_built_from_what_they_say() {
    let answers = recorded();
    let found = answers.iter().find(|answer| answer["name"] == "get_row");
    let found = Bytes::from(encode(&row(&found.unwrap()["logical"])));
    for answer in &answers {
        let (name, logical) = (text(&answer["name"]), &answer["logical"]);
        let body = match name {
            "create_table" => CreateTableResponse {}.encode_to_vec(),
            "delete_table" => DeleteTableResponse {}.encode_to_vec(),
            "list_table" => {
                let names = array(&logical["table_names"]).iter();
                let table_names = names.map(|name| text(name).to_owned()).collect();
                ListTableResponse { table_names }.encode_to_vec()
            }
            "describe_table_with_status" => {
                described(logical, Some(TableStatus::Active)).encode_to_vec()
            }
            "describe_table_without_status" => described(logical, None).encode_to_vec(),
            "update_row" => UpdateRowResponse {
                consumed: Some(consumed(0, 1)),
                row: None,
            }
            .encode_to_vec(),
            "get_row" | "get_row_absent" => GetRowResponse {
                consumed: Some(consumed(1, 0)),
                row: if name == "get_row" {
                    found.clone()
                } else {
                    Bytes::new()
                },
                next_token: None,
            }
            .encode_to_vec(),
            "get_range_truncated" | "get_range_last_page" | "get_range_empty" => {
                range(logical).encode_to_vec()
            }
            "batch_write_row_partial" => written(logical).encode_to_vec(),
            "batch_get_row" => read(logical, &found).encode_to_vec(),
            _ if answer["operation"] == "any" => {
                error(&logical["code"], &logical["message"]).encode_to_vec()
            }
            other => panic!("new answer {other}"),
        };
        assert_eq!(body, hex(&answer["body_hex"]), "{name}");
    }
}

#[test]
fn text_that_is_not_utf8_does_not_spoil_an_answer() {
    let error = Error {
        code: "OTSParameterInvalid".to_owned(),
        message: Some(Bytes::from_static(b"bad value '\xE8\xA1'")),
    };
    let row = RowInBatchWriteRowResponse {
        is_ok: false,
        error: Some(error),
        consumed: None,
        row: None,
    };
    assert_eq!(
        again::<RowInBatchWriteRowResponse>(&row.encode_to_vec()),
        row
    );
}
