//! Requests recorded from the official SDKs, sent to the store as they were.

use super::*;
use crate::tablestore::vectors::{self, array, hex, key, pairs, text};
use serde_json::Value as Json;

/// A recorded request as it was on the wire.
fn request(path: &str, headers: &[(&str, &str)], body: Vec<u8>) -> http::Request<Bytes> {
    let mut request = http::Request::post(format!("http://127.0.0.1{path}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(body.into()).unwrap()
}

/// A key that fits every value of `keys`, of which bounds fit all.
fn schema_of(keys: &[&Json]) -> Vec<PrimaryKeyColumn> {
    let columns: Vec<_> = keys.iter().map(|json| key(json)).collect();
    (0..columns[0].len())
        .map(|place| {
            let kind = columns.iter().find_map(|key| match &key[place].value {
                Value::Integer(_) | Value::AutoIncrement => Some(PrimaryKeyType::Integer),
                Value::String(_) => Some(PrimaryKeyType::String),
                Value::Binary(_) => Some(PrimaryKeyType::Binary),
                _ => None,
            });
            PrimaryKeyColumn {
                name: columns[0][place].name.clone(),
                kind: kind.unwrap_or(PrimaryKeyType::Integer),
                auto_increment: columns
                    .iter()
                    .any(|key| key[place].value == Value::AutoIncrement),
            }
        })
        .collect()
}

/// The tables that a recorded call needs, by what it says of its keys.
fn tables_of(logical: &Json) -> Vec<(String, Vec<PrimaryKeyColumn>)> {
    let table =
        |json: &Json, keys: &[&Json]| (text(&json["table_name"]).to_owned(), schema_of(keys));
    if let Some(tables) = logical["tables"].as_array() {
        return tables
            .iter()
            .map(|json| match json["rows"].as_array() {
                Some(rows) => {
                    let keys: Vec<_> = rows.iter().map(|row| &row["primary_key"]).collect();
                    table(json, &keys)
                }
                None => ("orders".to_owned(), two_columns("pk0", "pk1")),
            })
            .collect();
    }
    if let Some(keys) = logical["primary_keys"].as_array() {
        return vec![table(logical, &keys.iter().collect::<Vec<_>>())];
    }
    if logical["start"].is_array() {
        return vec![table(logical, &[&logical["start"], &logical["end"]])];
    }
    if logical["primary_key"][0].is_object() {
        return vec![table(logical, &[&logical["primary_key"]])];
    }
    let key = two_columns("uid", "gid").into_iter().rev().collect();
    vec![("orders".to_owned(), key)]
}

pub(super) fn two_columns(string: &str, integer: &str) -> Vec<PrimaryKeyColumn> {
    let column = |name: &str, kind| PrimaryKeyColumn {
        name: name.to_owned(),
        kind,
        auto_increment: false,
    };
    vec![
        column(string, PrimaryKeyType::String),
        column(integer, PrimaryKeyType::Integer),
    ]
}

pub(super) fn create(host: &Host, name: &str, key: Vec<PrimaryKeyColumn>) {
    let spec = TableSpec {
        max_versions: 3,
        ..TableSpec::new(TableName::new(name).unwrap(), key)
    };
    host.store.create_table(spec).unwrap();
    // Recorded cells have versions of years ago.
    let update = proto::UpdateTableRequest {
        table_name: name.to_owned(),
        table_options: Some(proto::TableOptions {
            deviation_cell_version_in_sec: Some(1_000_000_000),
            ..Default::default()
        }),
        ..Default::default()
    };
    let _: proto::UpdateTableResponse = host.call("UpdateTable", &update).unwrap();
}

fn prepared(case: &Json) -> Host {
    let host = Host::new();
    if text(&case["operation"]) == "CreateTable" {
        return host;
    }
    let logical = &case["logical"];
    for (name, key) in tables_of(logical) {
        create(&host, &name, key);
    }
    // Rows that are expected to be there.
    if logical["condition"].is_object() || logical["condition"] == "EXPECT_EXIST" {
        put_row(&host, "orders", &logical["primary_key"]);
    }
    for table in logical["tables"].as_array().into_iter().flatten() {
        for row in table["rows"].as_array().into_iter().flatten() {
            if row["condition"] == "EXPECT_EXIST" {
                put_row(&host, text(&table["table_name"]), &row["primary_key"]);
            }
        }
    }
    host
}

fn put_row(host: &Host, table: &str, row_key: &Json) {
    let row = puts(key(row_key), vec![string("s", "y")]);
    let request = proto::PutRowRequest {
        table_name: table.to_owned(),
        row: plainbuffer::encode(&row).into(),
        condition: Some(ignore()),
        ..Default::default()
    };
    let _: proto::PutRowResponse = host.call("PutRow", &request).unwrap();
}

#[test]
fn every_recorded_request_is_verified_and_carried_out() {
    let recorded = vectors::load("requests.json");
    let cases = array(&recorded["requests"]);
    assert_eq!(cases.len(), 29);
    for case in cases {
        let host = prepared(case);
        let headers = pairs(&case["headers"]);
        let body = hex(&case["body_hex"]);
        let good = request(text(&case["path"]), &headers, body.clone());
        let response = host.send(&good);
        let shown = String::from_utf8_lossy(response.body()).into_owned();
        let in_transaction = case["logical"]["transaction_id"].is_string();
        let expected = if in_transaction { 400 } else { 200 };
        assert_eq!(response.status(), expected, "{}: {shown}", case["name"]);
        // Whatever table it is, a batch that is carried out has no refused row.
        if text(&case["operation"]) == "BatchWriteRow" && !in_transaction {
            let answer = proto::BatchWriteRowResponse::decode(response.body().clone()).unwrap();
            for row in answer.tables.iter().flat_map(|table| &table.rows) {
                assert_eq!(row_error(row), None, "{}", case["name"]);
            }
        }
        let forged: Vec<_> = headers
            .iter()
            .map(|(name, value)| match *name {
                "x-ots-signature" | "x-ots-signaturev4" => (*name, "AAAAAAAAAAAAAAAAAAAAAAAAAAA="),
                _ => (*name, *value),
            })
            .collect();
        let response = host.send(&request(text(&case["path"]), &forged, body));
        assert_eq!(response.status(), 403, "{}", case["name"]);
    }
}

#[test]
fn two_hundred_recorded_updates_are_two_hundred_rows() {
    let recorded = vectors::load("requests.json");
    let case = array(&recorded["requests"])
        .iter()
        .find(|case| case["name"] == "batch_write_row_200_updates")
        .unwrap();
    let host = prepared(case);
    host.send(&request(
        text(&case["path"]),
        &pairs(&case["headers"]),
        hex(&case["body_hex"]),
    ));
    let table = TableName::new("orders").unwrap();
    assert_eq!(host.store.row_count(&table), Some(200));
    let rows = host.store.rows(&table).unwrap();
    let seventh = &rows[7];
    assert_eq!(
        seventh.primary_key,
        [string("pk0", "user-0007"), integer("pk1", -93)]
    );
    let cells: Vec<_> = seventh
        .cells
        .iter()
        .map(|cell| (cell.name.as_str(), cell.value.clone()))
        .collect();
    assert_eq!(
        cells,
        [
            ("name", Value::String("n7".to_owned())),
            ("ok", Value::Boolean(false)),
            ("score", Value::Double(3.5)),
        ]
    );
    assert_eq!(host.store.counters(&table).unwrap().rows_written, 200);
}

#[test]
fn repeated_rows_act_in_order_and_take_no_condition() {
    let recorded = vectors::load("batch-write-row-extra.json");
    let cases = array(&recorded["requests"]);
    assert_eq!(cases.len(), 5);
    let key = vec![PrimaryKeyColumn {
        name: "pk0".to_owned(),
        kind: PrimaryKeyType::String,
        auto_increment: false,
    }];
    for case in cases {
        let host = Host::new();
        create(&host, "orders", key.clone());
        let operation = match text(&case["name"]) {
            "update_row_trailing_zero_padding" => "UpdateRow",
            _ => "BatchWriteRow",
        };
        let response = host.send(&signed(operation, hex(&case["body_hex"]), DATE));
        check_answer(operation, &response);
        let rows = host.store.rows(&TableName::new("orders").unwrap()).unwrap();
        let latest: Vec<_> = rows
            .iter()
            .map(|row| {
                let mut cells = row.cells.clone();
                cells.dedup_by(|later, earlier| later.name == earlier.name);
                show_cells(&Row {
                    cells,
                    ..row.clone()
                })
            })
            .collect();
        match text(&case["name"]) {
            "duplicate_rows_with_existence_check" => {
                assert_eq!(response.status(), 400);
                let error = proto::Error::decode(response.body().clone()).unwrap();
                assert_eq!(
                    error.message.unwrap(),
                    "Repeated rows do not support row exist expectation check in BatchModify."
                );
                assert_eq!(rows, []);
            }
            "update_row_trailing_zero_padding" => {
                assert_eq!(response.status(), 200);
                assert_eq!(latest, [["c=1"]]);
                assert_eq!(rows[0].cells[0].timestamp_millis, 1_700_000_000_000);
            }
            _ => {
                let answer = proto::BatchWriteRowResponse::decode(response.body().clone()).unwrap();
                let outcomes: Vec<_> = answer.tables[0].rows.iter().map(row_error).collect();
                assert_eq!(outcomes, [None, None, None], "{}", case["name"]);
                assert_eq!(latest, [["a=3", "b=2"]]);
            }
        }
    }
}

#[test]
fn java_and_go_requests_pass_and_compression_works_both_ways() {
    let recorded = vectors::load("signature-other-sdks.json");
    let cases = array(&recorded["cases"]);
    assert_eq!(cases.len(), 3);
    for case in cases {
        let host = Host::new();
        create(&host, "orders", two_columns("pk0", "unused")[..1].to_vec());
        let mut headers = pairs(&case["signed_headers"]);
        headers.push((text(&case["signature_header"]), text(&case["signature"])));
        let sent = request(text(&case["path"]), &headers, hex(&case["body_hex"]));
        let response = host.send(&sent);
        assert_eq!(response.status(), 200, "{}", case["name"]);
        let of = |name: &str| {
            response
                .headers()
                .get(name)
                .map(|value| value.to_str().unwrap())
        };
        let mut body = response.body().to_vec();
        if case["name"] == "java_style_compressed_request" {
            assert_eq!(of("x-ots-response-compress-type"), Some("deflate"));
            let mut inflated = Vec::new();
            let mut decoder = flate2::read::ZlibDecoder::new(body.as_slice());
            std::io::Read::read_to_end(&mut decoder, &mut inflated).unwrap();
            body = inflated;
            let size = body.len().to_string();
            assert_eq!(of("x-ots-response-compress-size"), Some(size.as_str()));
        } else {
            assert_eq!(of("x-ots-response-compress-type"), None);
        }
        assert_eq!(of("x-ots-contentmd5").unwrap(), verify::content_md5(&body));
        let answer = proto::BatchWriteRowResponse::decode(body.as_slice()).unwrap();
        assert_eq!(answer.tables[0].rows.len(), 3);
    }
}

#[test]
fn recorded_rows_are_read_and_any_damage_is_refused() {
    let recorded = vectors::load("plainbuffer-rows.json");
    let rows = array(&recorded["rows"]);
    assert_eq!(rows.len(), 29);
    for case in rows {
        let bytes = hex(&case["hex"]);
        let row = incoming::read_row(&bytes).unwrap();
        let expected = vectors::row(case);
        let names: Vec<_> = row
            .key
            .iter()
            .chain(&row.cells)
            .map(|cell| cell.name)
            .collect();
        let expected_names: Vec<_> = expected
            .primary_key
            .iter()
            .map(|column| column.name.as_str())
            .chain(expected.cells.iter().map(|cell| cell.name.as_str()))
            .collect();
        assert_eq!(names, expected_names);
        assert_eq!(row.delete_marker, expected.delete_marker);
        for (cell, expected) in row.cells.iter().zip(&expected.cells) {
            assert_eq!(cell.value, expected.value.as_ref().map(table::view));
            assert_eq!(cell.timestamp, expected.timestamp_millis);
        }
        for (cell, expected) in row.key.iter().zip(&expected.primary_key) {
            assert_eq!(cell.value, Some(table::view(&expected.value)));
        }
        if bytes.len() > 1000 {
            continue;
        }
        for place in 0..bytes.len() {
            for bit in 0..8 {
                let mut damaged = bytes.clone();
                damaged[place] ^= 1 << bit;
                assert!(
                    incoming::read_row(&damaged).is_err(),
                    "{}: byte {place}",
                    case["name"]
                );
            }
            assert!(incoming::read_row(&bytes[..place]).is_err());
        }
    }
    let recorded = vectors::load("plainbuffer-malformed.json");
    for case in array(&recorded["cases"]) {
        let bytes = hex(&case["hex"]);
        let outcome = incoming::read_row(&bytes);
        // Cell types and delete markers are at home in requests. A wrong length of a value, which
        // the SDKs' readers pass over, is refused.
        let is_sound = matches!(
            text(&case["case"]),
            "unchanged"
                | "one zero byte appended"
                | "response cell carrying TAG_CELL_TYPE increment"
                | "row with delete marker"
        );
        assert_eq!(outcome.is_ok(), is_sound, "{}", case["case"]);
    }
}
