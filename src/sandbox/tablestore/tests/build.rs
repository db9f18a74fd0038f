//! Keys, rows and requests for the tests, and what answers come to.

use super::*;

pub(super) fn show_cells(row: &Row) -> Vec<String> {
    row.cells
        .iter()
        .map(|cell| match &cell.value {
            Value::Integer(value) => format!("{}={value}", cell.name),
            Value::String(text) => format!("{}={text}", cell.name),
            other => format!("{}={other:?}", cell.name),
        })
        .collect()
}

pub(super) fn row_of(bytes: &[u8]) -> Option<Row> {
    (!bytes.is_empty()).then(|| plainbuffer::read_row(bytes).unwrap().into_row().unwrap())
}

pub(super) fn get_request(key: Vec<Column>, max_versions: i32) -> proto::GetRowRequest {
    proto::GetRowRequest {
        table_name: "t".to_owned(),
        primary_key: encoded_key(key),
        max_versions: Some(max_versions),
        ..Default::default()
    }
}

pub(super) fn encoded_key(primary_key: Vec<Column>) -> Bytes {
    let row = RowChange {
        primary_key,
        ..RowChange::default()
    };
    plainbuffer::encode(&row).into()
}

pub(super) fn batch_of(rows: Vec<proto::RowInBatchWriteRowRequest>) -> proto::BatchWriteRowRequest {
    proto::BatchWriteRowRequest {
        tables: vec![proto::TableInBatchWriteRowRequest {
            table_name: "t".to_owned(),
            rows,
        }],
        ..Default::default()
    }
}

pub(super) fn in_batch(
    kind: i32,
    row: RowChange,
    condition: proto::Condition,
) -> proto::RowInBatchWriteRowRequest {
    proto::RowInBatchWriteRowRequest {
        r#type: Some(kind),
        row_change: plainbuffer::encode(&row).into(),
        condition: Some(condition),
        return_content: None,
    }
}

pub(super) fn ignore() -> proto::Condition {
    expecting(RowExistence::Ignore)
}

pub(super) fn expecting(existence: RowExistence) -> proto::Condition {
    proto::Condition {
        row_existence: match existence {
            RowExistence::Ignore => 0,
            RowExistence::ExpectExist => 1,
            RowExistence::ExpectNotExist => 2,
        },
        column_condition: None,
    }
}

pub(super) fn integer(name: &str, value: i64) -> Column {
    column(name, Value::Integer(value))
}

pub(super) fn string(name: &str, value: &str) -> Column {
    column(name, Value::String(value.to_owned()))
}

pub(super) fn column(name: &str, value: Value) -> Column {
    Column {
        name: name.to_owned(),
        value,
    }
}

/// A put of `columns` without versions.
pub(super) fn puts(primary_key: Vec<Column>, columns: Vec<Column>) -> RowChange {
    changes(
        primary_key,
        columns
            .into_iter()
            .map(|column| cell(&column.name, CellKind::Put, Some(column.value), None))
            .collect(),
    )
}

pub(super) fn changes(primary_key: Vec<Column>, cells: Vec<CellChange>) -> RowChange {
    RowChange {
        primary_key,
        cells,
        delete_marker: false,
    }
}

pub(super) fn deletion(primary_key: Vec<Column>) -> RowChange {
    RowChange {
        primary_key,
        cells: Vec::new(),
        delete_marker: true,
    }
}

pub(super) fn cell(
    name: &str,
    kind: CellKind,
    value: Option<Value>,
    timestamp_millis: Option<i64>,
) -> CellChange {
    CellChange {
        name: name.to_owned(),
        value,
        kind,
        timestamp_millis,
    }
}

pub(super) fn meta(name: &str, key: &[(&str, PrimaryKeyType)]) -> proto::TableMeta {
    let column = |(name, kind): &(&str, PrimaryKeyType)| proto::PrimaryKeySchema {
        name: (*name).to_owned(),
        r#type: Some(match kind {
            PrimaryKeyType::Integer => 1,
            PrimaryKeyType::String => 2,
            PrimaryKeyType::Binary => 3,
        }),
        option: None,
    };
    proto::TableMeta {
        table_name: name.to_owned(),
        primary_key: key.iter().map(column).collect(),
        ..Default::default()
    }
}

pub(super) fn options(time_to_live: i32, max_versions: i32) -> proto::TableOptions {
    proto::TableOptions {
        time_to_live: Some(time_to_live),
        max_versions: Some(max_versions),
        ..Default::default()
    }
}

/// Options under which a cell may have any version.
pub(super) fn any_version(time_to_live: i32, max_versions: i32) -> proto::TableOptions {
    proto::TableOptions {
        deviation_cell_version_in_sec: Some(i64::MAX / 1_000_000),
        ..options(time_to_live, max_versions)
    }
}

pub(super) fn no_throughput() -> proto::ReservedThroughput {
    proto::ReservedThroughput {
        capacity_unit: Some(proto::CapacityUnit {
            read: Some(0),
            write: Some(0),
        }),
    }
}

pub(super) fn invalid(message: &str) -> Refused {
    (400, "OTSParameterInvalid".to_owned(), message.to_owned())
}

pub(super) fn refused(status: u16, code: &str, message: &str) -> Refused {
    (status, code.to_owned(), message.to_owned())
}

