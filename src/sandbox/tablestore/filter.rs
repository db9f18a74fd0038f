//! Filters: column conditions of writes, and what reads leave out.

use std::cmp::Ordering;

use prost::Message as _;
use regex::{Regex, RegexBuilder};

use super::failure::Failure;
use super::incoming::read_variant;
use super::names::NameRule;
use crate::tablestore::plainbuffer::CellValue;
use crate::tablestore::proto;

/// Filters in one condition. The limits page says 10, newer SDK tests build 32.
const MAX_FILTERS: usize = 32;
/// Bytes of the regular expression of a value transfer rule.
const MAX_REGEX_BYTES: usize = 256;
/// Bytes that it may take once compiled: `(((a{99}){99}){99})` fits 256 bytes well.
const MAX_REGEX_SIZE: usize = 1024 * 1024;

/// A test of a row.
#[derive(Clone, Debug)]
pub(super) enum Filter {
    Column(ColumnTest),
    Not(Box<Filter>),
    And(Vec<Filter>),
    Or(Vec<Filter>),
}

/// A test of one column.
#[derive(Clone, Debug)]
pub(super) struct ColumnTest {
    name: String,
    comparator: Comparator,
    operand: Vec<u8>,
    /// Applied to each value before it is compared.
    rule: Option<TransferRule>,
    filter_if_missing: bool,
    latest_version_only: bool,
}

/// Takes a piece out of a text and reads it as another type.
#[derive(Clone, Debug)]
struct TransferRule {
    regex: Regex,
    cast: Cast,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cast {
    Integer,
    Double,
    String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comparator {
    Equal,
    NotEqual,
    GreaterThan,
    GreaterEqual,
    LessThan,
    LessEqual,
    Exist,
    NotExist,
}

/// Which columns of a row a read returns, counted in the order of their names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Page {
    pub(super) offset: usize,
    pub(super) limit: usize,
}

/// What a read filters by: rows by a test, or the columns of a row by a page.
#[derive(Clone, Debug)]
pub(super) enum ReadFilter {
    Rows(Filter),
    Columns(Page),
}

impl Filter {
    /// The column condition of a write. `bytes` is a serialized `Filter`.
    pub(super) fn condition(bytes: &[u8], names: NameRule) -> Result<Self, Failure> {
        match ReadFilter::parse(bytes, names)? {
            ReadFilter::Rows(filter) => Ok(filter),
            ReadFilter::Columns(_) => Err(Failure::invalid(
                "Invalid type of filter: FT_COLUMN_PAGINATION.",
            )),
        }
    }

    /// Whether a row passes. `versions` gives the values of a column, newest first.
    pub(super) fn passes<'r>(&self, versions: &dyn Fn(&str) -> Vec<CellValue<'r>>) -> bool {
        match self {
            Self::Column(test) => test.passes(&versions(&test.name)),
            Self::Not(filter) => !filter.passes(versions),
            Self::And(filters) => filters.iter().all(|filter| filter.passes(versions)),
            Self::Or(filters) => filters.iter().any(|filter| filter.passes(versions)),
        }
    }
}

impl ReadFilter {
    /// The filter of a read. `bytes` is a serialized `Filter`.
    pub(super) fn parse(bytes: &[u8], names: NameRule) -> Result<Self, Failure> {
        let message = decode(bytes, "Deserialize filter failed.")?;
        if message.r#type == Some(proto::FilterType::ColumnPagination.into()) {
            return Ok(Self::Columns(page(&message.filter)?));
        }
        let mut count = 0;
        Ok(Self::Rows(parse(&message, names, &mut count)?))
    }
}

fn decode(bytes: &[u8], fault: &'static str) -> Result<proto::Filter, Failure> {
    proto::Filter::decode(bytes).map_err(|_not_a_filter| Failure::invalid(fault))
}

fn parse(message: &proto::Filter, names: NameRule, count: &mut usize) -> Result<Filter, Failure> {
    *count += 1;
    if *count > MAX_FILTERS {
        return Err(Failure::invalid(format!(
            "The count of filter exceeds the max:{MAX_FILTERS}."
        )));
    }
    match message.r#type {
        Some(1) => single(&message.filter, names),
        Some(2) => composite(&message.filter, names, count),
        Some(3) => Err(Failure::invalid(
            "Invalid type of sub-filter: FT_COLUMN_PAGINATION.",
        )),
        other => Err(Failure::invalid(format!(
            "Invalid type of filter: {}.",
            other.unwrap_or_default()
        ))),
    }
}

fn single(bytes: &[u8], names: NameRule) -> Result<Filter, Failure> {
    let message = proto::SingleColumnValueFilter::decode(bytes)
        .map_err(|_not_a_filter| Failure::invalid("Deserialize relation filter failed."))?;
    names.check(&message.column_name)?;
    let rule = message.value_trans_rule.as_ref();
    let rule = rule.map(TransferRule::read).transpose()?;
    let comparator = match message.comparator.unwrap_or_default() {
        1 => Comparator::Equal,
        2 => Comparator::NotEqual,
        3 => Comparator::GreaterThan,
        4 => Comparator::GreaterEqual,
        5 => Comparator::LessThan,
        6 => Comparator::LessEqual,
        7 => Comparator::Exist,
        8 => Comparator::NotExist,
        other => {
            return Err(Failure::invalid(format!(
                "Invalid relation operator: {other}."
            )));
        }
    };
    // EXIST and NOT_EXIST look at no value.
    if !matches!(comparator, Comparator::Exist | Comparator::NotExist) {
        read_variant(&message.column_value)?;
    }
    Ok(Filter::Column(ColumnTest {
        name: message.column_name,
        comparator,
        operand: message.column_value.to_vec(),
        rule,
        filter_if_missing: message.filter_if_missing,
        latest_version_only: message.latest_version_only,
    }))
}

