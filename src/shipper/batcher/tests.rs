//! The delivery rules against a naive fold: whatever way batches are cut, answered, refused and
//! overtaken, the table ends as if the logs had been written one after the other.

use std::collections::BTreeMap;

use bytes::Bytes;
use proptest::prelude::*;
use prost::Message as _;

use super::*;
use crate::loghub::Cursor;
use crate::loghub::decode::LogGroupList;
use crate::loghub::proto;
use crate::shipper::budget::Budget;
use crate::shipper::settings::{ColumnNames, TransformColumn};
use crate::status::Tally;
use crate::tablestore::batch::MAX_DATA_BYTES;
use crate::tablestore::plainbuffer;
use crate::tablestore::proto::BatchWriteRowRequest;
use crate::tablestore::{
    CapacityUnit, Error, ErrorCode, PrimaryKeyType, RowError, RowOutcome, Value,
};
use crate::transform::Expression;
use crate::transport::{ExchangeError, Retry};

/// Columns of a row, by name; values printed.
pub(in crate::shipper) type Columns = BTreeMap<String, String>;
/// A table: rows by their printed primary key.
pub(in crate::shipper) type Table = BTreeMap<String, Columns>;

/// A log as pairs of content.
pub(in crate::shipper) type Contents = Vec<(String, String)>;

pub(in crate::shipper) fn list(logs: &[Contents]) -> LogGroupList {
    let logs = logs
        .iter()
        .zip(1_700_000_000..)
        .map(|(contents, time)| proto::Log {
            time,
            contents: contents
                .iter()
                .map(|(key, value)| proto::Content {
                    key: Bytes::from(key.clone()),
                    value: Bytes::from(value.clone()),
                })
                .collect(),
            time_ns: None,
        });
    let group = proto::LogGroup {
        logs: logs.collect(),
        ..proto::LogGroup::default()
    };
    let list = proto::LogGroupList {
        groups: vec![group],
    };
    LogGroupList::index(list.encode_to_vec().into()).unwrap()
}

pub(in crate::shipper) fn rules(
    transforms: &[(&str, &str)],
    column_names: ColumnNames,
) -> RowRules {
    let transform = |(name, text): &(&str, &str)| TransformColumn {
        name: (*name).to_owned(),
        expression: Expression::parse(text).unwrap(),
    };
    let hidden = ["__time__", "__topic__", "__source__"];
    RowRules {
        transforms: transforms.iter().map(transform).collect(),
        exclusive_columns: hidden.map(str::to_owned).to_vec(),
        column_names,
    }
}

pub(in crate::shipper) fn key(columns: &[(&str, PrimaryKeyType)]) -> Arc<[PrimaryKeyColumn]> {
    columns
        .iter()
        .map(|(name, kind)| PrimaryKeyColumn {
            name: (*name).to_owned(),
            kind: *kind,
            auto_increment: false,
        })
        .collect()
}

pub(in crate::shipper) fn batcher(rules: RowRules, schema: Arc<[PrimaryKeyColumn]>) -> Batcher {
    let book = Arc::new(NameBook::new(rules.column_names));
    let backlog = Backlog::new(Cursor::new("start"));
    Batcher::new(
        TableName::new("t").unwrap(),
        Arc::new(rules),
        schema,
        book,
        backlog,
    )
}

async fn pull(batcher: &mut Batcher, logs: &[Contents], next: &str) {
    let share = Budget::new(1 << 20).take(1).await;
    let from = batcher.backlog.settle().clone();
    batcher
        .backlog
        .push(list(logs), from, Cursor::new(next), share);
}

/// The rows that a batch carries, as the service reads them.
pub(in crate::shipper) fn decode(sealed: &Sealed) -> Vec<plainbuffer::RowChange> {
    let request = BatchWriteRowRequest::decode(sealed.body()).unwrap();
    assert_eq!(request.tables.len(), 1);
    request.tables[0]
        .rows
        .iter()
        .map(|row| plainbuffer::read_row(&row.row_change).unwrap())
        .collect()
}

fn show(value: &Value) -> String {
    format!("{value:?}")
}

pub(in crate::shipper) fn row_key(row: &plainbuffer::RowChange) -> String {
    row.primary_key
        .iter()
        .map(|column| show(&column.value))
        .collect::<Vec<_>>()
        .join(",")
}

pub(in crate::shipper) fn apply(table: &mut Table, row: &plainbuffer::RowChange) {
    let columns = table.entry(row_key(row)).or_default();
    for cell in &row.cells {
        columns.insert(cell.name.clone(), show(cell.value.as_ref().unwrap()));
    }
}

pub(in crate::shipper) fn written() -> RowOutcome {
    RowOutcome::Written(CapacityUnit { read: 0, write: 1 })
}

pub(in crate::shipper) fn refused(code: ErrorCode, message: &str) -> RowOutcome {
    RowOutcome::Refused(RowError {
        code,
        message: message.to_owned(),
    })
}

pub(in crate::shipper) fn request_error(code: ErrorCode, message: &str) -> Error {
    Error::Service {
        operation: "batch_write_row to table t".to_owned(),
        status: 400,
        code,
        message: message.to_owned(),
        request_id: "none".to_owned(),
    }
}