/// What a row of a batch came to: `None` is success.
pub(super) fn row_error(row: &proto::RowInBatchWriteRowResponse) -> Option<(String, String)> {
    assert_eq!(row.is_ok, row.error.is_none());
    assert_eq!(row.is_ok, row.consumed.is_some());
    row.error.as_ref().map(|error| {
        let message = error.message.as_deref().unwrap_or_default();
        (
            error.code.clone(),
            String::from_utf8(message.to_vec()).unwrap(),
        )
    })
}

pub(super) fn cost(consumed: Option<proto::ConsumedCapacity>) -> (i32, i32) {
    let units = consumed.unwrap().capacity_unit.unwrap();
    (units.read.unwrap(), units.write.unwrap())
}

/// A store with the table `t` of one STRING key column, `pk`.
pub(super) fn string_host() -> Host {
    Host::with_table(&[("pk", PrimaryKeyType::String)])
}

/// The same with so many versions of each cell.
pub(super) fn versioned(max_versions: i32) -> Host {
    let host = Host::new();
    host.create(
        "t",
        &[("pk", PrimaryKeyType::String)],
        any_version(-1, max_versions),
    );
    host
}

/// The key `pk=a`.
pub(super) fn key_a() -> Vec<Column> {
    vec![string("pk", "a")]
}

pub(super) fn put_at(name: &str, value: i64, timestamp: i64) -> CellChange {
    cell(
        name,
        CellKind::Put,
        Some(Value::Integer(value)),
        Some(timestamp),
    )
}

pub(super) fn put(name: &str, value: i64) -> CellChange {
    cell(name, CellKind::Put, Some(Value::Integer(value)), None)
}

pub(super) fn delete_all(name: &str) -> CellChange {
    cell(name, CellKind::DeleteAll, None, None)
}

pub(super) fn increment(name: &str, delta: i64) -> CellChange {
    cell(name, CellKind::Increment, Some(Value::Integer(delta)), None)
}

pub(super) fn comparison(
    name: &str,
    comparator: i32,
    value: &Value,
    filter_if_missing: bool,
    latest_version_only: bool,
) -> proto::Filter {
    let mut operand = Vec::new();
    plainbuffer::write_variant(&mut operand, &table::view(value));
    let filter = proto::SingleColumnValueFilter {
        comparator: Some(comparator),
        column_name: name.to_owned(),
        column_value: operand.into(),
        filter_if_missing,
        latest_version_only,
        value_trans_rule: None,
    };
    proto::Filter {
        r#type: Some(1),
        filter: filter.encode_to_vec().into(),
    }
}

pub(super) fn conditional(filter: &proto::Filter) -> proto::Condition {
    proto::Condition {
        row_existence: 0,
        column_condition: Some(filter.encode_to_vec().into()),
    }
}

/// A filter of reads: the latest value of the column `name` equals `value`.
pub(super) fn equal(name: &str, value: i64) -> Bytes {
    let mut operand = Vec::new();
    plainbuffer::write_variant(&mut operand, &plainbuffer::CellValue::Integer(value));
    let filter = proto::SingleColumnValueFilter {
        comparator: Some(1),
        column_name: name.to_owned(),
        column_value: operand.into(),
        filter_if_missing: true,
        latest_version_only: true,
        value_trans_rule: None,
    };
    let filter = proto::Filter {
        r#type: Some(1),
        filter: filter.encode_to_vec().into(),
    };
    filter.encode_to_vec().into()
}

/// A request with all headers and a signature of version 2.
pub(super) fn signed(operation: &str, body: Vec<u8>, date: &str) -> http::Request<Bytes> {
    let md5 = verify::content_md5(&body);
    let headers = [
        ("x-ots-date", date),
        ("x-ots-apiversion", "2015-12-31"),
        ("x-ots-accesskeyid", KEY_ID),
        ("x-ots-instancename", "emulator1"),
        ("x-ots-contentmd5", &md5),
    ];
    let signature = sign::signature(&sign::string_to_sign(operation, &headers), SECRET);
    let mut request = http::Request::post(format!("http://127.0.0.1/{operation}"));
    for (name, value) in headers {
        request = request.header(name, value);
    }
    request
        .header("x-ots-signature", signature)
        .body(body.into())
        .unwrap()
}

/// Holds an answer to what the SDKs demand: five headers, MD5, date with a fraction, signature.
pub(super) fn check_answer(operation: &str, response: &http::Response<Bytes>) {
    let headers: Vec<_> = response
        .headers()
        .iter()
        .map(|(name, value)| (name.as_str(), value.to_str().unwrap()))
        .collect();
    let of = |name: &str| response.headers()[name].to_str().unwrap();
    assert_eq!(of("x-ots-contenttype"), "protocol buffer");
    assert_eq!(of("x-ots-contentmd5"), verify::content_md5(response.body()));
    assert_eq!(of("x-ots-date").len(), "2020-09-09T08:37:11.680616Z".len());
    let id: Vec<_> = of("x-ots-requestid").split('-').map(str::len).collect();
    assert_eq!(id, [8, 4, 4, 4, 12]);
    let string = sign::response_string_to_sign(operation, &headers);
    let expected = sign::authorization(KEY_ID, &sign::response_signature(&string, SECRET));
    assert_eq!(of("authorization"), expected);
}
