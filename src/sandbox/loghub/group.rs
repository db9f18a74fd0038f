//! The automaton of one consumer group: who holds which shard.
//!
//! Pure: no clock, no sockets, no logs. Rules as the manual of the vendor's Java consumer library
//! (`aliyun-log-consumer-java`) described them, with its five states:
//!
//! | state | meaning |
//! | --- | --- |
//! | wait | the group is ordered and an ancestor of the shard is not consumed to its end |
//! | `not_alloc` | may be consumed, nobody has it |
//! | `already_alloc` | held by a consumer |
//! | transfer | taken from its holder for balance; the holder has yet to let go |
//! | over | read-only and consumed to its end |
//!
//! A consumer says in its heartbeat which shards it still works on; the answer is what it may work
//! on from now on. A shard changes hands only once its holder has left it out of a heartbeat, or
//! has been silent for the group's timeout.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Where one shard stands in the group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ShardState {
    /// An ancestor is not consumed to its end yet, and the group is ordered.
    Wait,
    /// May be consumed; nobody has it.
    NotAlloc,
    /// Held by a consumer.
    AlreadyAlloc {
        /// Who holds it.
        holder: String,
    },
    /// Taken from its holder, who has yet to let go.
    Transfer {
        /// Who still works on it.
        holder: String,
        /// Who gets it next.
        next: String,
    },
    /// Read-only and consumed to its end: never given out again.
    Over,
}

impl ShardState {
    /// Who may be working on the shard.
    pub fn holder(&self) -> Option<&str> {
        match self {
            Self::AlreadyAlloc { holder } | Self::Transfer { holder, .. } => Some(holder),
            Self::Wait | Self::NotAlloc | Self::Over => None,
        }
    }

    /// Who has it, or will once the present holder lets go: what balance counts.
    fn owner(&self) -> Option<&str> {
        match self {
            Self::AlreadyAlloc { holder } => Some(holder),
            Self::Transfer { next, .. } => Some(next),
            Self::Wait | Self::NotAlloc | Self::Over => None,
        }
    }
}

/// A position saved for a shard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Saved {
    /// The cursor as sent.
    pub(super) cursor: String,
    /// When, since 1970.
    pub(super) at: Duration,
    /// By whom; empty where the request named nobody.
    pub(super) consumer: String,
}

/// A checkpoint that a consumer wants to save.
#[derive(Clone, Copy, Debug)]
pub(super) struct Save<'a> {
    pub(super) shard: u32,
    pub(super) consumer: &'a str,
    pub(super) cursor: &'a str,
    /// Whether the cursor is the end of a read-only shard.
    pub(super) is_final: bool,
    /// Stored whoever holds the shard.
    pub(super) force: bool,
}

/// Why the group refuses a heartbeat or a checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum GroupRefusal {
    /// A heartbeat lists shards, but its sender is unknown: it timed out, or never was.
    NotExistConsumerWithBody,
    /// A checkpoint from a consumer that the group does not know.
    ConsumerNotExist,
    /// A checkpoint for a shard that somebody else holds, or nobody.
    ConsumerNotMatch,
    /// A checkpoint for a shard that the logstore does not have.
    ShardNotExist,
}

#[derive(Clone, Debug)]
struct Slot {
    parents: Vec<u32>,
    state: ShardState,
    saved: Option<Saved>,
}

/// One consumer group.
#[derive(Clone, Debug)]
pub(super) struct Group {
    timeout: Duration,
    order: bool,
    slots: BTreeMap<u32, Slot>,
    /// Consumer to the time of its last heartbeat, since 1970.
    consumers: BTreeMap<String, Duration>,
}

impl Group {
    pub(super) fn new(timeout: Duration, order: bool) -> Self {
        Self {
            timeout,
            order,
            slots: BTreeMap::new(),
            consumers: BTreeMap::new(),
        }
    }

    pub(super) fn timeout(&self) -> Duration {
        self.timeout
    }

    pub(super) fn is_ordered(&self) -> bool {
        self.order
    }

    /// Changes the settings. Turning `order` off releases all waiting shards; turning it on leaves
    /// alone those that are being consumed.
    pub(super) fn update(&mut self, timeout: Option<Duration>, order: Option<bool>) {
        self.timeout = timeout.unwrap_or(self.timeout);
        self.order = order.unwrap_or(self.order);
        self.settle();
    }

    /// Takes in a shard of the logstore; `parents` are those it was split or merged from.
    pub(super) fn add_shard(&mut self, shard: u32, parents: &[u32]) {
        self.slots.entry(shard).or_insert_with(|| Slot {
            parents: parents.to_vec(),
            state: ShardState::NotAlloc,
            saved: None,
        });
        self.settle();
    }

