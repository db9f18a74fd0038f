//! Scripts, and what becomes of a call under them.

use std::time::Duration;

use super::*;
use crate::sandbox::Cut;

const RAW_SIZE: http::HeaderName = http::HeaderName::from_static("x-log-bodyrawsize");

const NOW: SystemTime = SystemTime::UNIX_EPOCH;

fn request(path: &str) -> http::Request<Bytes> {
    http::Request::get(path).body(Bytes::new()).unwrap()
}

fn status(plan: &Plan) -> Option<u16> {
    plan.refusal().map(|refusal| refusal.status)
}

#[test]
fn script_is_used_up_in_order() {
    let faults = Faults::default();
    faults.next("PullLogs", 2, Action::refuse(503, "ServerBusy", "busy"));
    faults.next(
        "PullLogs",
        1,
        Action::refuse(403, "ReadQuotaExceed", "slow"),
    );
    faults.push(Fault::on("HeartBeat", Action::CutBefore).after(1));
    let next = |operation| {
        let plan = faults.plan(Service::LogService, operation, &request("/"), NOW);
        (status(&plan), plan.is_cut_before())
    };
    assert_eq!(next("PullLogs"), (Some(503), false));
    assert_eq!(next("HeartBeat"), (None, false));
    assert_eq!(next("PullLogs"), (Some(503), false));
    assert_eq!(next("PullLogs"), (Some(403), false));
    assert_eq!(next("PullLogs"), (None, false));
    assert_eq!(next("HeartBeat"), (None, true));
    assert_eq!(faults.pending(), 0);
}

#[test]
fn standing_faults_add_to_the_script() {
    let faults = Faults::default();
    faults.always(
        "BatchWriteRow",
        Action::row_errors(
            "OTSParameterInvalid",
            "bad",
            RowMatch::Prefix("bad".to_owned()),
        ),
    );
    faults.next("BatchWriteRow", 1, Action::Delay(Duration::from_secs(2)));
    let plan = |()| {
        let plan = faults.plan(Service::TableStore, "BatchWriteRow", &request("/"), NOW);
        let reply = plan.finish(http::Response::new(Bytes::new()));
        (plan.row_error(0, b"bad1").is_some(), reply.delay)
    };
    assert_eq!(plan(()), (true, Duration::from_secs(2)));
    assert_eq!(plan(()), (true, Duration::ZERO));
    faults.clear();
    assert_eq!(plan(()), (false, Duration::ZERO));
}

#[test]
fn a_fault_can_be_limited_to_some_requests_of_one_service() {
    let faults = Faults::default();
    faults.push(
        Fault::on_any(Service::LogService, Action::CutAfter)
            .when(|request| request.uri().path().ends_with("/shards/1")),
    );
    let cut = |service, path: &str| {
        let plan = faults.plan(service, "PullLogs", &request(path), NOW);
        plan.finish(http::Response::new(Bytes::new())).cut
    };
    assert_eq!(cut(Service::LogService, "/shards/0"), Cut::None);
    assert_eq!(cut(Service::TableStore, "/shards/1"), Cut::None);
    assert_eq!(cut(Service::LogService, "/shards/1"), Cut::BeforeAnswer);
    assert_eq!(cut(Service::LogService, "/shards/1"), Cut::None);
}

#[test]
fn rows_are_chosen_by_key_or_place() {
    assert!(RowMatch::All.fits(3, b""));
    assert!(RowMatch::Key("a".into()).fits(0, b"a"));
    assert!(!RowMatch::Key("a".into()).fits(0, b"ab"));
    assert!(RowMatch::Prefix("a".into()).fits(0, b"ab"));
    assert!(RowMatch::Places(vec![3, 7]).fits(7, b"x"));
    assert!(!RowMatch::Places(vec![3, 7]).fits(0, b"x"));
}

