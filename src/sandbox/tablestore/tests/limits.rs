//! Every limit: the last thing that passes, the first that does not, and the words for it.

use super::*;

/// The refusal of an `UpdateRow`, which is that of a batch as a whole too.
fn whole(row: RowChange) -> Refused {
    let host = string_host();
    let single = host.update(row.clone()).unwrap_err();
    let good = puts(vec![string("pk", "good")], vec![integer("c", 1)]);
    assert_eq!(host.batch(vec![good, row]).unwrap_err(), single);
    assert_eq!(host.shown(vec![string("pk", "good")]), None);
    single
}

fn put_of(primary_key: Vec<Column>, columns: Vec<Column>) -> Result<(), Refused> {
    string_host().put(puts(primary_key, columns)).map(drop)
}

#[test]
fn key_values_have_1024_bytes() {
    let of = |length| vec![string("pk", &"k".repeat(length))];
    assert_eq!(put_of(of(1024), vec![]), Ok(()));
    assert_eq!(put_of(of(0), vec![]), Ok(()));
    assert_eq!(
        whole(puts(of(1025), vec![integer("c", 1)])),
        invalid(
            "The length of primary key column: 'pk' exceeds the MaxLength:1024 with CurrentLength:1025."
        )
    );
}

#[test]
fn attribute_values_have_two_mebibytes() {
    let limit = 2 * 1024 * 1024;
    let of = |length| vec![string("attr", &"v".repeat(length))];
    assert_eq!(put_of(key_a(), of(limit)), Ok(()));
    assert_eq!(put_of(key_a(), of(0)), Ok(()));
    assert_eq!(
        whole(puts(key_a(), of(limit + 1))),
        invalid(
            "The length of attribute column: 'attr' exceeds the MaxLength:2097152 with CurrentLength:2097153."
        )
    );
}

#[test]
fn a_write_has_1024_cells_puts_and_deletions_alike() {
    let of = |count| {
        let name = |n: i32| format!("c{n}");
        let kind = |n: i32| {
            if n % 2 == 0 {
                cell(&name(n), CellKind::Put, Some(Value::Integer(1)), None)
            } else {
                cell(&name(n), CellKind::DeleteAll, None, None)
            }
        };
        changes(key_a(), (0..count).map(kind).collect())
    };
    assert!(string_host().update(of(1024)).is_ok());
    assert_eq!(
        whole(of(1025)),
        invalid(
            "The number of attribute columns exceeds the limit, limit count: 1024, column count: 1025."
        )
    );
}

#[test]
fn a_row_may_grow_beyond_1024_columns() {
    let host = string_host();
    for part in 0..3 {
        let columns = (0..1024)
            .map(|n| integer(&format!("c{part}_{n}"), n))
            .collect();
        host.update(puts(key_a(), columns)).unwrap();
    }
    assert_eq!(host.get(key_a(), 1).unwrap().cells.len(), 3 * 1024);
}

#[test]
fn reads_name_1024_columns() {
    let of = |count| proto::GetRowRequest {
        columns_to_get: (0..count).map(|n| format!("c{n}")).collect(),
        ..get_request(key_a(), 1)
    };
    assert!(string_host().get_by(of(1024)).is_ok());
    assert_eq!(
        string_host().get_by(of(1025)).unwrap_err(),
        invalid(
            "The number of columns from the request exceeds the limit, limit count: 1024, column count: 1025."
        )
    );
}

fn rows(count: usize) -> Vec<RowChange> {
    (0..count)
        .map(|n| puts(vec![string("pk", &format!("{n}"))], vec![integer("c", 1)]))
        .collect()
}

