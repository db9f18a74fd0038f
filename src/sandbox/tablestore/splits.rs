//! `ComputeSplitPointsBySize`: where to cut a table so that the parts are of about one size.
//!
//! Rows lie in one partition here, on one machine; the points are computed from what the rows
//! weigh now. A partition key is never cut: a point is the first column of a key, and what is left
//! out of it means the least there is, as the vendor page has it.

use bytes::Bytes;

use super::answer::Outcome;
use super::cost;
use super::failure::Failure;
use super::names::check_table;
use super::read::{Asked, Lens};
use super::table::Table;
use super::{TableStore, decode};
use crate::tablestore::plainbuffer::{self, RowChange};
use crate::tablestore::{Column, proto};

/// What `split_size` counts in where the request does not say (vendor page).
const UNIT_BYTES: i64 = 100 * 1024 * 1024;

/// Where all parts are. The service names a machine; clients compare the name at most.
const LOCATION: &str = "sandbox";

/// `ComputeSplitPointsBySize`.
pub(super) fn compute_split_points_by_size(
    store: &TableStore,
    body: &Bytes,
) -> Result<Outcome, Failure> {
    let request: proto::ComputeSplitPointsBySizeRequest = decode(body)?;
    check_table(&request.table_name)?;
    let unit = request.split_size_unit_in_byte.unwrap_or(UNIT_BYTES);
    let part_bytes = usize::try_from(request.split_size.saturating_mul(unit))
        .ok()
        .filter(|bytes| *bytes > 0)
        .ok_or_else(|| Failure::invalid("The split size must be greater than 0."))?;
    let most = request.split_point_limit.map_or(Ok(usize::MAX), |limit| {
        usize::try_from(limit)
            .map_err(|_negative| Failure::invalid("The split point limit must not be less than 0."))
    })?;
    let table = store.table(&request.table_name)?;
    let points = points(store, &table, part_bytes, most)?;
    let parts = i64::try_from(points.len() + 1).unwrap_or(i64::MAX);
    let answer = proto::ComputeSplitPointsBySizeResponse {
        consumed: Some(cost::message(cost::of_read(0))),
        schema: table.schema.message().primary_key,
        split_points: points.into_iter().map(encoded).collect(),
        locations: vec![proto::SplitLocation {
            location: LOCATION.to_owned(),
            repeat: parts,
        }],
    };
    Ok(Outcome::new(0, &answer))
}

/// The first values of the partition key behind each part of at least `part_bytes`.
fn points(
    store: &TableStore,
    table: &Table,
    part_bytes: usize,
    most: usize,
) -> Result<Vec<Column>, Failure> {
    let everything = Asked {
        max_versions: Some(i32::MAX),
        ..Asked::default()
    };
    let lens = Lens::new(everything, store.names)?;
    let state = table.lock();
    let retention = state.options.retention(store.clock.unix_millis());
    let mut points = Vec::new();
    let mut part = 0;
    let mut last: Option<Column> = None;
    for (key, row) in state.rows.iter().filter(|(_, row)| row.is_alive(retention)) {
        let columns = key.columns(&table.schema.primary_key);
        let first = columns.first().cloned();
        if part >= part_bytes && first != last {
            points.extend(first.clone());
            part = 0;
        }
        part += lens.show(columns, row, &state.names, retention).size;
        last = first;
    }
    points.truncate(most);
    Ok(points)
}

fn encoded(first: Column) -> Bytes {
    let row = RowChange {
        primary_key: vec![first],
        ..RowChange::default()
    };
    plainbuffer::encode(&row).into()
}
