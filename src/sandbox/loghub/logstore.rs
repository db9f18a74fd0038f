//! One logstore: its shards with their lineage, and its consumer groups.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;

use super::group::Group;
use super::refused::Refused;
use super::shard::{KeyRange, Shard, cursor_number};

/// Shards that one logstore may be created with or split into.
pub(super) const MAX_SHARDS: u32 = 256;

/// Where a put goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// Any shard that takes logs: one after the other.
    Balance,
    /// The shard that takes this MD5 hash key.
    Key(u128),
    /// This shard: a way in that only the sandbox has.
    Shard(u32),
}

#[derive(Debug)]
pub(super) struct Logstore {
    /// As the calls create, get and update show them.
    pub(super) settings: serde_json::Map<String, Value>,
    pub(super) created: Duration,
    pub(super) modified: Duration,
    pub(super) groups: BTreeMap<String, Group>,
    /// Tells its cached blocks from those of a namesake that was deleted.
    pub(super) serial: u64,
    shards: BTreeMap<u32, Shard>,
    next_shard: u32,
    next_balanced: usize,
}

impl Logstore {
    pub(super) fn new(
        settings: serde_json::Map<String, Value>,
        shards: u32,
        serial: u64,
        now: Duration,
    ) -> Self {
        let mut logstore = Self {
            settings,
            created: now,
            modified: now,
            groups: BTreeMap::new(),
            serial,
            shards: BTreeMap::new(),
            next_shard: 0,
            next_balanced: 0,
        };
        for range in KeyRange::ALL.divide(shards) {
            logstore.add_shard(range, Vec::new(), now);
        }
        logstore
    }

    pub(super) fn shards(&self) -> impl Iterator<Item = &Shard> {
        self.shards.values()
    }

    pub(super) fn shard(&self, id: u32) -> Result<&Shard, Refused> {
        self.shards.get(&id).ok_or_else(|| Refused::shard(id))
    }

    pub(super) fn shard_mut(&mut self, id: u32) -> Result<&mut Shard, Refused> {
        self.shards.get_mut(&id).ok_or_else(|| Refused::shard(id))
    }

    pub(super) fn group(&self, name: &str) -> Result<&Group, Refused> {
        self.groups.get(name).ok_or_else(|| Refused::group(name))
    }

    pub(super) fn group_mut(&mut self, name: &str) -> Result<&mut Group, Refused> {
        self.groups
            .get_mut(name)
            .ok_or_else(|| Refused::group(name))
    }

    /// Creates a consumer group over all shards.
    pub(super) fn add_group(&mut self, name: &str, timeout: Duration, order: bool) {
        let mut group = Group::new(timeout, order);
        for shard in self.shards.values() {
            group.add_shard(shard.id, &shard.parents);
        }
        self.groups.insert(name.to_owned(), group);
    }

    /// Stores one encoded log group; answers in which shard.
    pub(super) fn put(
        &mut self,
        target: Target,
        group: Bytes,
        now: Duration,
    ) -> Result<u32, Refused> {
        let mut open = self.shards.values_mut().filter(|shard| !shard.is_readonly);
        let shard = match target {
            Target::Balance => {
                let turn = self.next_balanced;
                let count = open.by_ref().count();
                self.next_balanced = turn.wrapping_add(1);
                let place = turn.checked_rem(count).unwrap_or(0);
                let mut open = self.shards.values_mut().filter(|shard| !shard.is_readonly);
                open.nth(place)
            }
            Target::Key(key) => open.find(|shard| shard.range.holds(key)),
            Target::Shard(id) => open.find(|shard| shard.id == id),
        };
        let shard = shard
            .ok_or_else(|| Refused::bad("LogStoreWithoutShard", "no shard takes these logs"))?;
        shard.append(group, now);
        Ok(shard.id)
    }

    /// Divides a shard at `key`, or evenly into `count`; answers the old one and the new ones.
    pub(super) fn split(
        &mut self,
        id: u32,
        key: Option<u128>,
        count: u32,
        now: Duration,
    ) -> Result<Vec<u32>, Refused> {
        let shard = self.shard(id)?;
        if shard.is_readonly {
            return Err(Refused::parameter(format!(
                "invalid shard id: {id} is readonly"
            )));
        }
        let range = shard.range;
        let parts = match key {
            Some(key) if range.begin < key && key < range.end => vec![
                KeyRange { end: key, ..range },
                KeyRange {
                    begin: key,
                    ..range
                },
            ],
            Some(_) => return Err(Refused::parameter("invalid mid hash")),
            None if (2..=MAX_SHARDS).contains(&count) => range.divide(count),
            None => return Err(Refused::parameter("Parameter shardCount is not valid")),
        };
        self.seal(id)?;
        let mut ids = vec![id];
        ids.extend(
            parts
                .into_iter()
                .map(|part| self.add_shard(part, vec![id], now)),
        );
        Ok(ids)
    }

