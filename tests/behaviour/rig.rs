//! The test bench: a sandbox, shippers in this process, and what the tables hold.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::{Arc, Mutex, Once};
use std::time::Duration;

use bytes::Bytes;
use loghub_shipper::config::Config;
use loghub_shipper::loghub::proto::{Content, Log, LogGroup};
use loghub_shipper::sandbox::loghub::GroupSnapshot;
use loghub_shipper::sandbox::{Listen, Running, Sandbox, Settings, TableSpec};
use loghub_shipper::shipper::{RunError, STATUS_KEY, Shipper, StartError};
use loghub_shipper::status::Totals;
use loghub_shipper::tablestore::{PrimaryKeyColumn, PrimaryKeyType, Row, TableName, Value};
use loghub_shipper::transport::{AccessKey, Clock, HttpTransport, Secret};
use loghub_shipper::{loghub, tablestore};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

pub(crate) const PROJECT: &str = "demo-project";
pub(crate) const LOGSTORE: &str = "access-log";
pub(crate) const GROUP: &str = "shippers";
pub(crate) const TARGET: &str = "access_rows";
pub(crate) const STATUS: &str = "status_rows";

/// Longer than anything that a test waits for takes, even on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// A row as a test compares it: printed primary key, and values by column.
pub(crate) type Rows = BTreeMap<Vec<Cell>, BTreeMap<String, Cell>>;

/// A value that can be ordered.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Cell {
    Integer(i64),
    Boolean(bool),
    Text(String),
    Other(String),
}

impl From<&Value> for Cell {
    fn from(value: &Value) -> Self {
        match value {
            Value::Integer(number) => Self::Integer(*number),
            Value::Boolean(truth) => Self::Boolean(*truth),
            Value::String(text) => Self::Text(text.clone()),
            other => Self::Other(format!("{other:?}")),
        }
    }
}

/// Text, as a value to compare with.
pub(crate) fn text(text: &str) -> Cell {
    Cell::Text(text.to_owned())
}

/// The container log of all shippers in this process.
static LOG: Mutex<Vec<u8>> = Mutex::new(Vec::new());

/// Appends to [`LOG`].
struct LogWriter;

impl Write for LogWriter {
    fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
        LOG.lock().unwrap().extend_from_slice(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn listen_to_the_log() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        tracing_subscriber::fmt()
            .with_ansi(false)
            .with_writer(|| LogWriter)
            .init();
    });
}

/// Whether one line of the container log has all of these. Tests share the log: ask for something
/// that only one of them says.
pub(crate) fn was_logged(parts: &[&str]) -> bool {
    let log = LOG.lock().unwrap();
    let has = |line: &[u8], part: &str| memchr::memmem::find(line, part.as_bytes()).is_some();
    log.split(|byte| *byte == b'\n')
        .any(|line| parts.iter().all(|part| has(line, part)))
}

/// A sandbox with a project, a logstore and a status table.
pub(crate) struct Rig {
    pub(crate) sandbox: Sandbox,
    pub(crate) running: Running,
}

impl Rig {
    /// A sandbox with `shards` shards and a target table with this key.
    pub(crate) async fn new(shards: u32, key: &[(&str, PrimaryKeyType)]) -> Self {
        Self::with(shards, key, |_| ()).await
    }

    /// The same, with the sandbox's settings changed first.
    pub(crate) async fn with(
        shards: u32,
        key: &[(&str, PrimaryKeyType)],
        change: impl FnOnce(&mut Settings),
    ) -> Self {
        listen_to_the_log();
        let mut settings = Settings::new(access_key("test-secret"), Clock::system());
        change(&mut settings);
        let sandbox = Sandbox::new(settings);
        sandbox.loghub().create_project(PROJECT).unwrap();
        sandbox
            .loghub()
            .create_logstore(PROJECT, LOGSTORE, shards)
            .unwrap();
        for (table, key) in [(TARGET, key), (STATUS, &STATUS_KEY[..])] {
            let spec = TableSpec::new(TableName::new(table).unwrap(), columns(key));
            sandbox.tablestore().create_table(spec).unwrap();
        }
        let running = sandbox.serve(Listen::default()).await.unwrap();
        Self { sandbox, running }
    }