#[test]
fn a_batch_writes_200_rows_over_all_tables() {
    let host = string_host();
    host.create("u", &[("pk", PrimaryKeyType::String)], options(-1, 1));
    assert_eq!(host.batch(rows(200)).unwrap().len(), 200);
    let too_many = invalid("Rows count exceeds the upper limit: 200.");
    assert_eq!(host.batch(rows(201)).unwrap_err(), too_many);
    let of = |rows: Vec<RowChange>| {
        rows.into_iter()
            .map(|row| in_batch(2, row, ignore()))
            .collect::<Vec<_>>()
    };
    let mut two = batch_of(of(rows(100)));
    two.tables.push(proto::TableInBatchWriteRowRequest {
        table_name: "u".to_owned(),
        rows: of(rows(101)),
    });
    assert_eq!(host.batch_of(two.clone()).unwrap_err(), too_many);
    two.tables[1].rows.pop();
    assert_eq!(host.batch_of(two).unwrap().len(), 200);
}

#[test]
fn a_batch_reads_100_rows() {
    let of = |count: usize| proto::BatchGetRowRequest {
        tables: vec![proto::TableInBatchGetRowRequest {
            table_name: "t".to_owned(),
            primary_key: (0..count)
                .map(|n| encoded_key(vec![string("pk", &n.to_string())]))
                .collect(),
            max_versions: Some(1),
            ..Default::default()
        }],
    };
    let get = |count| -> Result<proto::BatchGetRowResponse, _> {
        string_host().call("BatchGetRow", &of(count))
    };
    assert_eq!(get(100).unwrap().tables[0].rows.len(), 100);
    assert_eq!(
        get(101).unwrap_err(),
        invalid("Rows count exceeds the upper limit: 100.")
    );
    // A table without keys is answered without rows; a batch without tables is refused.
    assert_eq!(get(0).unwrap().tables[0].rows, []);
    let nothing: Result<proto::BatchGetRowResponse, _> =
        string_host().call("BatchGetRow", &proto::BatchGetRowRequest::default());
    assert_eq!(
        nothing.unwrap_err(),
        invalid("No row specified in the request of BatchGetRow.")
    );
}

/// The official batch test reaches the limit with given versions, which count 8 bytes each.
#[test]
fn a_batch_has_four_mebibytes_of_data() {
    let limit = 4 * 1024 * 1024;
    let of = |size: usize| {
        // Key: 2 + 1; cell: 1 + value + 8.
        let half = limit / 2;
        let sizes = [half, size - half];
        let row = |n: usize| {
            let value = "v".repeat(sizes[n] - 12);
            let cells = vec![cell(
                "c",
                CellKind::Put,
                Some(Value::String(value)),
                Some(1),
            )];
            changes(vec![string("pk", &n.to_string())], cells)
        };
        vec![row(0), row(1)]
    };
    assert!(string_host().batch(of(limit)).is_ok());
    assert_eq!(
        string_host().batch(of(limit + 1)).unwrap_err(),
        invalid(
            "The total data size of BatchWriteRow request exceeds the limit, limit size: 4194304, data size: 4194305."
        )
    );
}

#[test]
fn a_single_write_has_four_mebibytes_of_data() {
    let value = |length| Value::String("v".repeat(length));
    let row = |last| {
        let mebi = 1024 * 1024;
        let columns = [("a", 2 * mebi), ("b", mebi), ("c", last)];
        let columns = columns.map(|(name, length)| column(name, value(length)));
        puts(key_a(), columns.to_vec())
    };
    let rest = 1024 * 1024 - 6;
    assert!(string_host().update(row(rest)).is_ok());
    assert_eq!(
        string_host().update(row(rest + 1)).unwrap_err(),
        invalid(
            "The total data size of UpdateRow request exceeds the limit, limit size: 4194304, data size: 4194305"
        )
    );
    assert!(
        string_host()
            .put(row(rest + 1))
            .unwrap_err()
            .2
            .contains("of PutRow request")
    );
}

