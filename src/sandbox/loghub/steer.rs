//! Ways in for tests and the demo, past HTTP and signatures.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use prost::Message as _;
use serde_json::{Map, Value, json};

use super::LogHub;
use super::group::ShardState;
use super::logstore::Target;
use super::refused::Refused;
use super::shard::cursor_text;
use crate::loghub::proto::LogGroup;
use crate::sandbox::Error;

/// A log group as the sandbox keeps it.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredGroup {
    /// The shard that it is in.
    pub shard: u32,
    /// The cursor that stands before it.
    pub cursor: String,
    /// When it was received.
    pub received: SystemTime,
    /// What it holds.
    pub group: LogGroup,
}

/// One shard as a consumer group sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShardSnapshot {
    /// Its number.
    pub shard: u32,
    /// Where it stands.
    pub state: ShardState,
    /// The saved cursor; empty where none was saved.
    pub checkpoint: String,
    /// Log groups after the checkpoint; all of the shard's where there is none.
    pub behind: u64,
}

/// A consumer group at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupSnapshot {
    /// The consumers that have not timed out, by name.
    pub consumers: Vec<String>,
    /// All shards, by number.
    pub shards: Vec<ShardSnapshot>,
}

impl GroupSnapshot {
    /// The shards that `consumer` may be working on.
    pub fn held_by(&self, consumer: &str) -> Vec<u32> {
        self.shards
            .iter()
            .filter(|shard| shard.state.holder() == Some(consumer))
            .map(|shard| shard.shard)
            .collect()
    }

    /// Log groups that no checkpoint has passed yet, over all shards.
    pub fn behind(&self) -> u64 {
        self.shards.iter().map(|shard| shard.behind).sum()
    }
}

impl LogHub {
    /// Creates a project.
    pub fn create_project(&self, project: &str) -> Result<(), Error> {
        Ok(self.add_project(project, "")?)
    }

    /// Creates a logstore of `shards` shards, numbered from 0.
    pub fn create_logstore(&self, project: &str, logstore: &str, shards: u32) -> Result<(), Error> {
        let settings: Map<String, Value> = [
            ("logstoreName", json!(logstore)),
            ("ttl", json!(30)),
            ("shardCount", json!(shards)),
        ]
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value))
        .collect();
        Ok(self.add_logstore(project, settings)?)
    }

    /// Stores a log group in `shard`, or in one shard after the other; answers in which.
    pub fn put(
        &self,
        project: &str,
        logstore: &str,
        shard: Option<u32>,
        group: &LogGroup,
    ) -> Result<u32, Error> {
        self.put_encoded(project, logstore, shard, group.encode_to_vec().into())
    }

    /// Stores bytes as a log group, whatever they are: a damaged one, or one encoded beforehand.
    pub fn put_encoded(
        &self,
        project: &str,
        logstore: &str,
        shard: Option<u32>,
        group: Bytes,
    ) -> Result<u32, Error> {
        let target = shard.map_or(Target::Balance, Target::Shard);
        let now = self.now();
        let mut state = self.lock();
        let logstore = state.logstore_mut(project, logstore)?;
        Ok(logstore.put(target, group, now)?)
    }

    /// Splits a shard in the middle of its keys; answers the two new numbers.
    pub fn split(&self, project: &str, logstore: &str, shard: u32) -> Result<Vec<u32>, Error> {
        let now = self.now();
        let mut state = self.lock();
        let mut shards = state
            .logstore_mut(project, logstore)?
            .split(shard, None, 2, now)?;
        Ok(shards.split_off(1))
    }

    /// Merges a shard with its right neighbour; answers the new number.
    pub fn merge(&self, project: &str, logstore: &str, shard: u32) -> Result<u32, Error> {
        let now = self.now();
        let mut state = self.lock();
        let shards = state.logstore_mut(project, logstore)?.merge(shard, now)?;
        let merged = shards.last().copied();
        Ok(merged.ok_or_else(|| Refused::shard(shard))?)
    }

    /// Forgets the oldest `groups` log groups of a shard, as if their time to live were over;
    /// answers how many there were to forget.
    pub fn trim(
        &self,
        project: &str,
        logstore: &str,
        shard: u32,
        groups: usize,
    ) -> Result<usize, Error> {
        let mut state = self.lock();
        let logstore = state.logstore_mut(project, logstore)?;
        Ok(logstore.shard_mut(shard)?.trim(groups))
    }

    /// The cursor after the last log group of a shard.
    pub fn end_cursor(&self, project: &str, logstore: &str, shard: u32) -> Result<String, Error> {
        let state = self.lock();
        let logstore = state.logstore(project, logstore)?;
        Ok(cursor_text(logstore.shard(shard)?.end()))
    }

    /// Every log group that is kept, by shard and in order. Bytes that are no log group read as an
    /// empty one.
    pub fn logs(&self, project: &str, logstore: &str) -> Result<Vec<StoredGroup>, Error> {
        let state = self.lock();
        let stored = state
            .logstore(project, logstore)?
            .shards()
            .flat_map(|shard| {
                shard.stored().map(|(number, stored)| StoredGroup {
                    shard: shard.id,
                    cursor: cursor_text(number),
                    received: SystemTime::UNIX_EPOCH + stored.received,
                    group: LogGroup::decode(stored.group.clone()).unwrap_or_default(),
                })
            })
            .collect();
        Ok(stored)
    }

    /// Creates a consumer group.
    pub fn create_group(
        &self,
        project: &str,
        logstore: &str,
        group: &str,
        timeout: Duration,
        order: bool,
    ) -> Result<(), Error> {
        let mut state = self.lock();
        let logstore = state.logstore_mut(project, logstore)?;
        logstore.add_group(group, timeout, order);
        Ok(())
    }

    /// Forgets a consumer, as if it had timed out: its next heartbeat is refused.
    pub fn drop_consumer(
        &self,
        project: &str,
        logstore: &str,
        group: &str,
        consumer: &str,
    ) -> Result<(), Error> {
        let now = self.now();
        let mut state = self.lock();
        let logstore = state.logstore_mut(project, logstore)?;
        logstore.group_mut(group)?.forget(consumer, now);
        Ok(())
    }

    /// Who holds what in a consumer group, and how far it is.
    pub fn group(
        &self,
        project: &str,
        logstore: &str,
        group: &str,
    ) -> Result<GroupSnapshot, Error> {
        let now = self.now();
        let mut state = self.lock();
        let logstore = state.logstore_mut(project, logstore)?;
        logstore.group_mut(group)?.expire(now);
        let group = logstore.group(group)?;
        let mut shards = Vec::new();
        for (id, state, saved) in group.shards() {
            let shard = logstore.shard(id)?;
            let checkpoint = saved.map_or("", |saved| saved.cursor.as_str());
            let position = super::shard::cursor_number(checkpoint).unwrap_or(0);
            shards.push(ShardSnapshot {
                shard: id,
                state: state.clone(),
                checkpoint: checkpoint.to_owned(),
                behind: shard.end().saturating_sub(position.max(shard.begin())),
            });
        }
        Ok(GroupSnapshot {
            consumers: group.consumers().map(|(name, _)| name.to_owned()).collect(),
            shards,
        })
    }
}

impl From<Refused> for Error {
    fn from(refused: Refused) -> Self {
        Self::Refused {
            code: refused.code.to_owned(),
            message: refused.message,
        }
    }
}
