//! Tables as the command line spells them: `access_log(ip:STRING,time:STRING)`.

use crate::tablestore::{PrimaryKeyColumn, PrimaryKeyType, TableName};

/// Columns that a primary key has at the most.
const MAX_KEY_COLUMNS: usize = 4;

/// A table and its primary key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TableSpec {
    pub(super) name: TableName,
    pub(super) primary_key: Vec<PrimaryKeyColumn>,
}

/// A primary key by itself: `ip,time:STRING`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct KeySpec(pub(super) Vec<PrimaryKeyColumn>);

/// Reads `name(column:TYPE,...)`.
pub(super) fn parse_table(text: &str) -> Result<TableSpec, String> {
    let shape =
        || format!("{text:?} is not NAME(COLUMN:TYPE,...), such as access(ip:STRING,time:STRING)");
    let (name, rest) = text.split_once('(').ok_or_else(shape)?;
    let columns = rest.trim_end().strip_suffix(')').ok_or_else(shape)?;
    Ok(TableSpec {
        name: TableName::new(name.trim()).map_err(|error| error.to_string())?,
        primary_key: parse_columns(columns)?,
    })
}

/// Reads `column:TYPE,...`.
pub(super) fn parse_key(text: &str) -> Result<KeySpec, String> {
    parse_columns(text).map(KeySpec)
}

/// Reads columns between commas, each `name`, `name:TYPE` or `name:INTEGER:AUTO_INCREMENT`. A
/// column without a type is a STRING.
fn parse_columns(text: &str) -> Result<Vec<PrimaryKeyColumn>, String> {
    let columns: Vec<_> = text
        .split(',')
        .map(parse_column)
        .collect::<Result<_, _>>()?;
    if columns.len() > MAX_KEY_COLUMNS {
        let count = columns.len();
        return Err(format!(
            "a primary key has at most {MAX_KEY_COLUMNS} columns, not {count}"
        ));
    }
    for (at, column) in columns.iter().enumerate() {
        if columns
            .iter()
            .take(at)
            .any(|other| other.name == column.name)
        {
            return Err(format!(
                "primary key column {:?} is there twice",
                column.name
            ));
        }
    }
    if columns.first().is_some_and(|column| column.auto_increment) {
        return Err("the first primary key column cannot be AUTO_INCREMENT".to_owned());
    }
    Ok(columns)
}

fn parse_column(text: &str) -> Result<PrimaryKeyColumn, String> {
    let mut parts = text.trim().split(':');
    let name = parts.next().unwrap_or_default();
    // Names such as `__tag__:host` hold colons themselves: the type is what comes last.
    let parts: Vec<_> = parts.collect();
    let (name_parts, kind, auto_increment) = match parts.as_slice() {
        [] => (&parts[..0], PrimaryKeyType::String, false),
        [front @ .., kind, option] if option.eq_ignore_ascii_case("AUTO_INCREMENT") => {
            (front, parse_kind(kind)?, true)
        }
        [front @ .., kind] => (front, parse_kind(kind)?, false),
    };
    let name = [&[name], name_parts].concat().join(":");
    if name.is_empty() {
        return Err("a primary key column has no name".to_owned());
    }
    if auto_increment && kind != PrimaryKeyType::Integer {
        return Err(format!(
            "primary key column {name:?}: AUTO_INCREMENT needs the type INTEGER"
        ));
    }
    Ok(PrimaryKeyColumn {
        name,
        kind,
        auto_increment,
    })
}

fn parse_kind(text: &str) -> Result<PrimaryKeyType, String> {
    let kinds = [
        PrimaryKeyType::String,
        PrimaryKeyType::Integer,
        PrimaryKeyType::Binary,
    ];
    let matching = |kind: &PrimaryKeyType| kind.to_string().eq_ignore_ascii_case(text);
    kinds.into_iter().find(matching).ok_or_else(|| {
        format!("{text:?} is no type of a primary key column: use STRING, INTEGER or BINARY")
    })
}

/// The key as people read it: `ip STRING, time STRING`.
pub(super) fn show_key(key: &[PrimaryKeyColumn]) -> String {
    let columns: Vec<_> = key.iter().map(show_column).collect();
    columns.join(", ")
}

fn show_column(column: &PrimaryKeyColumn) -> String {
    let option = if column.auto_increment {
        " AUTO_INCREMENT"
    } else {
        ""
    };
    format!("{} {}{option}", column.name, column.kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_read() {
        let table =
            parse_table("access(ip, n:integer , raw:BINARY,id:INTEGER:AUTO_INCREMENT)").unwrap();
        assert_eq!(table.name.as_str(), "access");
        assert_eq!(
            show_key(&table.primary_key),
            "ip STRING, n INTEGER, raw BINARY, id INTEGER AUTO_INCREMENT"
        );
    }

    #[test]
    fn names_may_hold_colons_where_a_type_follows() {
        let KeySpec(key) = parse_key("__tag__:host:STRING").unwrap();
        assert_eq!(show_key(&key), "__tag__:host STRING");
    }

    #[test]
    fn faults_say_what_would_be_right() {
        for (text, message) in [
            ("access", "\"access\" is not NAME(COLUMN:TYPE,...)"),
            ("access(ip", "\"access(ip\" is not NAME(COLUMN:TYPE,...)"),
            ("9(ip)", "table \"9\" must have"),
            (
                "t(ip:TEXT)",
                "\"TEXT\" is no type of a primary key column: use STRING, INTEGER or BINARY",
            ),
            ("t()", "a primary key column has no name"),
            ("t(a,a)", "primary key column \"a\" is there twice"),
            ("t(a,b,c,d,e)", "a primary key has at most 4 columns, not 5"),
            (
                "t(a:INTEGER:AUTO_INCREMENT)",
                "the first primary key column cannot be AUTO_INCREMENT",
            ),
            (
                "t(a,b:STRING:AUTO_INCREMENT)",
                "primary key column \"b\": AUTO_INCREMENT needs the type INTEGER",
            ),
        ] {
            let error = parse_table(text).unwrap_err();
            assert!(error.starts_with(message), "{text}: {error}");
        }
    }
}
