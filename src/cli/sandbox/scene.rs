//! What the shipper needs of a sandbox: one logstore, target tables, a status table.

use serde_json::json;

use super::super::exit::{Exit, Failure};
use super::super::table_spec::TableSpec;
use super::listen;
use crate::loghub::{Logstore, Project};
use crate::sandbox::{Listen, Running, Sandbox, Settings, TableSpec as NewTable};
use crate::shipper::STATUS_KEY;
use crate::tablestore::{PrimaryKeyColumn, TableName};
use crate::transport::{AccessKey, Clock};

/// Any instance will do in the sandbox; this one is printed.
pub(super) const INSTANCE: &str = "sandbox";

/// The consumer group that is printed.
const GROUP: &str = "shipper";

/// A logstore and tables.
#[derive(Clone, Debug)]
pub(in crate::cli) struct Scene {
    pub(in crate::cli) project: Project,
    pub(in crate::cli) logstore: Logstore,
    pub(in crate::cli) shards: u32,
    pub(in crate::cli) tables: Vec<TableSpec>,
    pub(in crate::cli) status_table: TableName,
}

impl Scene {
    /// Creates everything.
    pub(super) fn set_up(&self, sandbox: &Sandbox) -> Result<(), Failure> {
        let loghub = sandbox.loghub();
        let (project, logstore) = (self.project.as_str(), self.logstore.as_str());
        loghub
            .create_project(project)
            .and_then(|()| loghub.create_logstore(project, logstore, self.shards))
            .map_err(|error| Failure::new(Exit::Usage, error.to_string()))?;
        let tables = self
            .tables
            .iter()
            .cloned()
            .map(|table| NewTable::new(table.name, table.primary_key));
        let status = NewTable::new(self.status_table.clone(), status_key());
        for table in tables.chain([status]) {
            let name = table.name.clone();
            let created = sandbox.tablestore().create_table(table);
            created.map_err(|error| Failure::new(Exit::Usage, format!("table {name}: {error}")))?;
        }
        Ok(())
    }

    /// The environment for `run`, `put` and `rows` where this is served, with `target` as the table
    /// that gets the rows.
    pub(super) fn environment(
        &self,
        running: &Running,
        key: &AccessKey,
        target: &TableName,
    ) -> [(&'static str, String); 4] {
        let loghub = json!({
            "endpoint": running.loghub_url(),
            "project": self.project.as_str(),
            "logstore": self.logstore.as_str(),
            "consumer_group": GROUP,
        });
        let tablestore = json!({
            "endpoint": running.tablestore_url(),
            "instance": INSTANCE,
            "target_table": target.as_str(),
            "status_table": self.status_table.as_str(),
        });
        let [id, secret] = credentials(key);
        [
            id,
            secret,
            ("loghub", loghub.to_string()),
            ("tablestore", tablestore.to_string()),
        ]
    }

    /// Serves a sandbox that holds this and takes `key`, on free ports.
    pub(in crate::cli) async fn serve(self, key: AccessKey) -> Result<Served, Failure> {
        let sandbox = Sandbox::new(Settings::new(key.clone(), Clock::system()));
        self.set_up(&sandbox)?;
        let running = listen(&sandbox, Listen::default()).await?;
        Ok(Served {
            running,
            key,
            scene: self,
        })
    }
}

/// A sandbox with a logstore and tables, served.
#[derive(Debug)]
pub(in crate::cli) struct Served {
    pub(in crate::cli) running: Running,
    pub(in crate::cli) key: AccessKey,
    pub(in crate::cli) scene: Scene,
}

impl Served {
    /// The environment for `run`, `put` and `rows`, with `target` as the table that gets the rows.
    pub(in crate::cli) fn environment(&self, target: &TableName) -> [(&'static str, String); 4] {
        self.scene.environment(&self.running, &self.key, target)
    }

    /// Lines to paste into a shell.
    pub(in crate::cli) fn exports(&self, target: &TableName) -> Vec<String> {
        let pairs = self.environment(target).into_iter();
        pairs.map(|(name, value)| export(name, &value)).collect()
    }
}

/// The part of the environment that signs.
pub(super) fn credentials(key: &AccessKey) -> [(&'static str, String); 2] {
    [
        ("access_key_id", key.id.clone()),
        ("access_key_secret", key.secret.expose().to_owned()),
    ]
}

/// A line for a shell.
pub(in crate::cli) fn export(name: &str, value: &str) -> String {
    format!("export {name}={}", quoted(value))
}

/// A word of a shell that means the text itself.
fn quoted(text: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:".contains(&byte);
    if !text.is_empty() && text.bytes().all(is_plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

fn status_key() -> Vec<PrimaryKeyColumn> {
    let columns = STATUS_KEY.iter().map(|(name, kind)| PrimaryKeyColumn {
        name: (*name).to_owned(),
        kind: *kind,
        auto_increment: false,
    });
    columns.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::table_spec;
    use crate::config::Config;
    use crate::transport::Secret;

    #[tokio::test]
    async fn the_printed_environment_configures_run() {
        let key = AccessKey {
            id: "id".to_owned(),
            secret: Secret::new("it's"),
            token: None,
        };
        let served = Scene {
            project: Project::new("project").unwrap(),
            logstore: Logstore::new("logstore").unwrap(),
            shards: 2,
            tables: vec![table_spec::parse_table("t(a,b:INTEGER)").unwrap()],
            status_table: TableName::new("s").unwrap(),
        }
        .serve(key)
        .await
        .unwrap();
        let target = &served.scene.tables[0].name;
        let pairs = served
            .environment(target)
            .map(|(name, value)| (name.to_owned(), value));
        let config = Config::from_pairs(pairs, "host").unwrap();
        assert_eq!(config.loghub.project.as_str(), "project");
        assert_eq!(config.access_key.secret.expose(), "it's");
        let exports = served.exports(target);
        assert_eq!(exports[0], "export access_key_id=id");
        assert_eq!(exports[1], r"export access_key_secret='it'\''s'");
        served.running.shutdown().await;
    }
}