pub(in crate::shipper) fn contents(pairs: &[(&str, &str)]) -> Contents {
    pairs
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect()
}

/// What the logs leave behind, written one after the other; logs without a key leave nothing.
pub(in crate::shipper) fn naive_fold(logs: &[Contents]) -> Table {
    let mut table = Table::new();
    for log in logs {
        let log: BTreeMap<_, _> = log.iter().cloned().collect();
        let Some(id) = log.get("id") else { continue };
        let row = table.entry(show(&Value::String(id.clone()))).or_default();
        for (name, value) in log.iter().filter(|(name, _)| *name != "id") {
            row.insert(name.clone(), show(&Value::String(value.clone())));
        }
    }
    table
}

fn logs() -> impl Strategy<Value = Vec<Contents>> {
    let column =
        (0..5u8, 0..100u8).prop_map(|(name, value)| (format!("c{name}"), value.to_string()));
    let log = (
        proptest::option::weighted(0.9, 0..6u8),
        proptest::collection::vec(column, 0..4),
    )
        .prop_map(|(id, mut contents)| {
            contents.extend(id.map(|id| ("id".to_owned(), id.to_string())));
            contents
        });
    proptest::collection::vec(log, 1..80)
}

/// What the table answers, step by step.
#[derive(Clone, Debug)]
enum Step {
    Fill,
    /// Answers one of the batches in flight: which, and how its rows fare (for each a number).
    Answer(usize, Vec<u8>),
    /// Refuses one as a whole, in passing, before or after it was applied.
    Fail(usize, bool),
    /// Refuses one as a whole, for good.
    Refuse(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let fares = proptest::collection::vec(any::<u8>(), 1..8);
    let step = prop_oneof![
        4 => Just(Step::Fill),
        4 => (any::<usize>(), fares).prop_map(|(which, fares)| Step::Answer(which, fares)),
        1 => (any::<usize>(), any::<bool>()).prop_map(|(which, applied)| Step::Fail(which, applied)),
        1 => any::<usize>().prop_map(Step::Refuse),
    ];
    proptest::collection::vec(step, 0..120)
}

proptest! {
    #[test]
    fn any_cut_and_any_fate_leaves_the_table_of_a_naive_fold(
        logs in logs(),
        cut in 1usize..80,
        steps in steps(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let schema = key(&[("id", PrimaryKeyType::String)]);
            let mut batcher = batcher(rules(&[], ColumnNames::Repair), schema);
            let mut table = Table::new();
            let mut tally = Tally::default();
            let mut in_flight: Vec<Sealed> = Vec::new();
            let pulls: Vec<_> = logs.chunks(cut).collect();
            for (number, logs) in pulls.iter().enumerate() {
                pull(&mut batcher, logs, &number.to_string()).await;
            }
            let drain = std::iter::repeat_with(|| [Step::Fill, Step::Answer(0, vec![0])]).flatten();
            for step in steps.into_iter().chain(drain) {
                batcher.backlog.settle();
                if batcher.backlog.is_empty() {
                    break;
                }
                let pick = |which: usize, in_flight: &mut Vec<Sealed>| {
                    (!in_flight.is_empty()).then(|| in_flight.remove(which % in_flight.len()))
                };
                let settled = match step {
                    Step::Fill => {
                        in_flight.extend(batcher.fill(&mut tally));
                        // No key may be in two batches at once.
                        let mut keys: Vec<_> = in_flight.iter().flat_map(decode).map(|row| row_key(&row)).collect();
                        let rows = keys.len();
                        keys.sort();
                        keys.dedup();
                        assert_eq!(keys.len(), rows);
                        continue;
                    }
                    Step::Answer(which, fares) => {
                        let Some(sealed) = pick(which, &mut in_flight) else { continue };
                        let rows = decode(&sealed);
                        let outcomes = rows.iter().zip(fares.iter().cycle()).map(|(row, fare)| if fare % 4 == 3 { refused(ErrorCode::ServerBusy, "busy") } else {
                            apply(&mut table, row);
                            written()
                        });
                        let outcomes = outcomes.collect();
                        batcher.settle(sealed, Ok(outcomes), &mut tally)
                    }
                    Step::Fail(which, is_applied) => {
                        let Some(sealed) = pick(which, &mut in_flight) else { continue };
                        if is_applied {
                            for row in &decode(&sealed) { apply(&mut table, row); }
                        }
                        let error = request_error(ErrorCode::Timeout, "Operation timeout.");
                        batcher.settle(sealed, Err(error), &mut tally)
                    }
                    Step::Refuse(which) => {
                        let Some(sealed) = pick(which, &mut in_flight) else { continue };
                        if sealed.len() < 2 {
                            in_flight.push(sealed);
                            continue;
                        }
                        let error = request_error(ErrorCode::ParameterInvalid, "something");
                        batcher.settle(sealed, Err(error), &mut tally)
                    }
                };
                in_flight.extend(settled.now);
                in_flight.extend(settled.later.map(|(sealed, _)| sealed));
            }
            let skipped = logs.iter().filter(|log| log.iter().all(|(name, _)| name != "id")).count();
            assert_eq!(table, naive_fold(&logs));
            assert_eq!(tally.skipped, u64::try_from(skipped).unwrap());
            assert_eq!(tally.logs_written + tally.skipped, u64::try_from(logs.len()).unwrap());
            let last = (pulls.len() - 1).to_string();
            assert_eq!(batcher.backlog.settle(), &Cursor::new(&last));
            assert!(batcher.keys.is_empty() && batcher.ready.is_empty());
        });
    }
}

