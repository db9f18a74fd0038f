//! Checks of the SDK of Table Store, and what they start from.

pub mod access;
pub mod batches;
pub mod conditions;
pub mod ranges;
pub mod rows;
pub mod tables;
pub mod versions;

use std::fmt::Debug;

use aliyun_tablestore_rs::OtsClient;
use aliyun_tablestore_rs::data::{GetRowRequest, PutRowRequest, UpdateRowRequest};
use aliyun_tablestore_rs::error::OtsError;
use aliyun_tablestore_rs::model::{Column, ColumnValue, PrimaryKey, PrimaryKeyValue, Row};
use aliyun_tablestore_rs::table::CreateTableRequest;
use anyhow::Result;
use conformance::table_store;

use crate::harness::unique;

const PREFIX: &str = "rust_";

/// Deletes all tables that checks have left.
pub async fn delete_tables() -> Result<()> {
    let client = table_store();
    for table in client.list_table().send().await? {
        if table.starts_with(PREFIX) {
            client.delete_table(&table).send().await?;
        }
    }
    Ok(())
}

/// A table of its own.
struct Table {
    client: OtsClient,
    name: String,
}

impl Table {
    /// A table with the key column `pk` of strings that keeps one version.
    async fn new() -> Result<Self> {
        Self::with(|table| table.primary_key_string("pk")).await
    }

    /// A table with the key column `pk` of strings that keeps some versions.
    async fn of_versions(max_versions: i32) -> Result<Self> {
        Self::with(|table| table.primary_key_string("pk").max_versions(max_versions)).await
    }

    async fn with(describe: impl FnOnce(CreateTableRequest) -> CreateTableRequest) -> Result<Self> {
        let (client, name) = (table_store(), unique(PREFIX));
        let request = CreateTableRequest::new(&name)
            .ttl_seconds(-1)
            .max_versions(1);
        client.create_table(describe(request)).send().await?;
        Ok(Self { client, name })
    }

    async fn put(&self, row: Row) -> Result<(), OtsError> {
        let request = PutRowRequest::new(&self.name).row(row);
        self.client.put_row(request).send().await.map(drop)
    }

    async fn update(&self, row: Row) -> Result<(), OtsError> {
        let request = UpdateRowRequest::new(&self.name).row(row);
        self.client.update_row(request).send().await.map(drop)
    }

    async fn get(&self, key: PrimaryKey) -> Result<Option<Row>, OtsError> {
        self.get_with(key, |request| request).await
    }

    async fn get_with(
        &self,
        key: PrimaryKey,
        ask: impl FnOnce(GetRowRequest) -> GetRowRequest,
    ) -> Result<Option<Row>, OtsError> {
        let request = GetRowRequest::new(&self.name).primary_key(key);
        Ok(self.client.get_row(ask(request)).send().await?.row)
    }
}

/// The key whose column `pk` has this text.
fn key(pk: &str) -> PrimaryKey {
    PrimaryKey::new().column_string("pk", pk)
}

/// The beginning of a row whose key column `pk` has this text.
fn row(pk: &str) -> Row {
    Row::new().primary_key(key(pk))
}

/// A column that is given a version.
fn versioned(name: &str, value: &str, millis: u64) -> Column {
    Column {
        timestamp: Some(millis),
        ..Column::from_string(name, value)
    }
}

/// Names and values of the columns of a row, in the order they came in.
fn columns_of(row: &Row) -> Vec<(&str, &ColumnValue)> {
    let columns = row.columns.iter();
    columns
        .map(|column| (column.name.as_str(), &column.value))
        .collect()
}

/// The names and texts of the columns of a row.
fn texts_of(row: &Row) -> Vec<(&str, &str)> {
    let texts = row.columns.iter().map(|column| match &column.value {
        ColumnValue::String(text) => (column.name.as_str(), text.as_str()),
        other => panic!("{} is {other:?}", column.name),
    });
    texts.collect()
}

/// The text of the first key column of each row.
fn keys_of(rows: &[Row]) -> Vec<&str> {
    let keys = rows
        .iter()
        .map(|row| match &row.primary_key.columns[0].value {
            PrimaryKeyValue::String(text) => text.as_str(),
            other => panic!("the key is {other:?}"),
        });
    keys.collect()
}

/// The call is refused with this code, and words that have `message` in them.
#[track_caller]
fn assert_refused<T: Debug>(result: Result<T, OtsError>, code: &str, message: &str) {
    let OtsError::ApiError(error) = result.expect_err("the call has to be refused") else {
        panic!("not refused by the service");
    };
    assert_eq!(error.code, code, "{:?}", error.message);
    let words = error.message.unwrap_or_default();
    assert!(words.contains(message), "{words}");
}

#[track_caller]
fn assert_invalid<T: Debug>(result: Result<T, OtsError>, message: &str) {
    assert_refused(result, "OTSParameterInvalid", message);
}