    /// Joins a shard with its right neighbour; answers both and the new one.
    pub(super) fn merge(&mut self, id: u32, now: Duration) -> Result<Vec<u32>, Refused> {
        let left = self.shard(id)?;
        if left.is_readonly {
            return Err(Refused::parameter(format!(
                "invalid shard id: {id} is readonly"
            )));
        }
        let (begin, border) = (left.range.begin, left.range.end);
        let neighbour = self
            .shards
            .values()
            .find(|shard| !shard.is_readonly && shard.range.begin == border);
        let Some((right, end)) = neighbour.map(|shard| (shard.id, shard.range.end)) else {
            let message = format!("invalid shard id: {id} has no right neighbour to merge with");
            return Err(Refused::parameter(message));
        };
        self.seal(id)?;
        self.seal(right)?;
        let joined = self.add_shard(KeyRange { begin, end }, vec![id, right], now);
        Ok(vec![id, right, joined])
    }

    /// Has a shard take no more logs. A group that has read it to its end is done with it: the
    /// consumer libraries do not save the same checkpoint a second time.
    pub(super) fn seal(&mut self, id: u32) -> Result<(), Refused> {
        let shard = self.shard_mut(id)?;
        shard.is_readonly = true;
        let end = shard.end();
        for group in self.groups.values_mut() {
            group.seal(id, |saved| cursor_number(saved) == Some(end));
        }
        Ok(())
    }

    /// Deletes a shard that takes no logs any more.
    pub(super) fn delete_shard(&mut self, id: u32) -> Result<(), Refused> {
        if !self.shard(id)?.is_readonly {
            let message = format!("invalid shard id: {id} is not readonly");
            return Err(Refused::parameter(message));
        }
        self.shards.remove(&id);
        for group in self.groups.values_mut() {
            group.remove_shard(id);
        }
        Ok(())
    }

    fn add_shard(&mut self, range: KeyRange, parents: Vec<u32>, now: Duration) -> u32 {
        let id = self.next_shard;
        self.next_shard += 1;
        for group in self.groups.values_mut() {
            group.add_shard(id, &parents);
        }
        self.shards.insert(id, Shard::new(id, range, parents, now));
        id
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::from_secs(1_700_000_000);

    fn logstore(shards: u32) -> Logstore {
        Logstore::new(serde_json::Map::new(), shards, 0, NOW)
    }

    fn put(logstore: &mut Logstore, target: Target) -> Result<u32, &'static str> {
        let put = logstore.put(target, Bytes::from_static(b"group"), NOW);
        put.map_err(|refused| refused.code)
    }

    #[test]
    fn puts_go_round_or_by_key_and_never_to_a_readonly_shard() {
        let mut logstore = logstore(2);
        let round: Vec<_> = (0..4)
            .map(|_| put(&mut logstore, Target::Balance))
            .collect();
        assert_eq!(round, [Ok(0), Ok(1), Ok(0), Ok(1)]);
        assert_eq!(put(&mut logstore, Target::Key(0)), Ok(0));
        assert_eq!(put(&mut logstore, Target::Key(u128::MAX)), Ok(1));
        assert_eq!(logstore.split(0, None, 2, NOW), Ok(vec![0, 2, 3]));
        assert_eq!(put(&mut logstore, Target::Key(0)), Ok(2));
        assert_eq!(
            put(&mut logstore, Target::Shard(0)),
            Err("LogStoreWithoutShard")
        );
    }

    #[test]
    fn splits_and_merges_keep_the_keys_covered_and_know_their_parents() {
        let mut logstore = logstore(1);
        let code = |refused: Result<Vec<u32>, Refused>| refused.unwrap_err().code;
        assert_eq!(code(logstore.split(0, Some(0), 2, NOW)), "ParameterInvalid");
        assert_eq!(code(logstore.split(9, None, 2, NOW)), "ShardNotExist");
        assert_eq!(logstore.split(0, Some(1 << 100), 2, NOW), Ok(vec![0, 1, 2]));
        assert_eq!(code(logstore.split(0, None, 2, NOW)), "ParameterInvalid");
        assert_eq!(code(logstore.merge(2, NOW)), "ParameterInvalid");
        assert_eq!(logstore.merge(1, NOW), Ok(vec![1, 2, 3]));
        let merged = logstore.shard(3).unwrap();
        assert_eq!(merged.parents, [1, 2]);
        assert_eq!(merged.range, KeyRange::ALL);
        assert_eq!(
            logstore.delete_shard(3).unwrap_err().code,
            "ParameterInvalid"
        );
        logstore.delete_shard(0).unwrap();
        assert_eq!(logstore.shard(0).unwrap_err().code, "ShardNotExist");
    }
}
