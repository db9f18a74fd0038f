//! Answers, to the byte as they were recorded.

use super::recorded::{create, two_columns};
use super::*;
use crate::sandbox::{Action, RowMatch};
use crate::tablestore::vectors::{self, array, hex, text};

fn recorded_answer(name: &str) -> Vec<u8> {
    let recorded = vectors::load("responses.json");
    let cases = array(&recorded["responses"]);
    hex(&cases.iter().find(|case| case["name"] == name).unwrap()["body_hex"])
}

#[test]
fn answers_are_the_recorded_bytes() {
    let host = Host::at(1_700_000_000, false);
    create(
        &host,
        "orders",
        two_columns("uid", "gid").into_iter().rev().collect(),
    );
    create(&host, "users_2", two_columns("uid", "gid"));
    let body = |operation: &str, request: Vec<u8>| {
        host.send(&signed(operation, request, &host.date()))
            .body()
            .to_vec()
    };
    assert_eq!(body("ListTable", Vec::new()), recorded_answer("list_table"));
    let row_key = |gid, uid: &str| vec![integer("gid", gid), string("uid", uid)];
    let update = |gid, uid: &str, cells: Vec<CellChange>| {
        proto::UpdateRowRequest {
            table_name: "orders".to_owned(),
            row_change: plainbuffer::encode(&changes(row_key(gid, uid), cells)).into(),
            condition: Some(ignore()),
            ..Default::default()
        }
        .encode_to_vec()
    };
    let at =
        |name: &str, value: Value| cell(name, CellKind::Put, Some(value), Some(1_700_000_000_000));
    let first = update(1, "a", vec![at("c", Value::Integer(1))]);
    assert_eq!(body("UpdateRow", first), recorded_answer("update_row"));
    let range = proto::GetRangeRequest {
        table_name: "orders".to_owned(),
        inclusive_start_primary_key: encoded_key(row_key(0, "")),
        exclusive_end_primary_key: encoded_key(row_key(9, "")),
        max_versions: Some(1),
        ..Default::default()
    };
    assert_eq!(
        body("GetRange", range.encode_to_vec()),
        recorded_answer("get_range_last_page")
    );
    let cells = vec![
        at("c", Value::Integer(2)),
        at("s", Value::String("x".to_owned())),
    ];
    body("UpdateRow", update(1, "b", cells));
    body(
        "UpdateRow",
        update(2, "k", vec![at("c", Value::Integer(3))]),
    );
    let key_only = proto::PutRowRequest {
        table_name: "orders".to_owned(),
        row: encoded_key(row_key(2, "")),
        condition: Some(ignore()),
        ..Default::default()
    };
    body("PutRow", key_only.encode_to_vec());
    let three = proto::GetRangeRequest {
        limit: Some(3),
        ..range.clone()
    };
    assert_eq!(
        body("GetRange", three.encode_to_vec()),
        recorded_answer("get_range_truncated")
    );
    let none = proto::GetRangeRequest {
        inclusive_start_primary_key: encoded_key(row_key(7, "")),
        ..range
    };
    assert_eq!(
        body("GetRange", none.encode_to_vec()),
        recorded_answer("get_range_empty")
    );
    let get = proto::GetRowRequest {
        table_name: "orders".to_owned(),
        primary_key: encoded_key(row_key(5, "q")),
        max_versions: Some(1),
        ..Default::default()
    };
    assert_eq!(
        body("GetRow", get.encode_to_vec()),
        recorded_answer("get_row_absent")
    );
}

