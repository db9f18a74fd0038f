//! Puts a log and a row into a running sandbox, and reads the row back. The SDK of Log Service puts
//! the project in front of the endpoint: with `http_proxy` set to the sandbox, any endpoint will do.

use std::env::var;

use aliyun_log_rust_sdk::{Client, Config, FromConfig};
use aliyun_log_sdk_protobuf::{Log, LogGroup};
use aliyun_tablestore_rs::OtsClient;
use aliyun_tablestore_rs::data::{GetRowRequest, PutRowRequest};
use aliyun_tablestore_rs::model::{ColumnValue, Row};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (id, secret) = (var("ACCESS_KEY_ID")?, var("ACCESS_KEY_SECRET")?);
    let config = Config::builder()
        .endpoint("http://sandbox.log.example")
        .access_key(&id, &secret);
    let logs = Client::from_config(config.build()?)?;
    let mut log = Log::from_unixtime(1_700_000_000);
    log.add_content_kv("path", "/");
    let mut group = LogGroup::new();
    group.add_log(log);
    logs.put_logs("demo", "access")
        .log_group(group)
        .send()
        .await?;

    let tables = OtsClient::builder(id, secret).instance_name("sandbox");
    let tables = tables.endpoint(var("TABLE_STORE_ENDPOINT")?).build();
    let row = Row::new().primary_key_column_string("ip", "10.0.0.1");
    let row = row
        .primary_key_column_string("time", "12:00:00")
        .column_string("path", "/");
    let key = row.primary_key.clone();
    tables
        .put_row(PutRowRequest::new("access_log").row(row))
        .send()
        .await?;
    let read = GetRowRequest::new("access_log").primary_key(key);
    let read = tables.get_row(read).send().await?.row.ok_or("no row")?;
    if let Some(ColumnValue::String(path)) = read.get_column_value("path") {
        println!("path is {path}");
    }
    Ok(())
}
