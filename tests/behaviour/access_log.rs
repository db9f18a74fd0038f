//! 9,999 real access logs, equal column by column to a naive fold.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};

use bytes::Bytes;
use flate2::read::GzDecoder;
use loghub_shipper::loghub::proto::{Content, Log, LogGroup};
use loghub_shipper::tablestore::PrimaryKeyType::String as Text;
use serde_json::{Map, Value};

use crate::rig::{Cell, Rig, Rows, text};

type Json = Map<String, Value>;

/// The logs, or `None` with a message where the file is not at hand.
fn access_logs() -> Option<Vec<Json>> {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../shared/data/access.jsonl.gz"
    );
    let Ok(file) = std::fs::File::open(path) else {
        println!("skipped: the access log is not at hand");
        return None;
    };
    let lines = BufReader::new(GzDecoder::new(file)).lines();
    Some(
        lines
            .map(|line| serde_json::from_str(&line.unwrap()).unwrap())
            .collect(),
    )
}

fn group(logs: &[Json]) -> LogGroup {
    let log = |json: &Json| Log {
        time: json["__time__"].as_u64().unwrap().try_into().unwrap(),
        contents: json
            .iter()
            .filter(|(name, _)| !name.starts_with("__"))
            .map(|(name, value)| Content {
                key: Bytes::from(name.clone()),
                value: Bytes::from(value.as_str().unwrap().to_owned()),
            })
            .collect(),
        time_ns: None,
    };
    LogGroup {
        logs: logs.iter().map(log).collect(),
        topic: Some("access".into()),
        source: Some("10.170.148.237".into()),
        ..LogGroup::default()
    }
}

/// What the logs leave behind, written one after the other.
fn naive_fold(logs: &[Json], rename: impl Fn(&str) -> String) -> Rows {
    let mut rows = Rows::new();
    for log in logs {
        let key = ["ip", "time"]
            .map(|name| text(log[name].as_str().unwrap()))
            .to_vec();
        let row: &mut BTreeMap<String, Cell> = rows.entry(key).or_default();
        for (name, value) in log
            .iter()
            .filter(|(name, _)| !matches!(name.as_str(), "ip" | "time"))
        {
            let value = match value {
                Value::Number(number) => Cell::Integer(number.as_i64().unwrap()),
                other => text(other.as_str().unwrap()),
            };
            row.insert(rename(name), value);
        }
    }
    rows
}

async fn ship(logs: &[Json], shards: u32, strict_names: bool) -> (Rig, Rows) {
    let key = [("ip", Text), ("time", Text)];
    let rig = Rig::with(shards, &key, |settings| {
        settings.strict_names = strict_names;
    })
    .await;
    let ship = rig.ship(&[]).await;
    for (number, logs) in (0..).zip(logs.chunks(100)) {
        rig.put(Some(number % shards), &group(logs));
    }
    rig.until("all logs are read", || {
        ship.totals.counts().logs_read == 9_999
    })
    .await;
    rig.until_done().await;
    ship.stop().await;
    let rows = rig.rows();
    (rig, rows)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_shard_leaves_the_rows_of_a_naive_fold() {
    let Some(logs) = access_logs() else { return };
    let (rig, rows) = ship(&logs, 1, false).await;
    assert_eq!(rows.len(), 9_226);
    assert_eq!(rows, naive_fold(&logs, str::to_owned));
    assert_eq!(rig.status_sum("row_count"), 9_999);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn four_shards_leave_the_same_keys() {
    let Some(logs) = access_logs() else { return };
    let (rig, rows) = ship(&logs, 4, false).await;
    let expected = naive_fold(&logs, str::to_owned);
    assert!(rows.keys().eq(expected.keys()), "{} keys", rows.len());
    assert_eq!(rig.status_sum("row_count"), 9_999);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_strict_table_gets_repaired_names_for_one_refused_request() {
    let Some(logs) = access_logs() else { return };
    let (rig, rows) = ship(&logs, 1, true).await;
    assert_eq!(rows.len(), 9_226);
    assert_eq!(rows, naive_fold(&logs, |name| name.replace('-', "_")));
    assert_eq!(
        rig.sandbox
            .calls_with("BatchWriteRow", "OTSParameterInvalid"),
        1
    );
}
