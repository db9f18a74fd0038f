//! Keys that fit the table, and key columns that the service gives.

use super::*;

#[test]
fn keys_that_do_not_fit_the_table_are_refused_row_by_row() {
    let host = Host::with_table(&[
        ("PK1", PrimaryKeyType::Integer),
        ("PK2", PrimaryKeyType::Binary),
    ]);
    let binary = |name: &str| column(name, Value::Binary(Bytes::from_static(b"x")));
    for (key, message) in [
        (
            vec![integer("PK1", 1)],
            "Validate PK size fail. Input: 1, Meta: 2.",
        ),
        (
            vec![integer("PK1", 1), binary("PK2"), binary("PK3")],
            "Validate PK size fail. Input: 3, Meta: 2.",
        ),
        (
            vec![binary("PK2"), integer("PK1", 1)],
            "Validate PK name fail. Input: PK2, Meta: PK1.",
        ),
        (
            vec![string("PK1", "1"), binary("PK2")],
            "Validate PK type fail. Input: VT_STRING, Meta: VT_INTEGER.",
        ),
        (
            vec![integer("PK1", 1), string("PK2", "x")],
            "Validate PK type fail. Input: VT_STRING, Meta: VT_BLOB.",
        ),
    ] {
        let expected = refused(400, "OTSInvalidPK", message);
        let row = puts(key.clone(), vec![integer("c", 1)]);
        assert_eq!(host.put(row.clone()).unwrap_err(), expected);
        assert_eq!(host.update(row.clone()).unwrap_err(), expected);
        assert_eq!(host.delete_if(key.clone(), ignore()).unwrap_err(), expected);
        assert_eq!(host.get_by(get_request(key, 1)).unwrap_err(), expected);
        let outcomes = host.batch(vec![row]).unwrap();
        let error = ("OTSInvalidPK".to_owned(), message.to_owned());
        assert_eq!(row_error(&outcomes[0]), Some(error));
    }
}

fn auto_increment_host() -> Host {
    let host = Host::new();
    let column = |name: &str, kind, auto_increment| PrimaryKeyColumn {
        name: name.to_owned(),
        kind,
        auto_increment,
    };
    let key = vec![
        column("pk", PrimaryKeyType::String, false),
        column("seq", PrimaryKeyType::Integer, true),
    ];
    let spec = TableSpec::new(TableName::new("t").unwrap(), key);
    host.store.create_table(spec).unwrap();
    host
}

#[test]
fn the_service_gives_growing_keys() {
    let host = auto_increment_host();
    let placeholder = || vec![string("pk", "a"), column("seq", Value::AutoIncrement)];
    let wanted = Some(proto::ReturnContent {
        return_type: Some(1),
        return_column_names: Vec::new(),
    });
    let mut given = Vec::new();
    for n in 0..3 {
        let row = puts(placeholder(), vec![integer("c", n)]);
        let answer = host
            .update_returning(row, ignore(), wanted.clone())
            .unwrap();
        let back = row_of(&answer.row.unwrap()).unwrap();
        assert_eq!(
            host.shown(back.primary_key.clone()).unwrap(),
            [format!("c={n}")]
        );
        given.push(back.primary_key[1].value.clone());
    }
    let numbers: Vec<_> = given
        .iter()
        .map(|value| match value {
            Value::Integer(number) => *number,
            other => panic!("{other:?}"),
        })
        .collect();
    assert!(
        numbers.is_sorted_by(|left, right| left < right),
        "{numbers:?}"
    );
    // The same row twice in a batch makes two rows: it is not the same row.
    let row = || puts(placeholder(), vec![integer("c", 9)]);
    assert!(
        host.batch(vec![row(), row()])
            .unwrap()
            .iter()
            .all(|row| row.is_ok)
    );
    assert_eq!(host.store.row_count(&TableName::new("t").unwrap()), Some(5));
}

#[test]
fn placeholders_belong_in_unconditional_writes_of_their_column() {
    let host = auto_increment_host();
    let placeholder = || vec![string("pk", "a"), column("seq", Value::AutoIncrement)];
    let row = || puts(placeholder(), vec![integer("c", 1)]);
    assert_eq!(
        host.update_if(row(), expecting(RowExistence::ExpectNotExist))
            .unwrap_err(),
        invalid("Invalid expect:EXPECT_NOT_EXIST when modify row with pk auto increment.")
    );
    let filter = comparison("c", 1, &Value::Integer(1), false, true);
    assert_eq!(
        host.update_if(row(), conditional(&filter)).unwrap_err(),
        invalid("Can't set condition when modify row with pk auto increment.")
    );
    assert_eq!(
        host.delete_if(placeholder(), ignore()).unwrap_err(),
        invalid("Invalid row to delete which with pk auto increment.")
    );
    assert_eq!(
        host.get_by(get_request(placeholder(), 1)).unwrap_err(),
        invalid("PKAutoIncr can't be used for read operations.")
    );
    let plain = Host::with_table(&[
        ("pk", PrimaryKeyType::String),
        ("seq", PrimaryKeyType::Integer),
    ]);
    assert_eq!(
        plain.update(row()).unwrap_err(),
        refused(
            400,
            "OTSInvalidPK",
            "Validate PK type fail. Input: VT_AUTO_INCREMENT, Meta: VT_INTEGER."
        )
    );
}
