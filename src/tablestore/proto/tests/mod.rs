//! Bodies recorded from the official SDKs: decoded and encoded again, and built from what they say.

mod answers;
mod requests;
mod tables;

use super::*;
use crate::tablestore::plainbuffer;
use crate::tablestore::vectors::{array, text};

type Json = serde_json::Value;

/// Decodes `body` as `M`, requires that encoding gives the same bytes, and hands the message over.
fn again<M: Message + Default + std::fmt::Debug>(body: &[u8]) -> M {
    let message = M::decode(body).unwrap();
    assert_eq!(message.encode_to_vec(), body, "{message:?}");
    message
}

/// The same through the row bytes inside: read and written anew.
fn row_again(bytes: &[u8]) -> plainbuffer::RowChange {
    let row = plainbuffer::read_row(bytes).unwrap();
    assert_eq!(plainbuffer::encode(&row), bytes);
    row
}

/// A primary key as the recordings note it: lists of name, type and option.
fn key_schema(json: &Json) -> Vec<PrimaryKeySchema> {
    let column = |json: &Json| PrimaryKeySchema {
        name: text(&json[0]).to_owned(),
        r#type: Some(match text(&json[1]) {
            "INTEGER" => PrimaryKeyType::Integer.into(),
            "STRING" => PrimaryKeyType::String.into(),
            "BINARY" => PrimaryKeyType::Binary.into(),
            other => panic!("unknown type {other}"),
        }),
        option: json.get(2).map(|_| PrimaryKeyOption::AutoIncrement.into()),
    };
    array(json).iter().map(column).collect()
}

/// Defined columns, noted likewise.
fn defined_columns(json: &Json) -> Vec<DefinedColumnSchema> {
    let column = |json: &Json| DefinedColumnSchema {
        name: text(&json[0]).to_owned(),
        r#type: Some(match text(&json[1]) {
            "INTEGER" => DefinedColumnType::Integer.into(),
            "DOUBLE" => DefinedColumnType::Double.into(),
            "BOOLEAN" => DefinedColumnType::Boolean.into(),
            "STRING" => DefinedColumnType::String.into(),
            "BINARY" => DefinedColumnType::Blob.into(),
            other => panic!("unknown type {other}"),
        }),
    };
    json.as_array()
        .map_or_else(Vec::new, |columns| columns.iter().map(column).collect())
}

fn table_options(json: &Json) -> TableOptions {
    let number = |field: &str| json[field].as_i64().map(|n| i32::try_from(n).unwrap());
    TableOptions {
        time_to_live: number("time_to_live"),
        max_versions: number("max_versions"),
        deviation_cell_version_in_sec: json["deviation_cell_version_in_sec"].as_i64(),
        allow_update: json["allow_update"].as_bool(),
        ..TableOptions::default()
    }
}

fn capacity_unit(read: i32, write: i32) -> CapacityUnit {
    CapacityUnit {
        read: Some(read),
        write: Some(write),
    }
}
