//! Logs and rows as JSON. What is written here can be read back as a seed.
//!
//! | Table Store | JSON |
//! | --- | --- |
//! | STRING | string |
//! | INTEGER | number without a point: all 64 bits are written out |
//! | DOUBLE | number with a point; `{"double": "NaN"}`, `"inf"`, `"-inf"` |
//! | BOOLEAN | `true`, `false` |
//! | BINARY | `{"binary": "base64"}` |

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Number, Value as Json, json};

use super::ask::Versions;
use crate::loghub::proto::LogGroup;
use crate::tablestore::{Cell, Row, Value};

/// Adds what a log group holds to `line`. Bytes that are not UTF-8 are replaced by U+FFFD.
pub(super) fn log_group(group: &LogGroup, line: &mut Json) {
    let shared = |text: &Option<bytes::Bytes>| text.as_deref().map(text_of).unwrap_or_default();
    let tags = group.tags.iter();
    let tags: Map<_, _> = tags
        .map(|tag| (text_of(&tag.key), Json::from(text_of(&tag.value))))
        .collect();
    let logs = group.logs.iter().map(|log| {
        let contents = log.contents.iter();
        let contents: Vec<_> = contents
            .map(|content| [text_of(&content.key), text_of(&content.value)])
            .collect();
        json!({ "time": log.time, "time_ns": log.time_ns, "contents": contents })
    });
    line["topic"] = shared(&group.topic).into();
    line["source"] = shared(&group.source).into();
    line["tags"] = tags.into();
    line["logs"] = logs.collect();
}

fn text_of(bytes: impl AsRef<[u8]>) -> String {
    String::from_utf8_lossy(bytes.as_ref()).into_owned()
}

/// A row: its key in the table's order, its columns by name.
pub(super) fn row(row: &Row, versions: Versions) -> Json {
    let key = row.primary_key.iter();
    let key: Map<_, _> = key
        .map(|column| (column.name.clone(), value(&column.value)))
        .collect();
    let columns = row.cells.chunk_by(|left, right| left.name == right.name);
    let columns: Map<_, _> = columns
        .filter_map(|cells| Some((cells.first()?.name.clone(), column(cells, versions)?)))
        .collect();
    json!({ "key": key, "columns": columns })
}

/// The cells of one column, newest first.
fn column(cells: &[Cell], versions: Versions) -> Option<Json> {
    let all =
        |cell: &Cell| json!({ "timestamp": cell.timestamp_millis, "value": value(&cell.value) });
    match versions {
        Versions::Newest => Some(value(&cells.first()?.value)),
        Versions::All => Some(cells.iter().map(all).collect()),
    }
}

fn value(value: &Value) -> Json {
    match value {
        Value::Integer(number) => Json::from(*number),
        // JSON has neither infinities nor NaN.
        Value::Double(number) => Number::from_f64(*number)
            .map_or_else(|| json!({ "double": number.to_string() }), Json::Number),
        Value::Boolean(truth) => Json::from(*truth),
        Value::String(text) => Json::from(text.as_str()),
        Value::Binary(bytes) => json!({ "binary": STANDARD.encode(bytes) }),
        Value::InfMin | Value::InfMax | Value::AutoIncrement => Json::Null,
    }
}