    /// The environment of a shipper, as `docker run -e` would give it.
    pub(crate) fn environment(&self) -> BTreeMap<String, String> {
        let loghub = serde_json::json!({
            "endpoint": self.running.loghub_url(),
            "project": PROJECT,
            "logstore": LOGSTORE,
            "consumer_group": GROUP,
        });
        let tablestore = serde_json::json!({
            "endpoint": self.running.tablestore_url(),
            "instance": "demo",
            "target_table": TARGET,
            "status_table": STATUS,
        });
        [
            ("access_key_id", "test-id".to_owned()),
            ("access_key_secret", "test-secret".to_owned()),
            ("loghub", loghub.to_string()),
            ("tablestore", tablestore.to_string()),
            ("consumer_name", "shipper-1".to_owned()),
            ("heartbeat_interval", "200ms".to_owned()),
            ("group_timeout", "3s".to_owned()),
            ("checkpoint_interval", "200ms".to_owned()),
            ("startup_timeout", "5s".to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into()
    }

    /// Starts a shipper in this process, with these variables over the usual ones.
    pub(crate) async fn ship(&self, variables: &[(&str, &str)]) -> Ship {
        let mut environment = self.environment();
        environment.extend(
            variables
                .iter()
                .map(|(k, v)| ((*k).to_owned(), (*v).to_owned())),
        );
        Ship::start(Config::from_pairs(environment, "host").unwrap()).await
    }

    /// The `loghub` variable for another consumer group of the same logstore.
    pub(crate) fn loghub_of_group(&self, consumer_group: &str) -> String {
        let mut loghub: serde_json::Value =
            serde_json::from_str(&self.environment()["loghub"]).unwrap();
        loghub["consumer_group"] = consumer_group.into();
        loghub.to_string()
    }

    /// The consumer group as it stands now.
    pub(crate) fn group(&self) -> GroupSnapshot {
        self.sandbox
            .loghub()
            .group(PROJECT, LOGSTORE, GROUP)
            .unwrap()
    }

    /// Status rows that tell of this error.
    pub(crate) fn errors(&self, code: &str) -> Vec<BTreeMap<String, Cell>> {
        let mut status = self.status();
        status.retain(|row| row.get("error_code") == Some(&text(code)));
        status
    }

    /// Puts logs as one log group.
    pub(crate) fn put(&self, shard: Option<u32>, group: &LogGroup) {
        self.sandbox
            .loghub()
            .put(PROJECT, LOGSTORE, shard, group)
            .unwrap();
    }

    /// The rows of the target table.
    pub(crate) fn rows(&self) -> Rows {
        self.table(TARGET).iter().map(row).collect()
    }

    /// The rows of any table.
    pub(crate) fn table_rows(&self, name: &str) -> Rows {
        self.table(name).iter().map(row).collect()
    }

    /// The status rows, oldest first, by column (key columns included).
    pub(crate) fn status(&self) -> Vec<BTreeMap<String, Cell>> {
        let mut rows: Vec<_> = self
            .table(STATUS)
            .iter()
            .map(|row| {
                let key = row
                    .primary_key
                    .iter()
                    .map(|c| (c.name.clone(), (&c.value).into()));
                let cells = row
                    .cells
                    .iter()
                    .map(|c| (c.name.clone(), (&c.value).into()));
                key.chain(cells).collect::<BTreeMap<String, Cell>>()
            })
            .collect();
        rows.sort_by_key(|row| row["timestamp"].clone());
        rows
    }

    /// The sum of a counter over all status rows.
    pub(crate) fn status_sum(&self, column: &str) -> i64 {
        let number = |row: &BTreeMap<String, Cell>| match row.get(column) {
            Some(Cell::Integer(number)) => *number,
            _ => 0,
        };
        self.status().iter().map(number).sum()
    }

    fn table(&self, name: &str) -> Vec<Row> {
        self.sandbox
            .tablestore()
            .rows(&TableName::new(name).unwrap())
            .unwrap()
    }

    /// Waits until every shard's saved checkpoint is at its end.
    pub(crate) async fn until_done(&self) {
        self.until("all logs are checkpointed", || {
            self.sandbox
                .loghub()
                .group(PROJECT, LOGSTORE, GROUP)
                .is_ok_and(|group| group.behind() == 0)
        })
        .await;
    }

    /// Waits until something is so.
    pub(crate) async fn until(&self, what: &str, is_so: impl Fn() -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !is_so() {
            assert!(Instant::now() < deadline, "waited in vain until {what}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

fn row(row: &Row) -> (Vec<Cell>, BTreeMap<String, Cell>) {
    let key = row
        .primary_key
        .iter()
        .map(|column| (&column.value).into())
        .collect();
    let cells = row
        .cells
        .iter()
        .map(|cell| (cell.name.clone(), (&cell.value).into()));
    (key, cells.collect())
}

/// The columns of a primary key.
pub(crate) fn columns(key: &[(&str, PrimaryKeyType)]) -> Vec<PrimaryKeyColumn> {
    let column = |(name, kind): &(&str, PrimaryKeyType)| PrimaryKeyColumn {
        name: (*name).to_owned(),
        kind: *kind,
        auto_increment: false,
    };
    key.iter().map(column).collect()
}

pub(crate) fn access_key(secret: &str) -> AccessKey {
    AccessKey {
        id: "test-id".to_owned(),
        secret: Secret::new(secret),
        token: None,
    }
}

/// A log with these contents.
pub(crate) fn log(time: u32, contents: &[(&str, &str)]) -> Log {
    let contents = contents.iter().map(|(key, value)| Content {
        key: Bytes::copy_from_slice(key.as_bytes()),
        value: Bytes::copy_from_slice(value.as_bytes()),
    });
    Log {
        time,
        contents: contents.collect(),
        time_ns: None,
    }
}

/// A log group with these logs, a topic and a source.
pub(crate) fn group(logs: Vec<Log>) -> LogGroup {
    LogGroup {
        logs,
        topic: Some("access".into()),
        source: Some("10.0.2.15".into()),
        ..LogGroup::default()
    }
}

/// A shipper that runs in this process.
pub(crate) struct Ship {
    pub(crate) totals: Arc<Totals>,
    shutdown: CancellationToken,
    tasks: JoinSet<Result<(), RunError>>,
}

impl Ship {
    pub(crate) async fn start(config: Config) -> Self {
        Self::try_start(config).await.unwrap()
    }

    /// Starts, or tells what is in the way.
    pub(crate) async fn try_start(config: Config) -> Result<Self, StartError> {
        let transport = Arc::new(HttpTransport::new(&config.http).unwrap());
        let (clock, key) = (Clock::system(), config.access_key);
        let loghub = loghub::Client::new(
            config.loghub,
            key.clone(),
            Arc::clone(&transport) as _,
            clock.clone(),
        );
        let tablestore = tablestore::Client::new(config.tablestore, key, transport, clock.clone());
        let shipper = Shipper::start(
            config.shipper,
            config.status,
            loghub,
            tablestore,
            clock,
            config.startup_timeout,
        )
        .await?;
        let (totals, shutdown) = (shipper.totals(), CancellationToken::new());
        let mut tasks = JoinSet::new();
        let token = shutdown.clone();
        tasks.spawn(async move { shipper.run(&token).await });
        Ok(Self {
            totals,
            shutdown,
            tasks,
        })
    }

    /// Hands everything over, as at SIGTERM.
    pub(crate) async fn stop(mut self) {
        self.shutdown.cancel();
        self.tasks.join_next().await.unwrap().unwrap().unwrap();
    }

    /// Stops dead, as at SIGKILL.
    pub(crate) async fn kill(mut self) {
        self.tasks.shutdown().await;
    }
}
