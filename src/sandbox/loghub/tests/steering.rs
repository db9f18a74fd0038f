//! Scripted faults, counts, and the ways in past HTTP.

use super::*;

#[tokio::test(start_paused = true)]
async fn scripted_faults_befall_calls_and_all_calls_are_counted() {
    let sandbox = sandbox();
    let faults = sandbox.faults();
    faults.next(
        "PutLogs",
        1,
        Action::refuse(503, "ServerBusy", "server is busy"),
    );
    faults.next("PutLogs", 1, Action::CutBefore);
    faults.next("PutLogs", 1, Action::CutAfter);
    let put = || Call::put("/logstores/logs/shards/lb", &group("x"), None).sign();
    let stored = || sandbox.loghub().logs("pro", "logs").unwrap().len();

    assert_eq!(outcome(&answer(&sandbox, &put())), "503 ServerBusy");
    let reply = sandbox.respond(Service::LogService, &put());
    assert_eq!((reply.cut, stored()), (Cut::BeforeAnswer, 0));
    let reply = sandbox.respond(Service::LogService, &put());
    assert_eq!((reply.cut, stored()), (Cut::BeforeAnswer, 1));
    assert_eq!(outcome(&answer(&sandbox, &put())), "200");
    assert_eq!((stored(), faults.pending()), (2, 0));

    assert_eq!(sandbox.calls("PutLogs"), 4);
    assert_eq!(sandbox.calls_with("PutLogs", "ServerBusy"), 1);
    let calls = sandbox.recent_calls();
    let told: Vec<_> = calls.iter().map(|call| (call.status, call.rows)).collect();
    assert_eq!(told, [(503, 0), (0, 0), (200, 1), (200, 1)]);
}

#[tokio::test(start_paused = true)]
async fn steering_is_refused_in_the_services_words() {
    let sandbox = sandbox();
    let steer = sandbox.loghub();
    let code = |error: crate::sandbox::Error| error.to_string();
    let again = steer.create_project("pro").unwrap_err();
    assert!(code(again).starts_with("ProjectAlreadyExist: "));
    let missing = steer.logs("pro", "nope").unwrap_err();
    assert!(code(missing).starts_with("LogStoreNotExist: "));
}
