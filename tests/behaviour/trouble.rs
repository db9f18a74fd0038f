//! Odd answers, hanging services, shards that end: nothing is lost, counted twice, or waited for
//! for ever.

use std::collections::BTreeSet;
use std::time::Duration;

use loghub_shipper::loghub::proto::LogGroup;
use loghub_shipper::sandbox::{Action, TableSpec};
use loghub_shipper::tablestore::PrimaryKeyType::{Integer, String as Text};
use loghub_shipper::tablestore::{PrimaryKeyType, TableName};
use tokio::time::Instant;

use crate::rig::{
    Cell, GROUP, LOGSTORE, PROJECT, Rig, Ship, TARGET, columns, group, log, text, was_logged,
};

const ID: [(&str, loghub_shipper::tablestore::PrimaryKeyType); 1] = [("id", Text)];

/// A log group with logs of these ids.
fn ids(ids: std::ops::Range<u32>) -> LogGroup {
    let logs = ids.map(|id| log(id, &[("id", &id.to_string()), ("v", "x")]));
    group(logs.collect())
}

/// Waits until something is so, but not for long.
async fn soon(rig: &Rig, what: &str, is_so: impl Fn() -> bool) {
    let in_time = tokio::time::timeout(Duration::from_secs(15), rig.until(what, is_so)).await;
    assert!(in_time.is_ok(), "waited in vain until {what}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn children_of_a_shard_that_was_read_to_its_end_before_the_split_are_read() {
    let rig = Rig::new(1, &ID).await;
    rig.put(None, &ids(0..1));
    let ship = rig.ship(&[]).await;
    rig.until_done().await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let children = rig.sandbox.loghub().split(PROJECT, LOGSTORE, 0).unwrap();
    for child in children {
        rig.put(Some(child), &ids(child..child + 1));
    }
    soon(&rig, "the children are read", || rig.rows().len() == 3).await;
    ship.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pull_that_does_not_say_where_to_go_on_is_an_error_and_nothing_is_counted_twice() {
    let rig = Rig::new(1, &ID).await;
    rig.put(None, &ids(0..10));
    let nowhere = Action::wrong_header("x-log-cursor", "");
    rig.sandbox.faults().next("PullLogs", 3, nowhere);
    let ship = rig.ship(&[]).await;
    rig.until_done().await;
    assert_eq!(ship.totals.counts().logs_read, 10);
    ship.stop().await;
    assert_eq!(rig.status_sum("row_count"), 10);
    assert!(
        rig.status()
            .iter()
            .any(|row| row.get("error_code") == Some(&text("StuckCursor")))
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_status_row_whose_answer_is_lost_is_not_counted_twice() {
    let rig = Rig::new(1, &ID).await;
    rig.put(None, &ids(0..10));
    rig.sandbox.faults().next("PutRow", 2, Action::CutAfter);
    let ship = rig.ship(&[("status_interval", "1s")]).await;
    soon(&rig, "status rows were tried", || {
        rig.sandbox.calls("PutRow") > 2
    })
    .await;
    ship.stop().await;
    assert_eq!(rig.status_sum("row_count"), 10);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_status_table_that_hangs_does_not_hold_up_shutdown() {
    let rig = Rig::new(1, &ID).await;
    rig.put(None, &ids(0..10));
    let hang = Action::Delay(Duration::from_mins(1));
    rig.sandbox.faults().always("PutRow", hang);
    let ship = rig.ship(&[("status_interval", "1s")]).await;
    rig.until_done().await;
    soon(&rig, "a status row is under way", || {
        rig.sandbox.calls("PutRow") > 0
    })
    .await;
    let start = Instant::now();
    ship.stop().await;
    let took = start.elapsed();
    assert!(took < Duration::from_secs(6), "{took:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_target_table_that_hangs_holds_up_shutdown_for_the_grace_period_alone() {
    let rig = Rig::new(1, &ID).await;
    let hang = Action::Delay(Duration::from_mins(1));
    rig.sandbox.faults().always("BatchWriteRow", hang.clone());
    rig.sandbox.faults().always("PutRow", hang);
    rig.put(None, &ids(0..10));
    let ship = rig
        .ship(&[("shutdown_grace", "2s"), ("status_interval", "1s")])
        .await;
    soon(&rig, "a batch is under way", || {
        rig.sandbox.calls("BatchWriteRow") > 0
    })
    .await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let start = Instant::now();
    ship.stop().await;
    let took = start.elapsed();
    assert!(took < Duration::from_secs(7), "{took:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_read_of_a_shard_that_is_gone_is_written() {
    let rig = Rig::new(1, &ID).await;
    for start in (0..2_000).step_by(10) {
        rig.put(None, &ids(start..start + 10));
    }
    let slow = Action::Delay(Duration::from_millis(300));
    rig.sandbox.faults().always("BatchWriteRow", slow);
    let gone = Action::refuse(404, "ShardNotExist", "shard 0 does not exist");
    let fault = loghub_shipper::sandbox::Fault::on("PullLogs", gone);
    rig.sandbox.faults().push(fault.after(2).always());
    let ship = rig.ship(&[("max_batches_in_flight", "1")]).await;
    soon(&rig, "two pulls are read", || {
        ship.totals.counts().logs_read >= 1_000
    })
    .await;
    let heartbeats = rig.sandbox.calls("HeartBeat");
    tokio::time::sleep(Duration::from_secs(5)).await;
    let heartbeats = rig.sandbox.calls("HeartBeat") - heartbeats;
    let read = usize::try_from(ship.totals.counts().logs_read).unwrap();
    ship.stop().await;
    assert_eq!(rig.rows().len(), read);
    assert!(heartbeats < 60, "{heartbeats} heartbeats in 5 s");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_position_after_lost_logs_is_saved_even_if_nothing_follows() {
    let rig = Rig::new(1, &ID).await;
    rig.put(None, &ids(0..10));
    let ship = rig.ship(&[("lost_cursor", "newest")]).await;
    rig.until_done().await;
    // While nothing can be read, logs come and expire.
    let gone = Action::refuse(400, "InvalidCursor", "Invalid cursor");
    let away = Action::refuse(503, "ServerBusy", "busy");
    rig.sandbox.faults().next("PullLogs", 3, away);
    soon(&rig, "pulls fail", || {
        rig.sandbox.calls_with("PullLogs", "ServerBusy") > 0
    })
    .await;
    rig.put(None, &ids(10..20));
    rig.sandbox.faults().next("PullLogs", 1, gone);
    rig.until("the cursor is lost", || {
        rig.sandbox.calls_with("PullLogs", "InvalidCursor") > 0
    })
    .await;
    soon(&rig, "the new position is saved", || {
        let group = rig.sandbox.loghub().group(PROJECT, LOGSTORE, GROUP);
        group.unwrap().behind() == 0
    })
    .await;
    ship.stop().await;
    assert_eq!(rig.rows().len(), 10);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn heartbeats_keep_up_with_a_group_of_short_timeout() {
    let rig = Rig::new(1, &ID).await;
    let loghub = rig.sandbox.loghub();
    loghub
        .create_group(PROJECT, LOGSTORE, GROUP, Duration::from_secs(1), true)
        .unwrap();
    let ship = rig
        .ship(&[("heartbeat_interval", "2s"), ("group_timeout", "10s")])
        .await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    ship.stop().await;
    let forgotten = rig
        .sandbox
        .calls_with("HeartBeat", "NotExistConsumerWithBody");
    assert_eq!(forgotten, 0);
}

/// Drops the target table, if it is there, and creates it with this key.
fn create_anew(rig: &Rig, key: &[(&str, PrimaryKeyType)]) {
    let (tables, target) = (rig.sandbox.tablestore(), TableName::new(TARGET).unwrap());
    tables.delete_table(&target);
    let spec = TableSpec::new(target, columns(key));
    tables.create_table(spec).unwrap();
}

/// A shipper whose target table was created anew with another key while it ran, with ten logs
/// that came since; waits until this was noticed, and a while longer.
async fn with_another_key(
    rig: &Rig,
    key: &[(&str, PrimaryKeyType)],
    variables: &[(&str, &str)],
) -> Ship {
    rig.put(None, &ids(0..10));
    let ship = rig.ship(variables).await;
    rig.until_done().await;
    create_anew(rig, key);
    rig.put(None, &ids(10..20));
    soon(rig, "the status table tells of the other key", || {
        !rig.errors("OTSInvalidPK").is_empty()
    })
    .await;
    rig.put(None, &ids(20..30));
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(rig.group().behind() > 0, "the checkpoint passed what waits");
    assert_eq!(ship.totals.counts().decided(), 10);
    let told = rig.errors("OTSInvalidPK");
    assert!(
        told.iter().any(|row| {
            matches!(&row["error_message"], Cell::Text(text) if text.contains("restart the shippers"))
        }),
        "{told:?}"
    );
    assert!(was_logged(&[
        "ERROR",
        "cannot write",
        "OTSInvalidPK",
        "restart the shippers"
    ]));
    ship
}

/// What the logs leave that came after the table was created anew.
fn later_ids() -> BTreeSet<Cell> {
    (10..30).map(|id: u32| text(&id.to_string())).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_table_that_got_another_key_is_waited_for() {
    for other in [&[("id", Integer)][..], &[("id", Text), ("v", Text)][..]] {
        let rig = Rig::new(1, &ID).await;
        let ship = with_another_key(&rig, other, &[]).await;
        assert!(rig.rows().is_empty());
        create_anew(&rig, &ID);
        rig.until_done().await;
        assert_eq!(ship.totals.counts().logs_written, 30);
        ship.stop().await;
        let rows: BTreeSet<_> = rig.rows().into_keys().flatten().collect();
        assert_eq!(rows, later_ids());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_takes_up_the_tables_new_key() {
    let rig = Rig::new(1, &ID).await;
    let ship = with_another_key(
        &rig,
        &[("id", Text), ("v", Text)],
        &[("shutdown_grace", "1s")],
    )
    .await;
    ship.stop().await;
    assert!(rig.group().behind() > 0);
    let ship = rig.ship(&[]).await;
    rig.until_done().await;
    ship.stop().await;
    let keys: BTreeSet<_> = rig.rows().into_keys().collect();
    let expected = later_ids().into_iter().map(|id| vec![id, text("x")]);
    assert_eq!(keys, expected.collect());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn four_shards_have_one_refused_request_for_each_name() {
    let rig = Rig::with(4, &ID, |settings| settings.strict_names = true).await;
    for shard in 0..4 {
        for id in 0..50 {
            let id = format!("{shard}-{id}");
            let logs = vec![log(
                1,
                &[("id", &id), ("user-agent", "x"), ("x-real-ip", "y")],
            )];
            rig.put(Some(shard), &group(logs));
        }
    }
    let ship = rig.ship(&[]).await;
    rig.until_done().await;
    ship.stop().await;
    assert_eq!(rig.rows().len(), 200);
    let refused = rig
        .sandbox
        .calls_with("BatchWriteRow", "OTSParameterInvalid");
    assert_eq!(refused, 2);
}
