//! The store against naive models, and against noise.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::tablestore::vectors::{self, array, hex, text};

/// Keys of two columns, few enough to collide.
fn pair() -> impl Strategy<Value = (String, i64)> {
    ("[ab\0]{0,2}", -2..3_i64)
}

fn key((name, number): &(String, i64)) -> Vec<Column> {
    vec![string("name", name), integer("number", *number)]
}

fn two_column_host() -> Host {
    Host::with_table(&[
        ("name", PrimaryKeyType::String),
        ("number", PrimaryKeyType::Integer),
    ])
}

/// A bound of a range: a key, or a key that stops at its first column.
#[derive(Clone, Debug)]
enum Edge {
    Key((String, i64)),
    Below(String),
    Above(String),
    Bottom,
    Top,
}

impl Edge {
    fn columns(&self) -> Vec<Column> {
        let half = |name: &String, value| vec![string("name", name), column("number", value)];
        let whole = |value: Value| vec![column("name", value.clone()), column("number", value)];
        match self {
            Self::Key(pair) => key(pair),
            Self::Below(name) => half(name, Value::InfMin),
            Self::Above(name) => half(name, Value::InfMax),
            Self::Bottom => whole(Value::InfMin),
            Self::Top => whole(Value::InfMax),
        }
    }

    /// Where the edge lies among the keys: -1 below, 0 at, 1 above `other`.
    fn side(&self, other: &(String, i64)) -> i32 {
        let order = match self {
            Self::Key(pair) => pair.cmp(other),
            Self::Below(name) => name.cmp(&other.0).then(std::cmp::Ordering::Less),
            Self::Above(name) => name.cmp(&other.0).then(std::cmp::Ordering::Greater),
            Self::Bottom => std::cmp::Ordering::Less,
            Self::Top => std::cmp::Ordering::Greater,
        };
        match order {
            std::cmp::Ordering::Less => -1,
            std::cmp::Ordering::Equal => 0,
            std::cmp::Ordering::Greater => 1,
        }
    }
}

fn edge() -> impl Strategy<Value = Edge> {
    prop_oneof![
        pair().prop_map(Edge::Key),
        "[ab\0]{0,2}".prop_map(Edge::Below),
        "[ab\0]{0,2}".prop_map(Edge::Above),
        Just(Edge::Bottom),
        Just(Edge::Top),
    ]
}

/// All pages of a range.
fn read_all(host: &Host, mut request: proto::GetRangeRequest) -> Vec<Vec<Column>> {
    let mut found = Vec::new();
    loop {
        let answer: proto::GetRangeResponse = host.call("GetRange", &request).unwrap();
        if !answer.rows.is_empty() {
            let rows = plainbuffer::read_rows(&answer.rows).unwrap();
            assert!(rows.len() <= usize::try_from(request.limit.unwrap()).unwrap());
            found.extend(rows.into_iter().map(|row| row.primary_key));
        }
        match answer.next_start_primary_key {
            Some(next) => request.inclusive_start_primary_key = next,
            None => return found,
        }
    }
}

/// One write of the naive model.
#[derive(Clone, Debug)]
enum Step {
    Put(Vec<(String, i64)>),
    Update(Vec<(String, Option<i64>)>),
    Delete,
}

fn step() -> impl Strategy<Value = Step> {
    let name = "[abc]";
    prop_oneof![
        proptest::collection::vec((name, any::<i64>()), 0..4).prop_map(Step::Put),
        proptest::collection::vec((name, any::<Option<i64>>()), 1..5).prop_map(Step::Update),
        Just(Step::Delete),
    ]
}

type Model = BTreeMap<(String, i64), BTreeMap<String, i64>>;

fn apply(model: &mut Model, key: &(String, i64), step: &Step) {
    match step {
        Step::Put(cells) => {
            model.insert(key.clone(), cells.iter().cloned().collect());
        }
        Step::Update(cells) => {
            if !model.contains_key(key) && cells.iter().all(|(_, value)| value.is_none()) {
                // Deletes alone make no row.
                return;
            }
            let row = model.entry(key.clone()).or_default();
            for (name, value) in cells {
                match value {
                    Some(value) => drop(row.insert(name.clone(), *value)),
                    None => drop(row.remove(name)),
                }
            }
        }
        Step::Delete => drop(model.remove(key)),
    }
}

