//! What reads show of a row.

use super::*;

fn key(pk: i64) -> Vec<Column> {
    vec![integer("pk", pk)]
}

/// A table with the row `pk=1`: columns `a` to `e`, `c` in versions 100, 200 and 300.
fn host() -> Host {
    let host = Host::new();
    host.create("t", &[("pk", PrimaryKeyType::Integer)], any_version(-1, 5));
    let put = |name: &str, value, timestamp| {
        cell(
            name,
            CellKind::Put,
            Some(Value::Integer(value)),
            Some(timestamp),
        )
    };
    let cells = vec![
        put("e", 5, 200),
        put("c", 31, 100),
        put("c", 33, 300),
        put("b", 2, 200),
        put("c", 32, 200),
        put("a", 1, 100),
        put("d", 4, 300),
    ];
    host.put(changes(key(1), cells)).unwrap();
    host
}

/// What a `GetRow` of `pk=1` shows after `change`; `None` is no row.
fn shown(change: impl FnOnce(&mut proto::GetRowRequest)) -> Option<Vec<String>> {
    let mut request = get_request(key(1), 1);
    change(&mut request);
    let answer = host().get_by(request).unwrap();
    row_of(&answer.row).map(|row| show_cells(&row))
}

fn refusal(change: impl FnOnce(&mut proto::GetRowRequest)) -> Refused {
    let mut request = get_request(key(1), 1);
    change(&mut request);
    host().get_by(request).unwrap_err()
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

#[test]
fn columns_are_sorted_and_versions_newest_first() {
    assert_eq!(
        shown(|_| {}),
        Some(texts(&["a=1", "b=2", "c=33", "d=4", "e=5"]))
    );
    assert_eq!(
        shown(|request| request.max_versions = Some(2)),
        Some(texts(&["a=1", "b=2", "c=33", "c=32", "d=4", "e=5"]))
    );
    assert_eq!(
        shown(|request| request.max_versions = Some(i32::MAX)),
        Some(texts(&["a=1", "b=2", "c=33", "c=32", "c=31", "d=4", "e=5"]))
    );
}

#[test]
fn only_columns_asked_for_come_back() {
    let columns = |names: &[&str]| {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        shown(|request| request.columns_to_get = names)
    };
    assert_eq!(columns(&["e", "a", "none"]), Some(texts(&["a=1", "e=5"])));
    assert_eq!(columns(&["none"]), None);
    assert_eq!(columns(&["pk"]), Some(texts(&[])));
    assert_eq!(columns(&["pk", "b"]), Some(texts(&["b=2"])));
    assert_eq!(
        shown(|request| {
            request.start_column = Some("b".to_owned());
            request.end_column = Some("d".to_owned());
        }),
        Some(texts(&["b=2", "c=33"]))
    );
}

#[test]
fn versions_are_chosen_by_time() {
    let range = |start, end| proto::TimeRange {
        start_time: Some(start),
        end_time: Some(end),
        specific_time: None,
    };
    assert_eq!(
        shown(|request| request.time_range = Some(range(100, 300))),
        Some(texts(&["a=1", "b=2", "c=32", "e=5"]))
    );
    let at = |time| proto::TimeRange {
        specific_time: Some(time),
        ..Default::default()
    };
    assert_eq!(
        shown(|request| {
            request.time_range = Some(at(300));
            request.max_versions = None;
        }),
        Some(texts(&["c=33", "d=4"]))
    );
    assert_eq!(
        shown(|request| {
            request.time_range = Some(range(100, 201));
            request.max_versions = None;
        }),
        Some(texts(&["a=1", "b=2", "c=32", "c=31", "e=5"]))
    );
}

#[test]
fn reads_without_a_sound_choice_of_versions_are_refused() {
    assert_eq!(
        refusal(|request| request.max_versions = None),
        invalid("No version condition is specified while querying row.")
    );
    assert_eq!(
        refusal(|request| request.max_versions = Some(0)),
        invalid("Invalid max versions: 0. Reason: Max versions must be positive.")
    );
    let with = |range: proto::TimeRange, max_versions| {
        refusal(|request| {
            request.time_range = Some(range);
            request.max_versions = max_versions;
        })
    };
    let specific = proto::TimeRange {
        specific_time: Some(1),
        ..Default::default()
    };
    assert_eq!(
        with(specific, Some(1)),
        invalid("Specific tiemstamp and max versions cannot be given at the same time.")
    );
    let both = proto::TimeRange {
        start_time: Some(1),
        ..specific
    };
    assert_eq!(
        with(both, None),
        invalid("Specific tiemstamp and time range cannot be given at the same time.")
    );
    assert_eq!(
        with(both, Some(1)),
        invalid(
            "Specific timestamp, time range and max versions cannot be given at the same time."
        )
    );
    let half = proto::TimeRange {
        end_time: Some(1),
        ..Default::default()
    };
    assert_eq!(
        with(half, None),
        invalid("Start and end time must be given at the same time.")
    );
    let negative = proto::TimeRange {
        specific_time: Some(-1),
        ..Default::default()
    };
    assert_eq!(
        with(negative, None),
        invalid("Specific timestamp cannot be less than 0.")
    );
}

#[test]
fn keys_of_reads_are_keys_and_nothing_more() {
    let of =
        |row: RowChange| refusal(|request| request.primary_key = plainbuffer::encode(&row).into());
    assert_eq!(
        of(puts(key(1), vec![integer("c", 1)])),
        invalid("Attribute column cannot be given while reading data.")
    );
    assert_eq!(
        of(deletion(key(1))),
        invalid("Delete marker cannot be given.")
    );
    assert_eq!(
        of(puts(vec![column("pk", Value::InfMin)], vec![])),
        invalid("VT_INF_MIN is an invalid type for the primary key.")
    );
    assert_eq!(
        refusal(|request| request.columns_to_get = vec!["a b".to_owned()]),
        invalid("Invalid column name: 'a b'.")
    );
    assert_eq!(
        refusal(|request| request.table_name = "nowhere".to_owned()),
        refused(404, "OTSObjectNotExist", "Requested table does not exist.")
    );
}

fn page(offset: i32, limit: i32) -> Bytes {
    let filter = proto::ColumnPaginationFilter { offset, limit };
    let filter = proto::Filter {
        r#type: Some(3),
        filter: filter.encode_to_vec().into(),
    };
    filter.encode_to_vec().into()
}

#[test]
fn a_filter_leaves_the_row_out_or_in() {
    assert!(shown(|request| request.filter = Some(equal("c", 33))).is_some());
    assert_eq!(shown(|request| request.filter = Some(equal("c", 32))), None);
    // A column that is not asked for counts as missing.
    assert_eq!(
        shown(|request| {
            request.columns_to_get = vec!["a".to_owned()];
            request.filter = Some(equal("c", 33));
        }),
        None
    );
}

#[test]
fn wide_rows_are_read_by_pages() {
    assert_eq!(
        shown(|request| request.filter = Some(page(1, 2))),
        Some(texts(&["b=2", "c=33"]))
    );
    assert_eq!(
        shown(|request| request.filter = Some(page(4, 9))),
        Some(texts(&["e=5"]))
    );
    assert_eq!(
        shown(|request| request.filter = Some(page(9, 9))),
        Some(texts(&[]))
    );
    // No token says that there is more: the Java SDK would follow it and undo the page.
    let mut request = get_request(key(1), 1);
    request.filter = Some(page(1, 2));
    assert_eq!(host().get_by(request).unwrap().next_token, None);
    assert_eq!(
        refusal(|request| request.filter = Some(page(-1, 1))),
        invalid("Offset in ColumnPaginationFilter must be greater than or equal to 0.")
    );
    assert_eq!(
        refusal(|request| request.filter = Some(page(0, 0))),
        invalid("Limit in ColumnPaginationFilter must be greater than 0.")
    );
}

#[test]
fn batches_of_reads_answer_in_order_row_by_row() {
    let host = host();
    let request = proto::BatchGetRowRequest {
        tables: vec![proto::TableInBatchGetRowRequest {
            table_name: "t".to_owned(),
            primary_key: vec![
                encoded_key(key(2)),
                encoded_key(vec![string("pk", "1")]),
                encoded_key(key(1)),
            ],
            max_versions: Some(1),
            columns_to_get: vec!["a".to_owned()],
            ..Default::default()
        }],
    };
    let answer: proto::BatchGetRowResponse = host.call("BatchGetRow", &request).unwrap();
    let rows = &answer.tables[0].rows;
    assert_eq!(
        rows.iter().map(|row| row.is_ok).collect::<Vec<_>>(),
        [true, false, true]
    );
    assert_eq!(rows[0].row.as_deref(), Some(&b""[..]));
    let error = rows[1].error.clone().unwrap();
    assert_eq!(
        (error.code.as_str(), error.message.unwrap().as_ref()),
        (
            "OTSInvalidPK",
            &b"Validate PK type fail. Input: VT_STRING, Meta: VT_INTEGER."[..]
        )
    );
    let found = row_of(rows[2].row.as_ref().unwrap()).unwrap();
    assert_eq!(show_cells(&found), ["a=1"]);
    // The Go SDK looks at both numbers of every row.
    assert!(rows.iter().all(|row| cost(row.consumed) == (1, 0)));
}