#[tokio::test]
async fn the_checkpoint_waits_for_every_row_of_a_pull() {
    let mut batcher = batcher(
        rules(&[], ColumnNames::Repair),
        key(&[("id", PrimaryKeyType::String)]),
    );
    pull(
        &mut batcher,
        &[contents(&[("id", "1")]), contents(&[("id", "2")])],
        "a",
    )
    .await;
    pull(&mut batcher, &[contents(&[("id", "1"), ("x", "y")])], "b").await;
    let mut tally = Tally::default();
    let sealed = batcher.fill(&mut tally).unwrap();
    assert_eq!(
        sealed.len(),
        2,
        "the log of the second pull is merged into the first row"
    );
    let outcomes = vec![written(), refused(ErrorCode::ServerBusy, "busy")];
    let settled = batcher.settle(sealed, Ok(outcomes), &mut tally);
    assert_eq!(batcher.backlog.settle(), &Cursor::new("start"));
    let (again, retry) = settled.later.unwrap();
    assert_eq!((again.len(), retry), (1, Retry::Throttled));
    batcher.settle(again, Ok(vec![written()]), &mut tally);
    assert_eq!(batcher.backlog.settle(), &Cursor::new("b"));
    assert_eq!((tally.rows_written, tally.logs_written), (2, 3));
}

#[tokio::test]
async fn a_key_only_row_that_is_there_already_is_written() {
    let mut batcher = batcher(
        rules(&[], ColumnNames::Repair),
        key(&[("id", PrimaryKeyType::String)]),
    );
    pull(&mut batcher, &[contents(&[("id", "1")])], "a").await;
    let mut tally = Tally::default();
    let sealed = batcher.fill(&mut tally).unwrap();
    let outcomes = vec![refused(
        ErrorCode::ConditionCheckFail,
        "Condition check failed.",
    )];
    batcher.settle(sealed, Ok(outcomes), &mut tally);
    assert_eq!(batcher.backlog.settle(), &Cursor::new("a"));
    assert_eq!((tally.logs_written, tally.faults.len()), (1, 0));
}

#[tokio::test]
async fn a_wide_row_is_written_in_several_updates() {
    let mut batcher = batcher(
        rules(&[], ColumnNames::Repair),
        key(&[("id", PrimaryKeyType::String)]),
    );
    let mut log: Contents = (0..2500)
        .map(|n| (format!("c{n}"), n.to_string()))
        .collect();
    log.push(("id".to_owned(), "1".to_owned()));
    pull(
        &mut batcher,
        &[log.clone(), contents(&[("id", "1"), ("c7", "later")])],
        "a",
    )
    .await;
    let (mut table, mut tally, mut sizes) = (Table::new(), Tally::default(), Vec::new());
    while let Some(sealed) = batcher.fill(&mut tally) {
        let rows = decode(&sealed);
        sizes.push(rows[0].cells.len());
        for row in &rows {
            apply(&mut table, row);
        }
        batcher.settle(sealed, Ok(vec![written()]), &mut tally);
    }
    assert_eq!(sizes, [1024, 1024, 452, 1]);
    assert_eq!(
        table,
        naive_fold(&[log, contents(&[("id", "1"), ("c7", "later")])])
    );
    assert_eq!(batcher.backlog.settle(), &Cursor::new("a"));
}

#[tokio::test]
async fn the_bad_row_is_found_and_the_others_go_through() {
    let mut batcher = batcher(
        rules(&[], ColumnNames::Repair),
        key(&[("id", PrimaryKeyType::String)]),
    );
    let logs: Vec<_> = (0..100)
        .map(|n| contents(&[("id", &n.to_string()), ("v", "x")]))
        .collect();
    pull(&mut batcher, &logs, "a").await;
    let (mut table, mut tally, mut requests) = (Table::new(), Tally::default(), 0);
    let mut queue: Vec<_> = batcher.fill(&mut tally).into_iter().collect();
    while let Some(sealed) = queue.pop() {
        requests += 1;
        let rows = decode(&sealed);
        let is_bad = rows
            .iter()
            .any(|row| row_key(row) == show(&Value::String("37".into())));
        let answer = if is_bad {
            Err(request_error(
                ErrorCode::ParameterInvalid,
                "The value is not to our liking.",
            ))
        } else {
            for row in &rows {
                apply(&mut table, row);
            }
            Ok(rows.iter().map(|_| written()).collect())
        };
        queue.extend(batcher.settle(sealed, answer, &mut tally).now);
    }
    assert_eq!(
        (table.len(), tally.logs_written, tally.refused),
        (99, 99, 1)
    );
    assert!(
        requests <= 16,
        "{requests} requests to find one row of a hundred"
    );
    assert_eq!(
        tally.faults[0]
            .sample
            .as_deref()
            .map(|json| json.contains("\"id\":\"37\"")),
        Some(true)
    );
    assert_eq!(batcher.backlog.settle(), &Cursor::new("a"));
}

