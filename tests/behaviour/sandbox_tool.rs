//! `loghub-shipper sandbox` as a tool for one's own tests: flags, seeds, faults, what it shows.

use serde_json::{Value, json};

use crate::tool::{Tool, run, sandbox, write};

const SEED: &str = r#"{
  "access_keys": [{"id": "seeded-id", "secret": "seeded-secret"}],
  "projects": [{
    "name": "demo",
    "logstores": [{
      "name": "access",
      "shards": 1,
      "logs": [{"__time__": 1700000000, "id": "a", "n": 1}, {"__time__": 1700000001, "id": "b", "n": 2}]
    }]
  }],
  "tables": [
    {
      "name": "target",
      "primary_key": [{"name": "id", "type": "STRING"}],
      "rows": [{"key": {"id": "seeded"}, "columns": {"half": 0.5, "raw": {"binary": "AP8="}}}]
    },
    {
      "name": "status",
      "primary_key": [
        {"name": "project_logstore", "type": "STRING"},
        {"name": "shard", "type": "INTEGER"},
        {"name": "target_table", "type": "STRING"},
        {"name": "timestamp", "type": "INTEGER"}
      ]
    }
  ]
}"#;

/// How a sandbox ends that does not start: exit code, and what it says.
async fn refused(flags: &[&str], files: &[(&str, &str)]) -> (Option<i32>, String) {
    let folder = write(files);
    let (code, stdout, stderr) = run(sandbox(flags, &folder), "").await;
    assert_eq!(stdout, "");
    let folder = format!("{}/", folder.path().display());
    (code, stderr.replace(&folder, ""))
}

#[tokio::test]
async fn one_line_of_json_says_where_it_listens_and_that_it_does() {
    let tool = Tool::start(&["--empty", "--access-key-id", "mine"], &[]).await;
    assert_eq!(tool.ready["access_key_id"], "mine");
    assert_eq!(tool.ready["instance"], "sandbox");
    assert_eq!(tool.get("/logstores").await, json!({}));
    assert_eq!(tool.get("/tables").await, json!([]));
    assert!(tool.get("/").await.as_array().unwrap().len() > 10);
    tool.stop().await;
}

#[tokio::test]
async fn what_the_flags_name_is_there_without_a_seed() {
    let tool = Tool::start(&["--logstore", "app", "--table", "t(id)"], &[]).await;
    assert_eq!(tool.get("/logstores").await, json!({ "demo": ["app"] }));
    assert_eq!(tool.get("/tables").await, json!(["shipper_status", "t"]));
    tool.stop().await;
}

#[tokio::test]
async fn a_seed_is_shipped_and_a_test_in_any_language_can_follow_it() {
    let tool = Tool::start(&["--seed-file", "@seed.json"], &[("seed.json", SEED)]).await;
    let quick = [
        ("consumer_name", "me"),
        ("heartbeat_interval", "100ms"),
        ("checkpoint_interval", "100ms"),
    ];
    let mut shipper = tool.command(&["run"], &quick).spawn().unwrap();

    tool.until("/tables/target", "the logs are rows", |table| {
        table["row_count"] == 3
    })
    .await;
    let is_saved = |logstore: &Value| logstore["consumer_groups"][0]["shards"][0]["behind"] == 0;
    let logstore = tool
        .until(
            "/logstores/demo/access",
            "the checkpoint is saved",
            is_saved,
        )
        .await;
    let shard = &logstore["consumer_groups"][0]["shards"][0];
    assert_eq!(
        (&shard["state"], &shard["holder"]),
        (&json!("already_alloc"), &json!("me"))
    );
    assert_eq!(shard["checkpoint"], logstore["shards"][0]["end"]["cursor"]);

    tool.post("/logstores/demo/access/shards/0/split", "").await;
    let states = |logstore: &Value| {
        let shards = logstore["consumer_groups"][0]["shards"].as_array().unwrap();
        let states = shards
            .iter()
            .map(|shard| shard["state"].as_str().unwrap().to_owned());
        states.collect::<Vec<_>>()
    };
    let is_taken =
        |logstore: &Value| states(logstore) == ["over", "already_alloc", "already_alloc"];
    tool.until("/logstores/demo/access", "the children are taken", is_taken)
        .await;

    let (_, rows) = tool.call("GET", "/tables/target/rows", "").await;
    let lines: Vec<Value> = rows
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines[0]["key"], json!({ "id": "a" }));
    assert_eq!(lines[0]["columns"]["n"], "1");
    assert_eq!(
        lines[2],
        json!({ "key": { "id": "seeded" }, "columns": { "half": 0.5, "raw": { "binary": "AP8=" } } })
    );
    shipper.kill().await.unwrap();
    tool.stop().await;
}

