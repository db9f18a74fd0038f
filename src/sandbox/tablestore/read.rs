//! Reads: which cells of a row an answer shows.

use std::ops::Range;

use super::cells::{ColumnNames, Retention, StoredCell, StoredRow};
use super::check::MAX_COLUMNS;
use super::cost;
use super::failure::Failure;
use super::filter::{Page, ReadFilter};
use super::names::NameRule;
use super::table::view;
use crate::tablestore::{Cell, Column, Row, proto};

/// What a read asks for, as the messages of the three reads have it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Asked<'a> {
    pub(super) columns_to_get: &'a [String],
    pub(super) time_range: Option<&'a proto::TimeRange>,
    pub(super) max_versions: Option<i32>,
    pub(super) filter: Option<&'a [u8]>,
    pub(super) start_column: Option<&'a str>,
    pub(super) end_column: Option<&'a str>,
}

/// What a read shows of each row.
#[derive(Clone, Debug)]
pub(super) struct Lens {
    /// Columns by name; none = all.
    columns: Vec<String>,
    versions: Range<i64>,
    max_versions: usize,
    filter: Option<ReadFilter>,
    /// Inclusive.
    start_column: String,
    /// Exclusive.
    end_column: Option<String>,
}

/// A row through a [`Lens`].
#[derive(Clone, Debug)]
pub(super) struct Shown {
    /// `None` where the filter leaves the row out, or it has none of the columns asked for.
    pub(super) row: Option<Row>,
    /// Bytes of data that were read for it.
    pub(super) size: usize,
}

impl Shown {
    /// What is shown of a row that is not there.
    pub(super) fn nothing() -> Self {
        Self { row: None, size: 0 }
    }
}

impl Lens {
    /// Judges what is asked for.
    pub(super) fn new(asked: Asked<'_>, names: NameRule) -> Result<Self, Failure> {
        let columns = asked.columns_to_get;
        if columns.len() > MAX_COLUMNS {
            return Err(Failure::invalid(format!(
                "The number of columns from the request exceeds the limit, limit count: {MAX_COLUMNS}, column count: {}.",
                columns.len()
            )));
        }
        for name in columns {
            names.check(name)?;
        }
        let filter = match asked.filter {
            None | Some([]) => None,
            Some(bytes) => Some(ReadFilter::parse(bytes, names)?),
        };
        let (versions, max_versions) = versions(asked.time_range, asked.max_versions)?;
        Ok(Self {
            columns: columns.to_vec(),
            versions,
            max_versions,
            filter,
            start_column: asked.start_column.unwrap_or_default().to_owned(),
            end_column: asked.end_column.map(str::to_owned),
        })
    }

    /// Shows one row.
    pub(super) fn show(
        &self,
        primary_key: Vec<Column>,
        row: &StoredRow,
        names: &ColumnNames,
        retention: Retention,
    ) -> Shown {
        let mut columns: Vec<(&str, Vec<&StoredCell>)> = row
            .columns(retention)
            .filter_map(|run| self.show_column(run, names))
            .collect();
        columns.sort_unstable_by_key(|(name, _)| *name);
        let size = key_size(&primary_key) + columns.iter().map(column_size).sum::<usize>();
        if !self.shows_any(&primary_key, &columns) || !self.passes(&primary_key, &columns) {
            return Shown { row: None, size };
        }
        // No token for the next page: the pages of the vendor call tokens unavailable, and the Java
        // SDK would follow one by itself and give its caller all pages in one.
        if let Some(ReadFilter::Columns(Page { offset, limit })) = self.filter {
            columns.drain(..offset.min(columns.len()));
            columns.truncate(limit);
        }
        let size = key_size(&primary_key) + columns.iter().map(column_size).sum::<usize>();
        Shown {
            row: Some(Row {
                primary_key,
                cells: columns.iter().flat_map(cells).collect(),
            }),
            size,
        }
    }

