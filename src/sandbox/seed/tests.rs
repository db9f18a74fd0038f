//! Seeds that take, and seeds that do not.

use std::time::{Duration, SystemTime};

use super::*;
use crate::sandbox::Settings;
use crate::tablestore::{TableName, Value};
use crate::transport::{Clock, Secret};

const SEED: &str = r#"{
  "access_keys": [{"id": "STS.x", "secret": "hush", "token": "quiet"}],
  "projects": [
    {
      "name": "demo",
      "description": "seeded",
      "logstores": [
        {
          "name": "app",
          "shards": 3,
          "ttl": 7,
          "consumer_groups": [{"name": "group", "timeout": 20, "order": true}],
          "logs": [
            {"__time__": 1700000000, "__topic__": "t", "__tag__:host": "h1", "status": 200, "cost": 1.50},
            {"__time__": 1700000001, "__topic__": "t", "__tag__:host": "h1", "status": 500},
            {"__topic__": "u", "text": "other head"},
            {"__topic__": "u", "__shard__": 2, "text": "other shard"}
          ]
        },
        {"name": "empty"}
      ]
    },
    {"name": "bare"}
  ],
  "tables": [
    {
      "name": "orders",
      "primary_key": [
        {"name": "id", "type": "STRING"},
        {"name": "seq", "type": "INTEGER", "auto_increment": true}
      ],
      "options": {"time_to_live": 86400, "max_versions": 2, "max_deviation": 1000000000, "allow_update": false},
      "rows": [
        {"key": {"id": "a"}, "columns": {"n": 1, "d": 1.0, "t": true, "b": {"binary": "AP8="}, "s": "x"}},
        {"key": {"id": "b", "seq": 7},
         "columns": {"v": [{"timestamp": 1700000000000, "value": 2}, {"timestamp": 1699999999999, "value": 1}]}}
      ]
    }
  ]
}"#;

fn sandbox() -> Sandbox {
    let key = AccessKey {
        id: "id".to_owned(),
        secret: Secret::new("secret"),
        token: None,
    };
    let start = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    Sandbox::new(Settings::new(key, Clock::starting_at(start)))
}

fn plant(sandbox: &Sandbox, text: &str) -> Result<(), String> {
    let planted = Seed::parse(text).and_then(|seed| sandbox.plant(&seed));
    planted.map_err(|fault| fault.to_string())
}

fn table(name: &str) -> TableName {
    TableName::new(name).unwrap()
}

#[tokio::test(start_paused = true)]
async fn logs_lie_in_groups_of_neighbours_that_share_their_head_and_shard() {
    let sandbox = sandbox();
    plant(&sandbox, SEED).unwrap();
    let groups = sandbox.loghub().logs("demo", "app").unwrap();
    let shown: Vec<_> = groups
        .iter()
        .map(|stored| {
            let text = |bytes: &bytes::Bytes| String::from_utf8(bytes.to_vec()).unwrap();
            let logs = stored.group.logs.iter();
            let logs = logs.map(|log| {
                let contents = log.contents.iter();
                let contents =
                    contents.map(|pair| format!("{}={}", text(&pair.key), text(&pair.value)));
                (log.time, contents.collect::<Vec<_>>().join(" "))
            });
            (
                stored.shard,
                text(stored.group.topic.as_ref().unwrap()),
                logs.collect::<Vec<_>>(),
            )
        })
        .collect();
    let log = |time, contents: &str| (time, contents.to_owned());
    assert_eq!(
        shown,
        [
            (
                0,
                "t".to_owned(),
                vec![
                    log(1_700_000_000, "status=200 cost=1.50"),
                    log(1_700_000_001, "status=500")
                ]
            ),
            (
                1,
                "u".to_owned(),
                vec![log(1_700_000_000, "text=other head")]
            ),
            (
                2,
                "u".to_owned(),
                vec![log(1_700_000_000, "text=other shard")]
            ),
        ]
    );
    assert_eq!(groups[0].group.tags[0].value, "h1");
    let logstore = sandbox.loghub().logstore("demo", "app").unwrap();
    assert_eq!(logstore.groups["group"].timeout, Duration::from_secs(20));
    assert!(logstore.groups["group"].is_ordered);
    let names = sandbox.loghub().logstore_names();
    assert_eq!(names["demo"], ["app", "empty"]);
    assert!(names["bare"].is_empty());
}

