//! How a log becomes a row: computed columns, columns left out, names.

use super::fault::Faults;
use super::json::{self, Object};
use super::raw::Raw;
use super::settings::{COLUMN_NAMES, EXCLUSIVE_COLUMNS, TRANSFORM};
use super::values::{self, what};
use crate::shipper::{RowRules, TransformColumn};
use crate::transform::Expression;

/// The longest name of a column, in bytes (vendor page "Limits").
const MAX_NAME_BYTES: usize = 255;

/// Reads all three.
pub(super) fn read(raw: &Raw, faults: &mut Faults) -> Option<RowRules> {
    let text = raw.exclusive_columns.as_deref();
    let text = text.unwrap_or(EXCLUSIVE_COLUMNS.default());
    let exclusive_columns = json::texts(&EXCLUSIVE_COLUMNS, text, faults);
    let text = raw.transform.as_deref().unwrap_or(TRANSFORM.default());
    let transforms = transforms(text, faults);
    let column_names = faults.value(&COLUMN_NAMES, &raw.column_names, values::column_names)?;
    Some(RowRules {
        transforms,
        exclusive_columns,
        column_names,
    })
}

/// Reads `transform`: every column in the order of the object.
fn transforms(text: &str, faults: &mut Faults) -> Vec<TransformColumn> {
    let Some(object) = Object::read(&TRANSFORM, text, faults) else {
        return Vec::new();
    };
    let mut columns: Vec<TransformColumn> = Vec::new();
    for (name, value) in object.into_entries() {
        let key = Some(name.as_str());
        let is_named = faults
            .keep(TRANSFORM.name, key, check_name(&name))
            .is_some();
        if let (Some(expression), true) = (expression(&name, &value, faults), is_named) {
            columns.push(TransformColumn { name, expression });
        }
    }
    columns
}

/// Whether Table Store takes a column of that name: what a user writes down here is not repaired
/// behind his back, whatever `column_names` says of the names that logs bring along.
fn check_name(name: &str) -> Result<(), String> {
    let is_start = |char: char| char.is_ascii_alphabetic() || char == '_';
    let is_part = |char: char| char.is_ascii_alphanumeric() || char == '_' || char == '-';
    if name.is_empty() {
        Err("a column has no name: give it one".to_owned())
    } else if name.len() > MAX_NAME_BYTES {
        Err(format!(
            "the name has {} bytes: Table Store takes at most {MAX_NAME_BYTES}",
            name.len()
        ))
    } else if !name.starts_with(is_start) || !name.chars().all(is_part) {
        Err("Table Store refuses this name of a column: use letters, digits, '_' and '-', and start with a letter or '_'".to_owned())
    } else {
        Ok(())
    }
}

fn expression(name: &str, value: &serde_json::Value, faults: &mut Faults) -> Option<Expression> {
    let serde_json::Value::String(text) = value else {
        let message = format!(
            "must be an expression in a text, such as \"(->int 10 {})\", found {}",
            if check_name(name).is_ok() {
                name
            } else {
                "field"
            },
            what(value)
        );
        faults.report(TRANSFORM.name, Some(name), message, None);
        return None;
    };
    match Expression::parse(text) {
        Ok(expression) => Some(expression),
        Err(error) => {
            let snippet = Some(error.snippet(text)).filter(|_| !text.is_empty());
            faults.report(TRANSFORM.name, Some(name), error.to_string(), snippet);
            None
        }
    }
}
