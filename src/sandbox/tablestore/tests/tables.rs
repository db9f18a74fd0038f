//! Table operations.

use super::*;

fn create(request: &proto::CreateTableRequest) -> Result<proto::CreateTableResponse, Refused> {
    Host::new().call("CreateTable", request)
}

fn request(key: &[(&str, PrimaryKeyType)]) -> proto::CreateTableRequest {
    proto::CreateTableRequest {
        table_meta: Some(meta("t", key)),
        reserved_throughput: Some(no_throughput()),
        table_options: Some(options(-1, 1)),
        ..Default::default()
    }
}

/// The refusal of a table with the key `pk` that `change` made wrong.
fn refusal(change: impl FnOnce(&mut proto::CreateTableRequest)) -> Refused {
    let mut request = request(&[("pk", PrimaryKeyType::String)]);
    change(&mut request);
    create(&request).unwrap_err()
}

fn changed_meta(change: impl FnOnce(&mut proto::TableMeta)) -> Refused {
    refusal(|request| change(request.table_meta.as_mut().unwrap()))
}

fn changed_options(change: impl FnOnce(&mut proto::TableOptions)) -> Refused {
    refusal(|request| change(request.table_options.as_mut().unwrap()))
}

#[test]
fn tables_come_are_listed_and_go() {
    let host = Host::new();
    let key = [("pk", PrimaryKeyType::String)];
    host.create("b", &key, options(-1, 1));
    host.create("a", &key, options(86_400, 2));
    let list = || {
        let answer: proto::ListTableResponse =
            host.call("ListTable", &proto::ListTableRequest {}).unwrap();
        answer.table_names
    };
    assert_eq!(list(), ["a", "b"]);
    let again: Result<proto::CreateTableResponse, _> = host.call(
        "CreateTable",
        &proto::CreateTableRequest {
            table_meta: Some(meta("a", &key)),
            ..request(&key)
        },
    );
    assert_eq!(
        again.unwrap_err(),
        refused(
            409,
            "OTSObjectAlreadyExist",
            "Requested table already exists."
        )
    );
    let delete = proto::DeleteTableRequest {
        table_name: "b".to_owned(),
    };
    let _: proto::DeleteTableResponse = host.call("DeleteTable", &delete).unwrap();
    assert_eq!(list(), ["a"]);
    let gone = refused(404, "OTSObjectNotExist", "Requested table does not exist.");
    let twice: Result<proto::DeleteTableResponse, _> = host.call("DeleteTable", &delete);
    assert_eq!(twice.unwrap_err(), gone);
    let describe = proto::DescribeTableRequest {
        table_name: "b".to_owned(),
    };
    let described: Result<proto::DescribeTableResponse, _> = host.call("DescribeTable", &describe);
    assert_eq!(described.unwrap_err(), gone);
}

