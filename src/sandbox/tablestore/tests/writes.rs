//! What writes do: cells, versions, increments, costs.

use super::*;

/// Versions of a row's cells, newest first, as `(version, value)`.
fn versions(host: &Host) -> Vec<(i64, i64)> {
    let row = host.get(key_a(), i32::MAX).unwrap();
    let version = |cell: &crate::tablestore::Cell| match cell.value {
        Value::Integer(value) => (cell.timestamp_millis, value),
        _ => panic!("{cell:?}"),
    };
    row.cells.iter().map(version).collect()
}

#[test]
fn an_update_changes_its_cells_and_leaves_the_others() {
    let host = string_host();
    host.update(puts(key_a(), vec![integer("b", 1), integer("a", 2)]))
        .unwrap();
    host.update(changes(
        key_a(),
        vec![put("c", 3), delete_all("b"), delete_all("none")],
    ))
    .unwrap();
    assert_eq!(host.shown(key_a()).unwrap(), ["a=2", "c=3"]);
    // Cells act in the order written.
    host.update(changes(
        key_a(),
        vec![put("d", 1), delete_all("d"), delete_all("a"), put("a", 9)],
    ))
    .unwrap();
    assert_eq!(host.shown(key_a()).unwrap(), ["a=9", "c=3"]);
    // A row outlives its last cell.
    host.update(changes(key_a(), vec![delete_all("a"), delete_all("c")]))
        .unwrap();
    assert_eq!(host.shown(key_a()).unwrap(), [""; 0]);
    host.delete_if(key_a(), ignore()).unwrap();
    assert_eq!(host.shown(key_a()), None);
    assert!(host.delete_if(key_a(), ignore()).is_ok());
}

#[test]
fn deletes_alone_make_no_row() {
    let host = string_host();
    host.update(changes(key_a(), vec![delete_all("a"), delete_all("b")]))
        .unwrap();
    assert_eq!(host.shown(key_a()), None);
    host.update(changes(key_a(), vec![delete_all("a"), increment("n", 1)]))
        .unwrap();
    assert_eq!(host.shown(key_a()).unwrap(), ["n=1"]);
}

#[test]
fn writes_in_a_transaction_are_refused() {
    let request = proto::PutRowRequest {
        table_name: "t".to_owned(),
        row: plainbuffer::encode(&puts(key_a(), vec![])).into(),
        condition: Some(ignore()),
        transaction_id: Some("not existed transaction id".to_owned()),
        ..Default::default()
    };
    let put: Result<proto::PutRowResponse, _> = string_host().call("PutRow", &request);
    assert_eq!(put.unwrap_err(), invalid("TransactionID is invalid."));
}

#[test]
fn a_put_replaces_the_whole_row() {
    let host = string_host();
    host.update(puts(key_a(), vec![integer("a", 1)])).unwrap();
    host.put(puts(key_a(), vec![integer("b", 2)])).unwrap();
    assert_eq!(host.shown(key_a()).unwrap(), ["b=2"]);
    host.put(puts(key_a(), vec![])).unwrap();
    assert_eq!(host.shown(key_a()).unwrap(), [""; 0]);
}

#[test]
fn three_quick_writes_are_three_versions_of_three() {
    let host = versioned(3);
    for value in 1..=5 {
        host.update(changes(key_a(), vec![put("c", value)]))
            .unwrap();
    }
    let found = versions(&host);
    let values: Vec<_> = found.iter().map(|(_, value)| *value).collect();
    assert_eq!(values, [5, 4, 3]);
    assert!(found.is_sorted_by(|newer, older| newer.0 > older.0));
}

