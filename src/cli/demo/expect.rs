//! What the rules make of the input, worked out a second time and plainly: which logs have a
//! primary key, and which share one. Nothing of the shipper's own mapping is used, so that the
//! ledger has something to be checked against.

use std::collections::HashMap;

use crate::loghub::entry::Entry;
use crate::shipper::TransformColumn;
use crate::tablestore::{Column, PrimaryKeyColumn, PrimaryKeyType, Value as Cell};
use crate::transform::{Fields, Value};

/// The service's limits, from its page of limits: bytes of a key column and of an attribute.
const MAX_KEY_BYTES: usize = 1024;
const MAX_VALUE_BYTES: usize = 2 << 20;

/// One key of the input.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Seen {
    /// Logs that have it.
    pub(super) logs: u64,
    /// When Log Service acknowledged the latest of them, Unix milliseconds; 0 before.
    pub(super) stored_millis: i64,
}

/// Which key a log has: its number in order of appearance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct KeyNumber(usize);

impl KeyNumber {
    /// The number as bytes, to route by.
    pub(super) fn bytes(self) -> Vec<u8> {
        self.0.to_be_bytes().to_vec()
    }
}

/// The keys of all logs so far.
#[derive(Debug)]
pub(super) struct Expected {
    schema: Vec<PrimaryKeyColumn>,
    transforms: Vec<TransformColumn>,
    numbers: HashMap<Vec<u8>, usize>,
    seen: Vec<Seen>,
    without_key: u64,
    /// Names of the first log's contents.
    names: Vec<String>,
}

impl Expected {
    pub(super) fn new(schema: Vec<PrimaryKeyColumn>, transforms: Vec<TransformColumn>) -> Self {
        Self {
            schema,
            transforms,
            numbers: HashMap::new(),
            seen: Vec::new(),
            without_key: 0,
            names: Vec::new(),
        }
    }

    /// Counts a log of the input; `None` where it cannot become a row.
    pub(super) fn count(&mut self, entry: &Entry) -> Option<KeyNumber> {
        if self.names.is_empty() {
            let name = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            let contents = entry.log.contents.iter();
            self.names = contents.map(|content| name(&content.key)).collect();
        }
        let Some(key) = self.key_of(entry) else {
            self.without_key += 1;
            return None;
        };
        let next = self.seen.len();
        let number = *self.numbers.entry(key).or_insert(next);
        if number == next {
            self.seen.push(Seen::default());
        }
        self.seen[number].logs += 1;
        Some(KeyNumber(number))
    }

    /// Notes when a log was acknowledged.
    pub(super) fn stored(&mut self, KeyNumber(number): KeyNumber, millis: i64) {
        let stored = &mut self.seen[number].stored_millis;
        *stored = (*stored).max(millis);
    }

    /// Names of fields, in the order of the input.
    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    /// Different keys.
    pub(super) fn distinct(&self) -> u64 {
        u64::try_from(self.seen.len()).unwrap_or(u64::MAX)
    }

    /// Logs that cannot become a row.
    pub(super) fn without_key(&self) -> u64 {
        self.without_key
    }

    /// What is known of a row's key; `None` where no log has it.
    pub(super) fn find(&self, primary_key: &[Column]) -> Option<Seen> {
        let mut key = Vec::new();
        for column in primary_key {
            write(&mut key, &column.value);
        }
        self.numbers.get(&key).map(|number| self.seen[*number])
    }

    fn key_of(&self, entry: &Entry) -> Option<Vec<u8>> {
        let is_key = |name: &str| self.schema.iter().any(|column| column.name == name);
        let is_small = |name: &str, value: &[u8]| is_key(name) || value.len() <= MAX_VALUE_BYTES;
        let mut contents = entry.log.contents.iter();
        let fits = contents.all(|content| match std::str::from_utf8(&content.key) {
            Ok(name) => self.transform(name).is_some() || is_small(name, &content.value),
            Err(_not_text) => true,
        });
        if !fits {
            return None;
        }
        let mut key = Vec::new();
        for column in &self.schema {
            write(&mut key, &self.key_value(entry, column)?);
        }
        Some(key)
    }

    fn transform(&self, name: &str) -> Option<&TransformColumn> {
        self.transforms
            .iter()
            .find(|transform| transform.name == name)
    }

    /// A key column's value, as its declared type takes it.
    fn key_value(&self, entry: &Entry, column: &PrimaryKeyColumn) -> Option<Cell> {
        let mut is_time = column.name == "__time__";
        let value = match self.transform(&column.name) {
            None => field(entry, &column.name)?,
            Some(TransformColumn { expression, .. }) => {
                let names: Vec<_> = expression.fields().collect();
                is_time = names == ["__time__"];
                expression
                    .eval(&NaiveFields {
                        entry,
                        names: &names,
                    })
                    .ok()??
            }
        };
        let text = |text: &str| (text.len() <= MAX_KEY_BYTES).then(|| text.to_owned());
        match (column.kind, value) {
            (PrimaryKeyType::Integer, Value::Integer(number)) => Some(Cell::Integer(number)),
            (PrimaryKeyType::String, Value::Integer(seconds)) if is_time => {
                Some(Cell::String(seconds.to_string()))
            }
            (PrimaryKeyType::String, Value::Text(value)) => text(value).map(Cell::String),
            (PrimaryKeyType::Binary, Value::Text(value)) => {
                text(value).map(|text| Cell::Binary(text.into()))
            }
            _ => None,
        }
    }
}