#[tokio::test]
async fn a_request_without_an_answer_is_told_with_its_cause() {
    let mut batcher = by_id(ColumnNames::Repair);
    pull(&mut batcher, &[contents(&[("id", "1"), ("v", "x")])], "a").await;
    let mut tally = Tally::default();
    let sealed = batcher.fill(&mut tally).unwrap();
    let refused = std::io::Error::from(std::io::ErrorKind::ConnectionRefused);
    let error = Error::Exchange {
        operation: "batch_write_row to table t".to_owned(),
        source: ExchangeError::Connect {
            peer: "example:443".to_owned(),
            source: refused.into(),
        },
    };
    batcher.settle(sealed, Err(error), &mut tally);
    let fault = &tally.faults[0];
    assert_eq!(fault.code, "NoAnswer");
    for part in ["batch_write_row to table t", "connection refused"] {
        assert!(fault.message.contains(part), "{}", fault.message);
    }
}

#[tokio::test]
async fn keys_of_one_hash_stay_two_rows() {
    let mut batcher = by_id(ColumnNames::Repair);
    let logs = [
        contents(&[("id", "1"), ("v", "x")]),
        contents(&[("id", "2"), ("v", "y"), ("w", "y")]),
        contents(&[("id", "3"), ("v", "y")]),
        contents(&[("id", "2"), ("v", "z")]),
        contents(&[("id", "1"), ("u", "z")]),
    ];
    pull(&mut batcher, &logs, "a").await;
    // As if all had waited for a key of the same hash.
    let mut waiting = VecDeque::new();
    while let Some(log) = batcher.backlog.peek() {
        waiting.push_back(Waiting::Log(log));
        batcher.backlog.go_to(batcher.backlog.after(log));
    }
    let held = HeldKey {
        batch: 0,
        row: 0,
        waiting,
    };
    batcher.keys.insert(7, held);
    batcher.ready.push_back(7);
    let (mut table, mut tally) = (Table::new(), Tally::default());
    while let Some(sealed) = batcher.fill(&mut tally) {
        let rows = decode(&sealed);
        for row in &rows {
            apply(&mut table, row);
        }
        let outcomes = rows.iter().map(|_| written()).collect();
        batcher.settle(sealed, Ok(outcomes), &mut tally);
    }
    assert_eq!(table, naive_fold(&logs));
    assert_eq!((tally.rows_written, tally.logs_written), (4, 5));
    assert_eq!(batcher.backlog.settle(), &Cursor::new("a"));
    assert!(batcher.keys.is_empty());
}

#[tokio::test]
async fn a_table_with_another_key_is_no_rows_fault() {
    let mut batcher = by_id(ColumnNames::Repair);
    let logs = [
        contents(&[("id", "1"), ("v", "x")]),
        contents(&[("id", "1"), ("v", "y")]),
        contents(&[("id", "2"), ("v", "z")]),
    ];
    pull(&mut batcher, &logs, "a").await;
    let mut tally = Tally::default();
    let mut sealed = batcher.fill(&mut tally).unwrap();
    for _ in 0..3 {
        let mismatch = |_| {
            let message = "Validate PK size fail. Input: 1, Meta: 2.";
            refused(ErrorCode::InvalidPk, message)
        };
        let outcomes = (0..sealed.len()).map(mismatch).collect();
        let settled = batcher.settle(sealed, Ok(outcomes), &mut tally);
        let (again, retry) = settled.later.unwrap();
        assert_eq!((again.len(), retry), (2, Retry::Backoff));
        sealed = again;
    }
    assert_eq!(batcher.backlog.settle(), &Cursor::new("start"));
    assert_eq!((tally.refused, tally.skipped), (0, 0));
    let message = &tally.faults[0].message;
    assert!(
        message.starts_with("Validate PK") && message.contains("restart"),
        "{message}"
    );
    let mut table = Table::new();
    for row in &decode(&sealed) {
        apply(&mut table, row);
    }
    let outcomes = vec![written(), written()];
    batcher.settle(sealed, Ok(outcomes), &mut tally);
    assert_eq!(table, naive_fold(&logs));
    assert_eq!(batcher.backlog.settle(), &Cursor::new("a"));
}

#[tokio::test]
async fn a_log_that_spoils_its_row_does_not_take_the_others_along() {
    let mut batcher = batcher(
        rules(&[], ColumnNames::Repair),
        key(&[("id", PrimaryKeyType::String)]),
    );
    let logs = [("a", "1"), ("bad", "2"), ("c", "3")]
        .map(|(name, value)| contents(&[("id", "1"), (name, value)]));
    pull(&mut batcher, &logs, "a").await;
    let (mut table, mut tally) = (Table::new(), Tally::default());
    while let Some(sealed) = batcher.fill(&mut tally) {
        let row = &decode(&sealed)[0];
        let outcome = if row.cells.iter().any(|cell| cell.name == "bad") {
            refused(ErrorCode::ParameterInvalid, "no")
        } else {
            apply(&mut table, row);
            written()
        };
        batcher.settle(sealed, Ok(vec![outcome]), &mut tally);
    }
    assert_eq!(
        table.values().next().unwrap().keys().collect::<Vec<_>>(),
        ["a", "c"]
    );
    assert_eq!((tally.logs_written, tally.refused), (2, 1));
}

