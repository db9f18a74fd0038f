//! Letters against the sandbox's tables, on virtual time.

use std::time::{Duration, SystemTime};

use super::*;
use crate::deadletters::letter::tests::letter;
use crate::deadletters::log::Body;
use crate::deadletters::{Desk, Destination, Found, Order, Reason, Sink};
use crate::loghub::proto::Content;
use crate::sandbox::{Action, Fault, InMemory, RowMatch, Sandbox, Service, Settings, TableSpec};
use crate::tablestore::{ErrorCode, InstanceName, PrimaryKeyColumn};
use crate::transport::{AccessKey, Clock, Secret};

const POLICY: Policy = Policy {
    first: Duration::from_millis(10),
    longest: Duration::from_millis(100),
    total: Some(Duration::from_secs(5)),
};

/// A sandbox with a table of letters, and a sink that stores there.
fn rig() -> (Sandbox, Sink) {
    let key = AccessKey {
        id: "id".to_owned(),
        secret: Secret::new("secret"),
        token: None,
    };
    let clock = Clock::starting_at(SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000));
    let sandbox = Sandbox::new(Settings::new(key.clone(), clock.clone()));
    let columns = KEY.map(|(name, kind)| PrimaryKeyColumn {
        name: name.to_owned(),
        kind,
        auto_increment: false,
    });
    let table = TableName::new("letters").unwrap();
    let spec = TableSpec::new(table.clone(), columns.to_vec());
    sandbox.tablestore().create_table(spec).unwrap();
    let settings = crate::tablestore::Settings {
        endpoint: "http://127.0.0.1:80".parse().unwrap(),
        instance: InstanceName::new("demo").unwrap(),
        region: None,
        request_timeout: Duration::from_secs(10),
    };
    let way = InMemory::new(sandbox.clone(), Service::TableStore);
    let client = Arc::new(Client::new(settings, key, Arc::new(way), clock));
    let sink = Sink::new(Destination::Table(table), &client);
    (sandbox, sink)
}

fn origin() -> Origin {
    let key = letter(0, "a").key;
    Origin {
        project_logstore: key.project_logstore,
        consumer_group: key.consumer_group,
    }
}

async fn desk(sink: &Sink) -> Desk {
    let order = Order::OldestFirst;
    sink.open(origin(), order, POLICY).await.unwrap()
}

/// Everything at a desk.
async fn read(desk: &mut Desk) -> Vec<Found> {
    let mut all = Vec::new();
    while let Some(found) = desk.next(3).await.unwrap() {
        all.extend(found);
    }
    all
}

fn found(letters: &[Letter]) -> Vec<Found> {
    let letters = letters.iter().cloned();
    letters
        .map(|letter| Found::Letter(Box::new(letter)))
        .collect()
}

#[tokio::test(start_paused = true)]
async fn letters_come_back_in_order_and_those_of_others_stay() {
    let (_sandbox, sink) = rig();
    let letters: Vec<_> = (0..450).map(|place| letter(place, "a")).collect();
    let mut mixed = letters.clone();
    mixed.reverse();
    let mut foreign = letter(7, "b");
    foreign.key.consumer_group = "shippers2".to_owned();
    mixed.push(foreign);
    for _ in 0..2 {
        // Stored twice, each is there once.
        let stored = sink.store(mixed.clone()).await;
        assert!(stored.failed.is_empty() && stored.error.is_none());
    }
    assert_eq!(read(&mut desk(&sink).await).await, found(&letters));
    let order = Order::NewestFirst;
    let mut back = sink.open(origin(), order, POLICY).await.unwrap();
    let back = read(&mut back).await;
    assert!(back.into_iter().rev().eq(found(&letters)));
}

#[tokio::test(start_paused = true)]
async fn changes_remove_and_amend_what_is_still_there() {
    let (sandbox, sink) = rig();
    let letters = [letter(1, "a"), letter(2, "b"), letter(3, "c")];
    sink.store(letters.to_vec()).await;
    let reason = Reason {
        code: "OTSParameterInvalid".to_owned(),
        message: "It is wrong.".to_owned(),
        configuration: "fedcba9876543210".to_owned(),
        replayed_at_millis: Some(1_700_000_999_000),
    };
    let mut desk = desk(&sink).await;
    let gone = vec![letters[0].key.clone(), letter(9, "z").key];
    let kept = [letters[1].key.clone(), letter(8, "y").key].map(|key| (key, reason.clone()));
    desk.change(gone, kept.to_vec()).await.unwrap();
    let mut amended = letters[1].clone();
    amended.reason = reason;
    assert_eq!(read(&mut desk).await, found(&[amended, letters[2].clone()]));
    assert_eq!(sandbox.calls("DeleteRow"), 2);
}