/// The fields that an expression refers to.
struct NaiveFields<'a, 'n> {
    entry: &'a Entry,
    names: &'n [&'n str],
}

impl<'a> Fields<'a> for NaiveFields<'a, '_> {
    fn get(&self, index: usize) -> Option<Value<'a>> {
        field(self.entry, self.names.get(index)?)
    }
}

/// A log's value of a name: of its last content of that name, else of what is reserved.
fn field<'a>(entry: &'a Entry, name: &str) -> Option<Value<'a>> {
    let text = |bytes: &'a [u8]| std::str::from_utf8(bytes).ok().map(Value::Text);
    let optional = |bytes: &'a Option<bytes::Bytes>| text(bytes.as_deref().unwrap_or_default());
    let contents = entry.log.contents.iter().rev();
    let mut own = contents.filter(|content| content.key == name.as_bytes());
    if let Some(content) = own.next() {
        return text(&content.value);
    }
    match name {
        "__time__" => Some(Value::Integer(entry.log.time.into())),
        "__time_ns_part__" => {
            let nanos = entry.log.time_ns.filter(|nanos| *nanos != 0)?;
            Some(Value::Integer(nanos.into()))
        }
        "__topic__" => optional(&entry.head.topic),
        "__source__" => optional(&entry.head.source),
        _ => {
            let tag = name.strip_prefix("__tag__:")?;
            let mut tags = entry.head.tags.iter().rev();
            let (_, value) = tags.find(|(key, _)| *key == tag.as_bytes())?;
            text(value)
        }
    }
}

/// A value as bytes that no other value has.
fn write(key: &mut Vec<u8>, value: &Cell) {
    let (kind, bytes): (u8, &[u8]) = match value {
        Cell::Integer(number) => (b'i', &number.to_be_bytes()),
        Cell::String(text) => (b's', text.as_bytes()),
        Cell::Binary(bytes) => (b'b', bytes),
        // No other kind is stored in a key.
        _ => (b'?', &[]),
    };
    key.push(kind);
    key.extend_from_slice(&bytes.len().to_be_bytes());
    key.extend_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::table_spec;
    use crate::transform::Expression;

    fn expected(key: &str, transforms: &[(&str, &str)]) -> Expected {
        let transforms = transforms.iter().map(|(name, text)| TransformColumn {
            name: (*name).to_owned(),
            expression: Expression::parse(text).unwrap(),
        });
        Expected::new(table_spec::parse_key(key).unwrap().0, transforms.collect())
    }

    fn count(expected: &mut Expected, lines: &[&str]) -> Vec<Option<usize>> {
        let mut numbers = Vec::new();
        for line in lines {
            let entry = Entry::parse(line.as_bytes(), 5).unwrap();
            numbers.push(expected.count(&entry).map(|KeyNumber(number)| number));
        }
        numbers
    }

    #[test]
    fn logs_with_one_key_count_once_and_logs_without_apart() {
        let mut expected = expected("ip,__time__", &[]);
        let numbers = count(
            &mut expected,
            &[
                r#"{"ip":"a","__time__":1}"#,
                r#"{"ip":"a","__time__":2}"#,
                r#"{"__time__":1}"#,
                r#"{"ip":"x","__time__":1,"ip":"a"}"#,
            ],
        );
        assert_eq!(numbers, [Some(0), Some(1), None, Some(0)]);
        assert_eq!((expected.distinct(), expected.without_key()), (2, 1));

        expected.stored(KeyNumber(0), 7);
        expected.stored(KeyNumber(0), 6);
        let text = |name: &str, text: &str| Column {
            name: name.to_owned(),
            value: Cell::String(text.to_owned()),
        };
        let seen = expected.find(&[text("ip", "a"), text("__time__", "1")]);
        assert_eq!(
            seen,
            Some(Seen {
                logs: 2,
                stored_millis: 7
            })
        );
        assert_eq!(
            expected.find(&[text("ip", "a"), text("__time__", "3")]),
            None
        );
    }

    #[test]
    fn a_key_has_its_type_and_a_string_is_no_integer() {
        let lines = [
            r#"{"n":12,"__tag__:t":"x"}"#,
            r#"{"n":"zz","__tag__:t":"x"}"#,
            r#"{"n":"12"}"#,
        ];
        let plain = count(&mut expected("n:INTEGER,__tag__:t:STRING", &[]), &lines);
        assert_eq!(plain, [None, None, None]);
        let typed = &[("n", "(->int 10 n)")];
        let typed = count(&mut expected("n:INTEGER,__tag__:t:BINARY", typed), &lines);
        assert_eq!(typed, [Some(0), None, None]);
    }

    #[test]
    fn sizes_over_the_services_limits_make_no_row() {
        let long_key = format!(r#"{{"ip":"{}"}}"#, "x".repeat(1025));
        let long_value = format!(r#"{{"ip":"a","v":"{}"}}"#, "x".repeat((2 << 20) + 1));
        let fits = format!(
            r#"{{"ip":"{}","v":"{}"}}"#,
            "x".repeat(1024),
            "x".repeat(2 << 20)
        );
        let numbers = count(&mut expected("ip", &[]), &[&long_key, &long_value, &fits]);
        assert_eq!(numbers, [None, None, Some(0)]);
    }
}
