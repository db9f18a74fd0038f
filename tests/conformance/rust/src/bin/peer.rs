//! Puts, pulls, writes and reads for the suite that mixes languages: JSON lines in, JSON lines out.

use std::collections::BTreeMap;
use std::io::{Write as _, stdin, stdout};

use aliyun_log_rust_sdk::Client;
use aliyun_log_rust_sdk::get_cursor_models::CursorPos;
use aliyun_log_sdk_protobuf::{Log, LogGroup};
use aliyun_tablestore_rs::OtsClient;
use aliyun_tablestore_rs::data::{
    BatchWriteRowRequest, GetRangeRequest, RowInBatchWriteRowRequest, TableInBatchWriteRowRequest,
};
use aliyun_tablestore_rs::model::{
    Column, ColumnValue, PrimaryKey, PrimaryKeyColumn, PrimaryKeyValue, Row,
};
use anyhow::{Context as _, Result, bail, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use conformance::{log_service, table_store};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// Log groups asked for in one pull.
const GROUPS_PER_PULL: i32 = 1000;
/// Rows in one BatchWriteRow: half of what the service takes.
const ROWS_PER_BATCH: usize = 100;

const USAGE: &str = "usage: peer {put|pull} PROJECT LOGSTORE, peer {write|read} TABLE";

#[tokio::main]
async fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["put", project, logstore] => put(&log_service()?, project, logstore).await,
        ["pull", project, logstore] => pull(&log_service()?, project, logstore).await,
        ["write", table] => write(&table_store(), table).await,
        ["read", table] => read(&table_store(), table).await,
        _ => bail!(USAGE),
    }
}

/// One put: a log group.
#[derive(Deserialize)]
struct Put {
    hash_key: Option<String>,
    topic: String,
    source: String,
    tags: BTreeMap<String, String>,
    logs: Vec<PutLog>,
}

#[derive(Deserialize)]
struct PutLog {
    time: u32,
    contents: Vec<(String, String)>,
}

async fn put(client: &Client, project: &str, logstore: &str) -> Result<()> {
    let mut count = 0;
    for put in lines::<Put>() {
        let put = put?;
        ensure!(
            put.hash_key.is_none(),
            "this SDK cannot put with a hash key"
        );
        let mut group = LogGroup::new();
        group.set_topic(put.topic).set_source(put.source);
        for (key, value) in put.tags {
            group.add_log_tag_kv(key, value);
        }
        for put_log in put.logs {
            let mut log = Log::from_unixtime(put_log.time);
            for (key, value) in put_log.contents {
                log.add_content_kv(key, value);
            }
            group.add_log(log);
        }
        let request = client.put_logs(project, logstore).log_group(group);
        request.send().await?;
        count += 1;
    }
    print(&json!({ "put": count }))
}

async fn pull(client: &Client, project: &str, logstore: &str) -> Result<()> {
    let shards = client.list_shards(project, logstore).send().await?;
    for shard in shards.get_body().shards() {
        let shard = *shard.shard_id();
        let cursor_at = async |position| {
            let request = client.get_cursor(project, logstore, shard);
            let answer = request.cursor_pos(position).send().await?;
            anyhow::Ok(answer.get_body().cursor().to_owned())
        };
        let mut cursor = cursor_at(CursorPos::Begin).await?;
        let end = cursor_at(CursorPos::End).await?;
        while cursor != end {
            let request = client.pull_logs(project, logstore, shard);
            let request = request.cursor(&cursor).count(GROUPS_PER_PULL);
            let pull = request.send().await?.take_body();
            ensure!(*pull.next_cursor() != cursor, "the cursor stands still");
            cursor.clone_from(pull.next_cursor());
            for group in pull.into_log_group_list() {
                print_logs(shard, &group)?;
            }
        }
    }
    Ok(())
}

fn print_logs(shard: i32, group: &LogGroup) -> Result<()> {
    let tags: BTreeMap<&str, &str> = group
        .log_tags()
        .iter()
        .map(|tag| (tag.key().as_str(), tag.value().as_str()))
        .collect();
    for log in group.logs() {
        let contents = log.contents().iter();
        let contents = contents.map(|content| [content.key(), content.value()]);
        print(&json!({
            "shard": shard,
            "time": log.time(),
            "topic": group.topic().as_deref().unwrap_or_default(),
            "source": group.source().as_deref().unwrap_or_default(),
            "tags": tags,
            "contents": contents.collect::<Vec<_>>(),
        }))?;
    }
    Ok(())
}

/// A column as text: name, type, value.
type TextColumn = (String, String, String);

#[derive(Deserialize)]
struct TextRow {
    key: Vec<TextColumn>,
    columns: Vec<TextColumn>,
}