#[test]
fn a_body_has_five_mebibytes() {
    let host = string_host();
    let status = |length| {
        let response = host.send(&signed("ListTable", vec![0xff; length], DATE));
        response.status().as_u16()
    };
    assert_eq!(status(5 * 1024 * 1024), 400);
    assert_eq!(status(5 * 1024 * 1024 + 1), 413);
}

#[test]
fn versions_have_a_range() {
    let of = |timestamp| {
        let cells = vec![cell(
            "c",
            CellKind::Put,
            Some(Value::Integer(1)),
            Some(timestamp),
        )];
        changes(key_a(), cells)
    };
    let last = i64::MAX / 1000 - 1;
    assert!(string_host().update(of(last)).is_ok());
    assert!(string_host().update(of(0)).is_ok());
    for bad in [-1, last + 1, i64::MAX, i64::MIN] {
        assert_eq!(
            whole(of(bad)),
            invalid("Timestamp must be in range [0, INT64_MAX/1000).")
        );
    }
}

#[test]
fn column_names_follow_the_rule_and_one_bad_name_refuses_the_batch() {
    for bad in ["__tag__:x", "1a", "a b", "", "ü"] {
        assert_eq!(
            whole(puts(key_a(), vec![integer(bad, 1)])),
            invalid(&format!("Invalid column name: '{bad}'."))
        );
    }
    let hyphen = || puts(key_a(), vec![string("user-agent", "x")]);
    assert!(string_host().update(hyphen()).is_ok());
    let strict = Host::at(RECORDED_AT, true);
    strict.create("t", &[("pk", PrimaryKeyType::String)], options(-1, 1));
    assert_eq!(
        strict.batch(vec![hyphen()]).unwrap_err(),
        invalid("Invalid column name: 'user-agent'.")
    );
}

#[test]
fn values_that_no_column_can_have_are_refused() {
    let of = |value| puts(key_a(), vec![column("c", value)]);
    assert_eq!(
        whole(of(Value::Double(f64::NAN))),
        invalid("NaN can't be set to double value.")
    );
    assert_eq!(
        whole(of(Value::Double(f64::NEG_INFINITY))),
        invalid("Infinity can't be set to double value.")
    );
    assert_eq!(
        whole(of(Value::InfMax)),
        invalid("VT_INF_MAX is an invalid type for the attribute column.")
    );
    for (value, name) in [
        (Value::InfMin, "VT_INF_MIN"),
        (Value::Double(1.0), "VT_DOUBLE"),
        (Value::Boolean(true), "VT_BOOLEAN"),
    ] {
        assert_eq!(
            whole(puts(vec![column("pk", value)], vec![integer("c", 1)])),
            invalid(&format!("{name} is an invalid type for the primary key."))
        );
    }
}

#[test]
fn rows_that_are_no_rows_are_refused() {
    assert_eq!(
        whole(puts(vec![], vec![integer("c", 1)])),
        invalid("The number of primary key columns must be in range: [1, 4].")
    );
    let five = ["a", "b", "c", "d", "e"].map(|name| integer(name, 1));
    assert_eq!(
        whole(puts(five.to_vec(), vec![integer("f", 1)])),
        invalid("The number of primary key columns must be in range: [1, 4].")
    );
    assert_eq!(
        whole(puts(key_a(), vec![])),
        invalid("Invalid update row request: missing cells in request.")
    );
    assert_eq!(
        whole(puts(key_a(), vec![integer("pk", 1)])),
        invalid("Duplicated attribute column name with primary key column: 'pk'.")
    );
    assert_eq!(
        whole(deletion(key_a())),
        invalid("Invalid request of put/update row: unexpected RowDeleteMarker in request.")
    );
    let request = proto::DeleteRowRequest {
        table_name: "t".to_owned(),
        primary_key: encoded_key(key_a()),
        condition: Some(ignore()),
        ..Default::default()
    };
    let delete: Result<proto::DeleteRowResponse, _> = string_host().call("DeleteRow", &request);
    assert_eq!(
        delete.unwrap_err(),
        invalid("Invalid request of delete row: missing RowDeleteMarker in request.")
    );
}