#[tokio::test]
async fn a_refused_column_name_costs_one_request() {
    let mut batcher = batcher(
        rules(&[], ColumnNames::Repair),
        key(&[("id", PrimaryKeyType::String)]),
    );
    let log = contents(&[("id", "1"), ("user-agent", "x"), ("user_agent", "own")]);
    pull(&mut batcher, std::slice::from_ref(&log), "a").await;
    let mut tally = Tally::default();
    let sealed = batcher.fill(&mut tally).unwrap();
    assert!(sealed.is_probe());
    let error = request_error(
        ErrorCode::ParameterInvalid,
        "Invalid column name: 'user-agent'.",
    );
    let settled = batcher.settle(sealed, Err(error), &mut tally);
    assert!(settled.later.is_none() && settled.now.is_empty() && tally.faults.is_empty());
    let sealed = batcher.fill(&mut tally).unwrap();
    assert!(!sealed.is_probe());
    let row = &decode(&sealed)[0];
    let cells: Vec<_> = row
        .cells
        .iter()
        .map(|cell| (&*cell.name, show(cell.value.as_ref().unwrap())))
        .collect();
    assert_eq!(
        cells,
        [("user_agent", show(&Value::String("own".into())))],
        "the own name wins"
    );
}

#[tokio::test]
async fn text_that_is_not_utf8_is_replaced_and_counted() {
    let mut batcher = batcher(
        rules(&[], ColumnNames::Repair),
        key(&[("id", PrimaryKeyType::String)]),
    );
    let log = proto::Log {
        time: 1,
        contents: vec![
            proto::Content {
                key: "id".into(),
                value: "1".into(),
            },
            proto::Content {
                key: "v".into(),
                value: Bytes::from_static(b"a\xffb"),
            },
        ],
        time_ns: None,
    };
    let group = proto::LogGroup {
        logs: vec![log],
        ..proto::LogGroup::default()
    };
    let data = proto::LogGroupList {
        groups: vec![group],
    }
    .encode_to_vec();
    let share = Budget::new(1 << 20).take(1).await;
    batcher.backlog.push(
        LogGroupList::index(data.into()).unwrap(),
        Cursor::new("start"),
        Cursor::new("a"),
        share,
    );
    let mut tally = Tally::default();
    let sealed = batcher.fill(&mut tally).unwrap();
    assert_eq!(
        decode(&sealed)[0].cells[0].value,
        Some(Value::String("a\u{fffd}b".into()))
    );
    assert_eq!(tally.replaced, 1);
}

/// Product contract, section 9: the worked example to the letter.
#[tokio::test]
async fn the_worked_example() {
    let mut rules = rules(
        &[
            ("rename", "original"),
            ("trans-pkey", "(->int 10 original)"),
        ],
        ColumnNames::Repair,
    );
    rules.exclusive_columns = vec!["__source__".to_owned(), "__time__".to_owned()];
    let schema = key(&[
        ("rename", PrimaryKeyType::String),
        ("trans-pkey", PrimaryKeyType::Integer),
        ("keep", PrimaryKeyType::String),
    ]);
    let mut batcher = batcher(rules, schema);
    let log = |original: &str| proto::Log {
        time: 1_469_102_565,
        contents: vec![
            proto::Content {
                key: "original".into(),
                value: Bytes::from(original.to_owned()),
            },
            proto::Content {
                key: "keep".into(),
                value: "hoho".into(),
            },
        ],
        time_ns: None,
    };
    let group = proto::LogGroup {
        logs: vec![log("12345"), log("abcd")],
        topic: Some("smile".into()),
        source: Some("10.0.2.15".into()),
        ..proto::LogGroup::default()
    };
    let data = proto::LogGroupList {
        groups: vec![group],
    }
    .encode_to_vec();
    let share = Budget::new(1 << 20).take(1).await;
    batcher.backlog.push(
        LogGroupList::index(data.into()).unwrap(),
        Cursor::new("start"),
        Cursor::new("a"),
        share,
    );
    let mut tally = Tally::default();
    let sealed = batcher.fill(&mut tally).unwrap();
    let rows = decode(&sealed);
    let text = |text: &str| Value::String(text.to_owned());
    let key: Vec<_> = rows[0]
        .primary_key
        .iter()
        .map(|column| (&*column.name, &column.value))
        .collect();
    assert_eq!(
        key,
        [
            ("rename", &text("12345")),
            ("trans-pkey", &Value::Integer(12345)),
            ("keep", &text("hoho"))
        ]
    );
    let cells: Vec<_> = rows[0]
        .cells
        .iter()
        .map(|cell| (&*cell.name, cell.value.clone().unwrap()))
        .collect();
    assert_eq!(
        cells,
        [("original", text("12345")), ("__topic__", text("smile"))]
    );
    assert_eq!((rows.len(), tally.skipped), (1, 1));
    assert_eq!(
        tally.skip_sample.as_deref(),
        Some(
            "{\"__time__\":1469102565,\"__topic__\":\"smile\",\"__source__\":\"10.0.2.15\",\
             \"original\":\"abcd\",\"keep\":\"hoho\"}"
        )
    );
}

