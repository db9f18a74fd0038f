//! For tests: the exchanges recorded from the official SDKs, and their notation for values.

use bytes::Bytes;
use serde_json::Value as Json;

use super::plainbuffer::{CellChange, CellKind, RowChange};
use super::{Column, Value};

/// A file of recorded vectors.
pub(crate) fn load(file: &str) -> Json {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/table-store/");
    let bytes = std::fs::read(format!("{folder}{file}")).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

pub(crate) fn text(json: &Json) -> &str {
    json.as_str().unwrap()
}

pub(crate) fn array(json: &Json) -> &[Json] {
    json.as_array().unwrap()
}

/// Bytes written as hexadecimal digits.
pub(crate) fn hex(json: &Json) -> Vec<u8> {
    let digits = text(json).as_bytes();
    assert!(digits.len().is_multiple_of(2));
    digits
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

/// An integer written as decimal text.
pub(crate) fn integer(json: &Json) -> i64 {
    text(json).parse().unwrap()
}

/// An object of texts.
pub(crate) fn pairs(json: &Json) -> Vec<(&str, &str)> {
    let object = json.as_object().unwrap();
    object
        .iter()
        .map(|(name, value)| (name.as_str(), text(value)))
        .collect()
}

pub(crate) fn value(json: &Json) -> Value {
    match text(&json["type"]) {
        "INTEGER" => Value::Integer(integer(&json["value"])),
        "DOUBLE" => {
            let bits = u64::from_str_radix(text(&json["bits_hex"]), 16).unwrap();
            Value::Double(f64::from_bits(bits))
        }
        "BOOLEAN" => Value::Boolean(json["value"].as_bool().unwrap()),
        "STRING" => Value::String(text(&json["value"]).to_owned()),
        "BINARY" if json["hex"].is_string() => Value::Binary(hex(&json["hex"]).into()),
        "BINARY" => {
            assert_eq!(json["rule"], "byte i = (i*31+7) mod 256");
            let byte = |i: u64| u8::try_from((i * 31 + 7) % 256).unwrap();
            Value::Binary(
                (0..json["length"].as_u64().unwrap())
                    .map(byte)
                    .collect::<Bytes>(),
            )
        }
        "INF_MIN" => Value::InfMin,
        "INF_MAX" => Value::InfMax,
        "AUTO_INCREMENT" => Value::AutoIncrement,
        other => panic!("unknown type {other}"),
    }
}

/// Primary key columns.
pub(crate) fn key(json: &Json) -> Vec<Column> {
    let column = |json: &Json| Column {
        name: text(&json["name"]).to_owned(),
        value: value(&json["value"]),
    };
    array(json).iter().map(column).collect()
}

fn cell(json: &Json) -> CellChange {
    let kind = match json["op"].as_str() {
        None | Some("PUT") => CellKind::Put,
        Some("DELETE") => CellKind::DeleteOne,
        Some("DELETE_ALL") => CellKind::DeleteAll,
        Some("INCREMENT") => CellKind::Increment,
        Some(other) => panic!("unknown operation {other}"),
    };
    CellChange {
        name: text(&json["name"]).to_owned(),
        value: json.get("value").map(value),
        kind,
        timestamp_millis: json.get("timestamp_ms").map(integer),
    }
}

/// A row with `primary_key` and, maybe, `columns`; `kind` or `type` tells deletions.
pub(crate) fn row(json: &Json) -> RowChange {
    let deletes = |field: &str| {
        json[field]
            .as_str()
            .is_some_and(|kind| kind.eq_ignore_ascii_case("delete"))
    };
    RowChange {
        primary_key: key(&json["primary_key"]),
        cells: json
            .get("columns")
            .map_or_else(Vec::new, |cells| array(cells).iter().map(cell).collect()),
        delete_marker: deletes("kind") || deletes("type"),
    }
}