#[test]
fn cells_that_contradict_themselves_are_refused() {
    let of = |kind, value, timestamp| changes(key_a(), vec![cell("c", kind, value, timestamp)]);
    let one = Some(Value::Integer(1));
    assert_eq!(
        whole(of(CellKind::DeleteAll, one.clone(), None)),
        invalid("Column value cannot be given when type is DELETE_ONE_VERSION,DELETE_ALL_VERSION.")
    );
    assert_eq!(
        whole(of(CellKind::DeleteOne, None, None)),
        invalid("Timestamp must be given when type is DELETE_ONE_VERSION.")
    );
    assert_eq!(
        whole(of(CellKind::DeleteAll, None, Some(1))),
        invalid("Timestamp cannot be given when type is DELETE_ALL_VERSION.")
    );
    assert_eq!(
        whole(of(CellKind::Put, None, None)),
        invalid("Invalid cell: c. Reason: missing value.")
    );
    assert_eq!(
        whole(of(CellKind::Increment, Some(Value::Boolean(true)), None)),
        invalid("VT_BOOLEAN is an invalid type for the increment of column: 'c'.")
    );
    let put = |kind, value, timestamp| string_host().put(of(kind, value, timestamp)).unwrap_err();
    assert_eq!(
        put(CellKind::Increment, one, None),
        invalid("OpType cannot be given for column name:c in PutRow.")
    );
    assert_eq!(
        put(CellKind::Put, None, None),
        invalid("Invalid request of put row: find cells without values.")
    );
    let twice = vec![
        cell("n", CellKind::Increment, Some(Value::Integer(1)), None),
        cell("c", CellKind::DeleteAll, None, None),
        cell("n", CellKind::DeleteAll, None, None),
    ];
    assert_eq!(
        whole(changes(key_a(), twice)),
        invalid("Column 'n' has another operation besides its INCREMENT.")
    );
}

#[test]
fn batches_without_sense_are_refused() {
    let host = string_host();
    let send = |request| host.batch_of(request).unwrap_err();
    assert_eq!(
        send(proto::BatchWriteRowRequest::default()),
        invalid("No row is specified in BatchWriteRow.")
    );
    assert_eq!(
        send(batch_of(vec![])),
        invalid("No operation is specified for table: 't'.")
    );
    let row = || in_batch(2, rows(1).remove(0), ignore());
    let mut twice = batch_of(vec![row()]);
    twice.tables.push(twice.tables[0].clone());
    assert_eq!(send(twice), invalid("Duplicated table name: 't'."));
    let mut nowhere = batch_of(vec![row()]);
    nowhere.tables[0].table_name = "nowhere".to_owned();
    assert_eq!(
        send(nowhere),
        refused(404, "OTSObjectNotExist", "Requested table does not exist.")
    );
    let odd = in_batch(
        2,
        puts(
            vec![string("pk", "a"), integer("x", 1)],
            vec![integer("c", 1)],
        ),
        ignore(),
    );
    assert_eq!(
        send(batch_of(vec![row(), odd])),
        invalid("PK column size not the same for all rows in table: t.")
    );
    let mut typed = row();
    typed.r#type = Some(9);
    assert_eq!(
        send(batch_of(vec![typed])),
        invalid("The type of row in batch write operation is invalid.")
    );
    let mut unconditional = row();
    unconditional.condition = None;
    assert_eq!(
        send(batch_of(vec![unconditional])),
        invalid("Parse PBMessage from RawString failed.")
    );
    let two_rows = proto::RowInBatchWriteRowRequest {
        row_change: plainbuffer::encode_rows(&rows(2)).into(),
        ..row()
    };
    assert_eq!(
        send(batch_of(vec![two_rows])),
        invalid("Invalid row: more than one row in request.")
    );
}