/// A batcher whose only key column is `id`.
fn by_id(column_names: ColumnNames) -> Batcher {
    batcher(
        rules(&[], column_names),
        key(&[("id", PrimaryKeyType::String)]),
    )
}

#[tokio::test]
async fn a_refused_name_that_no_row_has_does_not_send_the_batch_for_ever() {
    let mut batcher = by_id(ColumnNames::Repair);
    let logs = ["1", "2"].map(|id| contents(&[("id", id), ("v", "x")]));
    pull(&mut batcher, &logs, "a").await;
    let (mut tally, mut requests) = (Tally::default(), 0);
    let mut queue: Vec<_> = batcher.fill(&mut tally).into_iter().collect();
    while let Some(sealed) = queue.pop() {
        requests += 1;
        assert!(requests < 20, "the same rows again and again");
        let message = "Invalid column name: 'a-b', 'c-d'.";
        let error = request_error(ErrorCode::ParameterInvalid, message);
        queue.extend(batcher.settle(sealed, Err(error), &mut tally).now);
        queue.extend(batcher.fill(&mut tally));
    }
    assert_eq!(tally.refused, 2);
    assert_eq!(batcher.backlog.settle(), &Cursor::new("a"));
}

#[tokio::test]
async fn a_row_refused_for_a_name_that_it_does_not_have_is_refused() {
    let mut batcher = by_id(ColumnNames::Repair);
    pull(&mut batcher, &[contents(&[("id", "1"), ("v", "x")])], "a").await;
    let (mut tally, mut requests) = (Tally::default(), 0);
    while let Some(sealed) = batcher.fill(&mut tally) {
        requests += 1;
        assert!(requests < 20, "the same row again and again");
        let message = "Invalid column name: 'a-b'.";
        let outcome = refused(ErrorCode::ParameterInvalid, message);
        batcher.settle(sealed, Ok(vec![outcome]), &mut tally);
    }
    assert_eq!(tally.refused, 1);
}

#[tokio::test]
async fn only_names_that_were_sent_are_known_to_be_taken() {
    let mut batcher = by_id(ColumnNames::Repair);
    let mut wide: Contents = (0..1500)
        .map(|n| (format!("c{n}"), n.to_string()))
        .collect();
    wide.push(("id".to_owned(), "1".to_owned()));
    wide.push(("last-one".to_owned(), "x".to_owned()));
    pull(&mut batcher, &[wide], "a").await;
    let mut tally = Tally::default();
    let front = batcher.fill(&mut tally).unwrap();
    assert!(!front.is_probe(), "what is not sent cannot be refused");
    batcher.settle(front, Ok(vec![written()]), &mut tally);
    let rest = batcher.fill(&mut tally).unwrap();
    assert!(rest.is_probe());
    let error = request_error(
        ErrorCode::ParameterInvalid,
        "Invalid column name: 'last-one'.",
    );
    batcher.settle(rest, Err(error), &mut tally);
    let mut table = Table::new();
    while let Some(sealed) = batcher.fill(&mut tally) {
        apply(&mut table, &decode(&sealed)[0]);
        batcher.settle(sealed, Ok(vec![written()]), &mut tally);
    }
    let row = table.values().next().unwrap();
    assert!(row.contains_key("last_one") && !row.contains_key("last-one"));
    assert_eq!((tally.logs_written, tally.refused), (1, 0));
}

#[tokio::test]
async fn half_a_batch_says_nothing_of_names_in_the_other_half() {
    let mut batcher = by_id(ColumnNames::Repair);
    let logs = [
        contents(&[("id", "1"), ("v", "x")]),
        contents(&[("id", "2"), ("user-agent", "x")]),
    ];
    pull(&mut batcher, &logs, "a").await;
    let mut tally = Tally::default();
    let sealed = batcher.fill(&mut tally).unwrap();
    assert!(sealed.is_probe());
    let error = request_error(ErrorCode::ParameterInvalid, "something else");
    let mut halves = batcher.settle(sealed, Err(error), &mut tally).now;
    let named = halves.pop().unwrap();
    let plain = halves.pop().unwrap();
    assert_eq!((plain.is_probe(), named.is_probe()), (false, true));
    let error = request_error(
        ErrorCode::ParameterInvalid,
        "Invalid column name: 'user-agent'.",
    );
    batcher.settle(named, Err(error), &mut tally);
    batcher.settle(plain, Ok(vec![written()]), &mut tally);
    let again = batcher.fill(&mut tally).unwrap();
    assert_eq!(decode(&again)[0].cells[0].name, "user_agent");
}

