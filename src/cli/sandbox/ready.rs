//! What is said once both services listen: to a person, or to a program.

use serde_json::json;

use super::super::exit::{Exit, Failure};
use super::super::output::{self, Output};
use super::super::table_spec;
use super::scene::{INSTANCE, Scene, credentials, export};
use crate::sandbox::{ADMIN_PREFIX, Running, Sandbox};
use crate::tablestore::TableName;
use crate::transport::AccessKey;

/// A sandbox that is served.
#[derive(Debug)]
pub(super) struct Ready {
    pub(super) sandbox: Sandbox,
    pub(super) running: Running,
    /// The first key, of which the secret is printed too.
    pub(super) key: AccessKey,
    /// What the flags created.
    pub(super) scene: Option<Scene>,
}

impl Ready {
    /// One line for a program.
    pub(super) fn json(&self) -> Result<(), Failure> {
        let mut out = Output::new();
        out.line(json!({
            "log_service": self.running.loghub_url(),
            "table_store": self.running.tablestore_url(),
            "admin": self.admin_url(),
            "instance": INSTANCE,
            "access_key_id": self.key.id,
        }))?;
        Ok(out.flush()?)
    }

    /// Lines for a person, and for a shell.
    pub(super) fn introduce(&self) -> Result<(), Failure> {
        let mut out = Output::new();
        out.line(format_args!(
            "# Log Service at {}",
            self.running.loghub_url()
        ))?;
        for line in self.logstores()? {
            out.line(format_args!("#   {line}"))?;
        }
        out.line(format_args!(
            "# Table Store at {}: instance {INSTANCE}, or any other",
            self.running.tablestore_url()
        ))?;
        for line in self.tables() {
            out.line(format_args!("#   {line}"))?;
        }
        out.line(format_args!(
            "# Look into both and steer them at {}/",
            self.admin_url()
        ))?;
        out.line("# For a shell in which to call loghub-shipper run, put or rows:")?;
        for line in self.exports() {
            out.line(line)?;
        }
        Ok(out.flush()?)
    }

    fn admin_url(&self) -> String {
        format!("{}{ADMIN_PREFIX}", self.running.tablestore_url())
    }

    fn logstores(&self) -> Result<Vec<String>, Failure> {
        let loghub = self.sandbox.loghub();
        let mut lines = Vec::new();
        for (project, logstores) in loghub.logstore_names() {
            for logstore in logstores {
                let found = loghub
                    .logstore(&project, &logstore)
                    .map_err(|error| Failure::new(Exit::Internal, error.to_string()))?;
                let shards = u64::try_from(found.shards.len()).unwrap_or(u64::MAX);
                let shards = output::counted(shards, "shard");
                lines.push(format!("project {project}, logstore {logstore}, {shards}"));
            }
        }
        Ok(lines)
    }

    fn tables(&self) -> Vec<String> {
        let tablestore = self.sandbox.tablestore();
        let names = tablestore.table_names().into_iter();
        names
            .filter_map(|name| {
                let found = tablestore.describe(&TableName::new(&name).ok()?)?;
                let key = table_spec::show_key(&found.primary_key);
                Some(format!("table {name} ({key})"))
            })
            .collect()
    }

    /// The environment of a shell: all of it where the flags say what `run` works on.
    fn exports(&self) -> Vec<String> {
        let target = self
            .scene
            .as_ref()
            .and_then(|scene| Some((scene, scene.tables.first()?)));
        let pairs = match target {
            Some((scene, target)) => scene
                .environment(&self.running, &self.key, &target.name)
                .to_vec(),
            None => credentials(&self.key).to_vec(),
        };
        pairs
            .iter()
            .map(|(name, value)| export(name, value))
            .collect()
    }
}
