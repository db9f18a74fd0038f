//! Seeds: what a sandbox is to hold, as JSON.
//!
//! Input: a seed.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{Method, Request, Uri};
use loghub_shipper::sandbox::{Sandbox, Seed, SeedFault, Settings, TableSnapshot};
use loghub_shipper::tablestore::TableName;
use loghub_shipper::transport::{AccessKey, Clock, Secret};
use serde_json::{Map, Value, json};
use tokio::runtime::Runtime;

/// 2026-11-22T10:00:00Z.
const START: Duration = Duration::from_hours(498_706);

/// Secrets of seeds that must not be told.
const SECRET: &str = "hush-5up3r-s3cr3t-k3y";

/// A seed is planted whole or not at all; what is refused is told by its path, without secrets; what
/// is planted can be looked at, and a seed made of that grows the same tables and as many logs.
pub fn run(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let time = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime of one thread needs nothing");
    let garden = Garden::new(&time);
    let bare = garden.everything();
    if let Err(fault) = garden.plant(&text) {
        assert!(!fault.path.is_empty() && !fault.message.is_empty());
        let is_hidden =
            text.matches(SECRET).count() == 1 && text.contains(&format!(r#""secret":"{SECRET}""#));
        assert!(!is_hidden || !format!("{fault} {fault:?}").contains(SECRET));
        assert_eq!(garden.everything(), bare, "planted in part");
        return;
    }
    // Numbers out of range and deep nesting may stand in logs, whose values are taken as text.
    if let Ok(json) = serde_json::from_str(&text) {
        garden.check_logs(&json);
        garden.check_rows(&json);
    }

    let grown = garden.everything();
    let again = garden.plant(&text);
    let is_bare = garden.logstores() == 0 && garden.tables().is_empty();
    assert!(is_bare || again.is_err(), "planted over what is there");
    assert_eq!(garden.everything(), grown, "planted in part");

    let other = Garden::new(&time);
    let copy = garden.tables_as_a_seed();
    let planted = other.plant(&copy.to_string());
    assert!(planted.is_ok(), "{planted:?} {copy}");
    assert_eq!(other.tables_as_a_seed(), copy);
}

/// A sandbox whose time stands still.
struct Garden<'t> {
    sandbox: Sandbox,
    time: &'t Runtime,
}

impl<'t> Garden<'t> {
    fn new(time: &'t Runtime) -> Self {
        let clock = time.block_on(async { Clock::starting_at(SystemTime::UNIX_EPOCH + START) });
        let key = AccessKey {
            id: "id".to_owned(),
            secret: Secret::new("secret"),
            token: None,
        };
        let sandbox = Sandbox::new(Settings::new(key, clock));
        Self { sandbox, time }
    }

    fn plant(&self, text: &str) -> Result<(), SeedFault> {
        let planted = || Seed::parse(text).and_then(|seed| self.sandbox.plant(&seed));
        self.time.block_on(async { planted() })
    }

    /// What the admin interface answers, line by line.
    fn ask(&self, path: &str) -> Vec<Value> {
        let mut request = Request::new(Bytes::new());
        *request.method_mut() = Method::GET;
        *request.uri_mut() = format!("/__admin{path}")
            .parse::<Uri>()
            .expect("names of tables and logstores need no escapes");
        let answer = self.time.block_on(async { self.sandbox.admin(&request) });
        assert_eq!(answer.status(), 200, "{path}: {:?}", answer.body());
        let text = std::str::from_utf8(answer.body()).expect("JSON is text");
        let lines = text.lines().map(serde_json::from_str);
        lines.map(|line| line.expect("lines are JSON")).collect()
    }

    fn logstores(&self) -> usize {
        self.sandbox
            .loghub()
            .logstore_names()
            .values()
            .map(Vec::len)
            .sum()
    }

    fn tables(&self) -> Vec<(String, TableSnapshot)> {
        let tablestore = self.sandbox.tablestore();
        let describe = |name: String| {
            let table = TableName::new(&name).expect("it was let in");
            let snapshot = tablestore.describe(&table).expect("it was listed");
            (name, snapshot)
        };
        let describe = || tablestore.table_names().into_iter().map(describe).collect();
        self.time.block_on(async { describe() })
    }

    /// All that can be looked at.
    fn everything(&self) -> Vec<Value> {
        let mut all = self.ask("/logstores");
        for (project, logstores) in self.sandbox.loghub().logstore_names() {
            all.push(json!(project));
            for logstore in logstores {
                all.extend(self.ask(&format!("/logstores/{project}/{logstore}")));
                all.extend(self.ask(&format!("/logstores/{project}/{logstore}/logs")));
            }
        }
        all.extend(self.ask("/tables"));
        all.push(self.tables_as_a_seed());
        all
    }

    /// The tables, as a seed that grows them again.
    fn tables_as_a_seed(&self) -> Value {
        let tables = self.tables().into_iter().map(|(name, table)| {
            let key = table.primary_key.iter().map(|column| {
                json!({
                    "name": column.name,
                    "type": column.kind.to_string(),
                    "auto_increment": column.auto_increment,
                })
            });
            json!({
                "primary_key": key.collect::<Vec<_>>(),
                "options": {
                    "time_to_live": table.options.time_to_live_seconds,
                    "max_versions": table.options.max_versions,
                    "max_deviation": table.options.max_deviation_seconds,
                    "allow_update": table.options.allow_update,
                },
                "rows": self.ask(&format!("/tables/{name}/rows?versions=all")),
                "name": name,
            })
        });
        json!({ "tables": tables.collect::<Vec<_>>() })
    }

    /// Every logstore has the logs that the seed gives it.
    fn check_logs(&self, seed: &Value) {
        for (project, name, logstore) in logstores(seed) {
            let stored = self.sandbox.loghub().logs(project, name);
            let stored = stored.expect("it was planted");
            let mut pairs: BTreeMap<(&[u8], &[u8]), usize> = BTreeMap::new();
            let logs = stored.iter().flat_map(|stored| &stored.group.logs);
            for content in logs.clone().flat_map(|log| &log.contents) {
                *pairs.entry((&content.key, &content.value)).or_default() += 1;
            }
            let given = logstore["logs"].as_array().map_or(&[][..], Vec::as_slice);
            assert_eq!(logs.count(), given.len());
            for (key, value) in given.iter().filter_map(Value::as_object).flatten() {
                if let (Some(text), false) = (value.as_str(), key.starts_with("__")) {
                    let count = pairs.get_mut(&(key.as_bytes(), text.as_bytes()));
                    let count = count.expect("a content is as it was given");
                    *count = count.checked_sub(1).expect("as often as it was given");
                }
            }
        }
    }

    /// Every table has the rows that the seed gives it: no more, and no fewer but where two have
    /// one key.
    fn check_rows(&self, seed: &Value) {
        let known: BTreeMap<_, _> = self.tables().into_iter().collect();
        for table in seed["tables"].as_array().into_iter().flatten() {
            let Some(known) = table["name"].as_str().map(|name| &known[name]) else {
                continue;
            };
            let count = known.row_count;
            let rows = table["rows"].as_array().map_or(&[][..], Vec::as_slice);
            let lives = table["options"]["time_to_live"].as_i64().unwrap_or(-1) == -1;
            assert!(count <= rows.len());
            let key = |row: &Value| row["key"].as_object().cloned().map(sorted);
            let mut keys: Vec<_> = rows.iter().map(key).collect();
            keys.sort();
            keys.dedup();
            let counts = known.primary_key.iter().any(|key| key.auto_increment);
            assert!(counts || !lives || count <= keys.len());
            assert!(rows.is_empty() || !lives || count > 0);
        }
    }
}

/// Project, name and text of every logstore in a seed.
fn logstores(seed: &Value) -> impl Iterator<Item = (&str, &str, &Value)> {
    let projects = seed["projects"].as_array().into_iter().flatten();
    projects.flat_map(|project| {
        let logstores = project["logstores"].as_array().into_iter().flatten();
        logstores.filter_map(|logstore| {
            let names = project["name"].as_str().zip(logstore["name"].as_str());
            names.map(|(project, name)| (project, name, logstore))
        })
    })
}

/// A key as text, by name.
fn sorted(key: Map<String, Value>) -> String {
    let members: BTreeMap<_, _> = key.into_iter().collect();
    format!("{members:?}")
}
