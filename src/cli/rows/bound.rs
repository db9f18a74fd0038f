//! Bounds of a range, as the command line spells them.

use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value as Json;

use crate::tablestore::{Column, PrimaryKeyColumn, PrimaryKeyType, Value};

/// A key, or a part of one from its front; empty for `inf`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Bound(Vec<Json>);

/// Which end of the range a bound is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Start,
    End,
}

impl FromStr for Bound {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.eq_ignore_ascii_case("inf") {
            return Ok(Self(Vec::new()));
        }
        serde_json::from_str(text).map(Self).map_err(|_fault| {
            r#"use a JSON array of key values, such as ["1.2.3.4",5], or inf"#.to_owned()
        })
    }
}

impl Bound {
    /// The bound as a whole key of the table.
    pub(super) fn columns(
        &self,
        key: &[PrimaryKeyColumn],
        side: Side,
    ) -> Result<Vec<Column>, String> {
        let Self(given) = self;
        if given.len() > key.len() {
            let (count, columns) = (given.len(), key.len());
            return Err(format!(
                "{count} values for a primary key of {columns} columns"
            ));
        }
        let values = given.iter().map(Some).chain(std::iter::repeat(None));
        key.iter()
            .zip(values)
            .map(|(column, json)| {
                let value = match json {
                    Some(json) => value(json, column)?,
                    None => side.infinity(),
                };
                Ok(named(column, value))
            })
            .collect()
    }
}

impl Side {
    fn infinity(self) -> Value {
        match self {
            Self::Start => Value::InfMin,
            Self::End => Value::InfMax,
        }
    }
}

/// From below every key to above every key.
pub(super) fn whole(key: &[PrimaryKeyColumn]) -> [Vec<Column>; 2] {
    [Side::Start, Side::End].map(|side| {
        let columns = key.iter();
        columns
            .map(|column| named(column, side.infinity()))
            .collect()
    })
}

fn named(column: &PrimaryKeyColumn, value: Value) -> Column {
    Column {
        name: column.name.clone(),
        value,
    }
}

fn value(json: &Json, column: &PrimaryKeyColumn) -> Result<Value, String> {
    let PrimaryKeyColumn { name, kind, .. } = column;
    match (kind, json) {
        (PrimaryKeyType::String, Json::String(text)) => Ok(Value::String(text.clone())),
        (PrimaryKeyType::Integer, Json::Number(number)) => {
            let number = number.as_i64();
            number
                .map(Value::Integer)
                .ok_or_else(|| format!("{name} takes whole numbers of 64 bits, not {json}"))
        }
        (PrimaryKeyType::Binary, Json::String(text)) => match STANDARD.decode(text) {
            Ok(bytes) => Ok(Value::Binary(bytes.into())),
            Err(fault) => Err(format!("{name} takes bytes in base64: {fault}")),
        },
        (PrimaryKeyType::String, _) => Err(format!("{name} takes a string, not {json}")),
        (PrimaryKeyType::Integer, _) => Err(format!("{name} takes a number, not {json}")),
        (PrimaryKeyType::Binary, _) => Err(format!("{name} takes bytes in base64, not {json}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::table_spec;

    fn columns(text: &str, side: Side) -> Result<Vec<Value>, String> {
        let key = table_spec::parse_key("ip,n:INTEGER,raw:BINARY").unwrap();
        let columns = text.parse::<Bound>()?.columns(&key.0, side)?;
        Ok(columns.into_iter().map(|column| column.value).collect())
    }

    #[test]
    fn what_is_left_out_is_infinite() {
        use Value::{InfMax, InfMin};
        assert_eq!(
            columns("inf", Side::Start),
            Ok(vec![InfMin, InfMin, InfMin])
        );
        let ip = Value::String("1.2.3.4".to_owned());
        assert_eq!(
            columns(r#"["1.2.3.4"]"#, Side::End),
            Ok(vec![ip.clone(), InfMax, InfMax])
        );
        let bytes = Value::Binary(vec![0, 255].into());
        assert_eq!(
            columns(r#"["1.2.3.4",-5,"AP8="]"#, Side::Start),
            Ok(vec![ip, Value::Integer(-5), bytes])
        );
    }

    #[test]
    fn faults_name_the_column() {
        for (text, fault) in [
            ("1.2.3.4", "use a JSON array"),
            ("[1]", "ip takes a string, not 1"),
            (r#"["a","b"]"#, "n takes a number, not \"b\""),
            (r#"["a",1.5]"#, "n takes whole numbers of 64 bits, not 1.5"),
            (r#"["a",1,"?"]"#, "raw takes bytes in base64: "),
            (
                r#"["a",1,"","x"]"#,
                "4 values for a primary key of 3 columns",
            ),
        ] {
            let found = columns(text, Side::Start).unwrap_err();
            assert!(found.starts_with(fault), "{found}");
        }
    }
}
