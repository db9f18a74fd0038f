//! The services that the processes work with: a sandbox behind real HTTP on 127.0.0.1.

use std::collections::BTreeMap;
use std::time::Duration;

use loghub_shipper::sandbox::{Listen, Running, Sandbox, Seed, Settings, TableSpec};
use loghub_shipper::shipper::STATUS_KEY;
use loghub_shipper::tablestore::{PrimaryKeyColumn, PrimaryKeyType, Row, TableName, Value};
use loghub_shipper::transport::{AccessKey, Clock, Secret};

pub(crate) const PROJECT: &str = "enduring";
pub(crate) const LOGSTORE: &str = "access-log";
const GROUP: &str = "shippers";
pub(crate) const TARGET: &str = "rows";
const STATUS: &str = "status";

/// What a shipper's access key is called, before the number of its life: each life signs with a key
/// of its own, so that every call tells whose it is.
const LIFE: &str = "life-";

/// A sandbox with one logstore and the tables.
#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) sandbox: Sandbox,
    pub(crate) running: Running,
}

impl Site {
    pub(crate) async fn open(shards: u32) -> Self {
        let key = AccessKey {
            id: "nobody".to_owned(),
            secret: Secret::new("secret"),
            token: None,
        };
        let sandbox = Sandbox::new(Settings::new(key, Clock::system()));
        let loghub = sandbox.loghub();
        loghub.create_project(PROJECT).expect("a new project");
        loghub
            .create_logstore(PROJECT, LOGSTORE, shards)
            .expect("a new logstore");
        let key = [("k", PrimaryKeyType::String)];
        for (name, key) in [(TARGET, &key[..]), (STATUS, &STATUS_KEY[..])] {
            let key = key.iter().map(|(name, kind)| PrimaryKeyColumn {
                name: (*name).to_owned(),
                kind: *kind,
                auto_increment: false,
            });
            let spec = TableSpec::new(table(name), key.collect());
            let made = sandbox.tablestore().create_table(spec);
            made.expect("a new table");
        }
        let running = sandbox.serve(Listen::default()).await;
        Self {
            sandbox,
            running: running.expect("127.0.0.1 has free ports"),
        }
    }

    /// The environment of a life of a shipper, whose access key works from now on.
    pub(crate) fn environment(
        &self,
        life: usize,
        consumer: &str,
        lease: Duration,
    ) -> BTreeMap<&'static str, String> {
        let id = format!("{LIFE}{life}");
        let seed = serde_json::json!({ "access_keys": [{ "id": id, "secret": "secret" }] });
        let seed = Seed::parse(&seed.to_string()).expect("a good seed");
        self.sandbox.plant(&seed).expect("a new key");
        let loghub = serde_json::json!({
            "endpoint": self.running.loghub_url(),
            "project": PROJECT,
            "logstore": LOGSTORE,
            "consumer_group": GROUP,
        });
        let tablestore = serde_json::json!({
            "endpoint": self.running.tablestore_url(),
            "instance": "enduring",
            "target_table": TARGET,
            "status_table": STATUS,
        });
        [
            ("access_key_id", id),
            ("access_key_secret", "secret".to_owned()),
            ("loghub", loghub.to_string()),
            ("tablestore", tablestore.to_string()),
            ("transform", r#"{"seq":"(->int 10 seq)"}"#.to_owned()),
            (
                "exclusive_columns",
                r#"["__time__","__topic__","__source__"]"#.to_owned(),
            ),
            ("consumer_name", consumer.to_owned()),
            ("group_timeout", format!("{}s", lease.as_secs())),
            ("startup_timeout", "2m".to_owned()),
            ("status_interval", "5s".to_owned()),
        ]
        .into()
    }

    /// Log groups that no checkpoint has passed; none where the group is not there yet.
    pub(crate) fn behind(&self) -> Option<u64> {
        let group = self.sandbox.loghub().group(PROJECT, LOGSTORE, GROUP);
        group.ok().map(|group| group.behind())
    }

    /// The checkpoint of each shard; empty where there is none.
    pub(crate) fn checkpoints(&self) -> Vec<(u32, String)> {
        let group = self.sandbox.loghub().group(PROJECT, LOGSTORE, GROUP);
        let shards = group.map(|group| group.shards).unwrap_or_default();
        shards
            .into_iter()
            .map(|shard| (shard.shard, shard.checkpoint))
            .collect()
    }

    pub(crate) fn rows(&self) -> Vec<Row> {
        let rows = self.sandbox.tablestore().rows(&table(TARGET));
        rows.expect("the table is there")
    }

    /// A counter of the status table, over all its rows.
    pub(crate) fn told(&self, column: &str) -> u64 {
        let rows = self.sandbox.tablestore().rows(&table(STATUS));
        let rows = rows.expect("the table is there");
        let cells = rows.iter().flat_map(|row| &row.cells);
        let numbers = cells.filter(|cell| cell.name == column);
        let number = |value: &Value| match value {
            Value::Integer(number) => u64::try_from(*number).expect("counts are not negative"),
            other => panic!("{column} is {other:?}"),
        };
        numbers.map(|cell| number(&cell.value)).sum()
    }
}

fn table(name: &str) -> TableName {
    TableName::new(name).expect("a good name")
}

/// Which life signed a request.
pub(crate) fn life_of(request: &http::Request<bytes::Bytes>) -> Option<usize> {
    let header = |name: &str| request.headers().get(name)?.to_str().ok();
    let id = header("x-ots-accesskeyid").or_else(|| {
        let signed = header("authorization")?.strip_prefix("LOG ")?;
        Some(signed.split_once(':')?.0)
    })?;
    id.strip_prefix(LIFE)?.parse().ok()
}
