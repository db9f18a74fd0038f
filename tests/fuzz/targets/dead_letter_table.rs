//! Tables of dead letters.
//!
//! Input: rows, set apart by lines of three dashes. A row is that of a whole letter, except for its
//! lines: `COLUMN=JSON` puts another value there, `COLUMN` alone leaves it out. An array is a BINARY
//! of its length.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use loghub_shipper::deadletters::{
    Desk, Destination, Found, KEY, Letter, Order, Origin, Reason, Sink,
};
use loghub_shipper::sandbox::{Sandbox, TableSpec};
use loghub_shipper::tablestore::{
    Client, Column, PrimaryKeyColumn, RowExistence, TableName, Value,
};
use loghub_shipper::transport::Clock;
use serde_json::{Value as Json, json};

use super::dead_letter_file::{POLICY, check, client_of, sandbox};

/// Rows of one input.
const MAX_ROWS: usize = 12;

/// Every row of the origin is found, in order, as a letter or as none; a letter is what it says, and
/// in another table it is the same; what went through is removed, what did not is amended, and all
/// else stays.
pub fn run(data: &[u8]) {
    let time = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime of one thread needs nothing");
    time.block_on(replay(&String::from_utf8_lossy(data)));
}

async fn replay(text: &str) {
    let clock = Clock::starting_at(SystemTime::UNIX_EPOCH + Duration::from_hours(498_706));
    let sandbox = sandbox(&clock);
    let client = client_of(&sandbox, &clock);
    let (letters, copies) = (table(&sandbox, "letters"), table(&sandbox, "copies"));
    for row in text.split("\n---\n").take(MAX_ROWS) {
        put(&client, &letters, row).await;
    }
    let rows = sandbox.tablestore().row_count(&letters);
    let sink = Sink::new(Destination::Table(letters.clone()), &client);
    let found = read(&sink, Order::OldestFirst).await;
    assert!(Some(found.len()) <= rows);
    let mut back = read(&sink, Order::NewestFirst).await;
    back.reverse();
    assert_eq!(back, found);
    let whole: Vec<Letter> = found.iter().filter_map(letter).cloned().collect();
    whole.iter().for_each(check);
    assert!(whole.is_sorted_by(|left, right| left.key < right.key));

    let copy = Sink::new(Destination::Table(copies.clone()), &client);
    for _ in 0..2 {
        let stored = copy.store(whole.clone()).await;
        assert!(stored.failed.is_empty(), "{:?}", stored.error);
    }
    let read_back = read(&copy, Order::OldestFirst).await;
    assert!(read_back.iter().filter_map(letter).eq(&whole));
    assert_eq!(read_back.len(), whole.len());

    let (mut gone, mut kept, mut expected) = (Vec::new(), Vec::new(), Vec::new());
    let mut is_even = false;
    for found in found {
        match found {
            Found::Unreadable { .. } => expected.push(found),
            Found::Letter(letter) => {
                is_even = !is_even;
                if is_even {
                    gone.push(letter.key);
                } else {
                    kept.push((letter.key.clone(), reason()));
                    let reason = reason();
                    let amended = Letter { reason, ..*letter };
                    expected.push(Found::Letter(Box::new(amended)));
                }
            }
        }
    }
    let removed = gone.len();
    let mut desk = open(&sink, Order::OldestFirst).await;
    desk.change(gone, kept).await.expect("the table is there");
    desk.close().await.expect("the table is there");
    assert_eq!(read(&sink, Order::OldestFirst).await, expected);
    let left = sandbox.tablestore().row_count(&letters);
    assert_eq!(left, rows.map(|rows| rows - removed));
}

fn letter(found: &Found) -> Option<&Letter> {
    match found {
        Found::Letter(letter) => Some(letter),
        Found::Unreadable { place, fault } => {
            assert!(!place.is_empty() && !fault.is_empty());
            None
        }
    }
}

/// Writes a row, where Table Store takes it.
async fn put(client: &Client, table: &TableName, text: &str) {
    let mut members: BTreeMap<String, Value> = usual()
        .into_iter()
        .filter_map(|(name, json)| Some((name, value(&json)?)))
        .collect();
    for line in text.lines() {
        match line.split_once('=') {
            None => drop(members.remove(line)),
            Some((name, json)) => {
                let json = serde_json::from_str(json).unwrap_or_else(|_| Json::from(json));
                members.extend(value(&json).map(|value| (name.to_owned(), value)));
            }
        }
    }
    let key: Option<Vec<_>> = KEY
        .iter()
        .map(|(name, _)| Some(column(name, members.remove(*name)?)))
        .collect();
    let columns: Vec<_> = members
        .into_iter()
        .map(|(name, value)| column(&name, value))
        .collect();
    if let Some(key) = key {
        let written = client.update_row(table, &key, &columns, RowExistence::Ignore);
        drop(written.await);
    }
}

/// The columns of a letter.
fn usual() -> impl IntoIterator<Item = (String, Json)> {
    let log = r#"{"time":1469102565,"topic":"t","source":"s","tags":[["host","h"]],"contents":[["id","a"]]}"#;
    let usual = json!({
        "project_logstore": "demo|access",
        "consumer_group": "shippers",
        "shard": 3,
        "position": "00000000000000000007-000000-9f86d081884c7d65",
        "cursor": "MTIz",
        "cursor_group": 7,
        "cursor_log": 0,
        "code": "KeyMissing",
        "message": "primary key column \"id\" is missing",
        "configuration": "0123456789abcdef",
        "parked_at": 1_700_000_000_123_i64,
        "shipper_id": "shipper-1",
        "target_table": "access",
        "log": log,
    });
    let Json::Object(members) = usual else {
        unreachable!("it is an object")
    };
    members
}

fn value(json: &Json) -> Option<Value> {
    Some(match json {
        Json::String(text) => Value::String(text.clone()),
        Json::Bool(truth) => Value::Boolean(*truth),
        Json::Number(number) => match number.as_i64() {
            Some(integer) => Value::Integer(integer),
            None => Value::Double(number.as_f64()?),
        },
        Json::Array(items) => Value::Binary(vec![0; items.len()].into()),
        Json::Null | Json::Object(_) => return None,
    })
}

fn column(name: &str, value: Value) -> Column {
    let name = name.to_owned();
    Column { name, value }
}

fn table(sandbox: &Sandbox, name: &str) -> TableName {
    let table = TableName::new(name).expect("it is a good name");
    let key = KEY.map(|(name, kind)| PrimaryKeyColumn {
        name: name.to_owned(),
        kind,
        auto_increment: false,
    });
    let spec = TableSpec::new(table.clone(), key.to_vec());
    let created = sandbox.tablestore().create_table(spec);
    created.expect("there is none yet");
    table
}

async fn open(sink: &Sink, order: Order) -> Desk {
    let origin = Origin {
        project_logstore: "demo|access".to_owned(),
        consumer_group: "shippers".to_owned(),
    };
    let desk = sink.open(origin, order, POLICY).await;
    desk.expect("the table is there")
}

async fn read(sink: &Sink, order: Order) -> Vec<Found> {
    let mut desk = open(sink, order).await;
    let mut all = Vec::new();
    while let Some(found) = desk.next(3).await.expect("the table is there") {
        all.extend(found);
    }
    all
}

fn reason() -> Reason {
    Reason {
        code: "KeyType".to_owned(),
        message: "It is wrong.".to_owned(),
        configuration: "fedcba9876543210".to_owned(),
        replayed_at_millis: Some(5),
    }
}