#[tokio::test(start_paused = true)]
async fn a_letter_that_is_refused_holds_up_no_other() {
    let (sandbox, sink) = rig();
    let letters = [letter(1, "a"), letter(2, "b"), letter(3, "c")];
    let faults = sandbox.faults();
    let busy = RowMatch::Places(vec![1]);
    faults.next(
        "BatchWriteRow",
        1,
        Action::row_errors("OTSServerBusy", "Busy.", busy),
    );
    let stored = sink.store(letters.to_vec()).await;
    assert_eq!(stored.failed, [1]);
    assert!(!stored.error.unwrap().needs_operator());
    // The same where the whole request is refused for one.
    let spoilt = Action::refuse(400, "OTSParameterInvalid", "Something is wrong.");
    faults.next("BatchWriteRow", 1, spoilt.clone());
    let has_b = |request: &http::Request<bytes::Bytes>| {
        memchr::memmem::find(request.body(), b"000000-b").is_some()
    };
    faults.push(Fault::on("UpdateRow", spoilt).always().when(has_b));
    let stored = sink.store(letters.to_vec()).await;
    assert_eq!(stored.failed, [1]);
    let error = stored.error.unwrap();
    assert!(
        matches!(&error, SinkError::Row(error) if error.code == ErrorCode::ParameterInvalid),
        "{error}"
    );
    let kept = found(&[letters[0].clone(), letters[2].clone()]);
    assert_eq!(read(&mut desk(&sink).await).await, kept);
}

#[tokio::test(start_paused = true)]
async fn what_is_known_of_letters_does_not_wait_for_a_slow_table() {
    let (sandbox, sink) = rig();
    let letters: Vec<_> = (0..100).map(|place| letter(place, "a")).collect();
    let faults = sandbox.faults();
    let spoilt = Action::refuse(400, "OTSParameterInvalid", "Something is wrong.");
    faults.next("BatchWriteRow", 1, spoilt.clone());
    let slow = Action::Delay(Duration::from_millis(900));
    faults.push(Fault::on("UpdateRow", slow).always());
    let first = |request: &http::Request<bytes::Bytes>| {
        let name = letter(0, "a").key.position;
        memchr::memmem::find(request.body(), name.as_bytes()).is_some()
    };
    faults.push(Fault::on("UpdateRow", spoilt).always().when(first));
    let start = tokio::time::Instant::now();
    let stored = sink.store(letters.clone()).await;
    assert!(start.elapsed() < Duration::from_secs(3));
    assert_eq!(stored.failed, [0]);
    assert!(stored.error.is_some());
    let done = stored.left[0];
    assert!((2..10).contains(&done), "{done} of 100 in two seconds");
    assert!(stored.left.iter().copied().eq(done..100));
    let kept = found(&letters[1..done]);
    assert_eq!(read(&mut desk(&sink).await).await, kept);
}

#[tokio::test(start_paused = true)]
async fn a_letter_that_no_request_takes_is_not_stored() {
    let (_sandbox, sink) = rig();
    let mut letters = [letter(1, "a"), letter(2, "b"), letter(3, "c")];
    letters[1].place.cursor = "x".repeat(5 << 20);
    let stored = sink.store(letters.to_vec()).await;
    assert_eq!(stored.failed, [1]);
    assert!(stored.error.unwrap().needs_operator());
    let kept = found(&[letters[0].clone(), letters[2].clone()]);
    assert_eq!(read(&mut desk(&sink).await).await, kept);
}

#[tokio::test(start_paused = true)]
async fn a_table_that_is_away_stores_nothing_and_says_so() {
    let (sandbox, sink) = rig();
    let away = Action::refuse(403, "OTSNoPermissionAccess", "No.");
    sandbox.faults().next("BatchWriteRow", 1, away);
    let stored = sink.store(vec![letter(1, "a"), letter(2, "b")]).await;
    assert_eq!(stored.failed, [0, 1]);
    assert!(stored.error.unwrap().needs_operator());
}

#[tokio::test(start_paused = true)]
async fn a_log_of_ten_megabytes_is_kept_whole_and_half_of_it_is_no_letter() {
    let (sandbox, sink) = rig();
    let mut large = letter(2, "b");
    if let Body::Log(log) = &mut large.log.body {
        log.contents.push(Content::new("big", "x".repeat(10 << 20)));
    }
    let letters = [letter(1, "a"), large, letter(3, "c")];
    let cut = Fault::on("UpdateRow", Action::CutBefore).after(2);
    sandbox.faults().push(cut);
    let stored = sink.store(letters.to_vec()).await;
    assert_eq!(stored.failed, [1]);
    let mut half = desk(&sink).await;
    let all = read(&mut half).await;
    assert!(
        matches!(&all[1], Found::Unreadable { fault, .. } if fault.contains("not finished")),
        "{:?}",
        all[1]
    );
    let stored = sink.store(letters.to_vec()).await;
    assert!(stored.failed.is_empty(), "{:?}", stored.error);
    assert_eq!(read(&mut desk(&sink).await).await, found(&letters));
}
