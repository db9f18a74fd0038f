//! Primary keys in the order of the service: column by column, INTEGER by value, STRING and BINARY
//! by unsigned bytes, the bounds INF below and above everything.
//!
//! A [`Key`] is one run of bytes that compares as the columns do, so that the table's tree compares
//! keys with a single `memcmp` and keeps each in one allocation:
//!
//! | part | bytes |
//! | --- | --- |
//! | below every value | `01` |
//! | INTEGER | `02`, then the value with its sign bit turned, high byte first |
//! | STRING, BINARY | `02`, then the bytes with `00` as `00 ff`, then `00 01` |
//! | above every value | `03` |

use bytes::Bytes;

use crate::tablestore::{Column, PrimaryKeyColumn, PrimaryKeyType, Value};

const BELOW: u8 = 0x01;
const VALUE: u8 = 0x02;
const ABOVE: u8 = 0x03;
const ZERO_IS_DATA: u8 = 0xff;
const ZERO_IS_END: u8 = 0x01;

/// A primary key, or a bound of a range. Meaningful with the table's schema only.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Key(Box<[u8]>);

/// One column of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part<'a> {
    Integer(i64),
    /// STRING or BINARY.
    Bytes(&'a [u8]),
    Below,
    Above,
}

impl Key {
    /// The key of these parts, in the table's order.
    pub(super) fn new<'a>(parts: impl IntoIterator<Item = Part<'a>>) -> Self {
        let mut out = Vec::with_capacity(48);
        for part in parts {
            push(&mut out, part);
        }
        Self(out.into_boxed_slice())
    }

    /// The key with the names and types of `schema`.
    pub(super) fn columns(&self, schema: &[PrimaryKeyColumn]) -> Vec<Column> {
        let mut rest = &*self.0;
        schema
            .iter()
            .map(|column| Column {
                name: column.name.clone(),
                value: take(&mut rest, column.kind),
            })
            .collect()
    }
}

fn push(out: &mut Vec<u8>, part: Part<'_>) {
    match part {
        Part::Below => out.push(BELOW),
        Part::Above => out.push(ABOVE),
        Part::Integer(value) => {
            out.push(VALUE);
            out.extend_from_slice(&(value ^ i64::MIN).to_be_bytes());
        }
        Part::Bytes(bytes) => {
            out.push(VALUE);
            let mut rest = bytes;
            while let Some(zero) = memchr::memchr(0, rest) {
                let (head, tail) = rest.split_at(zero + 1);
                out.extend_from_slice(head);
                out.push(ZERO_IS_DATA);
                rest = tail;
            }
            out.extend_from_slice(rest);
            out.extend_from_slice(&[0, ZERO_IS_END]);
        }
    }
}

/// Takes one column off `rest`, which holds what [`push`] wrote.
fn take(rest: &mut &[u8], kind: PrimaryKeyType) -> Value {
    let Some((tag, tail)) = rest.split_first() else {
        return Value::InfMin;
    };
    *rest = tail;
    match (*tag, kind) {
        (VALUE, PrimaryKeyType::Integer) => {
            let (word, tail) = rest.split_first_chunk::<8>().unwrap_or((&[0; 8], &[]));
            *rest = tail;
            Value::Integer(i64::from_be_bytes(*word) ^ i64::MIN)
        }
        (VALUE, PrimaryKeyType::String) => {
            Value::String(String::from_utf8_lossy(&take_bytes(rest)).into_owned())
        }
        (VALUE, PrimaryKeyType::Binary) => Value::Binary(Bytes::from(take_bytes(rest))),
        (ABOVE, _) => Value::InfMax,
        _ => Value::InfMin,
    }
}

fn take_bytes(rest: &mut &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    while let Some(zero) = memchr::memchr(0, rest) {
        let (head, tail) = rest.split_at(zero);
        out.extend_from_slice(head);
        let (_, mark) = tail.split_at(1);
        let (mark, tail) = mark.split_first().unwrap_or((&ZERO_IS_END, &[]));
        *rest = tail;
        if *mark == ZERO_IS_END {
            break;
        }
        out.push(0);
    }
    out
}

