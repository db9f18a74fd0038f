//! Tables of a seed.

use serde_json::{Map, Value as Json};

use super::file::{Row, Table};
use super::{About as _, SeedFault};
use crate::sandbox::{Sandbox, TableSpec, row_json};
use crate::tablestore::plainbuffer::{CellChange, CellKind, RowChange};
use crate::tablestore::{Column, PrimaryKeyColumn, TableName, Value};

/// Plants the tables with their rows.
pub(super) fn plant(nursery: &Sandbox, tables: &[Table]) -> Result<(), SeedFault> {
    for (at, table) in tables.iter().enumerate() {
        let path = format!("tables[{at}]");
        let spec = spec(table).about(|| format!("{path}.name"))?;
        let (name, key) = (spec.name.clone(), spec.primary_key.clone());
        let created = nursery.tablestore().create_table(spec);
        created.about(|| path.clone())?;
        for (at, row) in table.rows.iter().enumerate() {
            let path = format!("{path}.rows[{at}]");
            let row = change(row, &key, &path)?;
            nursery.tablestore().put(&name, &row).about(|| path)?;
        }
    }
    Ok(())
}

fn spec(table: &Table) -> Result<TableSpec, String> {
    let name = TableName::new(&table.name).map_err(|fault| fault.to_string())?;
    let key = table.primary_key.iter().map(|column| PrimaryKeyColumn {
        name: column.name.clone(),
        kind: column.r#type.into(),
        auto_increment: column.auto_increment,
    });
    let mut spec = TableSpec::new(name, key.collect());
    let options = &table.options;
    spec.time_to_live_seconds = options.time_to_live.unwrap_or(spec.time_to_live_seconds);
    spec.max_versions = options.max_versions.unwrap_or(spec.max_versions);
    spec.max_deviation_seconds = options.max_deviation.unwrap_or(spec.max_deviation_seconds);
    spec.allow_update = options.allow_update.unwrap_or(spec.allow_update);
    Ok(spec)
}

/// The write of a row. The service judges whether it fits the table.
fn change(row: &Row, key: &[PrimaryKeyColumn], path: &str) -> Result<RowChange, SeedFault> {
    let mut primary_key = Vec::with_capacity(key.len());
    for column in key {
        let value = key_value(&row.key, column).about(|| format!("{path}.key.{}", column.name))?;
        primary_key.push(Column {
            name: column.name.clone(),
            value,
        });
    }
    let is_known = |name: &&String| key.iter().any(|column| column.name == **name);
    if let Some(unknown) = row.key.keys().find(|name| !is_known(name)) {
        let known: Vec<_> = key.iter().map(|column| column.name.as_str()).collect();
        let message = format!("no column of the primary key: it has {}", known.join(", "));
        return Err(SeedFault::at(format!("{path}.key.{unknown}"), message));
    }
    let mut cells = Vec::with_capacity(row.columns.len());
    for (name, json) in &row.columns {
        let versions = row_json::read_column(json).about(|| format!("{path}.columns.{name}"))?;
        cells.extend(
            versions
                .into_iter()
                .map(|(timestamp_millis, value)| CellChange {
                    name: name.clone(),
                    value: Some(value),
                    kind: CellKind::Put,
                    timestamp_millis,
                }),
        );
    }
    Ok(RowChange {
        primary_key,
        cells,
        delete_marker: false,
    })
}

/// The value of a key column; one that is auto-increment may be left to the service.
fn key_value(key: &Map<String, Json>, column: &PrimaryKeyColumn) -> Result<Value, String> {
    match key.get(&column.name) {
        Some(json) => row_json::read_value(json),
        None if column.auto_increment => Ok(Value::AutoIncrement),
        None => Err(format!("missing, a {}", column.kind)),
    }
}