#[test]
fn answers_are_damaged_as_told() {
    let damaged = |corruption| {
        let mut plan = Plan::default();
        plan.add(&Action::Corrupt(corruption));
        let response = http::Response::builder()
            .header("x-log-bodyrawsize", "4")
            .body(Bytes::from_static(b"body"))
            .unwrap();
        plan.finish(response).response
    };
    assert_eq!(damaged(Corruption::Truncate(1)).body().as_ref(), b"b");
    assert_eq!(damaged(Corruption::Garbage).body().as_ref(), [0xff; 4]);
    let lie = damaged(Corruption::Header(RAW_SIZE, Some("9".parse().unwrap())));
    assert_eq!(lie.headers()["x-log-bodyrawsize"], "9");
    let none = damaged(Corruption::Header(RAW_SIZE, None));
    assert!(!none.headers().contains_key("x-log-bodyrawsize"));
}

/// Which of `calls` calls, numbered from 1, are refused.
fn struck(faults: &Faults, calls: u64) -> Vec<u64> {
    let is_struck = |_: &u64| {
        let plan = faults.plan(Service::LogService, "PullLogs", &request("/"), NOW);
        plan.refusal().is_some()
    };
    (1..=calls).filter(is_struck).collect()
}

#[test]
fn every_entry_counts_for_itself() {
    let faults = Faults::default();
    let busy = || Action::refuse(503, "ServerBusy", "busy");
    faults.push(Fault::on("PullLogs", busy()).after(3));
    faults.push(Fault::on("PullLogs", busy()).after(1).every(4).times(2));
    assert_eq!(struck(&faults, 12), [4, 5, 9]);
    let report = faults.report(NOW);
    let counts: Vec<_> = report
        .iter()
        .map(|r| (r.seen, r.struck, r.is_over))
        .collect();
    assert_eq!(counts, [(4, 1, true), (9, 2, true)]);
}

#[test]
fn of_two_limited_entries_that_are_due_the_second_waits() {
    let faults = Faults::default();
    faults
        .load("next 2 PullLogs: busy\nafter 1 PullLogs: refuse 403 ReadQuotaExceed")
        .unwrap();
    assert_eq!(struck(&faults, 5), [1, 2, 3]);
}

#[test]
fn a_lasting_entry_ends_by_the_clock() {
    let faults = Faults::default();
    faults.load("after 1 PullLogs: busy for 30 s").unwrap();
    let at = |seconds| {
        let now = NOW + Duration::from_secs(seconds);
        let plan = faults.plan(Service::LogService, "PullLogs", &request("/"), now);
        plan.refusal().is_some()
    };
    assert_eq!(
        [0, 100, 129, 130, 131].map(at),
        [false, true, true, false, false]
    );
    assert!(faults.report(NOW)[0].is_over);
    assert_eq!((faults.pending(), faults.clear()), (0, 0));
}

#[test]
fn a_url_is_told_by_host_path_and_query() {
    let faults = Faults::default();
    faults
        .load("always PullLogs at \"pro.x/logstores/a/shards/1?\": busy")
        .unwrap();
    let fits = |host: &str, path: &str| {
        let request = http::Request::get(path)
            .header("host", host)
            .body(Bytes::new())
            .unwrap();
        let plan = faults.plan(Service::LogService, "PullLogs", &request, NOW);
        plan.refusal().is_some()
    };
    assert!(fits("pro.x", "/logstores/a/shards/1?type=log"));
    assert!(!fits("pro.x", "/logstores/a/shards/11?type=log"));
    assert!(!fits("other.x", "/logstores/a/shards/1?type=log"));
}

#[test]
fn a_bad_script_adds_nothing() {
    let faults = Faults::default();
    let refused = faults.load("PullLogs: busy\nPullLogs: bsy").unwrap_err();
    assert_eq!((refused.lines.len(), faults.pending()), (1, 0));
}

#[test]
fn of_entries_that_are_over_the_latest_are_kept() {
    let faults = Faults::default();
    for _ in 0..PAST + 5 {
        faults.push(Fault::on("PutLogs", Action::CutBefore).times(0));
    }
    faults.push(Fault::on("PullLogs", Action::CutBefore));
    assert_eq!((faults.report(NOW).len(), faults.pending()), (PAST + 1, 1));
}
