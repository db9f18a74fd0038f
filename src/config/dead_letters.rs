//! Where logs go that cannot become rows.

use std::path::PathBuf;

use super::fault::Faults;
use super::json::Object;
use super::raw::Raw;
use super::services::{Sink, misnamed};
use super::settings::DEAD_LETTERS;
use crate::deadletters::Destination;
use crate::tablestore::TableName;

const KEYS: [&str; 2] = ["table", "file"];

/// Reads `dead_letters`; the outer `None` means that there are faults.
#[expect(clippy::option_option, reason = "a fault is not the same as unset")]
pub(super) fn read(
    raw: &Raw,
    sink: Option<&Sink>,
    faults: &mut Faults,
) -> Option<Option<Destination>> {
    let Some(text) = &raw.dead_letters else {
        return Some(None);
    };
    let variable = DEAD_LETTERS.name;
    let mut object = Object::read(&DEAD_LETTERS, text, faults)?;
    let destination = match KEYS.map(|key| object.has(key)) {
        [true, false] => object
            .take_text("table", "the table that gets the letters", faults)
            .and_then(|name| faults.keep(variable, Some("table"), table(&name, sink)))
            .map(Destination::Table),
        [false, true] => object
            .take_text("file", "the path of a file", faults)
            .and_then(|path| faults.keep(variable, Some("file"), file(&path)))
            .map(Destination::File),
        [true, true] => {
            let message = "has a table and a file: choose one";
            faults.report(variable, None, message, None);
            for key in KEYS {
                object.take(key);
            }
            None
        }
        [false, false] => {
            let message = r#"names no place: set {"table":"NAME"} or {"file":"PATH"}"#;
            faults.report(variable, None, message, None);
            None
        }
    };
    object.finish(&KEYS, faults);
    destination.map(Some)
}

fn table(name: &str, sink: Option<&Sink>) -> Result<TableName, String> {
    let table = TableName::new(name).map_err(|error| misnamed(name, error.fault))?;
    let Some(sink) = sink else { return Ok(table) };
    let taken = [
        (&sink.target_table, "target"),
        (&sink.status_table, "status"),
    ];
    match taken.iter().find(|(other, _)| **other == table) {
        Some((_, what)) => Err(format!(
            "is the {what} table too: dead letters need a table of their own"
        )),
        None => Ok(table),
    }
}

fn file(path: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(path);
    if path.file_name().is_none() || path.as_os_str().to_string_lossy().ends_with('/') {
        return Err("names a folder: add the name of a file".to_owned());
    }
    Ok(path)
}