async fn write(client: &OtsClient, table: &str) -> Result<()> {
    let rows = lines::<TextRow>().map(|row| row_of(row?));
    let rows = rows.collect::<Result<Vec<Row>>>()?;
    for batch in rows.chunks(ROWS_PER_BATCH) {
        let changes = batch
            .iter()
            .cloned()
            .map(RowInBatchWriteRowRequest::put_row);
        let changes = TableInBatchWriteRowRequest::new(table).rows(changes);
        let request = BatchWriteRowRequest::new().table(changes);
        let answer = client.batch_write_row(request).send().await?;
        for row in answer.tables.iter().flat_map(|table| &table.rows) {
            ensure!(row.is_ok, "a row was refused: {:?}", row.error);
        }
    }
    print(&json!({ "written": rows.len() }))
}

fn row_of(row: TextRow) -> Result<Row> {
    let key = row.key.into_iter().map(|(name, kind, text)| {
        let value = match kind.as_str() {
            "integer" => PrimaryKeyValue::Integer(text.parse()?),
            "string" => PrimaryKeyValue::String(text),
            "binary" => PrimaryKeyValue::Binary(STANDARD.decode(text)?),
            _ => bail!("a key column cannot be of type {kind}"),
        };
        Ok(PrimaryKeyColumn { name, value })
    });
    let columns = row.columns.into_iter().map(|(name, kind, text)| {
        let value = match kind.as_str() {
            "integer" => ColumnValue::Integer(text.parse()?),
            "double" => ColumnValue::Double(text.parse()?),
            "boolean" => ColumnValue::Boolean(text.parse()?),
            "string" => ColumnValue::String(text),
            "binary" => ColumnValue::Blob(STANDARD.decode(text)?),
            _ => bail!("a column cannot be of type {kind}"),
        };
        Ok(Column {
            name,
            value,
            ..Column::default()
        })
    });
    Ok(Row::new()
        .primary_key_columns(key.collect::<Result<Vec<_>>>()?)
        .columns(columns.collect::<Result<Vec<_>>>()?))
}

async fn read(client: &OtsClient, table: &str) -> Result<()> {
    let description = client.describe_table(table).send().await?;
    let (mut start, mut end) = (PrimaryKey::new(), PrimaryKey::new());
    for column in &description.table_meta.primary_key {
        start = start.column_inf_min(&column.name);
        end = end.column_inf_max(&column.name);
    }
    loop {
        let request = GetRangeRequest::new(table).primary_key_range(start, end.clone());
        let answer = client.get_range(request).send().await?;
        for row in answer.rows {
            print(&text_row(row)?)?;
        }
        match answer.next_start_primary_key {
            Some(columns) => start = PrimaryKey::new().columns(columns),
            None => return Ok(()),
        }
    }
}

fn text_row(mut row: Row) -> Result<Value> {
    row.columns.sort_by(|a, b| a.name.cmp(&b.name));
    let key = row.primary_key.columns.into_iter().map(|column| {
        let (kind, text) = match column.value {
            PrimaryKeyValue::Integer(value) => ("integer", value.to_string()),
            PrimaryKeyValue::String(value) => ("string", value),
            PrimaryKeyValue::Binary(value) => ("binary", STANDARD.encode(value)),
            other => bail!("a row was read with the key value {other:?}"),
        };
        Ok(json!([column.name, kind, text]))
    });
    let columns = row.columns.into_iter().map(|column| {
        let (kind, text) = match column.value {
            ColumnValue::Integer(value) => ("integer", value.to_string()),
            // Debug is the shortest text that round-trips, and shows the sign of -0.0.
            ColumnValue::Double(value) => ("double", format!("{value:?}")),
            ColumnValue::Boolean(value) => ("boolean", value.to_string()),
            ColumnValue::String(value) => ("string", value),
            ColumnValue::Blob(value) => ("binary", STANDARD.encode(value)),
            other => bail!("a row was read with the value {other:?}"),
        };
        Ok(json!([column.name, kind, text]))
    });
    Ok(json!({
        "key": key.collect::<Result<Vec<_>>>()?,
        "columns": columns.collect::<Result<Vec<_>>>()?,
    }))
}

/// The lines of standard input, each read when it is asked for.
fn lines<T: DeserializeOwned>() -> impl Iterator<Item = Result<T>> {
    stdin().lines().map(|line| {
        let line = line?;
        serde_json::from_str(&line).with_context(|| format!("cannot read the line {line}"))
    })
}

fn print(value: &Value) -> Result<()> {
    let mut out = stdout().lock();
    writeln!(out, "{value}")?;
    Ok(out.flush()?)
}
