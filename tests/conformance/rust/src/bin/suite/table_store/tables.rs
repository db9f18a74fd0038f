//! Tables: create, describe, list, change, delete.

use aliyun_tablestore_rs::model::PrimaryKeyValue;
use aliyun_tablestore_rs::protos::{DefinedColumnType, PrimaryKeyType};
use aliyun_tablestore_rs::table::{
    ComputeSplitPointsBySizeRequest, CreateTableRequest, UpdateTableRequest,
};
use anyhow::Result;
use conformance::table_store;

use super::{PREFIX, Table, assert_invalid, assert_refused, row, texts_of};
use crate::harness::{checks, unique};

checks![
    table_created_and_described,
    tables_listed,
    table_updated,
    table_deleted,
    table_created_twice_refused,
    bad_tables_refused,
    update_of_rows_may_be_forbidden,
    split_points_computed,
    unknown_operations_refused,
];

async fn table_created_and_described() -> Result<()> {
    let table = Table::with(|table| {
        let table = table
            .primary_key_string("a")
            .primary_key_integer("b", false);
        let table = table
            .primary_key_binary("c")
            .primary_key_auto_increment("d");
        let table = table.column_double("x").column_blob("y");
        table
            .max_versions(3)
            .ttl_seconds(86400)
            .deviation_cell_version_seconds(1000)
    });
    let Table { client, name } = table.await?;
    let described = client.describe_table(&name).send().await?;
    let meta = &described.table_meta;
    assert_eq!(meta.table_name, name);
    let key = meta.primary_key.iter();
    let key: Vec<_> = key
        .map(|it| (it.name.as_str(), it.r#type(), it.option))
        .collect();
    assert_eq!(
        key,
        [
            ("a", PrimaryKeyType::String, None),
            ("b", PrimaryKeyType::Integer, None),
            ("c", PrimaryKeyType::Binary, None),
            ("d", PrimaryKeyType::Integer, Some(1)),
        ]
    );
    let columns = meta.defined_column.iter();
    let columns: Vec<_> = columns.map(|it| (it.name.as_str(), it.r#type())).collect();
    let (double, blob) = (DefinedColumnType::DctDouble, DefinedColumnType::DctBlob);
    assert_eq!(columns, [("x", double), ("y", blob)]);
    let options = &described.table_options;
    assert_eq!(options.time_to_live, Some(86400));
    assert_eq!(options.max_versions, Some(3));
    assert_eq!(options.deviation_cell_version_in_sec, Some(1000));
    let reserved = &described.reserved_throughput_details.capacity_unit;
    assert_eq!((reserved.read, reserved.write), (Some(0), Some(0)));
    Ok(())
}

async fn tables_listed() -> Result<()> {
    let (one, two) = (Table::new().await?, Table::new().await?);
    let names = one.client.list_table().send().await?;
    assert!(
        names.contains(&one.name) && names.contains(&two.name),
        "{names:?}"
    );
    Ok(())
}

async fn table_updated() -> Result<()> {
    let Table { client, name } = Table::new().await?;
    let request = UpdateTableRequest::new(&name)
        .ttl_seconds(90_000)
        .max_versions(5);
    let updated = client.update_table(request).send().await?;
    assert_eq!(updated.table_options.max_versions, Some(5));
    let options = client.describe_table(&name).send().await?.table_options;
    assert_eq!(
        (options.time_to_live, options.max_versions),
        (Some(90_000), Some(5))
    );
    Ok(())
}

async fn table_deleted() -> Result<()> {
    let Table { client, name } = Table::new().await?;
    client.delete_table(&name).send().await?;
    let message = "Requested table does not exist.";
    let gone = client.describe_table(&name).send().await;
    assert_refused(gone, "OTSObjectNotExist", message);
    let gone = client.delete_table(&name).send().await;
    assert_refused(gone, "OTSObjectNotExist", message);
    Ok(())
}

async fn table_created_twice_refused() -> Result<()> {
    let Table { client, name } = Table::new().await?;
    let request = CreateTableRequest::new(&name).primary_key_string("pk");
    let again = client.create_table(request).send().await;
    assert_refused(
        again,
        "OTSObjectAlreadyExist",
        "Requested table already exists.",
    );
    Ok(())
}

async fn bad_tables_refused() -> Result<()> {
    let client = table_store();
    let create = async |request| client.create_table(request).send().await;
    let request = || {
        CreateTableRequest::new(&unique(PREFIX))
            .ttl_seconds(-1)
            .max_versions(1)
    };
    let versions = create(request().primary_key_string("pk").max_versions(0)).await;
    assert_invalid(
        versions,
        "The maximum versions cannot be less than or equal to 0.",
    );
    let twice = create(request().primary_key_string("pk").primary_key_string("pk")).await;
    assert_invalid(twice, "Duplicated primary key name: 'pk'.");
    let auto_first = create(request().primary_key_auto_increment("pk")).await;
    assert_invalid(auto_first, "First primary key can't be auto increment");
    Ok(())
}

async fn update_of_rows_may_be_forbidden() -> Result<()> {
    let table = Table::with(|table| table.primary_key_string("pk").allow_update(false)).await?;
    table.put(row("a").column_string("v", "put")).await?;
    assert_invalid(
        table.update(row("a").column_string("v", "updated")).await,
        "",
    );
    let read = table.get(super::key("a")).await?.unwrap_or_default();
    assert_eq!(texts_of(&read), [("v", "put")]);
    Ok(())
}

async fn split_points_computed() -> Result<()> {
    let table = Table::with(|table| {
        table
            .primary_key_string("pk")
            .primary_key_integer("n", false)
    });
    let table = table.await?;
    for name in ["a", "b", "c"] {
        for number in [1, 2] {
            let row = row(name).primary_key_column_integer("n", number);
            table.put(row.column_blob("v", vec![0; 1024])).await?;
        }
    }
    let request = ComputeSplitPointsBySizeRequest::new(&table.name, 2);
    let request = request.split_size_unit_in_byte(1024);
    let answer = table
        .client
        .compute_split_points_by_size(request)
        .send()
        .await?;
    let points: Vec<_> = answer
        .split_points
        .into_iter()
        .map(|key| {
            let columns = key.columns.into_iter();
            columns
                .map(|column| (column.name, column.value))
                .collect::<Vec<_>>()
        })
        .collect();
    // The trailing minimum that the service leaves out is filled in by the SDK.
    let point = |text: &str| {
        let first = PrimaryKeyValue::String(text.to_owned());
        vec![
            ("pk".to_owned(), first),
            ("n".to_owned(), PrimaryKeyValue::InfMin),
        ]
    };
    assert_eq!(points, [point("b"), point("c")]);
    assert_eq!(answer.locations.iter().map(|it| it.repeat).sum::<i64>(), 3);
    Ok(())
}

async fn unknown_operations_refused() -> Result<()> {
    let Table { client, name } = Table::new().await?;
    let code = "OTSUnsupportOperation";
    let splits = client.compute_splits(&name, "index").send().await;
    assert_refused(splits, code, "Unsupported operation: 'ComputeSplits'.");
    let indexes = client.list_search_index(Some(&name)).send().await;
    assert_refused(indexes, code, "Unsupported operation: 'ListSearchIndex'.");
    Ok(())
}
