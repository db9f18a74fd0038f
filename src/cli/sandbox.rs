//! `sandbox`: both services in memory, over real HTTP.

use std::net::{IpAddr, SocketAddr};

use serde_json::json;

use super::exit::{Exit, Failure};
use super::output::{self, Output};
use super::signals::Signals;
use super::table_spec::{self, TableSpec};
use crate::loghub::{Logstore, Project};
use crate::sandbox::{Error, Listen, Running, Sandbox, Settings, TableSpec as NewTable};
use crate::shipper::STATUS_KEY;
use crate::tablestore::{PrimaryKeyColumn, TableName};
use crate::transport::{AccessKey, Clock, Secret, error_chain};

/// Any instance will do in the sandbox; this one is printed.
pub(super) const INSTANCE: &str = "sandbox";

/// The consumer group that is printed.
pub(super) const GROUP: &str = "shipper";

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Address to listen on
    #[arg(long, value_name = "IP", default_value = "127.0.0.1")]
    host: IpAddr,
    /// Port of Log Service; 0 takes a free one
    #[arg(long, value_name = "PORT", default_value_t = 9420)]
    log_service_port: u16,
    /// Port of Table Store; 0 takes a free one
    #[arg(long, value_name = "PORT", default_value_t = 9421)]
    table_store_port: u16,
    /// Project to create
    #[arg(long, default_value = "demo", value_parser = |name: &str| Project::new(name).map_err(|error| error.to_string()))]
    project: Project,
    /// Logstore to create
    #[arg(long, default_value = "access", value_parser = |name: &str| Logstore::new(name).map_err(|error| error.to_string()))]
    logstore: Logstore,
    /// Shards of the logstore
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=10))]
    shards: u32,
    /// Table to create, with its primary key; may be given several times
    ///
    /// Types are STRING (where none is given), INTEGER and BINARY; a column after the first may be
    /// `NAME:INTEGER:AUTO_INCREMENT`.
    #[arg(long = "table", value_name = "NAME(COLUMN:TYPE,...)", default_value = "access_log(ip:STRING,time:STRING)", value_parser = table_spec::parse_table)]
    tables: Vec<TableSpec>,
    /// Status table to create, with the primary key that status rows need
    #[arg(long, value_name = "NAME", default_value = "shipper_status", value_parser = |name: &str| TableName::new(name).map_err(|error| error.to_string()))]
    status_table: TableName,
    /// Take column names by the letter of the documentation: `[A-Za-z_][A-Za-z0-9_]*`. Otherwise - is allowed too
    #[arg(long)]
    strict_names: bool,
    /// Access key id that may sign
    #[arg(long, value_name = "ID", default_value = "sandbox-id")]
    access_key_id: String,
    /// Access key secret that signs
    #[arg(long, value_name = "SECRET", default_value = "sandbox-secret")]
    access_key_secret: String,
}

/// A sandbox with a logstore and tables, served.
#[derive(Debug)]
pub(super) struct Served {
    pub(super) running: Running,
    pub(super) plan: Plan,
}

/// What a sandbox has to have.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) listen: Listen,
    pub(super) key: AccessKey,
    pub(super) strict_names: bool,
    pub(super) project: Project,
    pub(super) logstore: Logstore,
    pub(super) shards: u32,
    pub(super) tables: Vec<TableSpec>,
    pub(super) status_table: TableName,
}

/// Serves until a signal comes.
pub(super) async fn sandbox(args: Args) -> Result<Exit, Failure> {
    let mut signals = Signals::new()
        .map_err(|error| Failure::of(Exit::Internal, "cannot listen to signals", &error))?;
    let served = Plan {
        listen: Listen {
            loghub: SocketAddr::new(args.host, args.log_service_port),
            tablestore: SocketAddr::new(args.host, args.table_store_port),
        },
        key: AccessKey {
            id: args.access_key_id,
            secret: Secret::new(args.access_key_secret),
            token: None,
        },
        strict_names: args.strict_names,
        project: args.project,
        logstore: args.logstore,
        shards: args.shards,
        tables: args.tables,
        status_table: args.status_table,
    }
    .serve()
    .await?;
    served.introduce()?;
    let signal = signals.next().await;
    output::note(&format!(
        "{}: the sandbox is gone, and what it held",
        signal.name()
    ));
    served.running.shutdown().await;
    Ok(Exit::Ok)
}

