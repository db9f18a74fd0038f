//! Scripts, and what becomes of a call under them.

use super::*;

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
        let plan = faults.plan(Service::LogService, operation, &request("/"));
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
        let plan = faults.plan(Service::TableStore, "BatchWriteRow", &request("/"));
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
        let plan = faults.plan(service, "PullLogs", &request(path));
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
    let lie = damaged(Corruption::Header("x-log-bodyrawsize", Some("9".into())));
    assert_eq!(lie.headers()["x-log-bodyrawsize"], "9");
    let none = damaged(Corruption::Header("x-log-bodyrawsize", None));
    assert!(!none.headers().contains_key("x-log-bodyrawsize"));
}
