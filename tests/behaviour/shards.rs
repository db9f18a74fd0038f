//! Shards split, merge, change hands and lose their logs: everything arrives, in order.

use std::time::Duration;

use loghub_shipper::loghub::proto::LogGroup;
use loghub_shipper::sandbox::loghub::ShardState;
use loghub_shipper::sandbox::{Action, Fault};
use loghub_shipper::tablestore::PrimaryKeyType::String as Text;
use loghub_shipper::tablestore::TableName;
use tokio::time::{Instant, sleep};

use crate::rig::{Cell, GROUP, LOGSTORE, PROJECT, Rig, TARGET, group, log, text};

const KEY: [(&str, loghub_shipper::tablestore::PrimaryKeyType); 1] = [("id", Text)];
const TIME: u32 = 1_469_102_565;

/// Logs of `keys`, all with this version.
fn versions(keys: std::ops::Range<u32>, version: &str) -> LogGroup {
    let one = |key| {
        log(
            TIME,
            &[("id", &format!("key-{key:03}")), ("version", version)],
        )
    };
    group(keys.map(one).collect())
}

/// Logs that nobody else has.
fn fresh(batch: &str, count: usize) -> LogGroup {
    let one = |n| log(TIME, &[("id", &format!("{batch}-{n:04}"))]);
    group((0..count).map(one).collect())
}

fn split(rig: &Rig, shard: u32) -> Vec<u32> {
    rig.sandbox
        .loghub()
        .split(PROJECT, LOGSTORE, shard)
        .unwrap()
}

fn merge(rig: &Rig, shard: u32) -> u32 {
    rig.sandbox
        .loghub()
        .merge(PROJECT, LOGSTORE, shard)
        .unwrap()
}

fn trim(rig: &Rig, shard: u32, groups: usize) {
    let trimmed = rig.sandbox.loghub().trim(PROJECT, LOGSTORE, shard, groups);
    assert_eq!(trimmed.unwrap(), groups);
}

fn is_over(rig: &Rig, shard: u32) -> bool {
    let group = rig.group();
    group
        .shards
        .iter()
        .any(|one| one.shard == shard && one.state == ShardState::Over)
}

fn has(rig: &Rig, id: &str) -> bool {
    rig.rows().contains_key(&vec![text(id)])
}

/// The version of every row.
fn assert_versions(rig: &Rig, version: &str) {
    let rows = rig.rows();
    assert_eq!(rows.len(), 50);
    for (key, row) in rows {
        assert_eq!(row["version"], text(version), "{key:?}");
    }
}

/// Rows of the target table that were written, repetitions included.
fn rows_written(rig: &Rig) -> u64 {
    let target = TableName::new(TARGET).unwrap();
    rig.sandbox
        .tablestore()
        .counters(&target)
        .unwrap()
        .rows_written
}

