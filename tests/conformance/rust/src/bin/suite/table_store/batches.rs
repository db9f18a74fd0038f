//! Many rows in one call: written and read, with rows that fail among them.

use aliyun_tablestore_rs::data::{
    BatchGetRowRequest, BatchWriteRowRequest, RowInBatchWriteRowRequest as Change,
    RowInBatchWriteRowResponse, TableInBatchGetRowRequest, TableInBatchWriteRowRequest,
};
use aliyun_tablestore_rs::error::OtsError;
use aliyun_tablestore_rs::model::PrimaryKey;
use aliyun_tablestore_rs::protos::RowExistenceExpectation;
use anyhow::{Context as _, Result};

use super::{Table, assert_invalid, assert_refused, key, row, texts_of};
use crate::harness::checks;

checks![
    batch_of_every_change,
    failed_rows_stand_among_good_ones,
    rows_repeated_in_a_batch_apply_in_order,
    atomic_batch_succeeds_or_fails_whole,
    batch_read_keeps_its_order,
    large_batch_refused,
];

impl Table {
    async fn write(
        &self,
        changes: impl IntoIterator<Item = Change>,
        is_atomic: Option<bool>,
    ) -> Result<Vec<RowInBatchWriteRowResponse>, OtsError> {
        let changes = TableInBatchWriteRowRequest::new(&self.name).rows(changes);
        let mut request = BatchWriteRowRequest::new().table(changes);
        request.is_atomic = is_atomic;
        let answer = self.client.batch_write_row(request).send().await?;
        let tables = answer.tables.into_iter();
        Ok(tables.flat_map(|table| table.rows).collect())
    }
}

/// Code and message of a row that failed.
fn failure(row: &RowInBatchWriteRowResponse) -> Option<(&str, &str)> {
    assert_eq!(row.is_ok, row.error.is_none());
    let error = row.error.as_ref()?;
    Some((
        error.code.as_str(),
        error.message.as_deref().unwrap_or_default(),
    ))
}

async fn batch_of_every_change() -> Result<()> {
    let table = Table::new().await?;
    let old = row("updated").column_string("changed", "old");
    table.put(old.column_string("kept", "k")).await?;
    table.put(row("deleted")).await?;
    let answers = table.write(
        [
            Change::put_row(row("put").column_string("v", "x")),
            Change::update_row(row("updated").column_string("changed", "new")),
            Change::delete_row(row("deleted")),
        ],
        None,
    );
    let answers = answers.await?;
    assert_eq!(answers.iter().map(failure).collect::<Vec<_>>(), [None; 3]);
    let units = answers.iter().map(|row| row.consumed?.capacity_unit.write);
    assert_eq!(units.collect::<Vec<_>>(), [Some(1); 3]);
    let put = table.get(key("put")).await?.context("no row")?;
    assert_eq!(texts_of(&put), [("v", "x")]);
    let updated = table.get(key("updated")).await?.context("no row")?;
    assert_eq!(texts_of(&updated), [("changed", "new"), ("kept", "k")]);
    assert!(table.get(key("deleted")).await?.is_none());
    Ok(())
}

async fn failed_rows_stand_among_good_ones() -> Result<()> {
    let table = Table::new().await?;
    let absent = Change::put_row(row("b")).row_condition(RowExistenceExpectation::ExpectExist);
    let mut wrong_type = row("c");
    wrong_type.primary_key = PrimaryKey::new().column_integer("pk", 3);
    let answers = table.write(
        [
            Change::put_row(row("a")),
            absent,
            Change::put_row(wrong_type),
            Change::put_row(row("d")),
        ],
        None,
    );
    let expected = [
        None,
        Some(("OTSConditionCheckFail", "Condition check failed.")),
        Some((
            "OTSInvalidPK",
            "Validate PK type fail. Input: VT_INTEGER, Meta: VT_STRING.",
        )),
        None,
    ];
    assert_eq!(
        answers.await?.iter().map(failure).collect::<Vec<_>>(),
        expected
    );
    assert!(table.get(key("b")).await?.is_none());
    assert!(table.get(key("d")).await?.is_some());
    Ok(())
}