fn composite(bytes: &[u8], names: NameRule, count: &mut usize) -> Result<Filter, Failure> {
    let message = proto::CompositeColumnValueFilter::decode(bytes)
        .map_err(|_not_a_filter| Failure::invalid("Deserialize composite filter failed."))?;
    let mut filters = message
        .sub_filters
        .iter()
        .map(|filter| parse(filter, names, count))
        .collect::<Result<Vec<_>, _>>()?;
    match message.combinator.unwrap_or_default() {
        1 => match (filters.pop(), filters.is_empty()) {
            (Some(only), true) => Ok(Filter::Not(Box::new(only))),
            _ => Err(Failure::invalid(
                "Invalid NOT operator: the number of sub-filters must be 1.",
            )),
        },
        // The page says exactly 2; the SDKs build longer ones.
        2 | 3 if filters.len() < 2 => Err(Failure::invalid(
            "Invalid AND/OR operator: the number of sub-filters must be 2.",
        )),
        2 => Ok(Filter::And(filters)),
        3 => Ok(Filter::Or(filters)),
        other => Err(Failure::invalid(format!(
            "Invalid relation operator: {other}."
        ))),
    }
}

fn page(bytes: &[u8]) -> Result<Page, Failure> {
    let message = proto::ColumnPaginationFilter::decode(bytes).map_err(|_not_a_filter| {
        Failure::invalid("Deserialize column pagination filter failed.")
    })?;
    let offset = usize::try_from(message.offset).map_err(|_negative| {
        Failure::invalid("Offset in ColumnPaginationFilter must be greater than or equal to 0.")
    })?;
    match usize::try_from(message.limit) {
        Ok(limit) if limit > 0 => Ok(Page { offset, limit }),
        _ => Err(Failure::invalid(
            "Limit in ColumnPaginationFilter must be greater than 0.",
        )),
    }
}

impl ColumnTest {
    fn passes(&self, versions: &[CellValue<'_>]) -> bool {
        match self.comparator {
            Comparator::Exist => return !versions.is_empty(),
            Comparator::NotExist => return versions.is_empty(),
            _ if versions.is_empty() => return !self.filter_if_missing,
            _ => {}
        }
        let Ok(operand) = read_variant(&self.operand) else {
            return false;
        };
        let looked_at = if self.latest_version_only {
            1
        } else {
            versions.len()
        };
        versions
            .iter()
            .take(looked_at)
            .any(|value| self.holds(value, &operand))
    }

    fn holds(&self, value: &CellValue<'_>, operand: &CellValue<'_>) -> bool {
        let Some(rule) = &self.rule else {
            return self.comparator.holds(compare(value, operand));
        };
        // What the rule finds nothing in passes no comparison.
        rule.transfer(value)
            .is_some_and(|value| self.comparator.holds(compare(&value, operand)))
    }
}

impl TransferRule {
    fn read(message: &proto::ValueTransferRule) -> Result<Self, Failure> {
        let regex = message.regex.as_str();
        let compiled = RegexBuilder::new(regex).size_limit(MAX_REGEX_SIZE).build();
        let compiled = compiled
            .ok()
            .filter(|_| (1..=MAX_REGEX_BYTES).contains(&regex.len()));
        let cast = match message.cast_type {
            Some(0) => Cast::Integer,
            Some(1) => Cast::Double,
            None | Some(3) => Cast::String,
            Some(other) => {
                return Err(Failure::invalid(format!("Invalid column type: {other}.")));
            }
        };
        let regex =
            compiled.ok_or_else(|| Failure::invalid(format!("Invalid regex: '{regex}'.")))?;
        Ok(Self { regex, cast })
    }

    /// The first group of the first match, or the whole match where the rule has no group; `None`
    /// where the value is no text, nothing matches, or the piece is not of the type.
    fn transfer<'v>(&self, value: &CellValue<'v>) -> Option<CellValue<'v>> {
        let CellValue::String(bytes) = *value else {
            return None;
        };
        let found = self.regex.captures(str::from_utf8(bytes).ok()?)?;
        let piece = found.get(1).or_else(|| found.get(0))?.as_str();
        match self.cast {
            Cast::Integer => piece.parse().ok().map(CellValue::Integer),
            Cast::Double => piece.parse().ok().map(CellValue::Double),
            Cast::String => Some(CellValue::String(piece.as_bytes())),
        }
    }
}

impl Comparator {
    /// Whether the comparison holds; `None` is the order of two values of different types.
    fn holds(self, order: Option<Ordering>) -> bool {
        match self {
            Self::Equal => order == Some(Ordering::Equal),
            Self::NotEqual => order != Some(Ordering::Equal),
            Self::GreaterThan => order.is_some_and(Ordering::is_gt),
            Self::GreaterEqual => order.is_some_and(Ordering::is_ge),
            Self::LessThan => order.is_some_and(Ordering::is_lt),
            Self::LessEqual => order.is_some_and(Ordering::is_le),
            Self::Exist | Self::NotExist => false,
        }
    }
}

fn compare(left: &CellValue<'_>, right: &CellValue<'_>) -> Option<Ordering> {
    match (left, right) {
        (CellValue::Integer(left), CellValue::Integer(right)) => Some(left.cmp(right)),
        (CellValue::Double(left), CellValue::Double(right)) => left.partial_cmp(right),
        (CellValue::Boolean(left), CellValue::Boolean(right)) => Some(left.cmp(right)),
        (CellValue::String(left), CellValue::String(right))
        | (CellValue::Binary(left), CellValue::Binary(right)) => Some(left.cmp(right)),
        _ => None,
    }
}
