//! What is there, at one moment: logstores, shards, logs, consumer groups.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use prost::Message as _;

use super::LogHub;
use super::group::{Group, ShardState};
use super::logstore::Logstore;
use super::refused::Refused;
use super::shard::{Shard, cursor_number, cursor_text};
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

/// A position in a shard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// The number that the cursor spells: it grows by one per log group.
    pub number: u64,
    /// The cursor itself.
    pub cursor: String,
}

/// One shard of a logstore.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredShard {
    /// Its number.
    pub shard: u32,
    /// Whether it takes no more logs.
    pub is_readonly: bool,
    /// The MD5 hash keys that it takes, 32 hex digits each: the first, and the one after the last.
    pub keys: [String; 2],
    /// The shards that it was split or merged from.
    pub parents: Vec<u32>,
    /// Before the oldest log group that is kept.
    pub begin: Position,
    /// After the newest.
    pub end: Position,
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
    /// When it was saved, and by whom; nobody is empty.
    pub saved: Option<(SystemTime, String)>,
    /// Log groups after the checkpoint; all of the shard's where there is none.
    pub behind: u64,
}

/// A consumer group at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupSnapshot {
    /// How long a consumer may be silent.
    pub timeout: Duration,
    /// Whether children wait for their parents.
    pub is_ordered: bool,
    /// The consumers that have not timed out, with the time of their last heartbeat.
    pub consumers: BTreeMap<String, SystemTime>,
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

/// A logstore at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogstoreSnapshot {
    /// All shards, by number.
    pub shards: Vec<StoredShard>,
    /// The consumer groups, by name.
    pub groups: BTreeMap<String, GroupSnapshot>,
}

impl LogHub {
    /// The names of all projects with those of their logstores, sorted.
    pub fn logstore_names(&self) -> BTreeMap<String, Vec<String>> {
        let state = self.lock();
        let projects = state.projects.iter();
        projects
            .map(|(name, project)| (name.clone(), project.logstores.keys().cloned().collect()))
            .collect()
    }

    /// The shards and consumer groups of a logstore.
    pub fn logstore(&self, project: &str, logstore: &str) -> Result<LogstoreSnapshot, Error> {
        let now = self.now();
        let mut state = self.lock();
        let logstore = state.logstore_mut(project, logstore)?;
        for group in logstore.groups.values_mut() {
            group.expire(now);
        }
        let groups = logstore.groups.iter();
        let groups =
            groups.map(|(name, group)| Ok((name.clone(), group_snapshot(logstore, group)?)));
        Ok(LogstoreSnapshot {
            shards: logstore.shards().map(stored_shard).collect(),
            groups: groups.collect::<Result<_, Refused>>()?,
        })
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
        Ok(group_snapshot(logstore, logstore.group(group)?)?)
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
}

fn stored_shard(shard: &Shard) -> StoredShard {
    StoredShard {
        shard: shard.id,
        is_readonly: shard.is_readonly,
        keys: [shard.range.begin, shard.range.end].map(|key| format!("{key:032x}")),
        parents: shard.parents.clone(),
        begin: position(shard.begin()),
        end: position(shard.end()),
    }
}

fn position(number: u64) -> Position {
    Position {
        number,
        cursor: cursor_text(number),
    }
}

fn group_snapshot(logstore: &Logstore, group: &Group) -> Result<GroupSnapshot, Refused> {
    let at = |since: Duration| SystemTime::UNIX_EPOCH + since;
    let mut shards = Vec::new();
    for (id, state, saved) in group.shards() {
        let shard = logstore.shard(id)?;
        let checkpoint = saved.map_or("", |saved| saved.cursor.as_str());
        let position = cursor_number(checkpoint).unwrap_or(0);
        shards.push(ShardSnapshot {
            shard: id,
            state: state.clone(),
            checkpoint: checkpoint.to_owned(),
            saved: saved.map(|saved| (at(saved.at), saved.consumer.clone())),
            behind: shard.end().saturating_sub(position.max(shard.begin())),
        });
    }
    let consumers = group.consumers();
    Ok(GroupSnapshot {
        timeout: group.timeout(),
        is_ordered: group.is_ordered(),
        consumers: consumers
            .map(|(name, seen)| (name.to_owned(), at(seen)))
            .collect(),
        shards,
    })
}
