//! Scripted faults, counts, and the ways in past HTTP.

use std::sync::{Arc, Mutex};

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
async fn who_watches_sees_calls_as_they_were_applied() {
    let sandbox = sandbox();
    sandbox.faults().next("PutLogs", 1, Action::CutBefore);
    sandbox.faults().next("PutLogs", 1, Action::CutAfter);
    let seen = Arc::new(Mutex::new(Vec::new()));
    let eyes = Arc::clone(&seen);
    assert!(sandbox.watch(move |exchange| {
        let status = exchange.response.status().as_u16();
        let bytes = exchange.request.body().len();
        let seen = (exchange.operation.to_owned(), status, bytes > 0);
        eyes.lock().unwrap().push(seen);
    }));
    assert!(!sandbox.watch(|_| ()), "one watches already");
    for _ in 0..2 {
        let put = Call::put("/logstores/logs/shards/lb", &group("x"), None).sign();
        sandbox.respond(Service::LogService, &put);
    }
    // What was cut before it was applied never happened; the answer to the other was lost later.
    let seen = seen.lock().unwrap().clone();
    assert_eq!(seen, [("PutLogs".to_owned(), 200, true)]);
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