#[test]
fn given_versions_are_written_overwritten_and_deleted() {
    let host = versioned(3);
    for (value, timestamp) in [(1, 100), (2, 300), (3, 200), (4, 300), (5, 50)] {
        host.update(changes(key_a(), vec![put_at("c", value, timestamp)]))
            .unwrap();
    }
    assert_eq!(versions(&host), [(300, 4), (200, 3), (100, 1)]);
    let delete = cell("c", CellKind::DeleteOne, None, Some(300));
    host.update(changes(key_a(), vec![delete])).unwrap();
    assert_eq!(versions(&host), [(200, 3), (100, 1)]);
    // One version kept: an old one does not replace the newer.
    let host = versioned(1);
    host.update(changes(key_a(), vec![put_at("c", 1, 200)]))
        .unwrap();
    host.update(changes(key_a(), vec![put_at("c", 2, 100)]))
        .unwrap();
    assert_eq!(versions(&host), [(200, 1)]);
}

#[tokio::test(start_paused = true)]
async fn what_outlives_its_time_is_gone() {
    let host = Host::new();
    host.create("t", &[("pk", PrimaryKeyType::String)], options(10, 5));
    let table = TableName::new("t").unwrap();
    host.update(changes(key_a(), vec![put("a", 1)])).unwrap();
    tokio::time::advance(Duration::from_secs(6)).await;
    host.update(changes(key_a(), vec![put("b", 1)])).unwrap();
    tokio::time::advance(Duration::from_secs(6)).await;
    assert_eq!(host.shown(key_a()).unwrap(), ["b=1"]);
    assert_eq!(host.store.row_count(&table), Some(1));
    tokio::time::advance(Duration::from_secs(6)).await;
    assert_eq!(host.shown(key_a()), None);
    assert_eq!(host.store.row_count(&table), Some(0));
    assert_eq!(host.store.rows(&table).unwrap(), []);
    // For conditions it is gone as well, and a new write does not wake what was there.
    let absent = expecting(RowExistence::ExpectNotExist);
    host.update_if(changes(key_a(), vec![put("c", 1)]), absent)
        .unwrap();
    assert_eq!(host.shown(key_a()).unwrap(), ["c=1"]);
}

#[test]
fn versions_too_far_from_the_clock_refuse_the_row() {
    let host = Host::new();
    host.create("t", &[("pk", PrimaryKeyType::String)], options(-1, 1));
    let now = host.store.clock.unix_millis();
    let write = |timestamp| {
        host.update(changes(key_a(), vec![put_at("c", 1, timestamp)]))
            .map(drop)
    };
    let day = 86_400_000;
    let bad = Err(invalid("Invalid timestamp. Cell:c."));
    assert_eq!(write(now - day + 2000), Ok(()));
    assert_eq!(write(now + day - 2000), Ok(()));
    assert_eq!(write(now - day - 2000), bad);
    assert_eq!(write(now + day + 2000), bad);
    let rows = vec![
        changes(key_a(), vec![put_at("c", 1, now - 2 * day)]),
        puts(vec![string("pk", "b")], vec![integer("c", 1)]),
    ];
    let outcomes: Vec<_> = host.batch(rows).unwrap().iter().map(row_error).collect();
    let message = "Invalid timestamp. Cell:c.".to_owned();
    assert_eq!(
        outcomes,
        [Some(("OTSParameterInvalid".to_owned(), message)), None]
    );
}

#[test]
fn increments_add_to_the_latest_version() {
    let host = string_host();
    let add = |delta| {
        host.update(changes(key_a(), vec![increment("n", delta)]))
            .map(drop)
    };
    assert_eq!(add(10), Ok(()));
    assert_eq!(add(-3), Ok(()));
    assert_eq!(host.shown(key_a()).unwrap(), ["n=7"]);
    assert_eq!(
        add(i64::MAX),
        Err(invalid("Increment of column 'n' overflows."))
    );
    host.update(puts(key_a(), vec![string("n", "text")]))
        .unwrap();
    assert_eq!(
        add(1),
        Err(invalid(
            "Column 'n' is not an integer and can't be incremented."
        ))
    );
    assert_eq!(host.shown(key_a()).unwrap(), ["n=text"]);
    // A refused write leaves no row behind.
    let other = vec![string("pk", "b")];
    let row = changes(other.clone(), vec![increment("x", i64::MAX)]);
    host.update(row.clone()).unwrap();
    assert!(host.update(row).is_err());
    assert_eq!(host.shown(other).unwrap(), [format!("x={}", i64::MAX)]);
}