/// The recorded row of all types, written as it is shown and read back to the byte.
#[test]
fn a_row_of_all_types_comes_back_as_recorded() {
    let expected = recorded_answer("get_row");
    let recorded = proto::GetRowResponse::decode(expected.as_slice()).unwrap();
    let row = plainbuffer::read_row(&recorded.row).unwrap();
    let host = Host::at(1_700_000_000, false);
    create(
        &host,
        "orders",
        two_columns("uid", "gid").into_iter().rev().collect(),
    );
    let put = proto::PutRowRequest {
        table_name: "orders".to_owned(),
        row: plainbuffer::encode(&row).into(),
        condition: Some(ignore()),
        ..Default::default()
    };
    let _: proto::PutRowResponse = host.call("PutRow", &put).unwrap();
    let get = proto::GetRowRequest {
        table_name: "orders".to_owned(),
        primary_key: encoded_key(row.primary_key),
        max_versions: Some(10),
        ..Default::default()
    };
    let response = host.send(&signed("GetRow", get.encode_to_vec(), &host.date()));
    assert_eq!(response.body().as_ref(), expected);
}

#[test]
fn partial_failures_and_errors_are_the_recorded_bytes() {
    let host = Host::with_table(&[("pk", PrimaryKeyType::Integer)]);
    host.create("orders", &[("pk", PrimaryKeyType::Integer)], options(-1, 1));
    let busy = Action::row_errors(
        "OTSServerBusy",
        "Server is busy.",
        RowMatch::Key("1".to_owned()),
    );
    host.desk.faults.next("BatchWriteRow", 1, busy);
    let row = |pk, existence| {
        in_batch(
            2,
            puts(vec![integer("pk", pk)], vec![integer("c", pk)]),
            expecting(existence),
        )
    };
    let mut request = batch_of(vec![
        row(0, RowExistence::Ignore),
        row(1, RowExistence::Ignore),
        row(2, RowExistence::Ignore),
        row(3, RowExistence::ExpectExist),
    ]);
    request.tables[0].table_name = "orders".to_owned();
    let response = host.send(&signed("BatchWriteRow", request.encode_to_vec(), DATE));
    assert_eq!(
        response.body().as_ref(),
        recorded_answer("batch_write_row_partial")
    );

    let recorded = vectors::load("responses.json");
    let errors = array(&recorded["responses"])
        .iter()
        .filter(|case| text(&case["name"]).starts_with("error_"));
    let mut seen = 0;
    for case in errors {
        let status = u16::try_from(case["http_status"].as_u64().unwrap()).unwrap();
        let (code, message) = (&case["logical"]["code"], &case["logical"]["message"]);
        let refusal = Action::refuse(status, text(code), text(message));
        host.desk.faults.next("ListTable", 1, refusal);
        let response = host.send(&signed("ListTable", Vec::new(), DATE));
        check_answer("ListTable", &response);
        assert_eq!(response.status(), status);
        assert_eq!(response.body().as_ref(), hex(&case["body_hex"]));
        assert_eq!(
            response.headers()["x-ots-contentmd5"],
            text(&case["content_md5"])
        );
        seen += 1;
    }
    assert_eq!(seen, 17);
    assert_eq!(host.desk.ledger.calls_with("ListTable", "OTSServerBusy"), 1);
}

#[test]
fn described_tables_are_as_recorded() {
    let host = Host::at(1_700_000_000, false);
    let mut meta = meta(
        "orders",
        &[
            ("gid", PrimaryKeyType::Integer),
            ("uid", PrimaryKeyType::String),
            ("bin", PrimaryKeyType::Binary),
            ("seq", PrimaryKeyType::Integer),
        ],
    );
    meta.primary_key[3].option = Some(1);
    meta.defined_column = vec![proto::DefinedColumnSchema {
        name: "c1".to_owned(),
        r#type: Some(4),
    }];
    let create = proto::CreateTableRequest {
        table_meta: Some(meta),
        reserved_throughput: Some(no_throughput()),
        table_options: Some(options(-1, 1)),
        ..Default::default()
    };
    let _: proto::CreateTableResponse = host.call("CreateTable", &create).unwrap();
    let request = proto::DescribeTableRequest {
        table_name: "orders".to_owned(),
    };
    let mut answer: proto::DescribeTableResponse = host.call("DescribeTable", &request).unwrap();
    let created = answer.creation_time.take().unwrap();
    assert_eq!(created / 1_000_000, 1_700_000_000);
    assert_eq!(
        answer.encode_to_vec(),
        recorded_answer("describe_table_with_status")
    );
}
