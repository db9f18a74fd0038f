//! Pulls that are damaged on their way, and logs of every odd shape.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use loghub_shipper::loghub::compression::{Compression, compress};
use loghub_shipper::loghub::proto::{Content, Log, LogGroup, LogGroupList, LogTag};
use loghub_shipper::sandbox::{Action, Corruption};
use loghub_shipper::tablestore::PrimaryKeyType::{self, Binary, Integer, String as Text};
use prost::Message as _;
use tokio::time::Instant;

use crate::rig::{Cell, LOGSTORE, PROJECT, Rig, Rows, group, log, text, was_logged};

const KEY: [(&str, PrimaryKeyType); 1] = [("id", Text)];
const TIME: u32 = 1_469_102_565;
const NO_RESERVED: (&str, &str) = (
    "exclusive_columns",
    r#"["__time__","__topic__","__source__"]"#,
);
const MIB: usize = 1 << 20;

/// A log whose keys and values are any bytes.
fn raw_log(contents: &[(&[u8], &[u8])]) -> Log {
    let content = |(key, value): &(&[u8], &[u8])| Content {
        key: Bytes::copy_from_slice(key),
        value: Bytes::copy_from_slice(value),
    };
    Log {
        time: TIME,
        contents: contents.iter().map(content).collect(),
        time_ns: None,
    }
}

fn tag(key: impl Into<Bytes>, value: impl Into<Bytes>) -> LogTag {
    LogTag {
        key: key.into(),
        value: value.into(),
    }
}

/// What a shipper left behind of some log groups.
struct Outcome {
    rows: Rows,
    written: i64,
    skipped: i64,
    /// The samples of skipped logs.
    samples: Vec<String>,
    rig: Rig,
}

/// Ships log groups into a table with this key.
async fn ship(
    key: &[(&str, PrimaryKeyType)],
    variables: &[(&str, &str)],
    groups: &[LogGroup],
) -> Outcome {
    let rig = Rig::new(1, key).await;
    for group in groups {
        rig.put(None, group);
    }
    let ship = rig.ship(variables).await;
    rig.until_done().await;
    assert_eq!(ship.totals.counts().refused, 0);
    ship.stop().await;
    let samples = rig.status().into_iter();
    let samples = samples.filter_map(|row| match row.get("skip_sample") {
        Some(Cell::Text(sample)) => Some(sample.clone()),
        _ => None,
    });
    Outcome {
        rows: rig.rows(),
        written: rig.status_sum("row_count"),
        skipped: rig.status_sum("skip_count"),
        samples: samples.collect(),
        rig,
    }
}

/// The same, for logs with a `__topic__` and so on that are not written.
async fn ship_logs(variables: &[(&str, &str)], logs: Vec<Log>) -> Outcome {
    let variables: Vec<_> = variables.iter().copied().chain([NO_RESERVED]).collect();
    ship(&KEY, &variables, &[group(logs)]).await
}

fn columns<const N: usize>(columns: [(&str, Cell); N]) -> BTreeMap<String, Cell> {
    columns.map(|(name, value)| (name.to_owned(), value)).into()
}

fn row<'a>(rows: &'a Rows, id: &str) -> &'a BTreeMap<String, Cell> {
    &rows[&vec![text(id)]]
}