impl Plan {
    /// Creates everything and listens.
    pub(super) async fn serve(self) -> Result<Served, Failure> {
        let settings = Settings {
            strict_names: self.strict_names,
            ..Settings::new(self.key.clone(), Clock::system())
        };
        let sandbox = Sandbox::new(settings);
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
        let running = sandbox.serve(self.listen).await.map_err(|error| {
            let exit = if matches!(error, Error::Listen { .. }) {
                Exit::Unavailable
            } else {
                Exit::Internal
            };
            Failure::new(exit, error_chain(&error))
        })?;
        Ok(Served {
            running,
            plan: self,
        })
    }
}

impl Served {
    /// The environment for `run`, `put` and `rows`, with `target` as the table that gets the rows.
    pub(super) fn environment(&self, target: &TableName) -> [(&'static str, String); 4] {
        let Plan {
            key,
            project,
            logstore,
            status_table,
            ..
        } = &self.plan;
        let loghub = json!({
            "endpoint": self.running.loghub_url(),
            "project": project.as_str(),
            "logstore": logstore.as_str(),
            "consumer_group": GROUP,
        });
        let tablestore = json!({
            "endpoint": self.running.tablestore_url(),
            "instance": INSTANCE,
            "target_table": target.as_str(),
            "status_table": status_table.as_str(),
        });
        [
            ("access_key_id", key.id.clone()),
            ("access_key_secret", key.secret.expose().to_owned()),
            ("loghub", loghub.to_string()),
            ("tablestore", tablestore.to_string()),
        ]
    }

    /// Lines to paste into a shell.
    pub(super) fn exports(&self, target: &TableName) -> Vec<String> {
        let pairs = self.environment(target).into_iter();
        pairs.map(|(name, value)| export(name, &value)).collect()
    }

    fn introduce(&self) -> Result<(), Failure> {
        let mut out = Output::new();
        let Plan {
            project,
            logstore,
            shards,
            tables,
            status_table,
            ..
        } = &self.plan;
        let count = output::counted(u64::from(*shards), "shard");
        out.line(format_args!(
            "# Log Service at {}: project {project}, logstore {logstore}, {count}",
            self.running.loghub_url()
        ))?;
        out.line(format_args!(
            "# Table Store at {}: instance {INSTANCE}, status table {status_table}",
            self.running.tablestore_url()
        ))?;
        for table in tables {
            out.line(format_args!(
                "#   table {} ({})",
                table.name,
                table_spec::show_key(&table.primary_key)
            ))?;
        }
        out.line("# For a shell in which to call loghub-shipper run, put or rows:")?;
        if let Some(target) = tables.first() {
            for line in self.exports(&target.name) {
                out.line(line)?;
            }
        }
        Ok(out.flush()?)
    }
}

/// A line for a shell.
pub(super) fn export(name: &str, value: &str) -> String {
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
    use crate::config::Config;

    #[tokio::test]
    async fn the_printed_environment_configures_run() {
        let key = AccessKey {
            id: "id".to_owned(),
            secret: Secret::new("it's"),
            token: None,
        };
        let served = Plan {
            listen: Listen::default(),
            key,
            strict_names: false,
            project: Project::new("project").unwrap(),
            logstore: Logstore::new("logstore").unwrap(),
            shards: 2,
            tables: vec![table_spec::parse_table("t(a,b:INTEGER)").unwrap()],
            status_table: TableName::new("s").unwrap(),
        }
        .serve()
        .await
        .unwrap();
        let target = &served.plan.tables[0].name;
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