#[tokio::test]
async fn a_log_that_meets_the_rest_of_a_wide_row_is_not_lost() {
    let mut batcher = by_id(ColumnNames::Repair);
    let mut wide: Contents = (0..1500)
        .map(|n| (format!("c{n}"), n.to_string()))
        .collect();
    wide.push(("id".to_owned(), "1".to_owned()));
    let later = contents(&[("id", "1"), ("c7", "later")]);
    pull(&mut batcher, std::slice::from_ref(&wide), "a").await;
    let (mut table, mut tally) = (Table::new(), Tally::default());
    let front = batcher.fill(&mut tally).unwrap();
    apply(&mut table, &decode(&front)[0]);
    batcher.settle(front, Ok(vec![written()]), &mut tally);
    pull(&mut batcher, std::slice::from_ref(&later), "b").await;
    while let Some(sealed) = batcher.fill(&mut tally) {
        apply(&mut table, &decode(&sealed)[0]);
        batcher.settle(sealed, Ok(vec![written()]), &mut tally);
    }
    assert_eq!(table, naive_fold(&[wide, later]));
    assert_eq!(batcher.backlog.settle(), &Cursor::new("b"));
}

#[tokio::test]
async fn a_log_that_no_request_can_hold_is_skipped() {
    let mut batcher = by_id(ColumnNames::Exact);
    let name = "n".repeat(MAX_DATA_BYTES);
    let logs = [
        contents(&[("id", "1"), (&name, "x")]),
        contents(&[("id", "2"), ("v", "x")]),
    ];
    pull(&mut batcher, &logs, "a").await;
    let mut tally = Tally::default();
    let sealed = batcher.fill(&mut tally).unwrap();
    batcher.settle(sealed, Ok(vec![written()]), &mut tally);
    assert_eq!((tally.skipped, tally.logs_written), (1, 1));
    assert!(!batcher.has_work());
    assert_eq!(batcher.backlog.settle(), &Cursor::new("a"));
}

#[tokio::test]
async fn a_key_whose_logs_cannot_be_mapped_again_is_free() {
    let mut batcher = by_id(ColumnNames::Repair);
    pull(&mut batcher, &[contents(&[("v", "x")])], "a").await;
    let mut tally = Tally::default();
    let log = batcher.backlog.peek().unwrap();
    let held = HeldKey {
        batch: 0,
        row: 0,
        waiting: [Waiting::Log(log)].into(),
    };
    batcher.keys.insert(7, held);
    batcher.ready.push_back(7);
    batcher.backlog.go_to(None);
    assert!(batcher.fill(&mut tally).is_none());
    assert!(batcher.keys.is_empty() && !batcher.has_work());
    assert_eq!(batcher.backlog.settle(), &Cursor::new("a"));
}

#[tokio::test]
async fn a_wide_log_has_no_place_where_every_update_makes_a_row() {
    let mut schema = key(&[
        ("id", PrimaryKeyType::String),
        ("n", PrimaryKeyType::Integer),
    ])
    .to_vec();
    schema[1].auto_increment = true;
    let mut batcher = batcher(rules(&[], ColumnNames::Repair), schema.into());
    let mut wide: Contents = (0..1025)
        .map(|n| (format!("c{n}"), n.to_string()))
        .collect();
    wide.push(("id".to_owned(), "1".to_owned()));
    pull(
        &mut batcher,
        &[wide, contents(&[("id", "1"), ("v", "x")])],
        "a",
    )
    .await;
    let (mut tally, mut rows) = (Tally::default(), 0);
    while let Some(sealed) = batcher.fill(&mut tally) {
        rows += sealed.len();
        let outcomes = vec![written(); sealed.len()];
        batcher.settle(sealed, Ok(outcomes), &mut tally);
    }
    assert_eq!((rows, tally.skipped, tally.logs_written), (1, 1, 1));
}

#[tokio::test]
async fn a_transform_that_is_renamed_gives_way_to_the_field_that_bears_the_name() {
    let transforms = [("user-agent", "original")];
    let mut batcher = batcher(
        rules(&transforms, ColumnNames::Repair),
        key(&[("id", PrimaryKeyType::String)]),
    );
    batcher.book.learn_refused("user-agent", true, 0);
    let log = contents(&[("id", "1"), ("original", "computed"), ("user_agent", "own")]);
    pull(&mut batcher, &[log], "a").await;
    let sealed = batcher.fill(&mut Tally::default()).unwrap();
    let cells = &decode(&sealed)[0].cells;
    let cell = cells.iter().find(|cell| cell.name == "user_agent").unwrap();
    assert_eq!(cell.value, Some(Value::String("own".to_owned())));
}

#[tokio::test]
async fn a_transform_never_takes_the_name_of_a_key_column() {
    let transforms = [("user-agent", "original")];
    let mut batcher = batcher(
        rules(&transforms, ColumnNames::Repair),
        key(&[("user_agent", PrimaryKeyType::String)]),
    );
    batcher.book.learn_refused("user-agent", true, 0);
    let log = contents(&[("user_agent", "1"), ("original", "x")]);
    pull(&mut batcher, &[log], "a").await;
    let sealed = batcher.fill(&mut Tally::default()).unwrap();
    let names: Vec<_> = decode(&sealed)[0]
        .cells
        .iter()
        .map(|cell| cell.name.clone())
        .collect();
    assert_eq!(names, ["original"]);
}