#[tokio::test]
async fn faults_come_from_a_file_and_over_http_and_are_counted() {
    let script = "# the first put is refused, the second cut\nnext 1 PutLogs: busy\nnext 1 PutLogs: cut before\n";
    let files = [("seed.json", SEED), ("faults", script)];
    let tool = Tool::start(
        &["--seed-file", "@seed.json", "--fault-file", "@faults"],
        &files,
    )
    .await;
    let put = run(tool.command(&["put"], &[]), "{\"id\":\"c\"}\n").await;
    assert_eq!(put.0, Some(0), "{}", put.2);
    let faults = tool.get("/faults").await;
    let told: Vec<_> = faults
        .as_array()
        .unwrap()
        .iter()
        .map(|fault| {
            (
                fault["state"].as_str().unwrap(),
                fault["struck"].as_u64().unwrap(),
            )
        })
        .collect();
    assert_eq!(told, [("over", 1), ("over", 1)]);
    assert_eq!(
        tool.get("/counts").await["PutLogs"],
        json!({ "": 2, "ServerBusy": 1 }),
        "one that was cut has no code"
    );

    let line = "after 100 BatchWriteRow: partition-key prefix \"a\" busy for 30 s";
    assert_eq!(tool.post("/faults", line).await, json!({ "added": 1 }));
    let (status, error) = tool.call("POST", "/faults", "PutLog: busy").await;
    assert_eq!(status, 400);
    assert!(error.contains("did you mean PutLogs?"), "{error}");
    assert_eq!(
        tool.call("DELETE", "/faults", "").await.1,
        "{\"cleared\":1}\n"
    );
    tool.stop().await;
}

#[tokio::test]
async fn a_seed_can_be_planted_again_after_a_reset() {
    let tool = Tool::start(&["--empty"], &[]).await;
    assert_eq!(tool.post("/seed", SEED).await, json!({}));
    let (status, error) = tool.call("POST", "/seed", SEED).await;
    assert_eq!(status, 400);
    assert!(
        error.contains("there is an access key seeded-id already"),
        "{error}"
    );
    assert_eq!(tool.post("/reset", "").await, json!({}));
    assert_eq!(tool.get("/tables").await, json!([]));
    assert_eq!(tool.post("/seed", SEED).await, json!({}));
    let rows = run(
        tool.command(&["rows", "target", "--format", "jsonl"], &[]),
        "",
    )
    .await;
    assert_eq!(
        rows.1, "{\"id\":\"seeded\",\"half\":0.5,\"raw\":\"AP8=\"}\n",
        "{}",
        rows.2
    );
    tool.stop().await;
}

#[tokio::test]
async fn a_temporary_key_needs_its_token() {
    let flags = ["--key", "STS.id:sts-secret:to:ken"];
    let tool = Tool::start(&flags, &[]).await;
    let put = |token: &'static str| {
        let variables = [
            ("access_key_id", "STS.id"),
            ("access_key_secret", "sts-secret"),
            ("security_token", token),
        ];
        run(tool.command(&["put"], &variables), "{\"id\":\"c\"}\n")
    };
    let (code, _, stderr) = put("to:ken").await;
    assert_eq!(code, Some(0), "{stderr}");
    assert_eq!(put("other").await.0, Some(77));
    tool.stop().await;
}

#[tokio::test]
async fn what_is_wrong_with_a_file_is_named_by_its_place() {
    let seed = r#"{"tables": [{"name": "t", "primary_key": [{"name": "k", "type": "STRING"}], "rows": [{"key": {}}]}]}"#;
    assert_eq!(
        refused(&["--seed-file", "@seed.json"], &[("seed.json", seed)]).await,
        (
            Some(65),
            "loghub-shipper: seed.json: tables[0].rows[0].key.k: missing, a STRING\n".to_owned()
        )
    );
    let script = "PutLogs: busy\nBatchWriteRow: partition key busy\n";
    assert_eq!(
        refused(&["--fault-file", "@faults"], &[("faults", script)]).await,
        (
            Some(65),
            "loghub-shipper: faults: line 2, column 16: expected what goes wrong: busy, refuse, delay, cut, corrupt, \
             rows or partition-key, found `partition`\n"
                .to_owned()
        )
    );
    let (code, stderr) = refused(&["--seed-file", "@nowhere"], &[]).await;
    assert_eq!(code, Some(74));
    assert!(
        stderr.starts_with("loghub-shipper: cannot read nowhere: "),
        "{stderr}"
    );
}

#[tokio::test]
async fn a_key_that_is_none_is_refused_and_not_shown() {
    for key in [
        "do-not-show-me",
        "id:do-not-show-me:",
        "sandbox-id:do-not-show-me",
    ] {
        let (code, stderr) = refused(&["--key", key], &[]).await;
        assert_eq!(code, Some(64), "{stderr}");
        assert!(!stderr.contains("do-not-show-me"), "{stderr}");
    }
}