#[test]
fn keys_that_no_table_can_have_are_refused() {
    assert_eq!(
        changed_meta(|meta| meta.table_name = "1bad".to_owned()),
        invalid("Invalid table name: '1bad'.")
    );
    let range = invalid("The number of primary key columns must be in range: [1, 4].");
    assert_eq!(changed_meta(|meta| meta.primary_key.clear()), range);
    let five: Vec<_> = ["a", "b", "c", "d", "e"]
        .into_iter()
        .map(|name| (name, PrimaryKeyType::String))
        .collect();
    assert_eq!(create(&request(&five)).unwrap_err(), range);
    assert_eq!(
        changed_meta(|meta| meta.primary_key[0].name = "a b".to_owned()),
        invalid("Invalid column name: 'a b'.")
    );
    assert_eq!(
        changed_meta(|meta| meta.primary_key[0].r#type = Some(4)),
        invalid("DOUBLE is an invalid type for the primary key.")
    );
    assert_eq!(
        changed_meta(|meta| meta.primary_key.push(meta.primary_key[0].clone())),
        invalid("Duplicated primary key name: 'pk'.")
    );
    assert_eq!(
        changed_meta(|meta| meta.primary_key[0].option = Some(1)),
        invalid("AUTO_INCREMENT primary key must be integer.")
    );
    assert_eq!(
        changed_meta(|meta| {
            meta.primary_key[0].r#type = Some(1);
            meta.primary_key[0].option = Some(1);
        }),
        invalid("First primary key can't be auto increment, table: t.")
    );
    let mut two = request(&[
        ("pk", PrimaryKeyType::String),
        ("a", PrimaryKeyType::Integer),
        ("b", PrimaryKeyType::Integer),
    ]);
    for column in &mut two.table_meta.as_mut().unwrap().primary_key[1..] {
        column.option = Some(1);
    }
    assert_eq!(
        create(&two).unwrap_err(),
        invalid("AUTO_INCREMENT primary key count must <= 1.")
    );
    for column in &mut two.table_meta.as_mut().unwrap().primary_key {
        column.option = Some(0);
    }
    assert!(create(&two).is_ok(), "there is no option 0");
    let declared = |name: String| proto::DefinedColumnSchema {
        name,
        r#type: Some(4),
    };
    assert_eq!(
        changed_meta(|meta| {
            meta.defined_column = (0..33).map(|n| declared(format!("c{n}"))).collect();
        }),
        invalid("The number of defined columns must be in range: [0, 32].")
    );
    assert_eq!(
        changed_meta(|meta| meta.defined_column = vec![declared("pk".to_owned())]),
        invalid("Duplicated attribute column name with primary key column: 'pk'.")
    );
}

#[test]
fn options_that_no_table_can_have_are_refused() {
    assert_eq!(
        refusal(|request| request.table_options = None),
        invalid("Time-to-live is missing while creating table.")
    );
    assert_eq!(
        changed_options(|options| options.max_versions = None),
        invalid("MaxVersions is missing while creating table.")
    );
    for ttl in [0, -2] {
        assert_eq!(
            changed_options(|options| options.time_to_live = Some(ttl)),
            invalid("TimeToLive cannot be 0 or less than -1.")
        );
    }
    assert_eq!(
        changed_options(|options| options.max_versions = Some(0)),
        invalid("The maximum versions cannot be less than or equal to 0.")
    );
    assert_eq!(
        changed_options(|options| options.deviation_cell_version_in_sec = Some(-1)),
        invalid("The maximum deviation must be in range [0, INT64_MAX/1000000].")
    );
    assert_eq!(
        refusal(|request| {
            request.reserved_throughput = Some(proto::ReservedThroughput {
                capacity_unit: Some(proto::CapacityUnit {
                    read: Some(0),
                    write: Some(100_001),
                }),
            });
        })
        .2,
        "Invalid Capacity Unit:100001. Capacity Unit must be in range: [0, 100000]."
    );
    assert_eq!(
        refusal(|request| request.reserved_throughput = None),
        invalid("Parse PBMessage from RawString failed.")
    );
}

#[test]
fn an_instance_has_64_tables() {
    let host = Host::new();
    for n in 0..64 {
        host.create(
            &format!("t{n}"),
            &[("pk", PrimaryKeyType::Integer)],
            options(-1, 1),
        );
    }
    let one_more: Result<proto::CreateTableResponse, _> =
        host.call("CreateTable", &request(&[("pk", PrimaryKeyType::Integer)]));
    assert_eq!(
        one_more.unwrap_err(),
        refused(
            403,
            "OTSQuotaExhausted",
            "Number of tables exceeds the quota:64."
        )
    );
}

#[tokio::test(start_paused = true)]
async fn options_change_and_reserved_units_not_too_often() {
    let host = Host::with_table(&[("pk", PrimaryKeyType::String)]);
    let update = |change: proto::UpdateTableRequest| -> Result<proto::UpdateTableResponse, _> {
        host.call(
            "UpdateTable",
            &proto::UpdateTableRequest {
                table_name: "t".to_owned(),
                ..change
            },
        )
    };
    assert_eq!(
        update(proto::UpdateTableRequest::default()).unwrap_err(),
        invalid("No parameter is specified in table options.")
    );
    let answer = update(proto::UpdateTableRequest {
        table_options: Some(proto::TableOptions {
            max_versions: Some(5),
            allow_update: Some(false),
            ..Default::default()
        }),
        ..Default::default()
    })
    .unwrap();
    let options = answer.table_options.unwrap();
    assert_eq!(
        (options.max_versions, options.time_to_live),
        (Some(5), Some(-1))
    );
    assert_eq!(options.allow_update, Some(false));
    assert!(!answer.stream_details.unwrap().enable_stream);
    let reserve = |write| proto::UpdateTableRequest {
        reserved_throughput: Some(proto::ReservedThroughput {
            capacity_unit: Some(proto::CapacityUnit {
                read: None,
                write: Some(write),
            }),
        }),
        ..Default::default()
    };
    let details = update(reserve(7))
        .unwrap()
        .reserved_throughput_details
        .unwrap();
    let units = details.capacity_unit.unwrap();
    assert_eq!((units.read, units.write), (Some(0), Some(7)));
    tokio::time::advance(Duration::from_secs(119)).await;
    assert_eq!(
        update(reserve(8)).unwrap_err().1,
        "OTSTooFrequentReservedThroughputAdjustment"
    );
    tokio::time::advance(Duration::from_secs(1)).await;
    assert!(update(reserve(8)).is_ok());
    assert_eq!(
        host.update(puts(vec![string("pk", "a")], vec![integer("c", 1)]))
            .unwrap_err(),
        invalid("UpdateRow is not allowed by table: 't'.")
    );
    assert!(
        host.put(puts(vec![string("pk", "a")], vec![integer("c", 1)]))
            .is_ok()
    );
}

#[test]
fn steering_sees_and_makes_the_same_tables() {
    let host = Host::new();
    let name = TableName::new("t").unwrap();
    assert_eq!(host.store.rows(&name), None);
    assert_eq!(host.store.row_count(&name), None);
    assert_eq!(host.store.counters(&name), None);
    let key = vec![PrimaryKeyColumn {
        name: "pk".to_owned(),
        kind: PrimaryKeyType::String,
        auto_increment: false,
    }];
    let spec = TableSpec::new(name.clone(), key);
    host.store.create_table(spec.clone()).unwrap();
    let twice = host.store.create_table(spec.clone()).unwrap_err();
    assert_eq!(twice.code, ErrorCode::ObjectAlreadyExist);
    let bad = TableSpec {
        name: TableName::new("u").unwrap(),
        max_versions: 0,
        ..spec
    };
    assert_eq!(
        host.store.create_table(bad).unwrap_err().code,
        ErrorCode::ParameterInvalid
    );
    host.put(puts(vec![string("pk", "b")], vec![integer("c", 1)]))
        .unwrap();
    host.put(puts(vec![string("pk", "a")], vec![])).unwrap();
    assert_eq!(host.store.table_names(), ["t"]);
    assert_eq!(host.store.row_count(&name), Some(2));
    let rows = host.store.rows(&name).unwrap();
    assert_eq!(rows[0].primary_key, [string("pk", "a")]);
    assert_eq!(show_cells(&rows[1]), ["c=1"]);
    let counters = host.store.counters(&name).unwrap();
    assert_eq!((counters.rows_written, counters.write_units), (2, 2));
    assert!(host.store.delete_table(&name));
    assert!(!host.store.delete_table(&name));
}