    fn show_column<'r>(
        &self,
        run: &'r [StoredCell],
        names: &'r ColumnNames,
    ) -> Option<(&'r str, Vec<&'r StoredCell>)> {
        let name = names.name(run.first()?.column);
        let asked_for = self.columns.is_empty() || self.columns.iter().any(|column| column == name);
        let in_range = name >= self.start_column.as_str()
            && self.end_column.as_deref().is_none_or(|end| name < end);
        if !asked_for || !in_range {
            return None;
        }
        let shown: Vec<_> = run
            .iter()
            .filter(|cell| self.versions.contains(&cell.timestamp_millis))
            .take(self.max_versions)
            .collect();
        (!shown.is_empty()).then_some((name, shown))
    }

    /// A row that has none of the columns asked for comes back as if it were not there.
    fn shows_any(&self, key: &[Column], columns: &[(&str, Vec<&StoredCell>)]) -> bool {
        self.columns.is_empty()
            || !columns.is_empty()
            || key.iter().any(|column| self.columns.contains(&column.name))
    }

    /// Holds the filter against what the read would show: a column that is not asked for counts
    /// as missing.
    fn passes(&self, key: &[Column], columns: &[(&str, Vec<&StoredCell>)]) -> bool {
        let Some(ReadFilter::Rows(filter)) = &self.filter else {
            return true;
        };
        filter.passes(&|name| {
            if let Some(column) = key.iter().find(|column| column.name == name) {
                return vec![view(&column.value)];
            }
            let column = columns.iter().find(|(column, _)| *column == name);
            column.map_or_else(Vec::new, |(_, cells)| {
                cells.iter().map(|cell| cell.datum.view()).collect()
            })
        })
    }
}

fn cells<'r>(
    (name, versions): &'r (&'r str, Vec<&'r StoredCell>),
) -> impl Iterator<Item = Cell> + 'r {
    versions.iter().map(|cell| Cell {
        name: (*name).to_owned(),
        value: cell.datum.to_value(),
        timestamp_millis: cell.timestamp_millis,
    })
}

fn column_size((name, versions): &(&str, Vec<&StoredCell>)) -> usize {
    versions
        .iter()
        .map(|cell| name.len() + cost::value_size(&cell.datum.view()))
        .sum()
}

fn key_size(key: &[Column]) -> usize {
    key.iter()
        .map(|column| column.name.len() + cost::value_size(&view(&column.value)))
        .sum()
}

/// Which versions a read shows: those of a range (start inclusive, end exclusive), and at most so
/// many of each column.
fn versions(
    range: Option<&proto::TimeRange>,
    max_versions: Option<i32>,
) -> Result<(Range<i64>, usize), Failure> {
    let range = range.copied().unwrap_or_default();
    let limit = match max_versions {
        None => usize::MAX,
        Some(limit) => match usize::try_from(limit) {
            Ok(limit) if limit > 0 => limit,
            _ => {
                return Err(Failure::invalid(format!(
                    "Invalid max versions: {limit}. Reason: Max versions must be positive."
                )));
            }
        },
    };
    let given = (range.specific_time, range.start_time, range.end_time);
    match given {
        (Some(_), None, None) if max_versions.is_some() => Err(Failure::invalid(
            "Specific tiemstamp and max versions cannot be given at the same time.",
        )),
        (Some(time), None, None) if time < 0 => Err(Failure::invalid(
            "Specific timestamp cannot be less than 0.",
        )),
        (Some(time), None, None) => Ok((time..time.saturating_add(1), limit)),
        (Some(_), _, _) if max_versions.is_some() => Err(Failure::invalid(
            "Specific timestamp, time range and max versions cannot be given at the same time.",
        )),
        (Some(_), _, _) => Err(Failure::invalid(
            "Specific tiemstamp and time range cannot be given at the same time.",
        )),
        (None, Some(start), Some(end)) => Ok((start..end, limit)),
        (None, None, None) if max_versions.is_none() => Err(Failure::invalid(
            "No version condition is specified while querying row.",
        )),
        (None, None, None) => Ok((i64::MIN..i64::MAX, limit)),
        (None, _, _) => Err(Failure::invalid(
            "Start and end time must be given at the same time.",
        )),
    }
}
