//! `CreateTable`, `ListTable`, `DescribeTable`, `UpdateTable`, `DeleteTable`.

use std::sync::Arc;

use bytes::Bytes;

use super::answer::Outcome;
use super::failure::Failure;
use super::names::check_table;
use super::schema::{Options, Reserved, Schema};
use super::table::{State, Table};
use super::{TableStore, decode};
use crate::tablestore::proto;

/// Tables of an instance.
const MAX_TABLES: usize = 64;
/// Seconds between two changes of a table's reserved units.
const RESERVED_PAUSE_SECONDS: i64 = 120;

/// `CreateTable`.
pub(super) fn create_table(store: &TableStore, body: &Bytes) -> Result<Outcome, Failure> {
    let request: proto::CreateTableRequest = decode(body)?;
    // Required: without it the message does not parse.
    let throughput = request.reserved_throughput.ok_or_else(Failure::unparsed)?;
    let schema = Schema::read(&request, store.names)?;
    let options = Options::read(request.table_options.as_ref())?;
    let reserved = Reserved::default().changed(&throughput)?;
    add(store, schema, options, reserved)?;
    Ok(Outcome::new(0, &proto::CreateTableResponse {}))
}

/// Adds a table that was judged.
pub(super) fn add(
    store: &TableStore,
    schema: Schema,
    options: Options,
    reserved: Reserved,
) -> Result<(), Failure> {
    let mut tables = store.write_tables();
    if tables.contains_key(&schema.name) {
        return Err(Failure::new(
            409,
            "OTSObjectAlreadyExist",
            "Requested table already exists.",
        ));
    }
    check_count(tables.len() + 1)?;
    let now_micros = store.clock.unix_millis().saturating_mul(1000);
    let name = schema.name.clone();
    let table = Table::new(schema, options, reserved, now_micros);
    tables.insert(name, Arc::new(table));
    Ok(())
}

/// Whether an instance may have this many tables.
pub(super) fn check_count(tables: usize) -> Result<(), Failure> {
    if tables <= MAX_TABLES {
        return Ok(());
    }
    Err(Failure::new(
        403,
        "OTSQuotaExhausted",
        format!("Number of tables exceeds the quota:{MAX_TABLES}."),
    ))
}

/// `ListTable`.
pub(super) fn list_table(store: &TableStore, body: &Bytes) -> Result<Outcome, Failure> {
    let _request: proto::ListTableRequest = decode(body)?;
    let table_names = store.read_tables().keys().cloned().collect();
    Ok(Outcome::new(0, &proto::ListTableResponse { table_names }))
}

/// `DescribeTable`.
pub(super) fn describe_table(store: &TableStore, body: &Bytes) -> Result<Outcome, Failure> {
    let request: proto::DescribeTableRequest = decode(body)?;
    check_table(&request.table_name)?;
    let table = store.table(&request.table_name)?;
    let state = table.lock();
    let answer = proto::DescribeTableResponse {
        table_meta: Some(table.schema.message()),
        reserved_throughput_details: Some(reserved(&table, &state)),
        table_options: Some(state.options.message()),
        table_status: Some(proto::TableStatus::Active.into()),
        stream_details: Some(no_stream()),
        // Rows lie in one partition, wherever the request wanted them split.
        shard_splits: Vec::new(),
        sse_details: Some(table.schema.encryption.clone().unwrap_or_default()),
        index_metas: table.schema.indexes.clone(),
        creation_time: Some(table.created_micros),
    };
    Ok(Outcome::new(0, &answer))
}

/// `UpdateTable`.
pub(super) fn update_table(store: &TableStore, body: &Bytes) -> Result<Outcome, Failure> {
    let request: proto::UpdateTableRequest = decode(body)?;
    check_table(&request.table_name)?;
    let nothing_given = request.reserved_throughput.is_none()
        && request.stream_spec.is_none()
        && request
            .table_options
            .is_none_or(|options| options == proto::TableOptions::default());
    if nothing_given {
        return Err(Failure::invalid(
            "No parameter is specified in table options.",
        ));
    }
    let table = store.table(&request.table_name)?;
    let mut state = table.lock();
    let options = match &request.table_options {
        Some(options) => state.options.changed(options)?,
        None => state.options,
    };
    if let Some(throughput) = &request.reserved_throughput {
        let reserved = state.reserved.changed(throughput)?;
        let now = store.clock.unix_millis() / 1000;
        let too_soon = |last: i64| now.saturating_sub(last) < RESERVED_PAUSE_SECONDS;
        if state.reserved_changed.is_some_and(too_soon) {
            return Err(Failure::new(
                403,
                "OTSTooFrequentReservedThroughputAdjustment",
                "Capacity unit adjustment is too frequent.",
            ));
        }
        state.reserved = reserved;
        state.reserved_changed = Some(now);
    }
    state.options = options;
    let answer = proto::UpdateTableResponse {
        reserved_throughput_details: Some(reserved(&table, &state)),
        table_options: Some(state.options.message()),
        // The Go SDK looks at these details without asking whether they are there.
        stream_details: Some(no_stream()),
    };
    Ok(Outcome::new(0, &answer))
}

/// `DeleteTable`.
pub(super) fn delete_table(store: &TableStore, body: &Bytes) -> Result<Outcome, Failure> {
    let request: proto::DeleteTableRequest = decode(body)?;
    check_table(&request.table_name)?;
    let removed = store.write_tables().remove(&request.table_name);
    removed.ok_or_else(Failure::no_table)?;
    Ok(Outcome::new(0, &proto::DeleteTableResponse {}))
}

fn reserved(table: &Table, state: &State) -> proto::ReservedThroughputDetails {
    proto::ReservedThroughputDetails {
        capacity_unit: Some(proto::CapacityUnit {
            read: Some(state.reserved.read),
            write: Some(state.reserved.write),
        }),
        last_increase_time: state
            .reserved_changed
            .unwrap_or(table.created_micros / 1_000_000),
        last_decrease_time: None,
    }
}

/// There are no streams here: whatever was asked for, the answer is that none is on.
fn no_stream() -> proto::StreamDetails {
    proto::StreamDetails::default()
}
