//! Rows as JSON, as the admin interface shows them and seeds have them.
//!
//! A row is `{"key": {NAME: VALUE, ...}, "columns": {NAME: VALUE, ...}}`. Where versions count, the
//! place of a column's value is taken by a list of `{"timestamp": MILLISECONDS, "value": VALUE}`.
//!
//! | Table Store | JSON |
//! | --- | --- |
//! | STRING | string |
//! | INTEGER | number without a point; all 64 bits are written out |
//! | DOUBLE | number with a point or an exponent, or `{"double": NUMBER}`, also `"NaN"`, `"inf"`, `"-inf"` |
//! | BOOLEAN | `true`, `false` |
//! | BINARY | `{"binary": "base64"}` |

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Number, Value as Json, json};

use crate::tablestore::{Cell, Row, Value};

/// Which versions of a cell are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Versions {
    Newest,
    All,
}

/// A row: its key in the table's order, its columns by name.
pub(super) fn write(row: &Row, versions: Versions) -> Json {
    let key = row.primary_key.iter();
    let key: Map<_, _> = key
        .map(|column| (column.name.clone(), write_value(&column.value)))
        .collect();
    let columns = row.cells.chunk_by(|left, right| left.name == right.name);
    let columns: Map<_, _> = columns
        .filter_map(|cells| Some((cells.first()?.name.clone(), write_column(cells, versions)?)))
        .collect();
    json!({ "key": key, "columns": columns })
}

/// The cells of one column, newest first.
fn write_column(cells: &[Cell], versions: Versions) -> Option<Json> {
    let version = |cell: &Cell| json!({ "timestamp": cell.timestamp_millis, "value": write_value(&cell.value) });
    match versions {
        Versions::Newest => Some(write_value(&cells.first()?.value)),
        Versions::All => Some(cells.iter().map(version).collect()),
    }
}

fn write_value(value: &Value) -> Json {
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

/// The versions of a column, each with its timestamp where one is given. The fault says what would
/// be right.
pub(super) fn read_column(json: &Json) -> Result<Vec<(Option<i64>, Value)>, String> {
    let Json::Array(versions) = json else {
        return read_value(json).map(|value| vec![(None, value)]);
    };
    let shape = r#"a version is {"timestamp": MILLISECONDS, "value": VALUE}"#;
    let version = |json: &Json| {
        let members = json.as_object().filter(|members| members.len() == 2);
        let members = members.ok_or(shape)?;
        let timestamp = members.get("timestamp").and_then(Json::as_i64);
        let value = read_value(members.get("value").ok_or(shape)?)?;
        Ok((Some(timestamp.ok_or(shape)?), value))
    };
    versions.iter().map(version).collect()
}

/// One value.
pub(super) fn read_value(json: &Json) -> Result<Value, String> {
    match json {
        Json::String(text) => Ok(Value::String(text.clone())),
        Json::Bool(truth) => Ok(Value::Boolean(*truth)),
        Json::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(integer), _) => Ok(Value::Integer(integer)),
            (None, Some(double)) if number.is_f64() => Ok(Value::Double(double)),
            _ => Err(format!("{number} is no INTEGER of 64 bits")),
        },
        Json::Object(members) => typed(members),
        Json::Null | Json::Array(_) => Err(
            r#"a value is a string, number, boolean, {"double": NUMBER} or {"binary": "base64"}"#
                .to_owned(),
        ),
    }
}

fn typed(members: &Map<String, Json>) -> Result<Value, String> {
    let only = members.iter().next().filter(|_| members.len() == 1);
    match only.map(|(kind, value)| (kind.as_str(), value)) {
        Some(("binary", Json::String(text))) => STANDARD
            .decode(text)
            .map(|bytes| Value::Binary(bytes.into()))
            .map_err(|fault| format!("not base64: {fault}")),
        Some(("double", Json::Number(number))) => number
            .as_f64()
            .map(Value::Double)
            .ok_or_else(|| format!("{number} is no DOUBLE")),
        Some(("double", Json::String(text))) => match text.as_str() {
            "NaN" => Ok(Value::Double(f64::NAN)),
            "inf" => Ok(Value::Double(f64::INFINITY)),
            "-inf" => Ok(Value::Double(f64::NEG_INFINITY)),
            other => Err(format!("{other:?} is no DOUBLE: NaN, inf or -inf")),
        },
        _ => Err(r#"a typed value is {"double": NUMBER} or {"binary": "base64"}"#.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::tablestore::Column;

    fn value() -> impl Strategy<Value = Value> {
        prop_oneof![
            any::<i64>().prop_map(Value::Integer),
            any::<f64>().prop_map(Value::Double),
            any::<bool>().prop_map(Value::Boolean),
            ".{0,8}".prop_map(Value::String),
            proptest::collection::vec(any::<u8>(), 0..8).prop_map(|v| Value::Binary(v.into())),
        ]
    }

    /// Equal, NaN to NaN too.
    fn is_same(left: &Value, right: &Value) -> bool {
        match (left, right) {
            (Value::Double(left), Value::Double(right)) => {
                left.to_bits() == right.to_bits() || (left.is_nan() && right.is_nan())
            }
            _ => left == right,
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(values in proptest::collection::vec(value(), 1..4)) {
            let cells = (0_i64..).zip(&values).map(|(at, value)| Cell {
                name: "c".to_owned(),
                value: value.clone(),
                timestamp_millis: -at,
            });
            let row = Row {
                primary_key: vec![Column { name: "k".to_owned(), value: values[0].clone() }],
                cells: cells.collect(),
            };
            let text = write(&row, Versions::All).to_string();
            let json: Json = serde_json::from_str(&text).unwrap();
            prop_assert!(is_same(&read_value(&json["key"]["k"]).unwrap(), &values[0]));
            let read = read_column(&json["columns"]["c"]).unwrap();
            prop_assert_eq!(read.len(), values.len());
            for ((at, value), (expected_at, expected)) in read.iter().zip((0_i64..).zip(&values)) {
                prop_assert_eq!(*at, Some(-expected_at));
                prop_assert!(is_same(value, expected), "{:?} {:?}", value, expected);
            }
            let newest = write(&row, Versions::Newest);
            prop_assert_eq!(&newest["columns"]["c"], &write_value(&values[0]));
        }
    }

    #[test]
    fn what_is_no_value_says_what_would_be_right() {
        for (json, fault) in [
            ("null", "a value is a string, number, boolean"),
            (
                "9223372036854775808",
                "9223372036854775808 is no INTEGER of 64 bits",
            ),
            ("{}", "a typed value is {\"double\": NUMBER} or"),
            (
                "{\"binary\": 5}",
                "a typed value is {\"double\": NUMBER} or",
            ),
            ("{\"binary\": \"?\"}", "not base64: "),
            (
                "{\"double\": \"x\"}",
                "\"x\" is no DOUBLE: NaN, inf or -inf",
            ),
            (
                "[5]",
                "a version is {\"timestamp\": MILLISECONDS, \"value\": VALUE}",
            ),
            ("[{\"timestamp\": \"5\", \"value\": 1}]", "a version is "),
            ("[{\"timestamp\": 5, \"value\": null}]", "a value is "),
        ] {
            let json: Json = serde_json::from_str(json).unwrap();
            let found = read_column(&json).unwrap_err();
            assert!(found.starts_with(fault), "{found}");
        }
    }
}
