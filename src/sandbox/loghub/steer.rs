//! Ways in for tests and the demo, past HTTP and signatures.

use std::time::Duration;

use bytes::Bytes;
use prost::Message as _;

use super::LogHub;
use super::data::split_key;
use super::logstore::Target;
use super::refused::Refused;
use super::shard::cursor_number;
use crate::loghub::proto::LogGroup;
use crate::sandbox::Error;

impl LogHub {
    /// Creates a project.
    pub fn create_project(&self, project: &str) -> Result<(), Error> {
        Ok(self.add_project(project, "")?)
    }

    /// Creates a logstore of `shards` shards, numbered from 0, that keeps logs for 30 days.
    pub fn create_logstore(&self, project: &str, logstore: &str, shards: u32) -> Result<(), Error> {
        self.seed_logstore(project, logstore, shards, 30)
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

    /// Stores bytes as a log group in the shard that takes `hash`, an MD5 hash key; answers in
    /// which.
    pub fn put_encoded_by_hash(
        &self,
        project: &str,
        logstore: &str,
        hash: u128,
        group: Bytes,
    ) -> Result<u32, Error> {
        let now = self.now();
        let mut state = self.lock();
        let logstore = state.logstore_mut(project, logstore)?;
        Ok(logstore.put(Target::Key(hash), group, now)?)
    }

    /// Splits a shard in the middle of its keys; answers the two new numbers.
    pub fn split(&self, project: &str, logstore: &str, shard: u32) -> Result<Vec<u32>, Error> {
        self.split_at(project, logstore, shard, None)
    }

    /// Splits a shard at a key of 32 hex digits, or in the middle; answers the two new numbers.
    pub fn split_at(
        &self,
        project: &str,
        logstore: &str,
        shard: u32,
        key: Option<&str>,
    ) -> Result<Vec<u32>, Error> {
        let key = key.map(split_key).transpose()?;
        let now = self.now();
        let mut state = self.lock();
        let mut shards = state
            .logstore_mut(project, logstore)?
            .split(shard, key, 2, now)?;
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

    /// Makes a shard take no more logs, as a split does, yet without children.
    pub fn seal(&self, project: &str, logstore: &str, shard: u32) -> Result<(), Error> {
        let mut state = self.lock();
        Ok(state.logstore_mut(project, logstore)?.seal(shard)?)
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

    /// Forgets the log groups of a shard before a cursor, or before the number that it spells;
    /// answers how many there were to forget.
    pub fn trim_to(
        &self,
        project: &str,
        logstore: &str,
        shard: u32,
        cursor: &str,
    ) -> Result<usize, Error> {
        let number = cursor
            .parse()
            .ok()
            .or_else(|| cursor_number(cursor))
            .ok_or_else(|| Refused::parameter(format!("{cursor:?} is no cursor")))?;
        let mut state = self.lock();
        let shard = state.logstore_mut(project, logstore)?.shard_mut(shard)?;
        let groups = number.saturating_sub(shard.begin());
        Ok(shard.trim(usize::try_from(groups).unwrap_or(usize::MAX)))
    }

    /// Forgets everything: projects, logstores, logs, consumer groups.
    pub(in crate::sandbox) fn reset(&self) {
        // The count of logstores goes on: cached blocks are told apart by it.
        self.lock().projects.clear();
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

    /// Forgets a consumer, as if it had timed out: its next heartbeat is refused. Whether the group
    /// knew it.
    pub fn drop_consumer(
        &self,
        project: &str,
        logstore: &str,
        group: &str,
        consumer: &str,
    ) -> Result<bool, Error> {
        let now = self.now();
        let mut state = self.lock();
        let logstore = state.logstore_mut(project, logstore)?;
        Ok(logstore.group_mut(group)?.forget(consumer, now))
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
