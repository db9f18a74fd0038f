//! Rows of one batch: each by itself, or all or nothing.

use super::*;

#[test]
fn bad_rows_of_a_batch_leave_the_good_ones_alone() {
    let host = string_host();
    let key = |name: &str| vec![string("pk", name)];
    let exists = expecting(RowExistence::ExpectExist);
    let mut answer = host
        .batch_of(batch_of(vec![
            in_batch(1, puts(key("a"), vec![integer("c", 1)]), ignore()),
            in_batch(
                2,
                puts(vec![integer("pk", 1)], vec![integer("c", 2)]),
                ignore(),
            ),
            in_batch(2, puts(key("b"), vec![integer("c", 3)]), exists),
            in_batch(2, puts(key("d"), vec![integer("c", 4)]), ignore()),
            in_batch(3, deletion(key("a")), ignore()),
        ]))
        .unwrap();
    let codes: Vec<_> = answer
        .drain(..)
        .map(|row| row_error(&row).map(|(code, _)| code))
        .collect();
    let some = |code: &str| Some(code.to_owned());
    assert_eq!(
        codes,
        [
            None,
            some("OTSInvalidPK"),
            some("OTSConditionCheckFail"),
            None,
            None
        ]
    );
    assert_eq!(host.shown(key("a")), None);
    assert_eq!(host.shown(key("d")).unwrap(), ["c=4"]);
    let counters = host.store.counters(&TableName::new("t").unwrap()).unwrap();
    assert_eq!((counters.rows_written, counters.rows_refused), (3, 2));
}

#[test]
fn repeated_rows_take_no_condition_no_increment_and_no_index() {
    let row = |value| puts(key_a(), vec![integer("c", value)]);
    let message = |host: &Host, rows| host.batch_of(batch_of(rows)).map(drop);
    let filter = comparison("c", 1, &Value::Integer(1), false, true);
    assert_eq!(
        message(
            &string_host(),
            vec![
                in_batch(2, row(1), ignore()),
                in_batch(2, row(2), conditional(&filter))
            ]
        ),
        Err(invalid(
            "Repeated rows do not support row condition check in BatchModify."
        ))
    );
    let repeated = Err(invalid("Duplicate rows detected in MultiPut."));
    let adding = || in_batch(2, changes(key_a(), vec![increment("n", 1)]), ignore());
    assert_eq!(message(&string_host(), vec![adding(), adding()]), repeated);
    let indexed = Host::new();
    let spec = TableSpec {
        has_index: true,
        ..TableSpec::new(
            TableName::new("t").unwrap(),
            vec![PrimaryKeyColumn {
                name: "pk".to_owned(),
                kind: PrimaryKeyType::String,
                auto_increment: false,
            }],
        )
    };
    indexed.store.create_table(spec).unwrap();
    let plain = |value| in_batch(2, row(value), ignore());
    assert_eq!(message(&indexed, vec![plain(1), plain(2)]), repeated);
    assert_eq!(message(&indexed, vec![plain(1)]), Ok(()));
    // Conditions on rows that stand once are fine beside repeated ones.
    let once = in_batch(
        2,
        puts(vec![string("pk", "once")], vec![integer("c", 1)]),
        expecting(RowExistence::ExpectNotExist),
    );
    assert_eq!(
        message(&string_host(), vec![plain(1), plain(2), once]),
        Ok(())
    );
}

#[test]
fn ten_puts_of_one_row_leave_the_last() {
    let host = string_host();
    let row = |value| in_batch(1, puts(key_a(), vec![integer("c", value)]), ignore());
    let outcomes = host.batch_of(batch_of((0..10).map(row).collect())).unwrap();
    assert!(outcomes.iter().all(|row| row.is_ok));
    assert_eq!(host.shown(key_a()).unwrap(), ["c=9"]);
}

#[test]
fn an_atomic_batch_is_of_one_partition_and_all_or_nothing() {
    use RowExistence::{ExpectExist, Ignore};
    let host = Host::with_table(&[
        ("pk", PrimaryKeyType::Integer),
        ("ck", PrimaryKeyType::Integer),
    ]);
    let key = |pk, ck| vec![integer("pk", pk), integer("ck", ck)];
    let row = |pk, ck, existence| {
        in_batch(
            2,
            puts(key(pk, ck), vec![integer("c", ck)]),
            expecting(existence),
        )
    };
    let send = |rows: Vec<_>| {
        let request = proto::BatchWriteRowRequest {
            is_atomic: Some(true),
            ..batch_of(rows)
        };
        let outcomes = host.batch_of(request).unwrap();
        outcomes.iter().map(row_error).collect::<Vec<_>>()
    };
    let stray = Some((
        "OTSDataOutOfRange".to_owned(),
        "Data out of scope of atomic. Atomic PartKey:0. Data PartKey:1".to_owned(),
    ));
    assert_eq!(
        send(vec![row(0, 1, Ignore), row(1, 1, Ignore)]),
        [stray.clone(), stray]
    );
    let failed = Some((
        "OTSConditionCheckFail".to_owned(),
        "Condition check failed.".to_owned(),
    ));
    host.update(puts(key(0, 1), vec![integer("c", 77)]))
        .unwrap();
    assert_eq!(
        send(vec![
            row(0, 1, Ignore),
            row(0, 2, Ignore),
            row(0, 3, ExpectExist)
        ]),
        [failed.clone(), failed.clone(), failed]
    );
    assert_eq!(host.shown(key(0, 1)).unwrap(), ["c=77"]);
    assert_eq!(host.shown(key(0, 2)), None);
    assert_eq!(
        send(vec![row(0, 1, ExpectExist), row(0, 2, Ignore)]),
        [None, None]
    );
    assert_eq!(host.shown(key(0, 1)).unwrap(), ["c=1"]);
    let put_then_delete = vec![
        in_batch(1, puts(key(5, 5), vec![integer("c", 1)]), ignore()),
        in_batch(3, deletion(key(5, 5)), ignore()),
    ];
    assert_eq!(send(put_then_delete), [None, None]);
    assert_eq!(host.shown(key(5, 5)), None);
}
