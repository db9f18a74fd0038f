//! What is wrong at start is said in one line that names what to mend; what goes wrong later is
//! waited out.

use std::net::TcpListener;
use std::time::Duration;

use loghub_shipper::config::Config;
use loghub_shipper::loghub::proto::LogGroup;
use loghub_shipper::sandbox::{Action, TableSpec};
use loghub_shipper::shipper::{Obstacle, StartError};
use loghub_shipper::tablestore::PrimaryKeyType::{Integer, String as Text};
use loghub_shipper::tablestore::TableName;
use loghub_shipper::transport::{Clock, error_chain};
use serde_json::Value;
use tokio::time::{Instant, sleep};

use crate::rig::{Rig, STATUS, Ship, columns, group, log};

const KEY: [(&str, loghub_shipper::tablestore::PrimaryKeyType); 1] = [("id", Text)];

/// One key of a JSON variable set to another value.
type Change<'a> = (&'a str, &'a str, &'a str);

/// Starts a shipper with these changes; what it says, its request ids made equal, and what kind of
/// obstacle it is.
async fn refused(rig: &Rig, changes: &[Change<'_>]) -> (String, Obstacle) {
    let error = start(rig, changes).await.err().unwrap();
    let text = error_chain(&error);
    assert!(!text.contains("test-secret"), "{text}");
    assert!(!text.contains('\n'), "{text}");
    let text = match text.split_once("request id ") {
        Some((before, rest)) => {
            let (_, after) = rest.split_once(')').unwrap();
            format!("{before}request id ID){after}")
        }
        None => text,
    };
    (text, error.obstacle())
}

async fn start(rig: &Rig, changes: &[Change<'_>]) -> Result<Ship, StartError> {
    let mut environment = rig.environment();
    environment.extend([
        ("startup_timeout".to_owned(), "1s".to_owned()),
        ("request_timeout".to_owned(), "1s".to_owned()),
    ]);
    for (variable, key, value) in changes {
        let text = environment.entry((*variable).to_owned()).or_default();
        if key.is_empty() {
            (*value).clone_into(text);
            continue;
        }
        let mut json: Value = serde_json::from_str(text).unwrap();
        json[*key] = (*value).into();
        *text = json.to_string();
    }
    Ship::try_start(Config::from_pairs(environment, "host").unwrap()).await
}

/// An address where nobody listens.
fn closed() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}

fn logs(batch: &str) -> LogGroup {
    let one = |n| log(1_469_102_565, &[("id", &format!("{batch}-{n}"))]);
    group((0..10).map(one).collect())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_endpoint_where_nobody_listens() {
    let rig = Rig::new(1, &KEY).await;
    let peer = closed();
    let url = format!("http://{peer}");
    let (text, obstacle) = refused(&rig, &[("tablestore", "endpoint", &url)]).await;
    let expected = format!(
        "Table Store cannot be reached: check tablestore.endpoint and the network: \
         describe_table of table access_rows: cannot connect to {peer}: "
    );
    assert!(text.starts_with(&expected), "{text}");
    assert_eq!(obstacle, Obstacle::Unavailable);
    let (text, obstacle) = refused(&rig, &[("loghub", "endpoint", &url)]).await;
    let expected = format!(
        "Log Service cannot be reached: check loghub.endpoint and the network: \
         list_shards of demo-project/access-log: cannot connect to {peer}: "
    );
    assert!(text.starts_with(&expected), "{text}");
    assert_eq!(obstacle, Obstacle::Unavailable);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_endpoint_that_does_not_answer() {
    let rig = Rig::new(1, &KEY).await;
    // Connections are taken by the system, and nobody ever reads from them.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let peer = silent.local_addr().unwrap();
    let url = format!("http://{peer}");
    let started = Instant::now();
    for (variable, expected) in [
        (
            "tablestore",
            "Table Store cannot be reached: check tablestore.endpoint and the network: \
             describe_table of table access_rows: no answer from",
        ),
        (
            "loghub",
            "Log Service cannot be reached: check loghub.endpoint and the network: \
             list_shards of demo-project/access-log: no answer from",
        ),
    ] {
        let (text, obstacle) = refused(&rig, &[(variable, "endpoint", &url)]).await;
        assert_eq!(text, format!("{expected} {peer} within 1s"));
        assert_eq!(obstacle, Obstacle::Unavailable);
    }
    assert!(started.elapsed() < Duration::from_secs(8));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_that_comes_up_late_is_waited_for() {
    let rig = Rig::new(1, &KEY).await;
    let faults = rig.sandbox.faults();
    let away = Action::refuse(503, "OTSServerUnavailable", "Server is not available.");
    faults.next("DescribeTable", 2, away);
    faults.next("ListShards", 2, Action::CutBefore);
    start(&rig, &[]).await.unwrap().stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_key() {
    let rig = Rig::new(1, &KEY).await;
    for (variable, said) in [
        ("access_key_secret", "Signature mismatch."),
        ("access_key_id", "The AccessKeyID does not exist."),
    ] {
        let (text, obstacle) = refused(&rig, &[(variable, "", "another")]).await;
        let expected = format!(
            "Table Store refuses the credentials: check access_key_id, access_key_secret and \
             security_token: describe_table of table access_rows: OTSAuthFailed: {said} \
             (status 403, request id ID)"
        );
        assert_eq!(text, expected);
        assert_eq!(obstacle, Obstacle::Permission);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_is_20_minutes_off() {
    let later = Clock::system().now() + Duration::from_mins(20);
    let rig = Rig::with(1, &KEY, |settings| {
        settings.clock = Clock::starting_at(later);
    })
    .await;
    let (text, obstacle) = refused(&rig, &[]).await;
    let expected = "the clock of this machine is more than 15 minutes off: set it right: \
                    describe_table of table access_rows: OTSAuthFailed: Mismatch between system \
                    time and x-ots-date: ";
    assert!(text.starts_with(expected), "{text}");
    assert_eq!(obstacle, Obstacle::Permission);
}

/// What Log Service says where Table Store had nothing to object to.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn log_service_refuses_the_key_the_clock_or_the_access() {
    let rig = Rig::new(1, &KEY).await;
    let called = "list_shards of demo-project/access-log";
    for (status, code, hint) in [
        (
            401,
            "SignatureNotMatch",
            "Log Service refuses the signature: check access_key_secret",
        ),
        (
            401,
            "InvalidAccessKeyId",
            "Log Service does not know the access key: check access_key_id, and security_token \
             if the key is a temporary one",
        ),
        (
            401,
            "Unauthorized",
            "Log Service denies access: give the access key's user the permissions that the \
             README lists",
        ),
        (
            400,
            "RequestTimeExpired",
            "the clock of this machine is more than 15 minutes off: set it right",
        ),
    ] {
        let refusal = Action::refuse(status, code, "no");
        rig.sandbox.faults().next("ListShards", 1, refusal);
        let (text, obstacle) = refused(&rig, &[]).await;
        let expected = format!("{hint}: {called}: {code}: no (status {status}, request id ID)");
        assert_eq!(text, expected);
        assert_eq!(obstacle, Obstacle::Permission);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_permission_for_a_table() {
    let rig = Rig::new(1, &KEY).await;
    let refusal = Action::refuse(403, "OTSNoPermissionAccess", "You have no permission.");
    rig.sandbox.faults().next("DescribeTable", 1, refusal);
    let (text, obstacle) = refused(&rig, &[]).await;
    let expected = "Table Store denies access to table access_rows: give the access key's user \
                    the permissions that the README lists: describe_table of table \
                    access_rows: OTSNoPermissionAccess: You have no permission. (status 403, \
                    request id ID)";
    assert_eq!(text, expected);
    assert_eq!(obstacle, Obstacle::Permission);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_missing_project_logstore_or_table() {
    let rig = Rig::new(1, &KEY).await;
    let hint = |table: &str, key: &str| {
        format!(
            "table {table} does not exist: check tablestore.{key} and tablestore.instance, or \
             create the table: describe_table of table missing: OTSObjectNotExist: Requested \
             table does not exist. (status 404, request id ID)"
        )
    };
    for (variable, key, expected) in [
        (
            "loghub",
            "project",
            "the project does not exist: check loghub.endpoint (its first label names the \
             project) or loghub.project: list_shards of missing/access-log: ProjectNotExist: The \
             Project does not exist : missing (status 404, request id ID)"
                .to_owned(),
        ),
        (
            "loghub",
            "logstore",
            "the logstore does not exist: check loghub.logstore, or create it: list_shards of \
             demo-project/missing: LogStoreNotExist: logstore missing does not exist (status 404, \
             request id ID)"
                .to_owned(),
        ),
        (
            "tablestore",
            "target_table",
            hint("missing", "target_table"),
        ),
        (
            "tablestore",
            "status_table",
            hint("missing", "status_table"),
        ),
    ] {
        let (text, obstacle) = refused(&rig, &[(variable, key, "missing")]).await;
        assert_eq!(text, expected);
        assert_eq!(obstacle, Obstacle::Resource);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_status_table_with_another_primary_key() {
    let rig = Rig::new(1, &KEY).await;
    let store = rig.sandbox.tablestore();
    let status = TableName::new(STATUS).unwrap();
    assert!(store.delete_table(&status));
    let key = columns(&[("project_logstore", Text), ("shard", Text), ("at", Integer)]);
    store.create_table(TableSpec::new(status, key)).unwrap();
    let (text, obstacle) = refused(&rig, &[]).await;
    assert_eq!(
        text,
        "status table status_rows has the primary key (project_logstore STRING, shard STRING, \
         at INTEGER), but status rows need (project_logstore STRING, shard INTEGER, \
         target_table STRING, timestamp INTEGER): create a table with that key, and name it as \
         tablestore.status_table"
    );
    assert_eq!(obstacle, Obstacle::Resource);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn permissions_that_are_withdrawn_for_2_s_lose_nothing() {
    let rig = Rig::new(2, &KEY).await;
    let ship = rig.ship(&[]).await;
    rig.put(Some(0), &logs("before"));
    rig.until_done().await;
    let denied = |operation, status, code| {
        let refusal = Action::refuse(status, code, "You have no permission.");
        rig.sandbox.faults().always(operation, refusal);
    };
    denied("BatchWriteRow", 403, "OTSNoPermissionAccess");
    for n in 0..20 {
        rig.put(Some(n % 2), &logs(&format!("write-{n}")));
        sleep(Duration::from_millis(50)).await;
    }
    denied("PullLogs", 401, "Unauthorized");
    for n in 0..20 {
        rig.put(Some(n % 2), &logs(&format!("read-{n}")));
        sleep(Duration::from_millis(50)).await;
    }
    rig.sandbox.faults().clear();
    let back = Instant::now();
    rig.until("everything is there", || rig.rows().len() == 410)
        .await;
    assert!(back.elapsed() < Duration::from_secs(2));
    rig.until_done().await;
    assert_eq!(ship.totals.counts().refused, 0);
    ship.stop().await;
    assert_eq!(rig.status_sum("row_count"), 410);
    assert!(!rig.errors("OTSNoPermissionAccess").is_empty());
    assert!(!rig.errors("Unauthorized").is_empty());
}
