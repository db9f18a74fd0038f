//! Questions and answers, without sockets.

use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::loghub::proto::{Content, Log, LogGroup, LogTag};
use crate::sandbox::{Service, Settings, TableSpec};
use crate::tablestore::{PrimaryKeyColumn, PrimaryKeyType, TableName};
use crate::transport::{AccessKey, Clock, Secret};

const PROJECT: &str = "pro";
const LOGSTORE: &str = "logs";

fn sandbox() -> Sandbox {
    let key = AccessKey {
        id: "id".to_owned(),
        secret: Secret::new("secret"),
        token: None,
    };
    let start = std::time::SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    let sandbox = Sandbox::new(Settings::new(key, Clock::starting_at(start)));
    let loghub = sandbox.loghub();
    loghub.create_project(PROJECT).unwrap();
    loghub.create_logstore(PROJECT, LOGSTORE, 2).unwrap();
    sandbox
}

fn call(sandbox: &Sandbox, method: &str, target: &str) -> (u16, String) {
    let request = http::Request::builder()
        .method(method)
        .uri(format!("{PREFIX}{target}"))
        .body(Bytes::new())
        .unwrap();
    let response = sandbox.admin(&request);
    let body = String::from_utf8(response.body().to_vec()).unwrap();
    (response.status().as_u16(), body)
}

fn get(sandbox: &Sandbox, target: &str) -> Value {
    let (status, body) = call(sandbox, "GET", target);
    assert_eq!(status, 200, "{body}");
    serde_json::from_str(&body).unwrap()
}

fn post(sandbox: &Sandbox, target: &str) -> Value {
    let (status, body) = call(sandbox, "POST", target);
    assert_eq!(status, 200, "{body}");
    serde_json::from_str(&body).unwrap()
}

fn put(sandbox: &Sandbox, shard: u32, text: &'static str) {
    let log = Log {
        time: 1_700_000_001,
        contents: vec![Content::new("text", text)],
        time_ns: None,
    };
    let group = LogGroup {
        logs: vec![log],
        topic: Some("topic".into()),
        tags: vec![LogTag {
            key: "host".into(),
            value: "h1".into(),
        }],
        ..LogGroup::default()
    };
    let loghub = sandbox.loghub();
    loghub.put(PROJECT, LOGSTORE, Some(shard), &group).unwrap();
}

