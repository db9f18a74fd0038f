//! Single rows and values of every type.

use aliyun_tablestore_rs::data::{DeleteRowRequest, PutRowRequest, UpdateRowRequest};
use aliyun_tablestore_rs::model::{Column, ColumnValue, PrimaryKey, PrimaryKeyValue, Row};
use aliyun_tablestore_rs::protos::ReturnType;
use anyhow::{Context as _, Result};

use super::{Table, assert_invalid, assert_refused, columns_of, key, row, texts_of};
use crate::harness::checks;

checks![
    values_of_every_type_come_back,
    keys_of_every_type_come_back,
    values_that_are_no_numbers_refused,
    put_replaces_the_row,
    update_changes_what_it_names,
    delete_removes_the_row,
    increment_counts,
    increment_of_what_is_no_integer_refused,
    auto_increment_gives_rising_keys,
    wrong_keys_refused,
    columns_chosen_by_name_and_range,
    long_keys_and_values_refused,
    many_columns_refused,
    capacity_is_counted,
];

async fn values_of_every_type_come_back() -> Result<()> {
    let table = Table::new().await?;
    let every_byte: Vec<u8> = (0..=u8::MAX).collect();
    let values = [
        ColumnValue::Integer(0),
        ColumnValue::Integer(i64::MIN),
        ColumnValue::Integer(i64::MAX),
        ColumnValue::Double(-1e300),
        ColumnValue::Double(f64::MAX),
        ColumnValue::Double(f64::from_bits(1)),
        ColumnValue::Boolean(true),
        ColumnValue::Boolean(false),
        ColumnValue::String(String::new()),
        ColumnValue::String("naïve 日本 🚀\n\0".to_owned()),
        ColumnValue::String("x".repeat(100_000)),
        ColumnValue::Blob(Vec::new()),
        ColumnValue::Blob(every_byte),
    ];
    let columns = values.into_iter().enumerate().map(|(index, value)| Column {
        name: format!("c{index:02}"),
        value,
        ..Column::default()
    });
    let written = row("a")
        .columns(columns)
        .column_double("negative_zero", -0.0);
    table.put(written.clone()).await?;
    let read = table.get(key("a")).await?.context("no row")?;
    assert_eq!(columns_of(&read), columns_of(&written));
    let Some(ColumnValue::Double(zero)) = read.get_column_value("negative_zero") else {
        panic!("the last column is no double");
    };
    assert!(zero.is_sign_negative());
    Ok(())
}

async fn keys_of_every_type_come_back() -> Result<()> {
    let table = Table::with(|table| {
        let table = table
            .primary_key_string("s")
            .primary_key_integer("i", false);
        table.primary_key_binary("b")
    });
    let table = table.await?;
    for (text, number, bytes) in [
        (String::new(), i64::MIN, Vec::new()),
        ("日本".to_owned(), i64::MAX, vec![0, 0xff, 0x80]),
        ("x".repeat(1024), 0, vec![7; 1024]),
    ] {
        let key = PrimaryKey::new().column_string("s", text);
        let key = key.column_integer("i", number).column_binary("b", bytes);
        table.put(Row::new().primary_key(key.clone())).await?;
        let read = table.get(key.clone()).await?.context("no row")?;
        let columns = |key: PrimaryKey| -> Vec<(String, PrimaryKeyValue)> {
            key.columns
                .into_iter()
                .map(|it| (it.name, it.value))
                .collect()
        };
        assert_eq!(columns(read.primary_key), columns(key));
    }
    Ok(())
}

async fn values_that_are_no_numbers_refused() -> Result<()> {
    let table = Table::new().await?;
    let put = |value| table.put(row("a").column_double("v", value));
    assert_invalid(put(f64::NAN).await, "NaN can't be set to double value.");
    assert_invalid(put(f64::INFINITY).await, "can't be set to double value.");
    assert!(table.get(key("a")).await?.is_none());
    Ok(())
}

async fn put_replaces_the_row() -> Result<()> {
    let table = Table::new().await?;
    let first = row("a").column_string("one", "x").column_string("two", "y");
    table.put(first).await?;
    table.put(row("a").column_string("two", "z")).await?;
    let read = table.get(key("a")).await?.context("no row")?;
    assert_eq!(texts_of(&read), [("two", "z")]);
    Ok(())
}

async fn update_changes_what_it_names() -> Result<()> {
    let table = Table::new().await?;
    let first = row("a")
        .column_string("kept", "k")
        .column_string("changed", "old");
    table.update(first.column_string("dropped", "d")).await?;
    let second = row("a").column_string("changed", "new");
    table
        .update(second.column_to_delete_all_versions("dropped"))
        .await?;
    let read = table.get(key("a")).await?.context("no row")?;
    assert_eq!(texts_of(&read), [("changed", "new"), ("kept", "k")]);
    let message = "Invalid update row request: missing cells in request.";
    assert_invalid(table.update(row("a")).await, message);
    Ok(())
}

async fn delete_removes_the_row() -> Result<()> {
    let table = Table::new().await?;
    table.put(row("a")).await?;
    assert!(table.get(key("a")).await?.is_some());
    for _ in 0..2 {
        let request = DeleteRowRequest::new(&table.name).primary_key(key("a"));
        table.client.delete_row(request).send().await?;
        assert!(table.get(key("a")).await?.is_none());
    }
    Ok(())
}

async fn increment_counts() -> Result<()> {
    let table = Table::new().await?;
    for (delta, total) in [(5, 5), (-7, -2)] {
        let request = UpdateRowRequest::new(&table.name)
            .row(row("a").column_to_increse("n", delta))
            .return_type(ReturnType::RtAfterModify)
            .return_column("n");
        let returned = table.client.update_row(request).send().await?.row;
        let expected = ColumnValue::Integer(total);
        assert_eq!(columns_of(&returned.context("no row")?), [("n", &expected)]);
        let read = table.get(key("a")).await?.context("no row")?;
        assert_eq!(columns_of(&read), [("n", &expected)]);
    }
    Ok(())
}