#[test]
fn an_increment_gives_the_new_value_back_and_adds_a_version() {
    let host = versioned(5);
    host.update(changes(key_a(), vec![increment("n", 1), put("c", 1)]))
        .unwrap();
    let wanted = proto::ReturnContent {
        return_type: Some(2),
        return_column_names: vec!["n".to_owned()],
    };
    let answer = host
        .update_returning(
            changes(key_a(), vec![increment("n", 2)]),
            ignore(),
            Some(wanted),
        )
        .unwrap();
    let row = row_of(&answer.row.unwrap()).unwrap();
    assert_eq!(
        (row.primary_key.clone(), show_cells(&row)),
        (key_a(), vec!["n=3".to_owned()])
    );
    let stored = host.get(key_a(), 10).unwrap();
    assert_eq!(show_cells(&stored), ["c=1", "n=3", "n=1"]);
}

#[test]
fn a_write_gives_its_key_back_when_asked() {
    let host = string_host();
    let wanted = |return_type| {
        Some(proto::ReturnContent {
            return_type: Some(return_type),
            return_column_names: Vec::new(),
        })
    };
    let row = || changes(key_a(), vec![put("c", 1)]);
    let answer = host.update_returning(row(), ignore(), wanted(1)).unwrap();
    let back = row_of(&answer.row.unwrap()).unwrap();
    assert_eq!((back.primary_key, back.cells), (key_a(), vec![]));
    assert_eq!(
        host.update_returning(row(), ignore(), wanted(0))
            .unwrap()
            .row,
        None
    );
    assert_eq!(host.update(row()).unwrap().row, None);
    assert_eq!(
        host.update_returning(row(), ignore(), wanted(7))
            .unwrap_err(),
        invalid("Invalid return type: 7.")
    );
}

/// What the functional tests of the official SDKs expect writes and reads to cost.
#[test]
fn capacity_units_are_those_of_the_official_tests() {
    let text = |length| "v".repeat(length);
    let host = string_host();
    let two = || {
        puts(
            key_a(),
            vec![string("a", &text(4096)), string("b", &text(4096))],
        )
    };
    assert_eq!(cost(host.update(two()).unwrap().consumed), (0, 3));
    let exists = || expecting(RowExistence::ExpectExist);
    assert_eq!(
        cost(host.update_if(two(), exists()).unwrap().consumed),
        (1, 3)
    );
    let outcomes = host
        .batch_of(batch_of(vec![
            in_batch(2, two(), exists()),
            in_batch(
                1,
                puts(vec![string("pk", "b")], vec![string("a", &text(4096))]),
                ignore(),
            ),
        ]))
        .unwrap();
    let costs: Vec<_> = outcomes.iter().map(|row| cost(row.consumed)).collect();
    assert_eq!(costs, [(1, 3), (0, 2)]);
    assert_eq!(
        cost(host.delete_if(key_a(), exists()).unwrap().consumed),
        (1, 1)
    );
    assert_eq!(
        cost(host.delete_if(key_a(), ignore()).unwrap().consumed),
        (0, 1)
    );

    let read = |columns: Vec<Column>| {
        host.put(puts(key_a(), columns)).unwrap();
        cost(host.get_by(get_request(key_a(), 1)).unwrap().consumed)
    };
    assert_eq!(read(vec![string("a", &text(5000))]), (2, 0));
    let five = ["a", "b", "c", "d", "e"].map(|name| string(name, &text(2048)));
    assert_eq!(read(five.to_vec()), (3, 0));
    assert_eq!(read(vec![]), (1, 0));
    let absent = get_request(vec![string("pk", "absent")], 1);
    assert_eq!(cost(host.get_by(absent).unwrap().consumed), (1, 0));
}