async fn until_held(rig: &Rig, consumer: &str, shards: usize) {
    rig.until("the shards are held", || {
        rig.group().held_by(consumer).len() == shards
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn logs_of_a_split_and_merge_are_written_in_their_order() {
    let rig = Rig::new(1, &KEY).await;
    // Much for the parent, so that its children would overtake it if they could.
    for round in 0..200 {
        rig.put(Some(0), &versions(0..50, &format!("parent-{round}")));
    }
    let children = split(&rig, 0);
    for round in 0..50 {
        let version = format!("child-{round}");
        rig.put(Some(children[0]), &versions(0..25, &version));
        rig.put(Some(children[1]), &versions(25..50, &version));
    }
    let grandchild = merge(&rig, children[0]);
    rig.put(Some(grandchild), &versions(0..50, "grandchild"));
    let ship = rig.ship(&[]).await;
    rig.until_done().await;
    assert!(is_over(&rig, 0) && is_over(&rig, children[0]) && is_over(&rig, children[1]));
    assert_eq!(rig.group().held_by("shipper-1"), [grandchild]);
    ship.stop().await;
    assert_versions(&rig, "grandchild");
    assert_eq!(rig.status_sum("row_count"), 50 * 200 + 50 * 50 + 50);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn shards_are_split_and_merged_while_they_are_read() {
    let rig = Rig::new(1, &KEY).await;
    let ship = rig.ship(&[]).await;
    rig.put(Some(0), &versions(0..50, "1"));
    until_held(&rig, "shipper-1", 1).await;
    rig.put(Some(0), &versions(0..50, "2"));
    let children = split(&rig, 0);
    rig.put(Some(children[0]), &versions(0..25, "3"));
    rig.put(Some(children[1]), &versions(25..50, "3"));
    rig.until("the children are ours", || {
        rig.group().held_by("shipper-1") == children
    })
    .await;
    rig.put(Some(children[0]), &versions(0..25, "4"));
    rig.put(Some(children[1]), &versions(25..50, "4"));
    let grandchild = merge(&rig, children[0]);
    rig.put(Some(grandchild), &versions(0..50, "5"));
    rig.until("the last ones are there", || {
        rig.rows().values().all(|row| row["version"] == text("5"))
    })
    .await;
    rig.until_done().await;
    ship.stop().await;
    assert_versions(&rig, "5");
    assert_eq!(rig.status_sum("row_count"), 250);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_empty_read_only_shard_is_finished() {
    let rig = Rig::new(1, &KEY).await;
    let children = split(&rig, 0);
    rig.put(Some(children[1]), &versions(0..50, "child"));
    let ship = rig.ship(&[]).await;
    rig.until_done().await;
    assert!(is_over(&rig, 0));
    assert_eq!(rig.group().held_by("shipper-1"), children);
    ship.stop().await;
    assert_versions(&rig, "child");
}

/// Leaves a checkpoint whose logs are gone: of 20 log groups the first 10 were shipped, and only
/// the last 5 are still there.
async fn lose_logs(rig: &Rig) {
    let ship = rig.ship(&[]).await;
    for n in 0..10 {
        rig.put(Some(0), &fresh(&format!("seen-{n}"), 1));
    }
    rig.until("the first logs are there", || rig.rows().len() == 10)
        .await;
    ship.stop().await;
    for n in 0..5 {
        rig.put(Some(0), &fresh(&format!("gone-{n}"), 1));
    }
    for n in 0..5 {
        rig.put(Some(0), &fresh(&format!("left-{n}"), 1));
    }
    trim(rig, 0, 15);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_lost_cursor_reading_goes_on_from_the_oldest_log() {
    let rig = Rig::new(1, &KEY).await;
    lose_logs(&rig).await;
    let ship = rig.ship(&[]).await;
    rig.until("what is left is there", || rig.rows().len() == 15)
        .await;
    rig.until_done().await;
    let errors = rig.errors("InvalidCursor");
    assert_eq!(errors.len(), 1, "{errors:?}");
    let Cell::Text(message) = &errors[0]["error_message"] else {
        panic!("{errors:?}")
    };
    assert!(
        message.starts_with("pull_logs shard 0 of ") && message.contains("InvalidCursor"),
        "{message}"
    );
    ship.stop().await;
    assert!(!has(&rig, "gone-0-0000"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_lost_cursor_reading_goes_on_from_new_logs() {
    let rig = Rig::new(1, &KEY).await;
    lose_logs(&rig).await;
    let ship = rig.ship(&[("lost_cursor", "newest")]).await;
    rig.until("the status table tells", || {
        !rig.errors("InvalidCursor").is_empty()
    })
    .await;
    rig.until_done().await;
    rig.put(Some(0), &fresh("new", 5));
    rig.until("new logs are there", || has(&rig, "new-0004"))
        .await;
    ship.stop().await;
    assert_eq!(rig.rows().len(), 15);
    assert!(!has(&rig, "left-0-0000"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_lost_cursor_the_shard_stops_and_others_go_on() {
    let rig = Rig::new(2, &KEY).await;
    lose_logs(&rig).await;
    let ship = rig.ship(&[("lost_cursor", "stop")]).await;
    rig.until("the status table tells", || {
        !rig.errors("InvalidCursor").is_empty()
    })
    .await;
    rig.put(Some(0), &fresh("new", 5));
    rig.put(Some(1), &fresh("other", 5));
    rig.until("the other shard goes on", || has(&rig, "other-0004"))
        .await;
    sleep(Duration::from_millis(500)).await;
    let behind: Vec<_> = rig.group().shards.iter().map(|one| one.behind).collect();
    ship.stop().await;
    assert!(behind[0] > 0, "nobody decided for us: {behind:?}");
    assert_eq!(rig.rows().len(), 15);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn shards_change_hands_without_loss_and_without_repetition() {
    let rig = Rig::new(4, &KEY).await;
    let first = rig.ship(&[]).await;
    until_held(&rig, "shipper-1", 4).await;
    let mut put = 0;
    let mut some = async |rounds: u32| {
        for _ in 0..rounds {
            rig.put(None, &fresh(&format!("batch-{put}"), 20));
            put += 1;
            sleep(Duration::from_millis(10)).await;
        }
    };
    some(40).await;
    let second = rig.ship(&[("consumer_name", "shipper-2")]).await;
    some(60).await;
    until_held(&rig, "shipper-2", 2).await;
    until_held(&rig, "shipper-1", 2).await;
    some(40).await;
    first.stop().await;
    some(20).await;
    // There is no call to leave a group: the rest is inherited after its timeout.
    until_held(&rig, "shipper-2", 4).await;
    some(20).await;
    rig.until_done().await;
    second.stop().await;
    assert_eq!(rig.rows().len(), 180 * 20);
    assert_eq!(rows_written(&rig), 180 * 20, "each row was written once");
    assert_eq!(rig.status_sum("row_count"), 180 * 20);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_heartbeats_the_shards_are_given_up_and_taken_up_again() {
    let rig = Rig::new(2, &KEY).await;
    let timeout = [("group_timeout", "1s")];
    let ship = rig.ship(&timeout).await;
    until_held(&rig, "shipper-1", 2).await;
    rig.put(Some(0), &fresh("before", 10));
    rig.until_done().await;
    rig.sandbox.faults().always(
        "HeartBeat",
        Action::refuse(500, "InternalServerError", "Something broke."),
    );
    rig.until("the group forgets us", || rig.group().consumers.is_empty())
        .await;
    // What was under way ends; then nobody reads shards that may be others' by now.
    sleep(Duration::from_millis(500)).await;
    let pulls = rig.sandbox.calls("PullLogs");
    rig.put(Some(0), &fresh("meanwhile", 10));
    sleep(Duration::from_millis(500)).await;
    assert_eq!(rig.sandbox.calls("PullLogs"), pulls);
    rig.sandbox.faults().clear();
    rig.until("we are back", || has(&rig, "meanwhile-0009"))
        .await;
    rig.until_done().await;
    until_held(&rig, "shipper-1", 2).await;
    ship.stop().await;
    assert_eq!(rig.rows().len(), 20);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_consumer_that_the_group_forgot_joins_again() {
    let rig = Rig::new(2, &KEY).await;
    let ship = rig.ship(&[]).await;
    until_held(&rig, "shipper-1", 2).await;
    let forget = || {
        rig.sandbox
            .loghub()
            .drop_consumer(PROJECT, LOGSTORE, GROUP, "shipper-1")
            .unwrap();
    };
    forget();
    rig.put(None, &fresh("first", 10));
    rig.put(None, &fresh("second", 10));
    until_held(&rig, "shipper-1", 2).await;
    rig.until_done().await;
    assert!(
        rig.sandbox
            .calls_with("HeartBeat", "NotExistConsumerWithBody")
            > 0
    );
    ship.stop().await;
    assert_eq!(rig.rows().len(), 20);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_checkpoint_ends_the_work_on_its_shard() {
    let rig = Rig::new(1, &KEY).await;
    let ship = rig.ship(&[]).await;
    rig.put(Some(0), &fresh("before", 10));
    rig.until_done().await;
    assert_eq!(rig.sandbox.calls("GetCheckPoint"), 1);
    // Nothing else is read before the refusal is seen.
    rig.sandbox.faults().push(Fault::on(
        "UpdateCheckPoint",
        Action::refuse(400, "ConsumerNotMatch", "consumer not match"),
    ));
    rig.put(Some(0), &fresh("after", 10));
    rig.until("the shard is taken up anew, from its checkpoint", || {
        rig.sandbox.calls("GetCheckPoint") == 2
    })
    .await;
    rig.until_done().await;
    ship.stop().await;
    assert_eq!(rig.rows().len(), 20);
    assert_eq!(rows_written(&rig), 30, "the second ten were written twice");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_shipper_takes_up_its_shards_at_once_under_its_name() {
    let rig = Rig::new(4, &KEY).await;
    let patient = [("group_timeout", "60s")];
    let ship = rig.ship(&patient).await;
    until_held(&rig, "shipper-1", 4).await;
    for n in 0..20 {
        rig.put(None, &fresh(&format!("before-{n}"), 10));
    }
    rig.until("some are there", || !rig.rows().is_empty()).await;
    ship.kill().await;
    for n in 0..20 {
        rig.put(None, &fresh(&format!("after-{n}"), 10));
    }
    let back = Instant::now();
    let ship = rig.ship(&patient).await;
    rig.until("all are there", || rig.rows().len() == 400).await;
    assert!(back.elapsed() < Duration::from_secs(5), "{back:?}");
    rig.until_done().await;
    ship.stop().await;
}

/// The `loghub` variable of a group that begins at the end.
fn from_the_end(rig: &Rig) -> String {
    let mut loghub: serde_json::Value = serde_json::from_str(&rig.environment()["loghub"]).unwrap();
    loghub["start"] = "end".into();
    loghub.to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_group_that_begins_at_the_end_reads_later_shards_from_their_first_log() {
    let rig = Rig::new(2, &KEY).await;
    let loghub = from_the_end(&rig);
    rig.put(None, &fresh("past", 10));
    let ship = rig.ship(&[("loghub", &loghub)]).await;
    rig.put(Some(0), &fresh("first", 10));
    rig.put(Some(1), &fresh("second", 10));
    rig.until_done().await;
    ship.stop().await;

    // Nobody is there to see the children come.
    for (number, child) in split(&rig, 0).into_iter().enumerate() {
        rig.put(Some(child), &fresh(&format!("child-{number}"), 10));
    }
    let ship = rig.ship(&[("loghub", &loghub)]).await;
    rig.until("the children are read", || rig.rows().len() >= 40)
        .await;
    rig.until_done().await;
    ship.stop().await;
    assert_eq!(rig.rows().len(), 40);
    assert!(!has(&rig, "past-0000"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_group_that_begins_at_the_end_passes_over_what_was_there_before_it() {
    let rig = Rig::new(1, &KEY).await;
    rig.put(Some(0), &fresh("parent", 10));
    let children = split(&rig, 0);
    rig.put(Some(children[0]), &fresh("child", 10));
    let ship = rig.ship(&[("loghub", &from_the_end(&rig))]).await;
    until_held(&rig, "shipper-1", 2).await;
    rig.put(Some(children[0]), &fresh("new", 10));
    rig.until("what is new is read", || !rig.rows().is_empty())
        .await;
    rig.until_done().await;
    ship.stop().await;
    assert_eq!(rig.rows().len(), 10);
    assert!(has(&rig, "new-0000"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shard_is_handed_over_though_its_checkpoint_may_not_be_saved() {
    let rig = Rig::new(2, &KEY).await;
    let first = rig.ship(&[("shutdown_grace", "2s")]).await;
    until_held(&rig, "shipper-1", 2).await;
    rig.until_done().await;
    let refusal = Action::refuse(403, "Unauthorized", "no permission to save checkpoints");
    rig.sandbox.faults().always("UpdateCheckPoint", refusal);
    rig.put(Some(0), &fresh("zero", 10));
    rig.put(Some(1), &fresh("one", 10));
    rig.until("it is in the status table", || {
        !rig.errors("Unauthorized").is_empty()
    })
    .await;
    let second = rig.ship(&[("consumer_name", "shipper-2")]).await;
    until_held(&rig, "shipper-2", 1).await;
    rig.sandbox.faults().clear();
    rig.until_done().await;
    first.stop().await;
    second.stop().await;
    assert_eq!(rig.rows().len(), 20);
}