    /// Learns that a shard takes no more logs: it is over if the saved cursor `is_end`.
    pub(super) fn seal(&mut self, shard: u32, is_end: impl Fn(&str) -> bool) {
        if let Some(slot) = self.slots.get_mut(&shard)
            && slot
                .saved
                .as_ref()
                .is_some_and(|saved| is_end(&saved.cursor))
        {
            slot.state = ShardState::Over;
            self.settle();
        }
    }

    /// Forgets a shard that the logstore no longer has. Its children count it as finished.
    pub(super) fn remove_shard(&mut self, shard: u32) {
        self.slots.remove(&shard);
        self.settle();
    }

    /// Takes a heartbeat of `consumer`, who still works on `working`; answers what it may work on.
    pub(super) fn heartbeat(
        &mut self,
        consumer: &str,
        working: &BTreeSet<u32>,
        now: Duration,
    ) -> Result<Vec<u32>, GroupRefusal> {
        self.expire(now);
        if !working.is_empty() && !self.consumers.contains_key(consumer) {
            return Err(GroupRefusal::NotExistConsumerWithBody);
        }
        self.consumers.insert(consumer.to_owned(), now);
        for (shard, slot) in &mut self.slots {
            let ShardState::Transfer { holder, next } = &mut slot.state else {
                continue;
            };
            if holder == consumer && !working.contains(shard) {
                let holder = std::mem::take(next);
                slot.state = ShardState::AlreadyAlloc { holder };
            }
        }
        self.balance();
        Ok(self.given_to(consumer))
    }

    /// Saves a checkpoint. Without force only the holder may, or the one who finished the shard and
    /// repeats its last save because the answer was lost.
    pub(super) fn save(&mut self, save: Save<'_>, now: Duration) -> Result<(), GroupRefusal> {
        self.expire(now);
        let is_known = self.consumers.contains_key(save.consumer);
        let slot = self
            .slots
            .get_mut(&save.shard)
            .ok_or(GroupRefusal::ShardNotExist)?;
        if !save.force {
            if !is_known {
                return Err(GroupRefusal::ConsumerNotExist);
            }
            let repeats = slot.state == ShardState::Over
                && slot
                    .saved
                    .as_ref()
                    .is_some_and(|s| s.consumer == save.consumer && s.cursor == save.cursor);
            if slot.state.holder() != Some(save.consumer) && !repeats {
                return Err(GroupRefusal::ConsumerNotMatch);
            }
        }
        slot.saved = Some(Saved {
            cursor: save.cursor.to_owned(),
            at: now,
            consumer: save.consumer.to_owned(),
        });
        if save.is_final {
            slot.state = ShardState::Over;
        } else if slot.state == ShardState::Over {
            slot.state = ShardState::NotAlloc;
        }
        self.settle();
        Ok(())
    }

    /// The shards with their states and checkpoints, by number.
    pub(super) fn shards(&self) -> impl Iterator<Item = (u32, &ShardState, Option<&Saved>)> {
        self.slots
            .iter()
            .map(|(shard, slot)| (*shard, &slot.state, slot.saved.as_ref()))
    }

    /// The consumers with the time of their last heartbeat, since 1970.
    pub(super) fn consumers(&self) -> impl Iterator<Item = (&str, Duration)> {
        self.consumers
            .iter()
            .map(|(name, seen)| (name.as_str(), *seen))
    }

    /// Removes the consumers that were silent for the timeout, and frees what they held.
    pub(super) fn expire(&mut self, now: Duration) {
        let timeout = self.timeout;
        let before = self.consumers.len();
        self.consumers
            .retain(|_, seen| now.saturating_sub(*seen) < timeout);
        if self.consumers.len() < before {
            self.free();
        }
    }

    /// Removes one consumer as if it had been silent for the timeout; whether it was there.
    pub(super) fn forget(&mut self, consumer: &str, now: Duration) -> bool {
        self.expire(now);
        let is_known = self.consumers.remove(consumer).is_some();
        if is_known {
            self.free();
        }
        is_known
    }

