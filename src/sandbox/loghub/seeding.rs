//! What seeds need: everything judged as the calls judge it, and then taken over at once.

use std::collections::BTreeMap;
use std::sync::MutexGuard;

use prost::Message as _;
use serde_json::{Map, Value, json};

use super::LogHub;
use super::put;
use super::refused::Refused;
use super::state::{ProjectState, State};
use crate::loghub::proto::LogGroup;
use crate::sandbox::Error;

impl LogHub {
    /// Creates a project, as `CreateProject`.
    pub(in crate::sandbox) fn seed_project(
        &self,
        project: &str,
        description: &str,
    ) -> Result<(), Error> {
        Ok(self.add_project(project, description)?)
    }

    /// Creates a logstore, as `CreateLogStore`.
    pub(in crate::sandbox) fn seed_logstore(
        &self,
        project: &str,
        logstore: &str,
        shards: u32,
        ttl_days: u64,
    ) -> Result<(), Error> {
        let settings: Map<String, Value> = [
            ("logstoreName", json!(logstore)),
            ("ttl", json!(ttl_days)),
            ("shardCount", json!(shards)),
        ]
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value))
        .collect();
        Ok(self.add_logstore(project, settings)?)
    }

    /// Creates a consumer group, as `CreateConsumerGroup`.
    pub(in crate::sandbox) fn seed_group(
        &self,
        place: (&str, &str),
        group: &str,
        timeout_seconds: u64,
        order: bool,
    ) -> Result<(), Error> {
        Ok(self.add_group(place, group, timeout_seconds, order)?)
    }

    /// Stores a log group, as `PutLogs`.
    pub(in crate::sandbox) fn seed_logs(
        &self,
        (project, logstore): (&str, &str),
        shard: Option<u32>,
        group: &LogGroup,
    ) -> Result<(), Error> {
        let bytes = group.encoded_len();
        if bytes > put::MAX_RAW_BYTES {
            return Err(put::too_large(bytes).into());
        }
        self.put(project, logstore, shard, group).map(drop)
    }

    /// Gets ready to take over all projects of `other`; refused where one of their logstores is
    /// there already. Nobody else uses the service until the reception is over.
    pub(in crate::sandbox) fn receive(&self, other: &Self) -> Result<Reception<'_>, Error> {
        let new = std::mem::take(&mut other.lock().projects);
        let state = self.lock();
        for (name, project) in &new {
            let known = state.projects.get(name);
            let is_taken = |logstore: &&String| {
                known.is_some_and(|known| known.logstores.contains_key(*logstore))
            };
            if let Some(taken) = project.logstores.keys().find(is_taken) {
                let message = format!("logstore {taken} of project {name} already exists");
                return Err(Refused::bad("LogStoreAlreadyExist", message).into());
            }
        }
        Ok(Reception { state, new })
    }
}

/// Projects about to be taken over.
#[derive(Debug)]
pub(in crate::sandbox) struct Reception<'a> {
    state: MutexGuard<'a, State>,
    new: BTreeMap<String, ProjectState>,
}

impl Reception<'_> {
    pub(in crate::sandbox) fn commit(mut self) {
        for (name, project) in self.new {
            let mut logstores = project.logstores;
            for logstore in logstores.values_mut() {
                // Counted where they live: cached blocks are told apart by it.
                self.state.serial += 1;
                logstore.serial = self.state.serial;
            }
            let known = self.state.projects.entry(name);
            let known = known.or_insert(ProjectState {
                logstores: BTreeMap::new(),
                ..project
            });
            known.logstores.append(&mut logstores);
        }
    }
}