/// Answers to a pull that no client can use, with what is said of each.
fn damages() -> Vec<(Action, &'static str)> {
    let header = Action::wrong_header;
    let cut = LogGroupList {
        groups: vec![group(vec![log(TIME, &[("id", "never")])])],
    };
    let mut cut = cut.encode_to_vec();
    cut.truncate(cut.len() - 7);
    let body = Corruption::Body(compress(Compression::Lz4, &cut).into());
    let cut = Action::All(vec![
        Action::Corrupt(body),
        header("x-log-bodyrawsize", &cut.len().to_string()),
    ]);
    let raw_size = "x-log-bodyrawsize";
    vec![
        (header(raw_size, "7"), "not an lz4 block of 7 bytes"),
        (
            header(raw_size, "4000"),
            "a raw size of 4000 bytes is claimed, but the body holds",
        ),
        (
            header(raw_size, "60000000"),
            "a raw size of 60000000 bytes is claimed, but the body holds",
        ),
        (
            header(raw_size, "99999999999"),
            "99999999999 bytes is claimed, more than the",
        ),
        (
            header(raw_size, "-1"),
            "the header x-log-bodyrawsize is no number in range: -1",
        ),
        (
            Action::missing_header(raw_size),
            "the header x-log-bodyrawsize is missing",
        ),
        (
            Action::missing_header("x-log-cursor"),
            "the header x-log-cursor is missing",
        ),
        (
            Action::missing_header("x-log-count"),
            "the header x-log-count is missing",
        ),
        (header("x-log-compresstype", "snappy"), "snappy"),
        (Action::Corrupt(Corruption::Truncate(20)), "lz4"),
        (Action::Corrupt(Corruption::Truncate(0)), "an empty body"),
        (Action::Corrupt(Corruption::Garbage), "lz4"),
        (cut, "malformed protobuf at byte"),
        (Action::CutBody, "broke before the answer was complete"),
        (Action::CutAfter, "broke before the answer was complete"),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_pull_is_read_again_and_never_skipped() {
    for (damage, said) in damages() {
        let rig = Rig::new(1, &KEY).await;
        let one = |n| log(TIME, &[("id", &format!("row-{n}")), ("value", "v")]);
        rig.put(None, &group((0..100).map(one).collect()));
        rig.sandbox.faults().next("PullLogs", 3, damage.clone());
        let ship = rig.ship(&[]).await;
        rig.until_done().await;
        ship.stop().await;
        assert_eq!(rig.rows().len(), 100, "{damage:?}");
        assert_eq!(rig.status_sum("row_count"), 100);
        assert_eq!(rig.status_sum("skip_count"), 0);
        let status = rig.status();
        let messages: Vec<_> = status
            .iter()
            .filter_map(|row| row.get("error_message"))
            .collect();
        let tells = |message: &&Cell| matches!(message, Cell::Text(text) if text.contains(said));
        assert!(
            !messages.is_empty() && messages.iter().all(tells),
            "{damage:?} should tell {said:?}: {messages:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_without_contents_is_skipped_or_a_row_of_its_reserved_fields() {
    let empty = || vec![log(TIME, &[]), log(TIME, &[("id", "a")])];
    let outcome = ship_logs(&[], empty()).await;
    assert_eq!((outcome.written, outcome.skipped), (1, 1));
    let sample = r#"{"__time__":1469102565,"__topic__":"access","__source__":"10.0.2.15"}"#;
    assert_eq!(outcome.samples, [sample]);
    assert!(was_logged(&[
        "log skipped",
        r#"primary key column \"id\" is missing"#
    ]));
    assert!(was_logged(&["the skipped log", sample]));

    let key = [("__source__", Text), ("__time__", Integer)];
    let outcome = ship(&key, &[], &[group(vec![log(TIME, &[])])]).await;
    let key = vec![text("10.0.2.15"), Cell::Integer(TIME.into())];
    assert_eq!(outcome.rows[&key], columns([("__topic__", text("access"))]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bytes_that_are_no_log_are_skipped_alone() {
    let mut stored = group(vec![log(TIME, &[("id", "a")])]).encode_to_vec();
    // A log of two bytes, which begin a number and do not end it.
    stored.extend_from_slice(&[0x0a, 0x02, 0xff, 0xff]);
    let rig = Rig::new(1, &KEY).await;
    let stored = Bytes::from(stored);
    let loghub = rig.sandbox.loghub();
    loghub.put_encoded(PROJECT, LOGSTORE, None, stored).unwrap();
    rig.put(None, &group(vec![log(TIME, &[("id", "b")])]));
    let ship = rig.ship(&[]).await;
    rig.until_done().await;
    ship.stop().await;
    assert_eq!(rig.rows().len(), 2);
    assert_eq!(rig.status_sum("skip_count"), 1);
    assert!(was_logged(&["log skipped", "malformed protobuf at byte"]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_group_of_5_mb() {
    let large = "x".repeat(100_000);
    let one = |n| log(TIME, &[("id", &format!("{n}")), ("value", &large)]);
    let large_group = group((0..50).map(one).collect());
    assert!(large_group.encoded_len() > 5_000_000);
    let many = |n| log(TIME, &[("id", &format!("many-{n}"))]);
    let many = group((0..20_000).map(many).collect());
    let groups = [large_group.clone(), many, large_group];
    let started = Instant::now();
    let outcome = ship(&KEY, &[NO_RESERVED], &groups).await;
    assert!(started.elapsed() < Duration::from_secs(30));
    assert_eq!(outcome.written, 20_100);
    assert_eq!(outcome.rows.len(), 20_050);
    assert_eq!(row(&outcome.rows, "49")["value"], text(&large));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_fields_in_one_log() {
    let names: Vec<_> = (0..10_000).map(|n| format!("field_{n}")).collect();
    let wide = |id: &str, value: &str| {
        let fields = names.iter().map(|name| (name.as_str(), value));
        let contents: Vec<_> = [("id", id)].into_iter().chain(fields).collect();
        log(TIME, &contents)
    };
    let logs = vec![
        wide("a", "1"),
        log(TIME, &[("id", "b"), ("field_1", "3")]),
        wide("a", "2"),
        log(TIME, &[("id", "a"), ("field_9999", "4")]),
    ];
    let outcome = ship_logs(&[], logs).await;
    assert_eq!((outcome.written, outcome.rows.len()), (4, 2));
    let wide = row(&outcome.rows, "a");
    assert_eq!(wide.len(), 10_000);
    assert_eq!(wide["field_0"], text("2"));
    assert_eq!(wide["field_9998"], text("2"));
    assert_eq!(wide["field_9999"], text("4"));
    assert_eq!(row(&outcome.rows, "b").len(), 1);
    let calls = outcome.rig.sandbox.recent_calls();
    let writes = calls
        .iter()
        .filter(|call| call.operation == "BatchWriteRow");
    assert!(writes.clone().count() >= 10);
    assert!(writes.clone().all(|call| call.code.is_empty()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn values_of_every_length_up_to_the_limit() {
    let value = |len: usize| "v".repeat(len);
    let lengths = [0, 1024, 2 * MIB, 2 * MIB + 1];
    let one = |len: &usize| {
        let value = value(*len);
        log(
            TIME,
            &[("id", &format!("{len}")), ("value", &value), ("n", "1")],
        )
    };
    let outcome = ship_logs(&[], lengths.iter().map(one).collect()).await;
    assert_eq!((outcome.written, outcome.skipped), (3, 1));
    for len in [0, 1024, 2 * MIB] {
        let expected = columns([("n", text("1")), ("value", text(&value(len)))]);
        assert_eq!(*row(&outcome.rows, &len.to_string()), expected);
    }
    assert!(outcome.samples[0].contains(r#""id":"2097153""#));
    assert!(outcome.samples[0].len() <= MIB);
    assert!(was_logged(&[
        "log skipped",
        r#"column \"value\" has a value of 2097153 bytes, over the limit of 2097152"#
    ]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_values_of_2_mib_in_one_log_and_in_logs_of_one_key() {
    let (large, other) = ("a".repeat(2 * MIB), "b".repeat(2 * MIB));
    let logs = vec![
        log(
            TIME,
            &[("id", "one"), ("a", &large), ("b", &other), ("c", &large)],
        ),
        log(TIME, &[("id", "two"), ("a", &large)]),
        log(TIME, &[("id", "two"), ("b", &other)]),
        log(TIME, &[("id", "two"), ("a", &other), ("c", &large)]),
    ];
    let outcome = ship_logs(&[], logs).await;
    assert_eq!((outcome.written, outcome.skipped), (4, 0));
    let one = columns([
        ("a", text(&large)),
        ("b", text(&other)),
        ("c", text(&large)),
    ]);
    let two = columns([
        ("a", text(&other)),
        ("b", text(&other)),
        ("c", text(&large)),
    ]);
    assert!(*row(&outcome.rows, "one") == one && *row(&outcome.rows, "two") == two);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_of_every_length() {
    let names = [
        "",
        &"k".repeat(255),
        &"k".repeat(1024),
        &"k".repeat(2 * MIB),
    ];
    let contents = names.iter().map(|name| (*name, "v"));
    let contents: Vec<_> = [("id", "a")].into_iter().chain(contents).collect();
    let outcome = ship_logs(&[], vec![log(TIME, &contents)]).await;
    assert_eq!((outcome.written, outcome.skipped), (1, 0));
    let row = row(&outcome.rows, "a");
    assert_eq!(row.len(), 4, "{:?}", row.keys());
    assert!(row.contains_key("_") && row.contains_key(&"k".repeat(255)));
    let cut = |name: &str| {
        format!(
            "{}_{:08x}",
            "k".repeat(246),
            crc32fast::hash(name.as_bytes())
        )
    };
    assert!(row.contains_key(&cut(names[2])) && row.contains_key(&cut(names[3])));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn text_that_is_not_utf8_is_replaced() {
    let mut logs = group(vec![
        raw_log(&[
            (b"id", b"a\xff"),
            (b"value", b"\xf0\x9f\x98"),
            (b"k\xfe", b"v"),
        ]),
        raw_log(&[(b"id", b"good"), (b"value", "ä\u{1f600}".as_bytes())]),
    ]);
    logs.topic = Some(Bytes::from_static(b"t\xff"));
    logs.tags = vec![tag(&b"h\xff"[..], &b"\xffx"[..])];
    let variables = [("exclusive_columns", r#"["__time__","__source__"]"#)];
    let outcome = ship(&KEY, &variables, &[logs]).await;
    assert_eq!((outcome.written, outcome.skipped), (2, 0));
    let replaced = row(&outcome.rows, "a\u{fffd}");
    assert_eq!(replaced["value"], text("\u{fffd}"));
    assert_eq!(replaced["__topic__"], text("t\u{fffd}"));
    assert_eq!(replaced["k___"], text("v"));
    assert_eq!(replaced["__tag___h___"], text("\u{fffd}x"));
    assert_eq!(row(&outcome.rows, "good")["value"], text("ä\u{1f600}"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nul_bytes_are_kept_in_values_and_repaired_in_names() {
    let logs = vec![log(
        TIME,
        &[("id", "a\0b"), ("value", "\0"), ("n\0", "1\0")],
    )];
    let outcome = ship_logs(&[], logs).await;
    let expected = columns([("n_", text("1\0")), ("value", text("\0"))]);
    assert_eq!(*row(&outcome.rows, "a\0b"), expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_key_that_occurs_twice_the_last_one_wins() {
    let contents = [("id", "a"), ("value", "1"), ("id", "b"), ("value", "2")];
    let outcome = ship_logs(&[], vec![log(TIME, &contents)]).await;
    assert_eq!(outcome.rows.len(), 1);
    assert_eq!(*row(&outcome.rows, "b"), columns([("value", text("2"))]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_content_wins_over_the_reserved_field_of_its_name() {
    let mut logs = group(vec![
        log(
            TIME,
            &[("id", "a"), ("__topic__", "mine"), ("__time__", "soon")],
        ),
        log(TIME, &[("id", "b"), ("__tag__:__hostname__", "mine")]),
    ]);
    logs.tags = vec![
        tag("__hostname__", "first"),
        tag("__hostname__", "last"),
        tag("__path__", "/var/log"),
    ];
    let variables = [
        ("exclusive_columns", r#"["__source__","__tag__:__path__"]"#),
        (
            "transform",
            r#"{"host":"__tag__:__hostname__","path":"__tag__:__path__"}"#,
        ),
    ];
    let outcome = ship(&KEY, &variables, &[logs]).await;
    let expected = columns([
        ("__tag_____hostname__", text("last")),
        ("__time__", text("soon")),
        ("__topic__", text("mine")),
        ("host", text("last")),
        ("path", text("/var/log")),
    ]);
    assert_eq!(*row(&outcome.rows, "a"), expected);
    let expected = columns([
        ("__tag_____hostname__", text("mine")),
        ("__time__", Cell::Integer(TIME.into())),
        ("__topic__", text("access")),
        ("host", text("mine")),
        ("path", text("/var/log")),
    ]);
    assert_eq!(*row(&outcome.rows, "b"), expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_primary_key_many_times_in_one_batch() {
    let one = |n: u32| {
        let (id, value, own) = (format!("{}", n % 3), n.to_string(), format!("c{}", n % 50));
        log(TIME + n, &[("id", &id), ("value", &value), (&own, &value)])
    };
    let outcome = ship_logs(&[], (0..3000).map(one).collect()).await;
    assert_eq!((outcome.written, outcome.rows.len()), (3000, 3));
    let mut expected = Rows::new();
    for n in 0..3000 {
        let row = expected
            .entry(vec![text(&(n % 3).to_string())])
            .or_default();
        row.insert("value".to_owned(), text(&n.to_string()));
        row.insert(format!("c{}", n % 50), text(&n.to_string()));
    }
    assert_eq!(outcome.rows, expected);
    let calls = outcome.rig.sandbox.calls("BatchWriteRow");
    assert!(calls < 100, "{calls} requests for three rows");
    let latest = outcome.rig.status();
    let latest = latest.iter().map(|row| row["__time__"].clone()).max();
    assert_eq!(latest, Some(Cell::Integer(i64::from(TIME) + 2999)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_integer_that_does_not_fit_is_missing() {
    let numbers = [
        "9223372036854775807",
        "-9223372036854775808",
        "9223372036854775808",
        "99999999999999999999999999",
    ];
    let logs = || numbers.map(|n| log(TIME, &[("id", n), ("n", n)])).to_vec();
    let transform = ("transform", r#"{"n":"(->int 10 n)"}"#);
    let outcome = ship_logs(&[transform], logs()).await;
    assert_eq!((outcome.written, outcome.skipped), (4, 0));
    let rows = &outcome.rows;
    assert_eq!(row(rows, numbers[0])["n"], Cell::Integer(i64::MAX));
    assert_eq!(row(rows, numbers[1])["n"], Cell::Integer(i64::MIN));
    // The raw field of that name does not step in, and the row has nothing else.
    assert!(row(rows, numbers[2]).is_empty());
    assert!(row(rows, numbers[3]).is_empty());

    let key = [("n", Integer)];
    let outcome = ship(&key, &[transform, NO_RESERVED], &[group(logs())]).await;
    assert_eq!((outcome.written, outcome.skipped), (2, 2));
    let keys: Vec<_> = outcome.rows.keys().cloned().collect();
    let expected = [i64::MIN, i64::MAX].map(|n| vec![Cell::Integer(n)]);
    assert_eq!(keys, expected);
    assert!(outcome.samples[0].contains("9223372036854775808"));
    let reason = "9223372036854775808 is not 10-based int";
    assert!(was_logged(&["transform failed", "(->int 10 n)", reason]));
    assert!(was_logged(&["log skipped", reason]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_of_1024_bytes_is_written_and_a_longer_one_is_skipped() {
    let (longest, longer) = ("k".repeat(1024), "k".repeat(1025));
    let one = |id: &str| log(TIME, &[("id", id), ("value", "v")]);
    let outcome = ship_logs(&[], vec![one(&longer), one(&longest), one("")]).await;
    assert_eq!((outcome.written, outcome.skipped), (2, 1));
    let keys: Vec<_> = outcome.rows.keys().cloned().collect();
    assert_eq!(keys, [vec![text("")], vec![text(&longest)]]);
    assert!(outcome.samples[0].contains(&longer));
    let binary = [("id", Binary)];
    let logs = group(vec![one(&longer), one(&longest)]);
    let outcome = ship(&binary, &[], &[logs]).await;
    assert_eq!((outcome.written, outcome.skipped), (1, 1));
    assert!(was_logged(&[
        "log skipped",
        r#"primary key column \"id\" has 1025 bytes, over the limit of 1024"#
    ]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_of_every_type() {
    let logs = || group(vec![log(TIME, &[("id", "a\0b"), ("value", "v")])]);
    let key = [("id", Binary), ("__time__", Integer)];
    let outcome = ship(&key, &[NO_RESERVED], &[logs()]).await;
    let bytes = Cell::Other(r#"Binary(b"a\0b")"#.to_owned());
    let expected = vec![bytes, Cell::Integer(TIME.into())];
    assert_eq!(outcome.rows[&expected], columns([("value", text("v"))]));

    let key = [("__time__", Text), ("id", Text)];
    let outcome = ship(&key, &[NO_RESERVED], &[logs()]).await;
    let expected = vec![text("1469102565"), text("a\0b")];
    assert_eq!(outcome.rows[&expected], columns([("value", text("v"))]));

    // A text is never silently parsed into a number.
    let key = [("id", Integer)];
    let logs = group(vec![log(TIME, &[("id", "12")])]);
    let outcome = ship(&key, &[], &[logs]).await;
    assert_eq!((outcome.written, outcome.skipped), (0, 1));
    assert!(was_logged(&[
        "log skipped",
        r#"primary key column \"id\" wants INTEGER, the log has STRING"#
    ]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_with_nothing_but_its_key_is_a_row_and_harms_none() {
    let logs = vec![
        log(TIME, &[("id", "a")]),
        log(TIME, &[("id", "b"), ("value", "v")]),
    ];
    let rig = Rig::new(1, &KEY).await;
    rig.put(None, &group(logs));
    let ship = rig.ship(&[NO_RESERVED]).await;
    rig.until_done().await;
    let again = ["a", "b", "c"].map(|id| log(TIME, &[("id", id)]));
    rig.put(None, &group(again.to_vec()));
    rig.until_done().await;
    ship.stop().await;
    let expected: Rows = [
        (vec![text("a")], columns([])),
        (vec![text("b")], columns([("value", text("v"))])),
        (vec![text("c")], columns([])),
    ]
    .into();
    assert_eq!(rig.rows(), expected);
    assert_eq!(rig.status_sum("row_count"), 5);
    assert!(rig.errors("OTSConditionCheckFail").is_empty());
}