#[tokio::test(start_paused = true)]
async fn shards_are_split_merged_sealed_and_trimmed() {
    let sandbox = sandbox();
    for text in ["a", "b", "c"] {
        put(&sandbox, 0, text);
    }
    let at = |act: &str| format!("/logstores/{PROJECT}/{LOGSTORE}/shards/{act}");
    let before = get(&sandbox, "/logstores/pro/logs");
    assert_eq!(before["shards"][0]["groups"], 3);
    assert_eq!(
        before["shards"][0]["begin"]["number"],
        "1700000000000000000"
    );
    let end = before["shards"][0]["end"]["cursor"].as_str().unwrap();

    assert_eq!(
        post(&sandbox, &at("0/trim?groups=1")),
        json!({ "forgotten": 1 })
    );
    assert_eq!(
        post(&sandbox, &at("0/trim?to=1700000000000000002")),
        json!({ "forgotten": 1 })
    );
    assert_eq!(
        post(&sandbox, &at(&format!("0/trim?to={end}"))),
        json!({ "forgotten": 1 })
    );
    let key = "20000000000000000000000000000000";
    assert_eq!(
        post(&sandbox, &at(&format!("0/split?key={key}"))),
        json!({ "shards": [2, 3] })
    );
    assert_eq!(post(&sandbox, &at("2/merge")), json!({ "shards": [4] }));
    assert_eq!(post(&sandbox, &at("4/seal")), json!({}));

    let after = get(&sandbox, "/logstores/pro/logs");
    let shown = |id: usize, name: &str| after["shards"][id][name].clone();
    assert_eq!(shown(0, "groups"), 0);
    assert_eq!(shown(2, "end_key"), key);
    assert_eq!(shown(4, "parents"), json!([2, 3]));
    let states = (0..5).map(|id| shown(id, "status"));
    let [over, open] = ["readonly", "readwrite"];
    assert_eq!(states.collect::<Vec<_>>(), [over, open, over, over, over]);

    for (target, status, error) in [
        (
            "0/merge",
            400,
            "ParameterInvalid: invalid shard id: 0 is readonly",
        ),
        ("9/seal", 404, "ShardNotExist: shard 9 does not exist"),
        ("1/split?key=x", 400, "ParameterInvalid: invalid mid hash"),
        ("1/trim?to=x", 400, "ParameterInvalid: \"x\" is no cursor"),
    ] {
        let expected = (status, format!("{}\n", json!({ "error": error })));
        assert_eq!(call(&sandbox, "POST", &at(target)), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_consumer_group_is_shown_and_a_consumer_times_out() {
    let sandbox = sandbox();
    let loghub = sandbox.loghub();
    let timeout = Duration::from_mins(1);
    loghub
        .create_group(PROJECT, LOGSTORE, "g", timeout, true)
        .unwrap();
    loghub.split(PROJECT, LOGSTORE, 1).unwrap();
    put(&sandbox, 0, "a");
    let group = get(&sandbox, "/logstores/pro/logs")["consumer_groups"][0].clone();
    assert_eq!(
        (&group["name"], &group["order"]),
        (&json!("g"), &json!(true))
    );
    assert_eq!(group["timeout_seconds"], 60);
    let states: Vec<_> = (0..4)
        .map(|id| group["shards"][id]["state"].clone())
        .collect();
    assert_eq!(states, ["not_alloc", "not_alloc", "wait", "wait"]);
    assert_eq!(group["shards"][0]["behind"], 1);
    assert_eq!(group["shards"][0]["holder"], Value::Null);

    let expire = "/logstores/pro/logs/consumergroups/g/expire?consumer=c";
    let unknown = "consumer group g has no consumer c; it has none";
    let expected = (404, format!("{}\n", json!({ "error": unknown })));
    assert_eq!(call(&sandbox, "POST", expire), expected);
}

#[tokio::test(start_paused = true)]
async fn logs_are_lines_with_everything_they_hold() {
    let sandbox = sandbox();
    put(&sandbox, 0, "a");
    put(&sandbox, 1, "b");
    let (_, all) = call(&sandbox, "GET", "/logstores/pro/logs/logs");
    assert_eq!(all.lines().count(), 2);
    let line = get(&sandbox, "/logstores/pro/logs/logs?shard=1");
    assert_eq!(
        line,
        json!({
            "shard": 1,
            "cursor": line["cursor"],
            "received": line["received"],
            "topic": "topic",
            "source": "",
            "tags": { "host": "h1" },
            "logs": [{ "time": 1_700_000_001, "time_ns": null, "contents": [["text", "b"]] }],
        })
    );
}

#[tokio::test(start_paused = true)]
async fn tables_show_their_schema_and_a_missing_one_is_named() {
    let sandbox = sandbox();
    let id = PrimaryKeyColumn {
        name: "id".to_owned(),
        kind: PrimaryKeyType::Integer,
        auto_increment: false,
    };
    let spec = TableSpec::new(TableName::new("t").unwrap(), vec![id]);
    sandbox.tablestore().create_table(spec).unwrap();
    assert_eq!(get(&sandbox, "/tables"), json!(["t"]));
    let table = get(&sandbox, "/tables/t");
    assert_eq!(
        table["primary_key"],
        json!([{ "name": "id", "type": "INTEGER", "auto_increment": false }])
    );
    assert_eq!(table["options"]["max_versions"], 1);
    assert_eq!(table["counters"]["rows_written"], 0);
    assert_eq!(
        call(&sandbox, "GET", "/tables/t/rows"),
        (200, String::new())
    );
    let missing = json!({ "error": "there is no table u; there are: t" });
    for target in ["/tables/u", "/tables/u/rows"] {
        assert_eq!(call(&sandbox, "GET", target), (404, format!("{missing}\n")));
    }
}

#[tokio::test(start_paused = true)]
async fn calls_are_shown_counted_and_forgotten_but_not_those_to_here() {
    let sandbox = sandbox();
    let request = http::Request::get("/logstores").header("host", "pro.sls.test");
    let request = request.body(Bytes::new()).unwrap();
    sandbox.respond(Service::LogService, &request);
    let counts = json!({ "ListLogStore": { "MissingAPIVersion": 1 } });
    assert_eq!(get(&sandbox, "/counts"), counts);
    let calls = get(&sandbox, "/calls?operation=ListLogStore&limit=1");
    assert_eq!(calls[0]["status"], 400);
    assert_eq!(calls[0]["service"], "log_service");
    assert_eq!(get(&sandbox, "/calls?operation=PutLogs"), json!([]));
    assert_eq!(call(&sandbox, "DELETE", "/calls").0, 200);
    assert_eq!(get(&sandbox, "/counts"), json!({}));
}

#[tokio::test(start_paused = true)]
async fn faults_are_added_shown_and_cleared() {
    let sandbox = sandbox();
    let add = |script: &'static str| {
        let request = http::Request::post(format!("{PREFIX}/faults"));
        let response = sandbox.admin(&request.body(script.into()).unwrap());
        String::from_utf8(response.body().to_vec()).unwrap()
    };
    assert_eq!(
        add("next 2 ListLogStore: busy\nPutRow: cut before\n"),
        "{\"added\":2}\n"
    );
    assert_eq!(
        add("PutRows: busy"),
        "{\"error\":\"line 1, column 1: there is no operation \\\"PutRows\\\"; did you mean PutRow?\"}\n"
    );
    let request = http::Request::get("/logstores").body(Bytes::new()).unwrap();
    sandbox.respond(Service::LogService, &request);
    assert_eq!(
        get(&sandbox, "/faults"),
        json!([
            {
                "fault": "next 2 ListLogStore: refuse 503 ServerBusy \"server is busy\"",
                "state": "striking",
                "seen": 1,
                "struck": 1,
            },
            { "fault": "PutRow: cut before", "state": "waiting", "seen": 0, "struck": 0 },
        ])
    );
    let cleared = (200, "{\"cleared\":2}\n".to_owned());
    assert_eq!(call(&sandbox, "DELETE", "/faults"), cleared);
    assert_eq!(get(&sandbox, "/faults"), json!([]));
}

#[tokio::test(start_paused = true)]
async fn a_reset_empties_everything() {
    let sandbox = sandbox();
    assert_eq!(get(&sandbox, "/logstores"), json!({ "pro": ["logs"] }));
    assert_eq!(post(&sandbox, "/reset"), json!({}));
    assert_eq!(get(&sandbox, "/logstores"), json!({}));
    assert_eq!(call(&sandbox, "GET", "/logstores/pro/logs").0, 404);
}
