//! What the client makes of answers.

use super::*;
use crate::tablestore::vectors::{self, array, hex, key, row, text};
use crate::tablestore::{ErrorCode, PrimaryKeyType, RowError, RowOutcome};

type Json = serde_json::Value;

fn recorded() -> Vec<Json> {
    let file = vectors::load("responses.json");
    let list = file.as_object().unwrap().values().find_map(Json::as_array);
    list.unwrap().clone()
}

/// A client that is answered with the recorded answer of that name, and what the answer says.
fn answered(name: &str) -> (Client, Json) {
    let recorded = recorded();
    let case = recorded.iter().find(|case| case["name"] == name).unwrap();
    let status = u16::try_from(case["http_status"].as_u64().unwrap()).unwrap();
    let good = answer(text(&case["operation"]), status, hex(&case["body_hex"]));
    assert_eq!(
        good.headers()["x-ots-contentmd5"],
        text(&case["content_md5"])
    );
    (
        client(Variation::default(), good).0,
        case["logical"].clone(),
    )
}

fn stored(json: &Json) -> Row {
    row(json).into_row().unwrap()
}

#[tokio::test(start_paused = true)]
async fn recorded_answers_about_tables() {
    let orders = table("orders");
    let (client, _) = answered("create_table");
    client.create_table(&orders, &[], -1, 1).await.unwrap();
    let (client, _) = answered("delete_table");
    client.delete_table(&orders).await.unwrap();
    let (client, logical) = answered("list_table");
    let names = client.list_tables().await.unwrap();
    assert_eq!(Json::from(names), logical["table_names"]);

    for name in [
        "describe_table_with_status",
        "describe_table_without_status",
    ] {
        let (client, _) = answered(name);
        let column = |name: &str, kind, auto_increment| PrimaryKeyColumn {
            name: name.to_owned(),
            kind,
            auto_increment,
        };
        let expected = TableDescription {
            name: orders.clone(),
            primary_key: vec![
                column("gid", PrimaryKeyType::Integer, false),
                column("uid", PrimaryKeyType::String, false),
                column("bin", PrimaryKeyType::Binary, false),
                column("seq", PrimaryKeyType::Integer, true),
            ],
            time_to_live_seconds: -1,
            max_versions: 1,
            allow_update: true,
        };
        assert_eq!(client.describe_table(&orders).await.unwrap(), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn recorded_answers_about_rows() {
    let orders = table("orders");
    let (client, _) = answered("update_row");
    let cost = client
        .update_row(&orders, &[], &[], RowExistence::Ignore)
        .await
        .unwrap();
    assert_eq!(cost, CapacityUnit { read: 0, write: 1 });

    let (client, logical) = answered("get_row");
    let found = client.get_row(&orders, &[]).await.unwrap();
    assert_eq!(found, Some(stored(&logical)));
    let (client, _) = answered("get_row_absent");
    assert_eq!(client.get_row(&orders, &[]).await.unwrap(), None);

    for name in [
        "get_range_truncated",
        "get_range_last_page",
        "get_range_empty",
    ] {
        let (client, logical) = answered(name);
        let (rows, next) = client.get_range(&orders, &[], &[], None).await.unwrap();
        let expected: Vec<_> = array(&logical["rows"]).iter().map(stored).collect();
        assert_eq!(rows, expected, "{name}");
        let expected = &logical["next_start_primary_key"];
        assert_eq!(next, expected.is_array().then(|| key(expected)), "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn recorded_outcomes_of_a_batch() {
    let (client, logical) = answered("batch_write_row_partial");
    let outcomes = client
        .batch_write_row(&table("orders"), Bytes::new(), 4)
        .await;
    let expected: Vec<_> = array(&logical["orders"])
        .iter()
        .map(|row| match row.as_array() {
            None => RowOutcome::Written(CapacityUnit { read: 0, write: 1 }),
            Some(error) => RowOutcome::Refused(RowError {
                code: ErrorCode::parse(text(&error[0])),
                message: text(&error[1]).to_owned(),
            }),
        })
        .collect();
    assert_eq!(outcomes.unwrap(), expected);
}

#[tokio::test(start_paused = true)]
async fn recorded_errors_keep_code_message_status_and_request_id() {
    let mut count = 0;
    for case in recorded() {
        if case["operation"] != "any" {
            continue;
        }
        count += 1;
        let wanted = u16::try_from(case["http_status"].as_u64().unwrap()).unwrap();
        let refusal = answer("ListTable", wanted, hex(&case["body_hex"]));
        let (client, _) = client(Variation::default(), refusal);
        match client.list_tables().await.unwrap_err() {
            Error::Service {
                operation,
                status,
                code,
                message,
                request_id,
            } => {
                assert_eq!(operation, "list_tables");
                assert_eq!(status, wanted);
                assert_eq!(code.as_str(), text(&case["logical"]["code"]));
                assert!(!matches!(code, ErrorCode::Other(_)), "{code}");
                assert_eq!(message, text(&case["logical"]["message"]));
                assert_eq!(request_id, RECORDED_REQUEST_ID);
            }
            other => panic!("{other:?}"),
        }
    }
    assert!(count >= 16, "{count}");
}

/// A batch of `rows` rows to table `orders` that is answered with `message`.
async fn batch(message: &proto::BatchWriteRowResponse, rows: usize) -> Result<BatchOutcome, Error> {
    let good = answer("BatchWriteRow", 200, message.encode_to_vec());
    let (client, _) = client(Variation::default(), good);
    client
        .batch_write_row(&table("orders"), Bytes::new(), rows)
        .await
}

fn outcomes(
    table_name: &str,
    rows: &[proto::RowInBatchWriteRowResponse],
) -> proto::BatchWriteRowResponse {
    proto::BatchWriteRowResponse {
        tables: vec![proto::TableInBatchWriteRowResponse {
            table_name: table_name.to_owned(),
            rows: rows.to_vec(),
        }],
    }
}

#[tokio::test(start_paused = true)]
async fn outcomes_that_do_not_fit_the_rows_are_no_outcomes() {
    let written = proto::RowInBatchWriteRowResponse {
        is_ok: true,
        ..proto::RowInBatchWriteRowResponse::default()
    };
    let nothing = proto::RowInBatchWriteRowResponse::default();
    let free = RowOutcome::Written(CapacityUnit::default());
    let good = batch(&outcomes("orders", std::slice::from_ref(&written)), 1).await;
    assert_eq!(good.unwrap(), [free]);

    let mut twice = outcomes("orders", std::slice::from_ref(&written));
    twice.tables.push(twice.tables[0].clone());
    for (message, fault) in [
        (proto::BatchWriteRowResponse::default(), "0 tables"),
        (twice, "2 tables"),
        (
            outcomes("others", std::slice::from_ref(&written)),
            "table \"others\"",
        ),
        (outcomes("orders", &[]), "0 outcomes for 1 rows"),
        (
            outcomes("orders", &[written.clone(), written]),
            "2 outcomes for 1 rows",
        ),
        (outcomes("orders", &[nothing]), "row 0 is neither"),
    ] {
        let error = batch(&message, 1).await.unwrap_err();
        assert!(matches!(error, Error::Answer { .. }), "{error:?}");
        let shown = error.to_string();
        assert!(
            shown.contains("batch_write_row to table orders: "),
            "{shown}"
        );
        assert!(shown.contains(fault), "{shown}");
    }
}

#[tokio::test(start_paused = true)]
async fn rows_that_cannot_be_read_are_faults_of_the_answer() {
    let change = plainbuffer::RowChange {
        delete_marker: true,
        ..plainbuffer::RowChange::default()
    };
    for (row, fault) in [
        (plainbuffer::encode(&change), "a change, not a stored row"),
        (vec![0x75, 0, 0], "ends inside the header"),
    ] {
        let message = proto::GetRowResponse {
            row: row.into(),
            ..proto::GetRowResponse::default()
        };
        let good = answer("GetRow", 200, message.encode_to_vec());
        let (client, _) = client(Variation::default(), good);
        let error = client.get_row(&table("t"), &[]).await.unwrap_err();
        assert!(error.to_string().contains(fault), "{error}");
    }
    let message = proto::GetRangeResponse {
        data_block_type: Some(1),
        ..proto::GetRangeResponse::default()
    };
    let good = answer("GetRange", 200, message.encode_to_vec());
    let (client, _) = client(Variation::default(), good);
    let range = client.get_range(&table("t"), &[], &[], None).await;
    assert!(range.unwrap_err().to_string().contains("PlainBuffer"));
}

#[tokio::test(start_paused = true)]
async fn a_table_without_key_or_with_an_unknown_type_is_no_table() {
    let column = proto::PrimaryKeySchema {
        name: "k".to_owned(),
        r#type: Some(5),
        option: None,
    };
    for (primary_key, fault) in [
        (vec![], "no primary key"),
        (vec![column], "\"k\" has the unknown type"),
    ] {
        let meta = proto::TableMeta {
            table_name: "t".to_owned(),
            primary_key,
            ..proto::TableMeta::default()
        };
        let message = proto::DescribeTableResponse {
            table_meta: Some(meta),
            ..proto::DescribeTableResponse::default()
        };
        let good = answer("DescribeTable", 200, message.encode_to_vec());
        let (client, _) = client(Variation::default(), good);
        let error = client.describe_table(&table("t")).await.unwrap_err();
        assert!(error.to_string().contains(fault), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_very_long_message_is_cut() {
    let error = proto::Error {
        code: "OTSParameterInvalid".to_owned(),
        message: Some("é".repeat(100_000).into()),
    };
    let refusal = answer("ListTable", 400, error.encode_to_vec());
    let (client, _) = client(Variation::default(), refusal);
    let shown = client.list_tables().await.unwrap_err().to_string();
    assert!(shown.contains("OTSParameterInvalid: éé") && shown.len() < 10_000);
}