/// A batcher whose dead are kept, with these logs.
async fn keeping(logs: &[Contents]) -> Batcher {
    let schema = key(&[("id", PrimaryKeyType::String)]);
    let mut batcher = batcher(rules(&[], ColumnNames::Repair), schema);
    batcher.keep_dead();
    pull(&mut batcher, logs, "a").await;
    batcher
}

#[tokio::test]
async fn a_log_that_was_given_up_is_undecided_until_it_is_kept() {
    let logs = [&[("v", "1")][..], &[("id", "a")], &[("id", "b")]].map(contents);
    let mut batcher = keeping(&logs).await;
    let mut tally = Tally::default();
    let sealed = batcher.fill(&mut tally).unwrap();
    let message = "It is wrong.";
    let outcomes = vec![refused(ErrorCode::ParameterInvalid, message), written()];
    batcher.settle(sealed, Ok(outcomes), &mut tally);
    assert_eq!(*batcher.backlog.settle(), Cursor::new("start"));
    let dead = batcher.take_dead();
    let shown: Vec<_> = dead
        .iter()
        .map(|dead| (&*dead.code, &*dead.message))
        .collect();
    assert_eq!(
        shown,
        [
            ("KeyMissing", "primary key column \"id\" is missing"),
            ("OTSParameterInvalid", message)
        ]
    );
    assert_eq!(
        (tally.skipped, tally.refused, tally.dead_lettered),
        (0, 0, 0)
    );
    assert_eq!(tally.skip_sample, None, "it goes with the count");
    assert_eq!(tally.faults.len(), 1, "a refusal is told at once");
    batcher.bury(&dead[1], &mut tally);
    assert_eq!(*batcher.backlog.settle(), Cursor::new("start"));
    batcher.bury(&dead[0], &mut tally);
    assert_eq!(*batcher.backlog.settle(), Cursor::new("a"));
    assert_eq!((tally.skipped, tally.refused), (0, 0));
    assert_eq!((tally.dead_lettered, tally.dead_lettered_skips), (2, 1));
    assert!(tally.skip_sample.unwrap().contains(r#""v":"1""#));
}

#[tokio::test]
async fn a_key_does_not_wait_for_the_letter_of_an_earlier_log() {
    let mut batcher = keeping(&[contents(&[("id", "a"), ("v", "bad")])]).await;
    let mut tally = Tally::default();
    let sealed = batcher.fill(&mut tally).unwrap();
    pull(
        &mut batcher,
        &[contents(&[("id", "a"), ("v", "good")])],
        "b",
    )
    .await;
    assert!(batcher.fill(&mut tally).is_none(), "the key is held");
    let outcomes = vec![refused(ErrorCode::ParameterInvalid, "It is wrong.")];
    batcher.settle(sealed, Ok(outcomes), &mut tally);
    let sealed = batcher.fill(&mut tally).expect("the key is free");
    batcher.settle(sealed, Ok(vec![written()]), &mut tally);
    assert_eq!(tally.logs_written, 1);
    assert_eq!(*batcher.backlog.settle(), Cursor::new("start"));
}

#[tokio::test]
async fn logs_that_wait_for_their_letters_are_bounded() {
    let bad = contents(&[("v", "1")]);
    let mut batcher = keeping(&vec![bad; 10_000]).await;
    let mut tally = Tally::default();
    assert!(batcher.fill(&mut tally).is_none());
    let dead = batcher.take_dead();
    assert!((4096..5000).contains(&dead.len()), "{}", dead.len());
    assert!(!batcher.has_work(), "nothing further is mapped");
    batcher.bury(&dead[0], &mut tally);
    for dead in &dead[1..] {
        batcher.bury(dead, &mut tally);
    }
    assert!(batcher.has_work());
    let mut buried = dead.len();
    while batcher.has_work() {
        assert!(batcher.fill(&mut tally).is_none());
        let dead = batcher.take_dead();
        buried += dead.len();
        for dead in &dead {
            batcher.bury(dead, &mut tally);
        }
    }
    assert_eq!(buried, 10_000);
    assert_eq!(*batcher.backlog.settle(), Cursor::new("a"));
}

#[tokio::test]
async fn logs_that_are_kept_apart_are_rows_one_after_the_other() {
    let logs = ["1", "2", "3"].map(|v| contents(&[("id", "a"), ("v", v)]));
    let mut batcher = keeping(&logs).await;
    batcher.keep_apart();
    let (mut tally, mut seen) = (Tally::default(), Vec::new());
    while batcher.has_work() {
        let sealed = batcher.fill(&mut tally).unwrap();
        seen.push(
            sealed
                .firsts()
                .map(crate::shipper::backlog::LogRef::index)
                .collect::<Vec<_>>(),
        );
        assert!(batcher.fill(&mut tally).is_none(), "the others wait");
        batcher.settle(sealed, Ok(vec![written()]), &mut tally);
    }
    assert_eq!(seen, [[0], [1], [2]]);
    assert_eq!((tally.rows_written, tally.logs_written), (3, 3));
}