#[cfg(test)]
mod tests {
    use std::cmp::Ordering;

    use proptest::prelude::*;

    use super::*;

    fn schema(kinds: &[PrimaryKeyType]) -> Vec<PrimaryKeyColumn> {
        kinds
            .iter()
            .enumerate()
            .map(|(index, kind)| PrimaryKeyColumn {
                name: format!("pk{index}"),
                kind: *kind,
                auto_increment: false,
            })
            .collect()
    }

    fn value(kind: PrimaryKeyType) -> BoxedStrategy<Value> {
        let plain = match kind {
            PrimaryKeyType::Integer => {
                prop_oneof![any::<i64>(), -2..3_i64, Just(i64::MIN), Just(i64::MAX)]
                    .prop_map(Value::Integer)
                    .boxed()
            }
            PrimaryKeyType::String => "[\0ab\u{ff}é]{0,4}".prop_map(Value::String).boxed(),
            PrimaryKeyType::Binary => {
                proptest::collection::vec(prop_oneof![Just(0_u8), Just(1), Just(255)], 0..5)
                    .prop_map(|bytes| Value::Binary(bytes.into()))
                    .boxed()
            }
        };
        prop_oneof![8 => plain, 1 => Just(Value::InfMin), 1 => Just(Value::InfMax)].boxed()
    }

    fn part(value: &Value) -> Part<'_> {
        match value {
            Value::Integer(value) => Part::Integer(*value),
            Value::String(text) => Part::Bytes(text.as_bytes()),
            Value::Binary(bytes) => Part::Bytes(bytes),
            Value::InfMin => Part::Below,
            _ => Part::Above,
        }
    }

    /// The documented order, column by column.
    fn compare(left: &[Value], right: &[Value]) -> Ordering {
        let rank = |value: &Value| match value {
            Value::InfMin => 0,
            Value::InfMax => 2,
            _ => 1,
        };
        left.iter()
            .zip(right)
            .map(|pair| match pair {
                (Value::Integer(left), Value::Integer(right)) => left.cmp(right),
                (Value::String(left), Value::String(right)) => {
                    left.as_bytes().cmp(right.as_bytes())
                }
                (Value::Binary(left), Value::Binary(right)) => left.cmp(right),
                (left, right) => rank(left).cmp(&rank(right)),
            })
            .find(|order| order.is_ne())
            .unwrap_or(Ordering::Equal)
    }

    fn kind() -> impl Strategy<Value = PrimaryKeyType> {
        prop_oneof![
            Just(PrimaryKeyType::Integer),
            Just(PrimaryKeyType::String),
            Just(PrimaryKeyType::Binary)
        ]
    }

    fn two_keys() -> impl Strategy<Value = (Vec<PrimaryKeyType>, Vec<Value>, Vec<Value>)> {
        proptest::collection::vec(kind(), 1..=4).prop_flat_map(|kinds| {
            let values: Vec<_> = kinds.iter().map(|kind| value(*kind)).collect();
            (Just(kinds), values.clone(), values)
        })
    }

    proptest! {
        #[test]
        fn bytes_compare_as_columns_do((_, left, right) in two_keys()) {
            let (one, two) = (Key::new(left.iter().map(part)), Key::new(right.iter().map(part)));
            prop_assert_eq!(one.cmp(&two), compare(&left, &right));
        }

        #[test]
        fn a_key_gives_its_columns_back((kinds, values, _) in two_keys()) {
            let key = Key::new(values.iter().map(part));
            let back: Vec<Value> = key
                .columns(&schema(&kinds))
                .into_iter()
                .map(|column| column.value)
                .collect();
            prop_assert_eq!(back, values);
        }
    }
}
