//! Logs that cannot become rows are kept, and shipped again once somebody has mended why.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use loghub_shipper::config::Config;
use loghub_shipper::deadletters::KEY;
use loghub_shipper::loghub::proto::{Content, Log};
use loghub_shipper::sandbox::{Action, Fault, RowMatch, TableSpec};
use loghub_shipper::shipper::Obstacle;
use loghub_shipper::tablestore::PrimaryKeyType::{Integer, String as Text};
use loghub_shipper::tablestore::{PrimaryKeyColumn, PrimaryKeyType, TableName};
use loghub_shipper::transport::error_chain;
use serde_json::Value;
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

use crate::commands::{Ended, command_with};
use crate::processes::Process;
use crate::rig::{Cell, Rig, Rows, Ship, TARGET, columns, group, log, text, was_logged};

const TARGET_KEY: [(&str, PrimaryKeyType); 1] = [("id", Text)];
const TIME: u32 = 1_469_102_565;
const LETTERS: &str = "letters";
const IN_TABLE: (&str, &str) = ("dead_letters", r#"{"table":"letters"}"#);

fn create_table(rig: &Rig, name: &str, key: Vec<PrimaryKeyColumn>) {
    let spec = TableSpec::new(TableName::new(name).unwrap(), key);
    rig.sandbox.tablestore().create_table(spec).unwrap();
}

/// A rig with a table of letters.
async fn rig() -> Rig {
    let rig = Rig::new(1, &TARGET_KEY).await;
    create_table(&rig, LETTERS, columns(&KEY));
    rig
}

/// The letters of the table.
fn letters(rig: &Rig) -> Rows {
    rig.table_rows(LETTERS)
}

/// The letters of a file, as it has them.
fn lines(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
    lines.collect()
}

/// The variable that names a file.
fn in_file(path: &Path) -> String {
    serde_json::json!({ "file": path }).to_string()
}

/// `count` logs without an id, and as many that have one.
fn mixed(name: &str, count: u32) -> Vec<Log> {
    let one = |n: u32| {
        let id = format!("{name}-{n:05}");
        [log(TIME + n, &[("no", &id)]), log(TIME + n, &[("id", &id)])]
    };
    (0..count).flat_map(one).collect()
}

async fn replay(rig: &Rig, variables: &[(&str, &str)], flags: &[&str]) -> Ended {
    let arguments: Vec<_> = ["replay-dead-letters"]
        .iter()
        .chain(flags)
        .copied()
        .collect();
    command_with(rig, variables, &arguments, "").await
}

/// A number of the summary.
fn summed(ended: &Ended, what: &str) -> u64 {
    let mut lines = ended.stdout.lines();
    let line = lines.find(|line| line.trim_start().starts_with(what));
    let line = line.unwrap_or_else(|| panic!("no {what} in {}{}", ended.stdout, ended.stderr));
    let number = line.trim_start().trim_start_matches(what).trim();
    number.split(',').next().unwrap().parse().unwrap()
}

fn value<'r>(row: &'r BTreeMap<String, Cell>, column: &str) -> &'r str {
    match &row[column] {
        Cell::Text(text) => text,
        other => panic!("{column} is {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_that_cannot_be_a_row_is_kept_whole_with_its_reason() {
    let rig = rig().await;
    let bad = RowMatch::Key("bad".into());
    let message = "The length of attribute column is wrong.";
    let refusal = Action::row_errors("OTSParameterInvalid", message, bad);
    rig.sandbox.faults().always("BatchWriteRow", refusal);
    let ship = rig.ship(&[IN_TABLE]).await;
    let mut skipped = log(TIME, &[("no", "id"), ("no", "twice")]);
    skipped.time_ns = Some(42);
    let logs = vec![
        log(TIME, &[("id", "good")]),
        skipped,
        log(TIME, &[("id", "bad")]),
    ];
    rig.put(None, &group(logs));
    rig.until_done().await;
    let counts = ship.totals.counts();
    ship.stop().await;
    assert_eq!((counts.logs_read, counts.logs_written), (3, 1));
    assert_eq!(
        (counts.dead_lettered, counts.skipped, counts.refused),
        (2, 0, 0)
    );
    assert_eq!(counts.decided(), counts.logs_read);
    assert_eq!(rig.status_sum("dead_letter_count"), 2);
    assert_eq!(rig.status_sum("skip_count"), 1, "it counts as before");
    assert_eq!(rig.errors("OTSParameterInvalid").len(), 1);

    let letters = letters(&rig);
    let [(key, skipped), (_, refused)] = &letters.iter().collect::<Vec<_>>()[..] else {
        panic!("{letters:?}")
    };
    assert_eq!(
        key[..3],
        [
            text("demo-project|access-log"),
            text("shippers"),
            Cell::Integer(0)
        ]
    );
    assert_eq!(value(skipped, "code"), "KeyMissing");
    assert_eq!(
        value(skipped, "message"),
        "primary key column \"id\" is missing"
    );
    assert_eq!(
        value(skipped, "log"),
        concat!(
            r#"{"time":1469102565,"time_ns":42,"topic":"access","source":"10.0.2.15","tags":[],"#,
            r#""contents":[["no","id"],["no","twice"]]}"#
        )
    );
    assert_eq!(value(refused, "code"), "OTSParameterInvalid");
    assert_eq!(value(refused, "message"), message);
    assert_eq!(value(refused, "shipper_id"), "shipper-1");
    assert_eq!(value(refused, "target_table"), TARGET);
    assert_eq!(value(refused, "configuration").len(), 16);
    assert_eq!(refused["cursor_log"], Cell::Integer(2));
    assert!(matches!(refused["parked_at"], Cell::Integer(millis) if millis > 1_700_000_000_000));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn letters_in_a_file_are_lines_of_json() {
    let rig = Rig::new(2, &TARGET_KEY).await;
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("dead.jsonl");
    let ship = rig.ship(&[("dead_letters", &in_file(&path))]).await;
    for shard in 0..2 {
        rig.put(Some(shard), &group(mixed(&format!("s{shard}"), 300)));
    }
    rig.until_done().await;
    assert_eq!(ship.totals.counts().dead_lettered, 600);
    ship.stop().await;
    let letters = lines(&path);
    assert_eq!(letters.len(), 600);
    let of = |shard: u64| {
        let mut positions: Vec<_> = letters
            .iter()
            .filter(|letter| letter["shard"] == shard)
            .map(|letter| letter["position"].to_string())
            .collect();
        positions.dedup();
        positions.len()
    };
    assert_eq!((of(0), of(1)), (300, 300));
    assert_eq!(letters[0]["code"], "KeyMissing");
    assert_eq!(letters[0]["log"]["topic"], "access");
    assert_eq!(rig.rows().len(), 600);
}

/// What is read again after a crash has its letter already, however the pulls are cut.
async fn parked_once(rig: &Rig, sink: (&str, &str), count: impl Fn() -> usize) {
    let ship = rig.ship(&[sink, ("checkpoint_interval", "10m")]).await;
    for round in 0..5 {
        rig.put(None, &group(mixed(&format!("a{round}"), 20)));
        sleep(Duration::from_millis(50)).await;
    }
    rig.until("the first are parked", || count() == 100).await;
    ship.kill().await;
    for round in 0..5 {
        rig.put(None, &group(mixed(&format!("b{round}"), 20)));
    }
    let ship = rig.ship(&[sink]).await;
    rig.until_done().await;
    let read = ship.totals.counts().logs_read;
    ship.stop().await;
    assert_eq!(read, 400, "all was read again");
    assert_eq!(count(), 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_does_not_multiply_letters() {
    let rig = rig().await;
    parked_once(&rig, IN_TABLE, || letters(&rig).len()).await;
    let other = self::rig().await;
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("dead.jsonl");
    let count = || std::fs::read_to_string(&path).map_or(0, |text| text.lines().count());
    parked_once(&other, ("dead_letters", &in_file(&path)), count).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn equal_logs_have_a_letter_each() {
    let rig = rig().await;
    let ship = rig.ship(&[IN_TABLE]).await;
    for _ in 0..3 {
        rig.put(None, &group(vec![log(TIME, &[("no", "id")]); 2]));
    }
    rig.until_done().await;
    ship.stop().await;
    assert_eq!(letters(&rig).len(), 6);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_letters_cannot_be_stored_rows_go_on_and_the_checkpoint_waits() {
    let rig = rig().await;
    let table = TableName::new(LETTERS).unwrap();
    let ship = rig.ship(&[IN_TABLE]).await;
    assert!(rig.sandbox.tablestore().delete_table(&table));
    rig.put(None, &group(vec![log(TIME, &[("no", "id")])]));
    for round in 0..30 {
        rig.put(
            None,
            &group(vec![log(TIME, &[("id", &format!("a{round}"))])]),
        );
        sleep(Duration::from_millis(20)).await;
    }
    rig.until("the rows are there", || rig.rows().len() == 30)
        .await;
    rig.until("the status table tells", || {
        !rig.errors("DeadLettersWait").is_empty()
    })
    .await;
    sleep(Duration::from_millis(500)).await;
    assert_eq!(rig.group().behind(), 31, "nothing is checkpointed");
    assert_eq!(ship.totals.counts().dead_lettered, 0);
    let message = value(&rig.errors("DeadLettersWait")[0], "error_message").to_owned();
    assert!(
        message.starts_with("dead letters are not stored, so the checkpoint waits: batch_write_row to table letters: OTSObjectNotExist"),
        "{message}"
    );
    assert!(was_logged(&["cannot store dead letters", "table letters"]));
    create_table(&rig, LETTERS, columns(&KEY));
    rig.until_done().await;
    ship.stop().await;
    assert_eq!(letters(&rig).len(), 1);
    assert_eq!(rig.status_sum("dead_letter_count"), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_that_cannot_be_parked_does_not_fill_the_memory() {
    let rig = rig().await;
    let away = Action::refuse(503, "OTSServerUnavailable", "Server is not available.");
    rig.sandbox.faults().always("BatchWriteRow", away);
    let ship = rig.ship(&[IN_TABLE, ("memory_limit", "16MiB")]).await;
    let large = "x".repeat(100_000);
    for _ in 0..100 {
        rig.put(None, &group(vec![log(TIME, &[("no", &large)]); 4]));
    }
    sleep(Duration::from_secs(3)).await;
    let read = ship.totals.counts().bytes_read;
    assert!(read <= 16 << 20, "{read} bytes read of 40 MB");
    sleep(Duration::from_secs(1)).await;
    assert_eq!(ship.totals.counts().bytes_read, read, "reading has paused");
    rig.sandbox.faults().clear();
    rig.until_done().await;
    ship.stop().await;
    assert_eq!(letters(&rig).len(), 400);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn letters_that_are_refused_for_good_hold_up_no_others() {
    let rig = rig().await;
    for operation in ["BatchWriteRow", "UpdateRow"] {
        let refusal = Action::refuse(400, "OTSParameterInvalid", "Not to our taste.");
        let is_bad = |request: &http::Request<bytes::Bytes>| {
            memchr::memmem::find(request.body(), b"stubborn").is_some()
        };
        let fault = Fault::on(operation, refusal).always().when(is_bad);
        rig.sandbox.faults().push(fault);
    }
    // More than are tried at once.
    let logs = ["stubborn"; 250].iter().chain(&["good"; 5]);
    let logs = logs.map(|what| log(TIME, &[("no", what)])).collect();
    let ship = rig.ship(&[IN_TABLE]).await;
    rig.put(None, &group(logs));
    rig.until("the good ones are stored", || letters(&rig).len() == 5)
        .await;
    assert_eq!(rig.group().behind(), 1, "the checkpoint waits");
    rig.sandbox.faults().clear();
    rig.until_done().await;
    ship.stop().await;
    assert_eq!(letters(&rig).len(), 255);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn shutdown_while_letters_wait_leaves_their_logs_to_the_next() {
    let rig = rig().await;
    let table = TableName::new(LETTERS).unwrap();
    let ship = rig.ship(&[IN_TABLE, ("shutdown_grace", "1s")]).await;
    rig.put(None, &group(vec![log(TIME, &[("id", "first")])]));
    rig.until_done().await;
    assert!(rig.sandbox.tablestore().delete_table(&table));
    rig.put(None, &group(mixed("late", 3)));
    rig.until("the rows are there", || rig.rows().len() == 4)
        .await;
    let asked = Instant::now();
    ship.stop().await;
    let took = asked.elapsed();
    assert!(
        (Duration::from_millis(700)..Duration::from_secs(6)).contains(&took),
        "{took:?}"
    );
    assert_eq!(rig.group().behind(), 1, "the checkpoint has not moved");
    create_table(&rig, LETTERS, columns(&KEY));
    let ship = rig.ship(&[IN_TABLE]).await;
    rig.until_done().await;
    ship.stop().await;
    assert_eq!(letters(&rig).len(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mended_transform_cures_and_a_second_replay_finds_nothing() {
    let rig = Rig::new(1, &[("id", Text), ("n", Integer)]).await;
    create_table(&rig, LETTERS, columns(&KEY));
    let ship = rig.ship(&[IN_TABLE]).await;
    let logs = (0..30).map(|n| log(TIME, &[("id", &format!("{n:02}")), ("n", &n.to_string())]));
    rig.put(None, &group(logs.collect()));
    rig.until_done().await;
    ship.stop().await;
    let parked = letters(&rig);
    assert_eq!(parked.len(), 30);
    assert!(parked.values().all(|row| value(row, "code") == "KeyType"));

    let mended = [IN_TABLE, ("transform", r#"{"n":"(->int 10 n)"}"#)];
    let dry = replay(&rig, &mended, &["--dry-run"]).await;
    assert_eq!(dry.code, Some(0), "{}", dry.stderr);
    assert_eq!(summed(&dry, "would be shipped"), 30);
    assert_eq!((rig.rows().len(), letters(&rig)), (0, parked));

    let some = replay(&rig, &mended, &["--limit", "10"]).await;
    assert_eq!(some.code, Some(0), "{}", some.stderr);
    assert_eq!(summed(&some, "shipped"), 10);
    let left = "left              0, and those behind the limit\n";
    assert!(some.stdout.ends_with(left), "{}", some.stdout);
    assert_eq!((rig.rows().len(), letters(&rig).len()), (10, 20));

    for expected in [20, 0] {
        let rest = replay(&rig, &mended, &[]).await;
        assert_eq!(rest.code, Some(0), "{}", rest.stderr);
        assert_eq!(
            (summed(&rest, "shipped"), summed(&rest, "left")),
            (expected, 0)
        );
        assert_eq!((rig.rows().len(), letters(&rig).len()), (30, 0));
    }
    let row = &rig.rows()[&vec![text("07"), Cell::Integer(7)]];
    assert_eq!(row["__time__"], Cell::Integer(TIME.into()));
    assert_eq!(row["__topic__"], text("access"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_still_fails_stays_with_its_new_reason() {
    let rig = rig().await;
    let ship = rig.ship(&[IN_TABLE]).await;
    let logs = [
        log(TIME, &[("no", "a")]),
        log(TIME, &[("no", "b")]),
        log(TIME, &[("other", "c")]),
    ];
    rig.put(None, &group(logs.to_vec()));
    rig.until_done().await;
    ship.stop().await;
    let before = letters(&rig);
    let bad = RowMatch::Key("b".into());
    let refusal = Action::row_errors("OTSOutOfRowSizeLimit", "Too large.", bad);
    rig.sandbox.faults().always("BatchWriteRow", refusal);
    let mended = [IN_TABLE, ("transform", r#"{"id":"no"}"#)];
    let ended = replay(&rig, &mended, &[]).await;
    assert_eq!(ended.code, Some(65), "{}", ended.stderr);
    assert_eq!(
        (summed(&ended, "shipped"), summed(&ended, "still failing")),
        (1, 2)
    );
    assert!(
        ended
            .stdout
            .contains("    OTSOutOfRowSizeLimit  1, the last: Too large.\n"),
        "{}",
        ended.stdout
    );
    assert_eq!(summed(&ended, "left"), 2);
    let after = letters(&rig);
    let codes: Vec<_> = after.values().map(|row| value(row, "code")).collect();
    assert_eq!(codes, ["OTSOutOfRowSizeLimit", "KeyMissing"]);
    for (key, row) in &after {
        let old = &before[key];
        assert_eq!(row["parked_at"], old["parked_at"]);
        assert_eq!(row["log"], old["log"]);
        assert_ne!(row["configuration"], old["configuration"]);
        assert!(row["replayed_at"] >= row["parked_at"]);
    }
    // The service has changed its mind.
    rig.sandbox.faults().clear();
    let ended = replay(&rig, &mended, &[]).await;
    assert_eq!((ended.code, summed(&ended, "shipped")), (Some(65), 1));
    assert_eq!(rig.rows().len(), 2);
    assert!(
        ended
            .stdout
            .contains("1 letter parked or last tried under this very configuration"),
        "{}",
        ended.stdout
    );
}

/// Three logs of one key; of which the second one is parked.
async fn parked_between(rig: &Rig) {
    let ship = rig.ship(&[IN_TABLE]).await;
    let refusal = Action::refuse(400, "OTSParameterInvalid", "It is wrong.");
    for (n, contents) in [
        [("id", "a"), ("both", "1"), ("first", "1")],
        [("id", "a"), ("both", "2"), ("second", "2")],
        [("id", "a"), ("last", "3"), ("second", "3")],
    ]
    .iter()
    .enumerate()
    {
        if n == 1 {
            rig.sandbox
                .faults()
                .next("BatchWriteRow", 1, refusal.clone());
        }
        rig.put(None, &group(vec![log(TIME, contents)]));
        rig.until_done().await;
        sleep(Duration::from_millis(20)).await;
    }
    ship.stop().await;
    assert_eq!(letters(rig).len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replayed_log_takes_its_own_turn_and_not_the_last() {
    let rig = rig().await;
    parked_between(&rig).await;
    let ended = replay(&rig, &[IN_TABLE], &[]).await;
    assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);
    assert!(
        ended
            .stdout
            .contains("of 1 some columns stayed as they are")
    );
    let row = &rig.rows()[&vec![text("a")]];
    let columns = ["first", "both", "second", "last"].map(|name| value(row, name));
    assert_eq!(columns, ["1", "2", "3", "3"]);

    let rig = self::rig().await;
    parked_between(&rig).await;
    let ended = replay(&rig, &[IN_TABLE], &["--overwrite"]).await;
    assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);
    let row = &rig.rows()[&vec![text("a")]];
    let columns = ["first", "both", "second", "last"].map(|name| value(row, name));
    assert_eq!(columns, ["1", "2", "2", "3"]);
}

/// Five logs of one key, of which the second to fourth are parked.
async fn parked_in_a_row(rig: &Rig) {
    let ship = rig.ship(&[IN_TABLE]).await;
    for n in 1..=5 {
        let value = n.to_string();
        let own = format!("c{n}");
        let id = if (2..=4).contains(&n) { "no" } else { "id" };
        let contents = [(id, "a"), ("all", &*value), (&*own, &*value)];
        let mut contents = contents.to_vec();
        if n < 5 {
            contents.push(("most", &*value));
        }
        rig.put(None, &group(vec![log(TIME, &contents)]));
        rig.until_done().await;
        sleep(Duration::from_millis(20)).await;
    }
    ship.stop().await;
    assert_eq!(letters(rig).len(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_letters_of_one_key_end_as_if_one_after_the_other() {
    let mended = [IN_TABLE, ("transform", r#"{"id":"no"}"#)];
    for flags in [&[][..], &["--limit", "1"]] {
        let rig = rig().await;
        parked_in_a_row(&rig).await;
        for _ in 0..3 {
            let ended = replay(&rig, &mended, flags).await;
            assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);
        }
        assert_eq!(letters(&rig).len(), 0);
        let row = &rig.rows()[&vec![text("a")]];
        let columns = ["all", "most", "c1", "c2", "c3", "c4", "c5"];
        let values = columns.map(|name| value(row, name));
        assert_eq!(values, ["5", "4", "1", "2", "3", "4", "5"]);
    }
    // Whoever asks for it gets what the letters say.
    let rig = rig().await;
    parked_in_a_row(&rig).await;
    let ended = replay(&rig, &mended, &["--overwrite"]).await;
    assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);
    let row = &rig.rows()[&vec![text("a")]];
    let values = ["all", "most", "c5"].map(|name| value(row, name));
    assert_eq!(values, ["4", "4", "5"]);
}

/// A replay that is killed while it removes letters, and another one behind it.
async fn interrupted(rig: &Rig, sink: (&str, &str), count: impl Fn() -> usize) {
    let ship = rig.ship(&[sink]).await;
    let logs = (0..1500).map(|n| log(TIME, &[("no", &format!("{n:04}"))]));
    rig.put(None, &group(logs.collect()));
    rig.until_done().await;
    assert_eq!(count(), 1500);
    let mended = [sink, ("transform", r#"{"id":"no"}"#)];
    for signal in ["KILL", "TERM"] {
        let slow = Action::Delay(Duration::from_millis(30));
        rig.sandbox.faults().always("BatchWriteRow", slow);
        let before = rig.rows().len();
        let process = Process::command(rig, &mended, &["replay-dead-letters"]);
        rig.until("some rows are written", || rig.rows().len() > before)
            .await;
        process.signal(signal);
        let (status, stderr) = process.end().await;
        let expected = (signal == "TERM").then_some(143);
        assert_eq!(status.code(), expected, "{stderr}");
        rig.sandbox.faults().clear();
        let rows = rig.rows().len();
        assert!(count() + rows >= 1500, "{} letters, {rows} rows", count());
        // A daemon goes on meanwhile.
        rig.put(None, &group(vec![log(TIME, &[("no", signal)])]));
    }
    rig.until_done().await;
    ship.stop().await;
    let ended = replay(rig, &mended, &[]).await;
    assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);
    assert_eq!(count(), 0);
    assert_eq!(rig.rows().len(), 1502);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_interrupted_replay_loses_nothing() {
    let rig = rig().await;
    interrupted(&rig, IN_TABLE, || letters(&rig).len()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_interrupted_replay_of_a_file_loses_nothing() {
    let rig = rig().await;
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("dead.jsonl");
    let sink = in_file(&path);
    interrupted(&rig, ("dead_letters", &sink), || lines(&path).len()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bytes_that_are_no_text_survive() {
    let rig = rig().await;
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("dead.jsonl");
    let sink = in_file(&path);
    let variables = [("dead_letters", sink.as_str())];
    let ship = rig.ship(&variables).await;
    let mut bad = log(TIME, &[("no", "a")]);
    bad.contents.push(Content::new("raw", &b"a\xff\xfeb"[..]));
    let mut group = group(vec![bad]);
    group.topic = Some(bytes::Bytes::from_static(b"t\xff"));
    rig.put(None, &group);
    rig.until_done().await;
    ship.stop().await;
    let letter = &lines(&path)[0];
    assert_eq!(letter["log"]["contents"][1][1]["base64"], "Yf/+Yg==");
    assert_eq!(letter["log"]["topic"]["base64"], "dP8=");
    let mended = [variables[0], ("transform", r#"{"id":"no"}"#)];
    let ended = replay(&rig, &mended, &[]).await;
    assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);
    let row = &rig.rows()[&vec![text("a")]];
    assert_eq!(value(row, "raw"), "a\u{fffd}\u{fffd}b");
    assert_eq!(value(row, "__topic__"), "t\u{fffd}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_letter_is_a_row_of_its_own_where_the_table_counts() {
    let rig = Rig::new(1, &TARGET_KEY).await;
    create_table(&rig, LETTERS, columns(&KEY));
    let target = TableName::new(TARGET).unwrap();
    assert!(rig.sandbox.tablestore().delete_table(&target));
    let mut key = columns(&[("id", Text), ("n", Integer)]);
    key[1].auto_increment = true;
    create_table(&rig, TARGET, key);
    let ship = rig.ship(&[IN_TABLE]).await;
    rig.put(None, &group(vec![log(TIME, &[("no", "a")]); 5]));
    rig.until_done().await;
    ship.stop().await;
    let mended = [IN_TABLE, ("transform", r#"{"id":"no"}"#)];
    let ended = replay(&rig, &mended, &[]).await;
    assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);
    assert_eq!((rig.rows().len(), letters(&rig).len()), (5, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_over_the_limit_is_kept_and_goes_through_without_the_column() {
    let rig = rig().await;
    let ship = rig.ship(&[IN_TABLE]).await;
    let large = "x".repeat((2 << 20) + 1);
    rig.put(
        None,
        &group(vec![log(TIME, &[("id", "a"), ("large", &large)])]),
    );
    rig.until_done().await;
    ship.stop().await;
    let letters = letters(&rig);
    let letter = letters.values().next().unwrap();
    assert_eq!(value(letter, "code"), "ValueTooLong");
    assert_eq!(letter["log_pieces"], Cell::Integer(3));
    let mended = [IN_TABLE, ("exclusive_columns", r#"["large"]"#)];
    let ended = replay(&rig, &mended, &[]).await;
    assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);
    assert_eq!(rig.rows().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replay_waits_for_a_busy_table_and_tells_of_one_that_is_closed() {
    let rig = rig().await;
    let ship = rig.ship(&[IN_TABLE]).await;
    rig.put(None, &group(vec![log(TIME, &[("no", "a")])]));
    rig.until_done().await;
    ship.stop().await;
    let mended = [IN_TABLE, ("transform", r#"{"id":"no"}"#)];
    let closed = Action::refuse(403, "OTSNoPermissionAccess", "No.");
    rig.sandbox.faults().always("BatchWriteRow", closed);
    let ended = replay(&rig, &mended, &[]).await;
    assert_eq!(ended.code, Some(77), "{}", ended.stderr);
    assert!(
        ended
            .stderr
            .contains("Table Store denies access to table access_rows"),
        "{}",
        ended.stderr
    );
    assert_eq!(letters(&rig).len(), 1);
    rig.sandbox.faults().clear();
    let busy = Action::row_errors("OTSServerBusy", "Busy.", RowMatch::All);
    rig.sandbox.faults().next("BatchWriteRow", 3, busy);
    let busy = Action::refuse(503, "OTSServerBusy", "Busy.");
    rig.sandbox.faults().next("GetRange", 1, busy);
    let ended = replay(&rig, &mended, &[]).await;
    assert_eq!((ended.code, rig.rows().len()), (Some(0), 1));
    assert!(
        ended
            .stderr
            .contains("the table of dead letters is not ready yet: trying again"),
        "{}",
        ended.stderr
    );
}

/// What start-up says of a sink that cannot be used.
async fn refused(rig: &Rig, dead_letters: &str) -> (String, Obstacle) {
    let mut environment = rig.environment();
    environment.insert("dead_letters".to_owned(), dead_letters.to_owned());
    let started = Ship::try_start(Config::from_pairs(environment, "host").unwrap()).await;
    let error = started.err().unwrap();
    (error_chain(&error), error.obstacle())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sink_that_cannot_work_is_told_at_start() {
    let rig = Rig::new(1, &TARGET_KEY).await;
    create_table(&rig, "other", columns(&[("id", Text)]));
    let (text, obstacle) = refused(&rig, r#"{"table":"other"}"#).await;
    assert_eq!(
        text,
        "dead letter table other has the primary key (id STRING), but dead letters need \
         (project_logstore STRING, consumer_group STRING, shard INTEGER, position STRING): \
         create a table with that key, and name it as dead_letters.table"
    );
    assert_eq!(obstacle, Obstacle::Resource);
    let (text, obstacle) = refused(&rig, r#"{"table":"missing"}"#).await;
    assert!(
        text.starts_with("table missing does not exist: check dead_letters.table and"),
        "{text}"
    );
    assert_eq!(obstacle, Obstacle::Resource);
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("no").join("dead.jsonl");
    let (text, obstacle) = refused(&rig, &in_file(&path)).await;
    assert!(
        text.starts_with(
            "dead letters cannot be kept: check dead_letters.file: cannot create files in "
        ),
        "{text}"
    );
    assert_eq!(obstacle, Obstacle::Resource);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replay_without_letters_to_read_says_what_to_set() {
    let rig = Rig::new(1, &TARGET_KEY).await;
    let ended = replay(&rig, &[], &[]).await;
    assert_eq!(ended.code, Some(78));
    assert!(
        ended.stderr.contains("dead_letters is not set"),
        "{}",
        ended.stderr
    );
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("dead.jsonl");
    let ended = replay(&rig, &[("dead_letters", &in_file(&path))], &[]).await;
    assert_eq!(ended.code, Some(78));
    assert!(ended.stderr.contains("cannot open"), "{}", ended.stderr);
}