fn request_row(pair: &(String, i64), step: &Step) -> proto::RowInBatchWriteRowRequest {
    let put =
        |name: &String, value: i64| cell(name, CellKind::Put, Some(Value::Integer(value)), None);
    match step {
        Step::Put(cells) => {
            let cells = cells
                .iter()
                .map(|(name, value)| put(name, *value))
                .collect();
            in_batch(1, changes(key(pair), cells), ignore())
        }
        Step::Update(cells) => {
            let cells = cells
                .iter()
                .map(|(name, value)| match value {
                    Some(value) => put(name, *value),
                    None => cell(name, CellKind::DeleteAll, None, None),
                })
                .collect();
            in_batch(2, changes(key(pair), cells), ignore())
        }
        Step::Delete => in_batch(3, deletion(key(pair)), ignore()),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn pages_of_any_range_are_the_rows_between_its_bounds(
        pairs in proptest::collection::btree_set(pair(), 0..12),
        start in edge(),
        end in edge(),
        backward: bool,
        limit in 1..5_i32,
    ) {
        let host = two_column_host();
        if !pairs.is_empty() {
            let rows = pairs.iter().map(|pair| puts(key(pair), vec![integer("c", 1)]));
            host.batch(rows.collect()).unwrap();
        }
        let request = proto::GetRangeRequest {
            table_name: "t".to_owned(),
            direction: i32::from(backward),
            inclusive_start_primary_key: encoded_key(start.columns()),
            exclusive_end_primary_key: encoded_key(end.columns()),
            max_versions: Some(1),
            limit: Some(limit),
            ..Default::default()
        };
        let first: Result<proto::GetRangeResponse, _> = host.call("GetRange", &request);
        if let Err(refusal) = first {
            // Bounds the wrong way round, or equal: then nothing lies between them.
            prop_assert!(refusal.2.starts_with("Begin key must"), "{:?}", refusal);
        } else {
            let mut expected: Vec<_> = pairs
                .iter()
                .filter(|pair| {
                    let (start, end) = (start.side(pair), end.side(pair));
                    if backward { start >= 0 && end < 0 } else { start <= 0 && end > 0 }
                })
                .map(key)
                .collect();
            if backward {
                expected.reverse();
            }
            prop_assert_eq!(read_all(&host, request), expected);
        }
    }

    /// However a run of writes is cut into batches, the table is the one they make one by one.
    #[test]
    fn any_cut_into_batches_makes_the_same_table(
        writes in proptest::collection::vec((pair(), step()), 1..40),
        cut in 1..40_usize,
    ) {
        let host = two_column_host();
        let mut model = Model::new();
        for batch in writes.chunks(cut) {
            let rows = batch.iter().map(|(pair, step)| request_row(pair, step)).collect();
            for row in host.batch_of(batch_of(rows)).unwrap() {
                prop_assert_eq!(row_error(&row), None);
            }
        }
        for (pair, step) in &writes {
            apply(&mut model, pair, step);
        }
        let found: Vec<_> = host
            .store
            .rows(&TableName::new("t").unwrap())
            .unwrap()
            .into_iter()
            .map(|row| {
                let cells = show_cells(&row);
                (row.primary_key, cells)
            })
            .collect();
        let expected: Vec<_> = model
            .iter()
            .map(|(pair, row)| {
                let cells = row.iter().map(|(name, value)| format!("{name}={value}"));
                (key(pair), cells.collect::<Vec<_>>())
            })
            .collect();
        prop_assert_eq!(found, expected);
    }
}

proptest! {
    #[test]
    fn noise_is_refused_and_never_panics(
        operation in 0..Operation::ALL.len(),
        body in proptest::collection::vec(any::<u8>(), 0..200),
    ) {
        let host = two_column_host();
        let name = Operation::ALL[operation].name();
        let response = host.send(&signed(name, body, DATE));
        prop_assert!(matches!(response.status().as_u16(), 200 | 400 | 404));
    }

    #[test]
    fn damaged_requests_are_answered(
        case in 0..29_usize,
        place: proptest::sample::Index,
        byte: u8,
    ) {
        let recorded = vectors::load("requests.json");
        let case = &array(&recorded["requests"])[case];
        let mut body = hex(&case["body_hex"]);
        if !body.is_empty() {
            let place = place.index(body.len());
            body[place] = byte;
        }
        let host = Host::new();
        host.create("orders", &[("gid", PrimaryKeyType::Integer), ("uid", PrimaryKeyType::String)], any_version(-1, 2));
        let response = host.send(&signed(text(&case["operation"]), body, DATE));
        prop_assert!(matches!(response.status().as_u16(), 200 | 400 | 403 | 404 | 409));
    }

    #[test]
    fn noise_is_no_row(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
        let mut buffer = vec![0x75, 0, 0, 0, 1];
        buffer.extend_from_slice(&bytes);
        prop_assert!(incoming::read_row(&buffer).is_err() || bytes.len() > 2);
        let _outcome = incoming::read_variant(&bytes);
    }
}