#[tokio::test(start_paused = true)]
async fn rows_have_the_types_and_versions_of_the_seed() {
    let sandbox = sandbox();
    plant(&sandbox, SEED).unwrap();
    let orders = sandbox.tablestore().describe(&table("orders")).unwrap();
    assert_eq!(orders.options.time_to_live_seconds, 86_400);
    assert_eq!(
        (orders.options.max_versions, orders.options.allow_update),
        (2, false)
    );
    let rows = sandbox.tablestore().rows(&table("orders")).unwrap();
    let first = rows[0].cells.iter();
    let first: Vec<_> = first
        .map(|cell| (cell.name.as_str(), cell.value.clone()))
        .collect();
    assert_eq!(
        first,
        [
            ("b", Value::Binary(vec![0, 255].into())),
            ("d", Value::Double(1.0)),
            ("n", Value::Integer(1)),
            ("s", Value::String("x".to_owned())),
            ("t", Value::Boolean(true)),
        ]
    );
    assert_eq!(rows[1].primary_key[1].value, Value::Integer(7));
    let versions = rows[1].cells.iter();
    let versions: Vec<_> = versions
        .map(|cell| (cell.timestamp_millis, cell.value.clone()))
        .collect();
    assert_eq!(
        versions,
        [
            (1_700_000_000_000, Value::Integer(2)),
            (1_699_999_999_999, Value::Integer(1))
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn keys_of_a_seed_sign_until_a_reset() {
    let sandbox = sandbox();
    plant(&sandbox, SEED).unwrap();
    let keys = &sandbox.inner.keys;
    assert_eq!(
        keys.find("STS.x").unwrap().token.as_ref().unwrap().expose(),
        "quiet"
    );
    sandbox.reset();
    assert!(keys.find("STS.x").is_none());
    assert!(keys.find("id").is_some());
    plant(&sandbox, SEED).unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_seed_adds_to_what_is_there() {
    let sandbox = sandbox();
    plant(
        &sandbox,
        r#"{"projects": [{"name": "demo", "logstores": [{"name": "old"}]}]}"#,
    )
    .unwrap();
    plant(&sandbox, SEED).unwrap();
    assert_eq!(
        sandbox.loghub().logstore_names()["demo"],
        ["app", "empty", "old"]
    );
}

#[tokio::test(start_paused = true)]
async fn a_seed_of_which_a_name_is_taken_adds_nothing() {
    let key = r#"{"access_keys": [{"id": "STS.x", "secret": "s"}]}"#;
    let logstore = r#"{"projects": [{"name": "demo", "logstores": [{"name": "app"}]}]}"#;
    let orders =
        r#"{"tables": [{"name": "orders", "primary_key": [{"name": "k", "type": "BINARY"}]}]}"#;
    for (first, fault) in [
        (
            key,
            "access_keys[0].id: there is an access key STS.x already",
        ),
        (
            logstore,
            "projects: LogStoreAlreadyExist: logstore app of project demo already exists",
        ),
        (
            orders,
            "tables: OTSObjectAlreadyExist: orders is there already",
        ),
    ] {
        let sandbox = sandbox();
        plant(&sandbox, first).unwrap();
        let before = (
            sandbox.loghub().logstore_names(),
            sandbox.tablestore().table_names(),
        );
        assert_eq!(plant(&sandbox, SEED), Err(fault.to_owned()));
        let after = (
            sandbox.loghub().logstore_names(),
            sandbox.tablestore().table_names(),
        );
        assert_eq!(before, after);
        assert_eq!(sandbox.inner.keys.find("STS.x").is_some(), first == key);
    }
}

#[test]
fn what_is_no_seed_is_named_by_its_path() {
    for (text, fault) in [
        (
            r#"{"": 1}"#,
            ".: unknown field ``, expected one of `access_keys`, `projects`, `tables`",
        ),
        ("", ".: EOF while parsing a value at line 1 column 0"),
        ("{} {}", ".: trailing characters at line 1 column 4"),
        (
            "{\"tabels\": []}",
            "tabels: unknown field `tabels`, expected one of `access_keys`, `projects`, `tables`",
        ),
        (
            "{\"projects\": [{\"name\": \"p\", \"logstores\": [{\"name\": 5}]}]}",
            "projects[0].logstores[0].name: invalid type: integer `5`, expected a string",
        ),
        (
            "{\"projects\": [{\"name\": \"p\", \"logstores\": [{\"name\": \"l\", \"shard\": 5}]}]}",
            "projects[0].logstores[0].shard: unknown field `shard`, expected one of `name`, `shards`",
        ),
        (
            "{\"tables\": [{\"name\": \"t\", \"primary_key\": [{\"name\": \"k\", \"type\": \"TEXT\"}]}]}",
            "tables[0].primary_key[0].type: unknown variant `TEXT`, expected one of `STRING`, `INTEGER`, `BINARY`",
        ),
        (
            "{\"access_keys\": [{\"id\": \"i\", \"secret\": 12345}]}",
            "access_keys[0].secret: this must be a string, and not empty",
        ),
    ] {
        let found = Seed::parse(text).unwrap_err().to_string();
        assert!(found.starts_with(fault), "{found}");
        assert!(!found.contains("12345"), "{found}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_services_would_refuse_is_named_by_its_path() {
    let logs = |logs: &str| {
        format!(
            r#"{{"projects": [{{"name": "pro", "logstores": [{{"name": "ls", "logs": [{logs}]}}]}}]}}"#
        )
    };
    let rows = |rows: &str| {
        format!(
            r#"{{"tables": [{{"name": "t", "primary_key": [{{"name": "k", "type": "STRING"}}], "rows": [{rows}]}}]}}"#
        )
    };
    let long = format!("{{\"x\": \"{}\"}}", "x".repeat(11_000_000));
    for (text, fault) in [
        ("{\"projects\": [{\"name\": \"P\"}]}".to_owned(), "projects[0]: ParameterInvalid: "),
        (
            "{\"projects\": [{\"name\": \"pro\", \"logstores\": [{\"name\": \"ls\", \"shards\": 0}]}]}".to_owned(),
            "projects[0].logstores[0]: LogStoreInfoInvalid: ",
        ),
        (logs("{}, 5"), "projects[0].logstores[0].logs[1]: not a JSON object but a number"),
        (
            logs("{}, {\"__time__\": \"x\"}"),
            "projects[0].logstores[0].logs[1]: __time__ must be a whole number",
        ),
        (
            logs("{}, {\"__shard__\": \"x\"}"),
            "projects[0].logstores[0].logs[1]: __shard__ must be the number of a shard, found x",
        ),
        (
            logs("{}, {\"__shard__\": 2}"),
            "projects[0].logstores[0].logs[1]: LogStoreWithoutShard: no shard takes these logs",
        ),
        (logs(&long), "projects[0].logstores[0].logs[0]: PostBodyTooLarge: "),
        ("{\"tables\": [{\"name\": \"9\", \"primary_key\": []}]}".to_owned(), "tables[0].name: table \"9\" must"),
        ("{\"tables\": [{\"name\": \"t\", \"primary_key\": []}]}".to_owned(), "tables[0]: OTSParameterInvalid: "),
        (rows("{\"key\": {}}"), "tables[0].rows[0].key.k: missing, a STRING"),
        (rows("{\"key\": {\"k\": null}}"), "tables[0].rows[0].key.k: a value is "),
        (
            rows("{\"key\": {\"k\": \"a\", \"l\": 1}}"),
            "tables[0].rows[0].key.l: no column of the primary key: it has k",
        ),
        (rows("{\"key\": {\"k\": 1}}"), "tables[0].rows[0]: OTSInvalidPK: Validate PK type fail."),
        (
            rows("{\"key\": {\"k\": \"a\"}, \"columns\": {\"c\": []}}, {\"key\": {\"k\": \"b\"}, \"columns\": {\"c\": {}}}"),
            "tables[0].rows[1].columns.c: a typed value is ",
        ),
        (
            rows("{\"key\": {\"k\": \"a\"}, \"columns\": {\"1\": 1}}"),
            "tables[0].rows[0]: OTSParameterInvalid: Invalid column name: '1'.",
        ),
        (
            rows("{\"key\": {\"k\": \"a\"}, \"columns\": {\"c\": [{\"timestamp\": 5, \"value\": 1}]}}"),
            "tables[0].rows[0]: OTSParameterInvalid: ",
        ),
    ] {
        let sandbox = sandbox();
        let found = plant(&sandbox, &text).unwrap_err();
        assert!(found.starts_with(fault), "{found}");
        assert!(sandbox.loghub().logstore_names().is_empty());
        assert!(sandbox.tablestore().table_names().is_empty());
    }
}