async fn rows_repeated_in_a_batch_apply_in_order() -> Result<()> {
    let table = Table::new().await?;
    let answers = table.write(
        [
            Change::put_row(row("a").column_string("gone", "g")),
            Change::put_row(row("a").column_string("v", "second")),
            Change::update_row(row("a").column_string("w", "third")),
        ],
        None,
    );
    assert!(answers.await?.iter().all(|row| row.is_ok));
    let read = table.get(key("a")).await?.context("no row")?;
    assert_eq!(texts_of(&read), [("v", "second"), ("w", "third")]);
    Ok(())
}

async fn atomic_batch_succeeds_or_fails_whole() -> Result<()> {
    let table = Table::with(|table| {
        table
            .primary_key_string("pk")
            .primary_key_integer("n", false)
    });
    let table = table.await?;
    let numbered = |pk, n| row(pk).primary_key_column_integer("n", n);
    let put = |pk, n| Change::put_row(numbered(pk, n));
    let here = async |pk, n| {
        let read = table.get(numbered(pk, n).primary_key).await?;
        anyhow::Ok(read.is_some())
    };
    let together = table.write([put("a", 1), put("a", 2)], Some(true)).await?;
    assert!(together.iter().all(|row| row.is_ok));
    assert!(here("a", 1).await? && here("a", 2).await?);

    let absent = put("b", 2).row_condition(RowExistenceExpectation::ExpectExist);
    let failed = table.write([put("b", 1), absent], Some(true)).await;
    match failed {
        Ok(rows) => assert!(rows.iter().all(|row| !row.is_ok), "{rows:?}"),
        failed => assert_refused(failed, "OTSConditionCheckFail", ""),
    }
    assert!(!here("b", 1).await?);

    let apart = table.write([put("c", 1), put("d", 1)], Some(true)).await?;
    for answer in &apart {
        let (code, message) = failure(answer).context("the row was written")?;
        assert_eq!(code, "OTSDataOutOfRange");
        assert!(
            message.starts_with("Data out of scope of atomic."),
            "{message}"
        );
    }
    assert!(!here("c", 1).await?);
    Ok(())
}

async fn batch_read_keeps_its_order() -> Result<()> {
    let (one, two) = (Table::new().await?, Table::new().await?);
    for (table, name) in [(&one, "a"), (&one, "b"), (&two, "c")] {
        table
            .put(row(name).column_string("v", name).column_string("w", "x"))
            .await?;
    }
    let read = |table: &Table, keys: &[&str]| {
        let request = TableInBatchGetRowRequest::new(&table.name).column_to_get("v");
        request.primary_keys(keys.iter().copied().map(key))
    };
    let request = BatchGetRowRequest::new()
        .table(read(&two, &["c"]))
        .table(read(&one, &["b", "absent", "a"]));
    let answer = one.client.batch_get_row(request).send().await?;
    let shown = answer.tables.iter().map(|table| {
        let texts = table.rows.iter().map(|row| {
            assert!(row.is_ok);
            row.row.as_ref().map(texts_of)
        });
        (table.table_name.as_str(), texts.collect::<Vec<_>>())
    });
    let text = |text| Some(vec![("v", text)]);
    let expected = [
        (two.name.as_str(), vec![text("c")]),
        (one.name.as_str(), vec![text("b"), None, text("a")]),
    ];
    assert_eq!(shown.collect::<Vec<_>>(), expected);
    Ok(())
}

async fn large_batch_refused() -> Result<()> {
    let table = Table::new().await?;
    let put = |pk: &str, bytes: usize| Change::put_row(row(pk).column_blob("v", vec![1; bytes]));
    // Names and values count: pk, a, v and 2097148, twice, is 4 MiB.
    let most = (2 << 20) - 4;
    let message = "The total data size of BatchWriteRow request exceeds the limit, \
                   limit size: 4194304, data size: 4194305.";
    let over = table
        .write([put("a", most), put("b", most + 1)], None)
        .await;
    assert_invalid(over, message);
    let within = table.write([put("a", most), put("b", most)], None).await?;
    assert!(within.iter().all(|row| row.is_ok));
    Ok(())
}