    /// Frees what is held by, or promised to, consumers that are gone.
    fn free(&mut self) {
        let alive = &self.consumers;
        for slot in self.slots.values_mut() {
            let freed = match &slot.state {
                ShardState::AlreadyAlloc { holder } if !alive.contains_key(holder) => {
                    ShardState::NotAlloc
                }
                ShardState::Transfer { holder, next } => {
                    match (alive.contains_key(holder), alive.contains_key(next)) {
                        (true, true) => continue,
                        (true, false) => ShardState::AlreadyAlloc {
                            holder: holder.clone(),
                        },
                        (false, true) => ShardState::AlreadyAlloc {
                            holder: next.clone(),
                        },
                        (false, false) => ShardState::NotAlloc,
                    }
                }
                _ => continue,
            };
            slot.state = freed;
        }
        self.settle();
    }

    fn given_to(&self, consumer: &str) -> Vec<u32> {
        self.slots
            .iter()
            .filter(|(_, slot)| {
                matches!(&slot.state, ShardState::AlreadyAlloc { holder } if holder == consumer)
            })
            .map(|(shard, _)| *shard)
            .collect()
    }

    /// Lets shards out of, or into, the wait for their ancestors. Those in somebody's hands stay.
    fn settle(&mut self) {
        let waiting: BTreeSet<u32> = self
            .slots
            .iter()
            .filter(|(_, slot)| matches!(slot.state, ShardState::Wait | ShardState::NotAlloc))
            .map(|(shard, _)| *shard)
            .filter(|shard| self.order && self.has_unfinished_ancestor(*shard))
            .collect();
        for (shard, slot) in &mut self.slots {
            if matches!(slot.state, ShardState::Wait | ShardState::NotAlloc) {
                slot.state = if waiting.contains(shard) {
                    ShardState::Wait
                } else {
                    ShardState::NotAlloc
                };
            }
        }
    }

    fn has_unfinished_ancestor(&self, shard: u32) -> bool {
        let mut seen = BTreeSet::new();
        let mut queue = vec![shard];
        while let Some(child) = queue.pop() {
            let parents = self.slots.get(&child).map(|slot| slot.parents.as_slice());
            for parent in parents.unwrap_or_default() {
                let Some(slot) = self.slots.get(parent) else {
                    continue;
                };
                if slot.state != ShardState::Over {
                    return true;
                }
                if seen.insert(*parent) {
                    queue.push(*parent);
                }
            }
        }
        false
    }

    /// Gives free shards to the poorest consumers, then takes from the richest until no two differ
    /// by more than one.
    fn balance(&mut self) {
        if self.consumers.is_empty() {
            return;
        }
        let mut loads: BTreeMap<String, usize> = self
            .consumers
            .keys()
            .map(|name| (name.clone(), 0))
            .collect();
        for slot in self.slots.values() {
            if let Some(load) = slot.state.owner().and_then(|owner| loads.get_mut(owner)) {
                *load += 1;
            }
        }
        for slot in self.slots.values_mut() {
            if slot.state == ShardState::NotAlloc
                && let Some((holder, load)) = loads.iter_mut().min_by_key(|(_, load)| **load)
            {
                *load += 1;
                slot.state = ShardState::AlreadyAlloc {
                    holder: holder.clone(),
                };
            }
        }
        loop {
            let poorest = loads.iter().min_by_key(|(_, load)| **load);
            let richest = loads.iter().rev().max_by_key(|(_, load)| **load);
            let (Some((poor, least)), Some((rich, most))) = (poorest, richest) else {
                return;
            };
            if most - least <= 1 {
                return;
            }
            let (poor, rich) = (poor.clone(), rich.clone());
            if !self.take(&rich, &poor) {
                return;
            }
            for (name, load) in &mut loads {
                if *name == poor {
                    *load += 1;
                } else if *name == rich {
                    *load -= 1;
                }
            }
        }
    }

    /// Moves one shard from `rich` to `poor`: rather one that is only promised to `rich` than one
    /// that `rich` works on, and of those the youngest.
    fn take(&mut self, rich: &str, poor: &str) -> bool {
        let owned = |slot: &&mut Slot| slot.state.owner() == Some(rich);
        let is_promised = |slot: &mut Slot| matches!(slot.state, ShardState::Transfer { .. });
        let found = self
            .slots
            .values_mut()
            .filter(owned)
            .map(|slot| (is_promised(slot), slot))
            .max_by_key(|(promised, _)| *promised);
        let Some((_, slot)) = found else {
            return false;
        };
        let Some(holder) = slot.state.holder().map(str::to_owned) else {
            return false;
        };
        slot.state = if holder == poor {
            ShardState::AlreadyAlloc { holder }
        } else {
            ShardState::Transfer {
                holder,
                next: poor.to_owned(),
            }
        };
        true
    }
}

#[cfg(test)]
mod tests;