async fn increment_of_what_is_no_integer_refused() -> Result<()> {
    let table = Table::new().await?;
    let start = row("a")
        .column_string("text", "x")
        .column_integer("most", i64::MAX);
    table.put(start).await?;
    for column in ["text", "most"] {
        let update = table.update(row("a").column_to_increse(column, 1)).await;
        assert_invalid(update, "");
    }
    Ok(())
}

async fn auto_increment_gives_rising_keys() -> Result<()> {
    let table = Table::with(|table| {
        table
            .primary_key_string("pk")
            .primary_key_auto_increment("number")
    });
    let table = table.await?;
    let mut numbers = Vec::new();
    for value in ["x", "y", "z"] {
        let row = row("a").primary_key_column_auto_increment("number");
        let request = PutRowRequest::new(&table.name)
            .row(row.column_string("v", value))
            .return_type(ReturnType::RtPk);
        let returned = table.client.put_row(request).send().await?.row;
        let key = returned.context("no key")?.primary_key;
        let PrimaryKeyValue::Integer(number) = key.columns[1].value else {
            panic!("the key is {key:?}");
        };
        numbers.push(number);
        let read = table.get(key).await?.context("no row")?;
        assert_eq!(texts_of(&read), [("v", value)]);
    }
    assert!(numbers.is_sorted_by(|a, b| a < b), "{numbers:?}");
    let placeholder = key("a").column_auto_increment("number");
    assert_invalid(table.get(placeholder).await, "");
    Ok(())
}

async fn wrong_keys_refused() -> Result<()> {
    let table = Table::with(|table| {
        table
            .primary_key_string("PK1")
            .primary_key_integer("PK2", false)
    });
    let table = table.await?;
    let string = |name| PrimaryKey::new().column_string(name, "a");
    for (key, message) in [
        (string("PK1"), "Validate PK size fail. Input: 1, Meta: 2."),
        (
            string("PK2").column_integer("PK1", 1),
            "Validate PK name fail. Input: PK2, Meta: PK1.",
        ),
        (
            string("PK1").column_string("PK2", "b"),
            "Validate PK type fail. Input: VT_STRING, Meta: VT_INTEGER.",
        ),
    ] {
        let put = table.put(Row::new().primary_key(key)).await;
        assert_refused(put, "OTSInvalidPK", message);
    }
    let infinite = Row::new().primary_key(PrimaryKey::new().column_inf_min("PK1"));
    let message = "VT_INF_MIN is an invalid type for the primary key.";
    assert_invalid(table.put(infinite).await, message);
    Ok(())
}

async fn columns_chosen_by_name_and_range() -> Result<()> {
    let table = Table::new().await?;
    let columns = ["d", "b", "a", "c"].map(|name| Column::from_string(name, name));
    table.put(row("a").columns(columns)).await?;
    let read = table.get(key("a")).await?.context("no row")?;
    assert_eq!(
        texts_of(&read),
        [("a", "a"), ("b", "b"), ("c", "c"), ("d", "d")]
    );
    let named = table.get_with(key("a"), |get| get.columns_to_get(["d", "b", "nowhere"]));
    assert_eq!(
        texts_of(&named.await?.context("no row")?),
        [("b", "b"), ("d", "d")]
    );
    let ranged = table.get_with(key("a"), |get| get.start_column("b").end_column("d"));
    assert_eq!(
        texts_of(&ranged.await?.context("no row")?),
        [("b", "b"), ("c", "c")]
    );
    let absent = table.get_with(key("a"), |get| get.column_to_get("nowhere"));
    assert!(absent.await?.is_none());
    Ok(())
}

async fn long_keys_and_values_refused() -> Result<()> {
    let table = Table::new().await?;
    let message = "The length of primary key column: 'pk' exceeds the MaxLength:1024 \
                   with CurrentLength:1025.";
    assert_invalid(table.put(row(&"x".repeat(1025))).await, message);
    let put = |bytes: usize| table.put(row("a").column_blob("v", vec![1; bytes]));
    put(2 << 20).await?;
    let message = "The length of attribute column: 'v' exceeds the MaxLength:2097152 \
                   with CurrentLength:2097153.";
    assert_invalid(put((2 << 20) + 1).await, message);
    Ok(())
}

async fn many_columns_refused() -> Result<()> {
    let table = Table::new().await?;
    let put = |count: u32| {
        let columns = (0..count).map(|number| Column::from_bool(&format!("c{number}"), true));
        table.put(row("a").columns(columns))
    };
    put(1024).await?;
    let read = table.get(key("a")).await?.context("no row")?;
    assert_eq!(read.columns.len(), 1024);
    let message = "The number of attribute columns exceeds the limit, limit count: 1024, \
                   column count: 1025.";
    assert_invalid(put(1025).await, message);
    Ok(())
}

async fn capacity_is_counted() -> Result<()> {
    let table = Table::new().await?;
    let wide = row("a")
        .column_blob("x", vec![1; 4096])
        .column_blob("y", vec![2; 4096]);
    let request = PutRowRequest::new(&table.name).row(wide);
    let put = table.client.put_row(request).send().await?;
    let units = put.consumed.capacity_unit;
    assert_eq!((units.read, units.write), (Some(0), Some(3)));
    let request = DeleteRowRequest::new(&table.name).primary_key(key("a"));
    let delete = table.client.delete_row(request).send().await?;
    let units = delete.consumed.capacity_unit;
    assert_eq!((units.read, units.write), (Some(0), Some(1)));
    Ok(())
}
