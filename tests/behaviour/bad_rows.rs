//! Table Store refuses, slows down or goes away: nothing is lost, and the status table tells.

use std::collections::BTreeMap;
use std::time::Duration;

use loghub_shipper::loghub::proto::LogGroup;
use loghub_shipper::sandbox::{Action, Call, Fault, RowMatch, Service};
use loghub_shipper::tablestore::PrimaryKeyType::String as Text;
use loghub_shipper::tablestore::TableName;
use tokio::time::{Instant, sleep};

use crate::rig::{Cell, Rig, STATUS, TARGET, columns, group, log, text, was_logged};

const KEY: [(&str, loghub_shipper::tablestore::PrimaryKeyType); 1] = [("id", Text)];
const TIME: u32 = 1_469_102_565;

/// What a busy test machine adds to a pause.
const SLACK: Duration = Duration::from_millis(250);

/// Logs with these ids.
fn logs(ids: impl IntoIterator<Item = String>) -> LogGroup {
    let one = |id: String| log(TIME, &[("id", &id), ("value", "v")]);
    group(ids.into_iter().map(one).collect())
}

/// `count` ids with a prefix.
fn ids(prefix: &str, count: usize) -> impl Iterator<Item = String> {
    (0..count).map(move |n| format!("{prefix}-{n:05}"))
}

fn integer(row: &BTreeMap<String, Cell>, column: &str) -> i64 {
    match row.get(column) {
        Some(Cell::Integer(number)) => *number,
        other => panic!("{column} is {other:?} in {row:?}"),
    }
}

fn string<'a>(row: &'a BTreeMap<String, Cell>, column: &str) -> &'a str {
    match row.get(column) {
        Some(Cell::Text(text)) => text,
        other => panic!("{column} is {other:?} in {row:?}"),
    }
}

/// How often the error of a status row occurred.
fn times(row: &BTreeMap<String, Cell>) -> i64 {
    let message = string(row, "error_message");
    let count = message
        .rsplit_once(" (")
        .and_then(|(_, count)| count.strip_suffix(" times)"));
    count.map_or(1, |count| count.parse().unwrap())
}

fn has(rig: &Rig, id: &str) -> bool {
    rig.rows().contains_key(&vec![text(id)])
}

/// The calls of one operation.
fn calls(rig: &Rig, operation: &str) -> Vec<Call> {
    let mut calls = rig.sandbox.recent_calls();
    calls.retain(|call| call.operation == operation);
    calls
}

/// The longest time between one of these calls and the next.
fn longest_gap(calls: &[Call]) -> Duration {
    let gap = |pair: &[Call]| pair[1].at.duration_since(pair[0].at).unwrap_or_default();
    calls.windows(2).map(gap).max().unwrap_or_default()
}

