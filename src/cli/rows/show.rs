//! What a row looks like.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Number, Value as Json};

use crate::cli::text_table::{TextCell, TextTable};
use crate::tablestore::{PrimaryKeyColumn, Row, Value};

/// A row as one flat JSON object: primary key first, bytes in base64.
pub(super) fn json(row: &Row) -> Json {
    let key = row
        .primary_key
        .iter()
        .map(|column| (&column.name, &column.value));
    let cells = row.cells.iter().map(|cell| (&cell.name, &cell.value));
    let members = key
        .chain(cells)
        .map(|(name, value)| (name.clone(), json_value(value)));
    Json::Object(members.collect::<Map<_, _>>())
}

fn json_value(value: &Value) -> Json {
    match value {
        Value::Integer(number) => Json::from(*number),
        // JSON has neither infinities nor NaN.
        Value::Double(number) => {
            Number::from_f64(*number).map_or_else(|| Json::from(number.to_string()), Json::Number)
        }
        Value::Boolean(truth) => Json::from(*truth),
        Value::String(text) => Json::from(text.as_str()),
        Value::Binary(bytes) => Json::from(STANDARD.encode(bytes)),
        Value::InfMin | Value::InfMax | Value::AutoIncrement => Json::Null,
    }
}

/// A value in a cell of text, cut to a width.
pub(in crate::cli) fn cell(value: &Value, width: usize) -> TextCell {
    match value {
        Value::Integer(number) => TextCell::number(number),
        Value::Double(number) => TextCell::number(number),
        Value::Boolean(truth) => TextCell::text(&truth.to_string(), width),
        Value::String(text) => TextCell::text(text, width),
        Value::Binary(bytes) => TextCell::text(&STANDARD.encode(bytes), width),
        Value::InfMin | Value::InfMax | Value::AutoIncrement => TextCell::empty(),
    }
}

/// Rows under the columns that any of them has: key columns first, reserved ones (`__time__` and
/// the like) last.
#[derive(Debug)]
pub(super) struct Rows {
    columns: Vec<String>,
    key_columns: usize,
    found: Vec<Row>,
    width: usize,
}

impl Rows {
    pub(super) fn new(key: &[PrimaryKeyColumn], width: usize) -> Self {
        Self {
            key_columns: key.len(),
            columns: key.iter().map(|column| column.name.clone()).collect(),
            found: Vec::new(),
            width,
        }
    }

    pub(super) fn extend(&mut self, rows: Vec<Row>) {
        for cell in rows.iter().flat_map(|row| &row.cells) {
            if !self.columns.contains(&cell.name) {
                self.columns.push(cell.name.clone());
            }
        }
        self.found.extend(rows);
    }

    pub(super) fn len(&self) -> u64 {
        u64::try_from(self.found.len()).unwrap_or(u64::MAX)
    }
}

/// The newest value of a column, from key or attributes.
pub(in crate::cli) fn value_of<'r>(row: &'r Row, column: &str) -> Option<&'r Value> {
    let key = row
        .primary_key
        .iter()
        .map(|column| (&column.name, &column.value));
    let cells = row.cells.iter().map(|cell| (&cell.name, &cell.value));
    key.chain(cells)
        .find(|(name, _)| *name == column)
        .map(|(_, value)| value)
}

impl fmt::Display for Rows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (key, attributes) = self.columns.split_at(self.key_columns);
        let is_reserved = |name: &&String| name.starts_with("__");
        let own = attributes.iter().filter(|name| !is_reserved(name));
        let reserved = attributes.iter().filter(is_reserved);
        let columns: Vec<_> = key
            .iter()
            .chain(own)
            .chain(reserved)
            .map(String::as_str)
            .collect();
        let mut table = TextTable::new(columns.iter().copied(), 0);
        for row in &self.found {
            let values = columns.iter().map(|column| value_of(row, column));
            let cells = values
                .map(|value| value.map_or_else(TextCell::empty, |value| cell(value, self.width)));
            table.push(cells.collect());
        }
        table.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::table_spec;
    use crate::tablestore::{Cell, Column};

    fn row(ip: &str, cells: &[(&str, Value)]) -> Row {
        Row {
            primary_key: vec![Column {
                name: "ip".to_owned(),
                value: Value::String(ip.to_owned()),
            }],
            cells: cells
                .iter()
                .map(|(name, value)| Cell {
                    name: (*name).to_owned(),
                    value: value.clone(),
                    timestamp_millis: 1,
                })
                .collect(),
        }
    }

    #[test]
    fn rows_with_different_columns_stand_under_all_of_them() {
        let key = table_spec::parse_key("ip").unwrap();
        let mut rows = Rows::new(&key.0, 8);
        rows.extend(vec![row("1.2.3.4", &[("status", Value::Integer(200))])]);
        rows.extend(vec![row(
            "b",
            &[
                ("ok", Value::Boolean(true)),
                ("url", Value::String("/a/long/path".into())),
            ],
        )]);
        assert_eq!(
            rows.to_string(),
            "ip       status  ok    url\n\
             ───────  ──────  ────  ────────\n\
             1.2.3.4     200\n\
             b                true  /a/long…"
        );
    }

    #[test]
    fn a_row_is_one_flat_object() {
        let cells = [
            ("bytes", Value::Binary(vec![0, 255].into())),
            ("half", Value::Double(0.5)),
            ("nan", Value::Double(f64::NAN)),
            ("n", Value::Integer(i64::MIN)),
        ];
        assert_eq!(
            json(&row("é\n", &cells)).to_string(),
            r#"{"ip":"é\n","bytes":"AP8=","half":0.5,"nan":"NaN","n":-9223372036854775808}"#
        );
    }
}
