//! What is there, as JSON.
//!
//! Numbers of cursors are written as text: they pass what a JSON number holds in JavaScript.

use std::time::SystemTime;

use serde_json::{Value, json};

use super::Refusal;
use super::ask::Place;
use super::logs::log_group;
use crate::sandbox::loghub::{
    GroupSnapshot, Position, ShardSnapshot, ShardState, StoredGroup, StoredShard,
};
use crate::sandbox::row_json::{self, Versions};
use crate::sandbox::{FaultReport, Sandbox, Service, TableSnapshot};
use crate::tablestore::TableName;

/// The latest calls, oldest first.
pub(super) fn calls(sandbox: &Sandbox, operation: Option<&str>, limit: usize) -> Value {
    let calls = sandbox.recent_calls();
    let fits = |name: &str| operation.is_none_or(|operation| operation == name);
    let mut latest: Vec<Value> = calls
        .iter()
        .rev()
        .filter(|call| fits(&call.operation))
        .take(limit)
        .map(|call| {
            json!({
                "service": match call.service {
                    Service::LogService => "log_service",
                    Service::TableStore => "table_store",
                },
                "operation": call.operation,
                "at": time(call.at),
                "status": call.status,
                "code": call.code,
                "rows": call.rows,
            })
        })
        .collect();
    latest.reverse();
    Value::Array(latest)
}

/// Calls by operation and error code.
pub(super) fn counts(sandbox: &Sandbox) -> Value {
    json!(sandbox.counts())
}

/// The entries of the fault script.
pub(super) fn faults(sandbox: &Sandbox) -> Value {
    let reports = sandbox.fault_report();
    let shown = reports.iter().map(|report| {
        let state = match report {
            FaultReport { is_over: true, .. } => "over",
            FaultReport { struck: 0, .. } => "waiting",
            _ => "striking",
        };
        json!({
            "fault": report.fault.to_string(),
            "state": state,
            "seen": report.seen,
            "struck": report.struck,
        })
    });
    shown.collect()
}

/// Projects and logstores.
pub(super) fn logstores(sandbox: &Sandbox) -> Value {
    json!(sandbox.loghub().logstore_names())
}

/// Shards and consumer groups of a logstore.
pub(super) fn logstore(sandbox: &Sandbox, place: &Place) -> Result<Value, Refusal> {
    let found = sandbox.loghub().logstore(&place.project, &place.logstore)?;
    Ok(json!({
        "project": place.project,
        "logstore": place.logstore,
        "shards": found.shards.iter().map(shard).collect::<Vec<_>>(),
        "consumer_groups": found.groups.iter().map(group).collect::<Vec<_>>(),
    }))
}

fn shard(shard: &StoredShard) -> Value {
    let [begin_key, end_key] = &shard.keys;
    json!({
        "id": shard.shard,
        "status": if shard.is_readonly { "readonly" } else { "readwrite" },
        "begin_key": begin_key,
        "end_key": end_key,
        "parents": shard.parents,
        "groups": shard.end.number - shard.begin.number,
        "begin": position(&shard.begin),
        "end": position(&shard.end),
    })
}

fn position(position: &Position) -> Value {
    json!({ "number": position.number.to_string(), "cursor": position.cursor })
}

fn group((name, group): (&String, &GroupSnapshot)) -> Value {
    let consumers = group.consumers.iter().map(|(name, seen)| {
        json!({ "name": name, "last_heartbeat": time(*seen), "shards": group.held_by(name) })
    });
    json!({
        "name": name,
        "timeout_seconds": group.timeout.as_secs(),
        "order": group.is_ordered,
        "consumers": consumers.collect::<Vec<_>>(),
        "shards": group.shards.iter().map(shard_in_group).collect::<Vec<_>>(),
    })
}

fn shard_in_group(shard: &ShardSnapshot) -> Value {
    let (state, next) = match &shard.state {
        ShardState::Wait => ("wait", None),
        ShardState::NotAlloc => ("not_alloc", None),
        ShardState::AlreadyAlloc { .. } => ("already_alloc", None),
        ShardState::Transfer { next, .. } => ("transfer", Some(next)),
        ShardState::Over => ("over", None),
    };
    let (saved_at, saved_by) = shard.saved.as_ref().map(|(at, by)| (time(*at), by)).unzip();
    json!({
        "id": shard.shard,
        "state": state,
        "holder": shard.state.holder(),
        "next": next,
        "checkpoint": shard.checkpoint,
        "saved_at": saved_at,
        "saved_by": saved_by,
        "behind": shard.behind,
    })
}

/// The log groups of a logstore, or of one of its shards.
pub(super) fn logs(
    sandbox: &Sandbox,
    place: &Place,
    shard: Option<u32>,
) -> Result<Vec<Value>, Refusal> {
    let groups = sandbox.loghub().logs(&place.project, &place.logstore)?;
    let wanted = |stored: &&StoredGroup| shard.is_none_or(|shard| shard == stored.shard);
    let shown = groups.iter().filter(wanted).map(|stored| {
        let mut line = json!({
            "shard": stored.shard,
            "cursor": stored.cursor,
            "received": time(stored.received),
        });
        log_group(&stored.group, &mut line);
        line
    });
    Ok(shown.collect())
}

/// All tables.
pub(super) fn tables(sandbox: &Sandbox) -> Value {
    json!(sandbox.tablestore().table_names())
}

/// Schema, options and counters of a table.
pub(super) fn table(sandbox: &Sandbox, table: &TableName) -> Result<Value, Refusal> {
    let found = sandbox.tablestore().describe(table);
    let found = found.ok_or_else(|| no_table(sandbox, table))?;
    let TableSnapshot {
        primary_key,
        defined_columns,
        indexes,
        options,
        created,
        row_count,
        counters,
    } = &found;
    let key = primary_key.iter().map(|column| {
        json!({
            "name": column.name,
            "type": column.kind.to_string(),
            "auto_increment": column.auto_increment,
        })
    });
    let defined = defined_columns
        .iter()
        .map(|(name, kind)| json!({ "name": name, "type": kind }));
    Ok(json!({
        "name": table.as_str(),
        "primary_key": key.collect::<Vec<_>>(),
        "defined_columns": defined.collect::<Vec<_>>(),
        "indexes": indexes,
        "options": {
            "time_to_live": options.time_to_live_seconds,
            "max_versions": options.max_versions,
            "max_deviation": options.max_deviation_seconds,
            "allow_update": options.allow_update,
        },
        "created": time(*created),
        "row_count": row_count,
        "counters": {
            "rows_written": counters.rows_written,
            "rows_refused": counters.rows_refused,
            "rows_read": counters.rows_read,
            "read_units": counters.read_units,
            "write_units": counters.write_units,
        },
    }))
}

/// The rows of a table, in the order of their keys.
pub(super) fn rows(
    sandbox: &Sandbox,
    table: &TableName,
    versions: Versions,
) -> Result<Vec<Value>, Refusal> {
    let rows = sandbox.tablestore().rows(table);
    let rows = rows.ok_or_else(|| no_table(sandbox, table))?;
    Ok(rows
        .iter()
        .map(|row| row_json::write(row, versions))
        .collect())
}

fn no_table(sandbox: &Sandbox, table: &TableName) -> Refusal {
    let known = match sandbox.tablestore().table_names().as_slice() {
        [] => "there is none".to_owned(),
        names => format!("there are: {}", names.join(", ")),
    };
    Refusal::not_found(format!("there is no table {table}; {known}"))
}

fn time(at: SystemTime) -> String {
    humantime::format_rfc3339_millis(at).to_string()
}