/// The status row that tells of the one bad row comes at once, and says all of it.
async fn tells_of_the_bad_row(rig: &Rig, put: Instant, message: &str) {
    rig.until("the error is in the status table", || {
        !rig.errors("OTSParameterInvalid").is_empty()
    })
    .await;
    assert!(put.elapsed() < Duration::from_millis(1500) + SLACK);
    let errors = rig.errors("OTSParameterInvalid");
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert_eq!(string(&errors[0], "error_message"), message);
    let sample = concat!(
        r#"{"__time__":1469102565,"__topic__":"access","__source__":"10.0.2.15","#,
        r#""id":"row-00077","value":"v"}"#
    );
    assert_eq!(string(&errors[0], "failed_sample"), sample);
    assert!(was_logged(&["row refused for good", message]));
    assert!(was_logged(&["the refused log", sample]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_bad_row_of_200_is_isolated() {
    let rig = Rig::new(1, &KEY).await;
    let message = "The length of attribute column value is wrong.";
    let bad = RowMatch::Key("row-00077".into());
    let refusal = Action::row_errors("OTSParameterInvalid", message, bad);
    rig.sandbox.faults().always("BatchWriteRow", refusal);
    let ship = rig.ship(&[]).await;
    let put = Instant::now();
    rig.put(None, &logs(ids("row", 200)));
    tells_of_the_bad_row(&rig, put, message).await;
    rig.until_done().await;
    assert_eq!(ship.totals.counts().refused, 1);
    ship.stop().await;
    assert_eq!(rig.rows().len(), 199);
    assert!(!has(&rig, "row-00077"));
    assert_eq!(rig.status_sum("row_count"), 199);
    assert_eq!(rig.status_sum("skip_count"), 0);
    assert_eq!(rig.sandbox.calls("BatchWriteRow"), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_bad_row_that_spoils_its_whole_request_is_isolated() {
    let rig = Rig::new(1, &KEY).await;
    let message = "Something in this request is invalid.";
    let refusal = Action::refuse(400, "OTSParameterInvalid", message);
    let bears_it = |request: &http::Request<bytes::Bytes>| {
        let mut windows = request.body().windows(9);
        windows.any(|window| window == b"row-00077")
    };
    rig.sandbox
        .faults()
        .push(Fault::on("BatchWriteRow", refusal).always().when(bears_it));
    let ship = rig.ship(&[]).await;
    let put = Instant::now();
    rig.put(None, &logs(ids("row", 200)));
    tells_of_the_bad_row(&rig, put, message).await;
    rig.until_done().await;
    ship.stop().await;
    assert_eq!(rig.rows().len(), 199);
    assert!(!has(&rig, "row-00077"));
    assert_eq!(rig.status_sum("row_count"), 199);
    let refused = rig
        .sandbox
        .calls_with("BatchWriteRow", "OTSParameterInvalid");
    assert!(refused <= 9, "halving 200 rows took {refused} refusals");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_storm_of_one_error_is_folded_with_its_count() {
    let rig = Rig::new(1, &KEY).await;
    let bad = RowMatch::Prefix("bad".into());
    let refusal = Action::row_errors("OTSParameterInvalid", "It is wrong.", bad);
    rig.sandbox.faults().always("BatchWriteRow", refusal);
    let ship = rig.ship(&[]).await;
    rig.until("the shard is ours", || {
        !rig.group().held_by("shipper-1").is_empty()
    })
    .await;
    let started = Instant::now();
    for round in 0..25 {
        rig.put(None, &logs(ids(&format!("bad-{round}"), 40)));
        rig.put(None, &logs(ids(&format!("good-{round}"), 10)));
        sleep(Duration::from_millis(100)).await;
    }
    let storm = started.elapsed();
    rig.until_done().await;
    ship.stop().await;
    let errors = rig.errors("OTSParameterInvalid");
    assert_eq!(errors.iter().map(times).sum::<i64>(), 1000, "{errors:?}");
    let most = usize::try_from(storm.as_secs()).unwrap() + 3;
    assert!((2..=most).contains(&errors.len()), "{errors:?}");
    let gaps = errors
        .windows(2)
        .map(|pair| integer(&pair[1], "timestamp") - integer(&pair[0], "timestamp"));
    // The last row of a shard does not wait.
    let gaps: Vec<_> = gaps.collect();
    let (_, regular) = gaps.split_last().unwrap();
    assert!(regular.iter().all(|millis| *millis >= 990), "{gaps:?}");
    assert_eq!(rig.status_sum("row_count"), 250);
    assert_eq!(rig.rows().len(), 250);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_refused_in_passing_hold_up_no_others() {
    let rig = Rig::new(1, &KEY).await;
    let busy = RowMatch::Prefix("busy".into());
    let refusal = Action::row_errors("OTSServerBusy", "Server is busy.", busy);
    rig.sandbox.faults().always("BatchWriteRow", refusal);
    let ship = rig.ship(&[]).await;
    for round in 0..100 {
        rig.put(None, &logs(ids(&format!("busy-{round}"), 2)));
        rig.put(None, &logs(ids(&format!("free-{round}"), 10)));
        sleep(Duration::from_millis(30)).await;
    }
    let free = |rig: &Rig| rig.rows().len() == 1000;
    let waited = Instant::now();
    rig.until("the other rows are there", || free(&rig)).await;
    assert!(waited.elapsed() < Duration::from_secs(2), "{waited:?}");
    assert!(
        rig.group().behind() > 0,
        "the checkpoint waits for the busy rows"
    );
    rig.until("the status table tells", || {
        !rig.errors("OTSServerBusy").is_empty()
    })
    .await;
    // They were pulled in many pieces, and are tried again together.
    let tries = rig.sandbox.calls("BatchWriteRow");
    sleep(Duration::from_secs(1)).await;
    let tries = rig.sandbox.calls("BatchWriteRow") - tries;
    assert!((2..=20).contains(&tries), "{tries} tries in a second");
    rig.sandbox.faults().clear();
    rig.until_done().await;
    ship.stop().await;
    assert_eq!(rig.rows().len(), 1200);
    assert_eq!(rig.status_sum("row_count"), 1200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unknown_error_code_is_tried_again() {
    let rig = Rig::new(1, &KEY).await;
    let faults = rig.sandbox.faults();
    faults.next(
        "BatchWriteRow",
        2,
        Action::refuse(418, "OTSNeverHeardOf", "What is this?"),
    );
    let some = RowMatch::Prefix("row-0000".into());
    faults.next(
        "BatchWriteRow",
        2,
        Action::row_errors("OTSSomethingNew", "What is that?", some),
    );
    let ship = rig.ship(&[]).await;
    rig.put(None, &logs(ids("row", 50)));
    rig.until_done().await;
    assert_eq!(ship.totals.counts().refused, 0);
    ship.stop().await;
    assert_eq!(rig.rows().len(), 50);
    assert!(!rig.errors("OTSNeverHeardOf").is_empty());
    assert_eq!(rig.status_sum("row_count"), 50);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tries_are_never_more_than_500_ms_apart() {
    let rig = Rig::new(1, &KEY).await;
    let away = Action::refuse(503, "OTSServerUnavailable", "Server is not available.");
    rig.sandbox.faults().always("BatchWriteRow", away);
    let ship = rig.ship(&[]).await;
    rig.put(None, &logs(ids("row", 20)));
    rig.until("the first try", || rig.sandbox.calls("BatchWriteRow") > 0)
        .await;
    sleep(Duration::from_secs(5)).await;
    let tries = calls(&rig, "BatchWriteRow");
    assert!(longest_gap(&tries) <= Duration::from_millis(500) + SLACK);
    // They back off, too: 5 s of an outage are no reason for hundreds of requests.
    assert!((10..40).contains(&tries.len()), "{} tries", tries.len());
    let back = Instant::now();
    rig.sandbox.faults().clear();
    rig.until("the rows are there", || rig.rows().len() == 20)
        .await;
    assert!(back.elapsed() <= Duration::from_millis(500) + SLACK);
    rig.until_done().await;
    ship.stop().await;
    assert!(!rig.errors("OTSServerUnavailable").is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outage_of_5_s_is_survived_and_reading_pauses() {
    let mut rig = Rig::new(1, &KEY).await;
    let ship = rig.ship(&[("memory_limit", "16MiB")]).await;
    rig.put(None, &logs(ids("before", 10)));
    rig.until("all is well", || rig.rows().len() == 10).await;
    rig.running.pause(Service::TableStore).await;
    let large = "x".repeat(100_000);
    for n in 0..100 {
        let one = |m: u32| log(TIME, &[("id", &format!("{n}-{m}")), ("value", &large)]);
        rig.put(None, &group((0..4).map(one).collect()));
    }
    sleep(Duration::from_secs(4)).await;
    let read = ship.totals.counts().bytes_read;
    assert!(read <= 16 << 20, "{read} bytes read of 40 MB");
    sleep(Duration::from_secs(1)).await;
    assert_eq!(ship.totals.counts().bytes_read, read, "reading has paused");
    rig.running.resume(Service::TableStore).await.unwrap();
    let back = Instant::now();
    rig.until("rows flow again", || rig.rows().len() > 10).await;
    assert!(back.elapsed() < Duration::from_millis(500) + 2 * SLACK);
    rig.until_done().await;
    ship.stop().await;
    assert_eq!(rig.rows().len(), 410);
    assert_eq!(rig.status_sum("row_count"), 410);
    let errors = rig.errors("NoAnswer");
    assert!(
        string(&errors[0], "error_message").contains("cannot connect to 127.0.0.1"),
        "{errors:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_status_table_logs_flow_and_counts_wait() {
    let rig = Rig::new(1, &KEY).await;
    let ship = rig.ship(&[("status_interval", "1s")]).await;
    let status = TableName::new(STATUS).unwrap();
    assert!(rig.sandbox.tablestore().delete_table(&status));
    rig.put(None, &logs(ids("lost", 100)));
    rig.put(None, &logs([String::from("x").repeat(2000)]));
    rig.until_done().await;
    assert_eq!(ship.totals.counts().logs_written, 100);
    rig.until("status rows were tried", || {
        rig.sandbox.calls_with("PutRow", "OTSObjectNotExist") > 1
    })
    .await;
    let key = columns(&loghub_shipper::shipper::STATUS_KEY);
    let spec = loghub_shipper::sandbox::TableSpec::new(status, key);
    rig.sandbox.tablestore().create_table(spec).unwrap();
    rig.put(None, &logs(ids("found", 50)));
    rig.until("all is accounted for", || {
        rig.status_sum("row_count") == 150 && rig.status_sum("skip_count") == 1
    })
    .await;
    ship.stop().await;
    assert_eq!(rig.status_sum("row_count"), 150);
    assert_eq!(rig.status_sum("skip_count"), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_status_row_whose_answer_was_lost_is_counted_once() {
    let rig = Rig::new(1, &KEY).await;
    let faults = rig.sandbox.faults();
    faults.next("PutRow", 2, Action::CutAfter);
    faults.next("PutRow", 1, Action::CutBefore);
    let ship = rig.ship(&[("status_interval", "1s")]).await;
    rig.put(None, &logs(ids("first", 30)));
    rig.until("a status row was lost", || rig.sandbox.calls("PutRow") > 0)
        .await;
    rig.put(None, &logs(ids("second", 20)));
    rig.until("the status table is whole", || {
        rig.sandbox.faults().pending() == 0 && rig.status_sum("row_count") == 50
    })
    .await;
    ship.stop().await;
    assert_eq!(rig.status_sum("row_count"), 50);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_status_row_takes_no_other_shippers_place() {
    let rig = Rig::new(1, &KEY).await;
    let taken = Action::refuse(403, "OTSConditionCheckFail", "Condition check failed.");
    rig.sandbox.faults().next("PutRow", 3, taken);
    let ship = rig.ship(&[]).await;
    rig.put(None, &logs(ids("row", 30)));
    rig.until_done().await;
    ship.stop().await;
    assert_eq!(rig.status().len(), 1);
    assert_eq!(rig.status_sum("row_count"), 30);
    let tries: Vec<_> = calls(&rig, "PutRow");
    assert_eq!(tries.len(), 4);
    assert!(
        longest_gap(&tries) < SLACK,
        "it tries the next millisecond at once"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_status_row_every_interval_and_the_counts_are_exact() {
    let rig = Rig::new(2, &KEY).await;
    let ship = rig.ship(&[("status_interval", "1s")]).await;
    for round in 0..35 {
        let logs = logs(ids(&format!("{round}"), 10));
        rig.put(Some(round % 2), &logs);
        sleep(Duration::from_millis(100)).await;
    }
    rig.put(Some(0), &group(vec![log(TIME + 9, &[("id", "latest")])]));
    rig.put(Some(0), &group(vec![log(TIME + 99, &[("no", "key")])]));
    rig.until_done().await;
    ship.stop().await;

    let status = rig.status();
    for shard in 0..2 {
        let of_shard = |row: &&BTreeMap<String, Cell>| row["shard"] == Cell::Integer(shard);
        let rows: Vec<_> = status.iter().filter(of_shard).collect();
        let millis: Vec<_> = rows.iter().map(|row| integer(row, "timestamp")).collect();
        // The last one comes when the shard is let go.
        let gaps: Vec<_> = millis.windows(2).map(|pair| pair[1] - pair[0]).collect();
        let (_, regular) = gaps.split_last().unwrap();
        assert!(rows.len() >= 4, "{gaps:?}");
        assert!(
            regular.iter().all(|gap| (900..2000).contains(gap)),
            "{gaps:?}"
        );
    }
    assert_eq!(rig.status_sum("row_count"), 351);
    assert_eq!(rig.status_sum("skip_count"), 1);
    let target = TableName::new(TARGET).unwrap();
    let counters = rig.sandbox.tablestore().counters(&target).unwrap();
    let units = i64::try_from(counters.read_units + counters.write_units).unwrap();
    assert_eq!(rig.status_sum("cu_count"), units);
    assert!(units >= 351);
    let latest = status.iter().map(|row| integer(row, "__time__")).max();
    assert_eq!(latest, Some(i64::from(TIME) + 9), "of what was written");
    assert!(
        status
            .iter()
            .all(|row| row["shipper_id"] == text("shipper-1"))
    );
    assert!(status.iter().all(|row| !row.contains_key("error_code")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_shippers_write_their_own_columns_of_the_same_rows() {
    let rig = Rig::new(1, &KEY).await;
    let first = rig
        .ship(&[("exclusive_columns", r#"["right","__topic__"]"#)])
        .await;
    let loghub = rig.loghub_of_group("others");
    let second = rig
        .ship(&[
            ("loghub", &loghub),
            ("consumer_name", "shipper-2"),
            ("exclusive_columns", r#"["left","__source__","__time__"]"#),
        ])
        .await;
    for round in 0..10 {
        let one = |n| {
            let contents = [
                ("id", &*format!("{round}-{n}")),
                ("left", "L"),
                ("right", "R"),
            ];
            log(TIME, &contents)
        };
        rig.put(None, &group((0..20).map(one).collect()));
    }
    rig.until_done().await;
    rig.until("the second is done too", || {
        second.totals.counts().logs_written == 200
    })
    .await;
    first.stop().await;
    second.stop().await;
    let rows = rig.rows();
    assert_eq!(rows.len(), 200);
    let whole = [
        ("__source__", text("10.0.2.15")),
        ("__time__", Cell::Integer(TIME.into())),
        ("__topic__", text("access")),
        ("left", text("L")),
        ("right", text("R")),
    ];
    let whole = whole.map(|(name, value)| (name.to_owned(), value)).into();
    assert!(rows.values().all(|row| *row == whole));
    let by = |id: &str| {
        let status = rig.status();
        let own = status.iter().filter(|row| row["shipper_id"] == text(id));
        own.map(|row| integer(row, "row_count")).sum::<i64>()
    };
    assert_eq!((by("shipper-1"), by("shipper-2")), (200, 200));
}
