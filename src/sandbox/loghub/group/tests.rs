//! Walks of the group automaton, and what holds on every walk.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use proptest::prelude::*;

use super::{Group, GroupRefusal, Save, ShardState};

const TIMEOUT: Duration = Duration::from_secs(30);

fn at(seconds: u64) -> Duration {
    Duration::from_secs(1_700_000_000 + seconds)
}

fn group(order: bool, shards: u32) -> Group {
    let mut group = Group::new(TIMEOUT, order);
    for shard in 0..shards {
        group.add_shard(shard, &[]);
    }
    group
}

fn beat(group: &mut Group, consumer: &str, working: &[u32], seconds: u64) -> Vec<u32> {
    group
        .heartbeat(consumer, &working.iter().copied().collect(), at(seconds))
        .unwrap()
}

fn save(shard: u32, consumer: &str) -> Save<'_> {
    Save {
        shard,
        consumer,
        cursor: "MQ==",
        is_final: false,
        force: false,
    }
}

fn state(group: &Group, shard: u32) -> ShardState {
    group
        .shards()
        .find(|(id, _, _)| *id == shard)
        .map(|(_, state, _)| state.clone())
        .unwrap()
}

#[test]
fn a_lone_consumer_gets_everything() {
    let mut group = group(true, 3);
    assert_eq!(beat(&mut group, "a", &[], 0), [0, 1, 2]);
    assert_eq!(beat(&mut group, "a", &[0, 1, 2], 5), [0, 1, 2]);
}

#[test]
fn a_shard_changes_hands_only_after_its_holder_let_go() {
    let mut group = group(false, 4);
    beat(&mut group, "a", &[], 0);
    assert_eq!(beat(&mut group, "b", &[], 1), [0_u32; 0]);
    // a is told to let go of two, and is slow about it.
    assert_eq!(beat(&mut group, "a", &[0, 1, 2, 3], 2), [0, 1]);
    assert_eq!(beat(&mut group, "b", &[], 3), [0_u32; 0]);
    assert_eq!(
        state(&group, 3),
        ShardState::Transfer {
            holder: "a".into(),
            next: "b".into()
        }
    );
    assert_eq!(beat(&mut group, "a", &[0, 1, 2], 4), [0, 1]);
    assert_eq!(beat(&mut group, "b", &[], 5), [3]);
    assert_eq!(beat(&mut group, "a", &[0, 1], 6), [0, 1]);
    assert_eq!(beat(&mut group, "b", &[3], 7), [2, 3]);
}

#[test]
fn a_shard_that_was_read_to_its_end_is_over_once_it_takes_no_more_logs() {
    let mut group = group(true, 2);
    beat(&mut group, "a", &[], 0);
    group.save(save(0, "a"), at(1)).unwrap();
    for shard in [0, 1] {
        group.seal(shard, |cursor| cursor == "MQ==");
    }
    group.add_shard(2, &[0]);
    group.add_shard(3, &[1]);
    assert_eq!(state(&group, 0), ShardState::Over);
    assert_eq!(state(&group, 3), ShardState::Wait);
    assert_eq!(beat(&mut group, "a", &[0, 1], 2), [1, 2]);
}

#[test]
fn a_silent_consumer_loses_its_shards_after_the_timeout() {
    let mut group = group(false, 2);
    beat(&mut group, "a", &[], 0);
    beat(&mut group, "b", &[], 1);
    beat(&mut group, "a", &[0], 2);
    assert_eq!(beat(&mut group, "b", &[], 20), [1]);
    assert_eq!(beat(&mut group, "b", &[1], 31), [1]);
    assert_eq!(beat(&mut group, "b", &[1], 32), [0, 1]);
    let refused = group.heartbeat("a", &BTreeSet::from([0]), at(33));
    assert_eq!(refused, Err(GroupRefusal::NotExistConsumerWithBody));
    assert_eq!(beat(&mut group, "a", &[], 34), [0_u32; 0]);
}

#[test]
fn a_consumer_that_restarts_under_its_name_has_its_shards_at_once() {
    let mut group = group(true, 2);
    beat(&mut group, "a", &[], 0);
    beat(&mut group, "a", &[0, 1], 5);
    assert_eq!(beat(&mut group, "a", &[], 6), [0, 1]);
}

#[test]
fn a_transfer_returns_to_its_holder_when_the_next_one_dies() {
    let mut group = group(false, 2);
    beat(&mut group, "a", &[], 0);
    beat(&mut group, "b", &[], 1);
    assert_eq!(beat(&mut group, "a", &[0, 1], 20), [0]);
    assert_eq!(beat(&mut group, "a", &[0, 1], 40), [0, 1]);
}

#[test]
fn a_transfer_goes_on_when_its_holder_dies() {
    let mut group = group(false, 2);
    beat(&mut group, "a", &[], 0);
    beat(&mut group, "b", &[], 20);
    assert_eq!(beat(&mut group, "b", &[], 31), [0, 1]);
}

#[test]
fn children_wait_until_every_ancestor_is_over() {
    let mut group = group(true, 1);
    beat(&mut group, "a", &[], 0);
    group.add_shard(1, &[0]);
    group.add_shard(2, &[0]);
    group.add_shard(3, &[1, 2]);
    assert_eq!(beat(&mut group, "a", &[0], 1), [0]);
    assert_eq!(state(&group, 1), ShardState::Wait);
    let finish = |group: &mut Group, shard| {
        let save = Save {
            is_final: true,
            ..save(shard, "a")
        };
        group.save(save, at(2)).unwrap();
    };
    finish(&mut group, 0);
    assert_eq!(state(&group, 0), ShardState::Over);
    assert_eq!(beat(&mut group, "a", &[0], 3), [1, 2]);
    finish(&mut group, 1);
    assert_eq!(beat(&mut group, "a", &[1, 2], 4), [2]);
    assert_eq!(state(&group, 3), ShardState::Wait);
    // The service drops the last ancestor: it counts as finished.
    group.remove_shard(2);
    assert_eq!(beat(&mut group, "a", &[], 5), [3]);
}

#[test]
fn order_can_be_turned_off_and_on() {
    let mut group = group(true, 1);
    group.add_shard(1, &[0]);
    group.update(None, Some(false));
    assert_eq!(beat(&mut group, "a", &[], 0), [0, 1]);
    group.add_shard(2, &[1]);
    group.update(Some(Duration::from_secs(5)), Some(true));
    assert_eq!(beat(&mut group, "a", &[0, 1], 1), [0, 1]);
    assert_eq!(state(&group, 2), ShardState::Wait);
    assert_eq!(group.timeout(), Duration::from_secs(5));
}

#[test]
fn checkpoints_without_force_are_fenced() {
    let mut group = group(false, 2);
    assert_eq!(
        group.save(save(0, "a"), at(0)),
        Err(GroupRefusal::ConsumerNotExist)
    );
    beat(&mut group, "a", &[], 0);
    assert_eq!(
        group.save(save(9, "a"), at(0)),
        Err(GroupRefusal::ShardNotExist)
    );
    beat(&mut group, "b", &[], 1);
    beat(&mut group, "a", &[0, 1], 2);
    // In transfer, the holder may still save; the next one not yet.
    assert_eq!(group.save(save(1, "a"), at(3)), Ok(()));
    assert_eq!(
        group.save(save(1, "b"), at(3)),
        Err(GroupRefusal::ConsumerNotMatch)
    );
    beat(&mut group, "a", &[0], 4);
    assert_eq!(
        group.save(save(1, "a"), at(5)),
        Err(GroupRefusal::ConsumerNotMatch)
    );
    assert_eq!(group.save(save(1, "b"), at(5)), Ok(()));
    let forced = Save {
        force: true,
        ..save(1, "a")
    };
    assert_eq!(group.save(forced, at(6)), Ok(()));
}

#[test]
fn the_final_checkpoint_can_be_repeated_and_an_earlier_one_revives() {
    let mut group = group(false, 1);
    beat(&mut group, "a", &[], 0);
    let last = Save {
        is_final: true,
        ..save(0, "a")
    };
    group.save(last, at(1)).unwrap();
    group.save(last, at(1)).unwrap();
    assert_eq!(beat(&mut group, "a", &[0], 2), [0_u32; 0]);
    assert_eq!(
        group.save(save(0, "b"), at(3)),
        Err(GroupRefusal::ConsumerNotExist)
    );
    let earlier = Save {
        force: true,
        cursor: "MA==",
        ..save(0, "")
    };
    group.save(earlier, at(4)).unwrap();
    assert_eq!(beat(&mut group, "a", &[], 5), [0]);
}

/// A consumer that keeps to the protocol, slowly at times.
#[derive(Clone, Debug, Default)]
struct Worker {
    working: BTreeSet<u32>,
    /// What it was told to let go of, with the heartbeats that it takes to do so.
    leaving: BTreeMap<u32, u8>,
    last_beat: Option<u64>,
}

#[derive(Clone, Debug)]
enum Step {
    Beat { worker: usize, slowness: u8 },
    Crash { worker: usize },
    Pass { seconds: u64 },
    Split { shard: u32 },
    Finish { worker: usize },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0..4_usize, 0..3_u8).prop_map(|(worker, slowness)| Step::Beat { worker, slowness }),
        1 => (0..4_usize).prop_map(|worker| Step::Crash { worker }),
        3 => (1..12_u64).prop_map(|seconds| Step::Pass { seconds }),
        1 => (0..12_u32).prop_map(|shard| Step::Split { shard }),
        3 => (0..4_usize).prop_map(|worker| Step::Finish { worker }),
    ]
}

/// The whole little world of a walk.
struct Walk {
    group: Group,
    workers: Vec<Worker>,
    parents: BTreeMap<u32, Vec<u32>>,
    split: BTreeSet<u32>,
    over: BTreeSet<u32>,
    now: u64,
}

impl Walk {
    fn new() -> Self {
        Self {
            group: group(true, 3),
            workers: vec![Worker::default(); 4],
            parents: (0..3).map(|shard| (shard, Vec::new())).collect(),
            split: BTreeSet::new(),
            over: BTreeSet::new(),
            now: 0,
        }
    }

    fn alive(&self, worker: &Worker) -> bool {
        worker
            .last_beat
            .is_some_and(|beat| self.now - beat < TIMEOUT.as_secs())
    }

    fn take(&mut self, step: &Step) {
        match step {
            Step::Pass { seconds } => self.now += seconds,
            Step::Crash { worker } => self.workers[*worker] = Worker::default(),
            Step::Beat { worker, slowness } => self.beat(*worker, *slowness),
            Step::Split { shard } => self.split(*shard),
            Step::Finish { worker } => self.finish(*worker),
        }
    }

    fn beat(&mut self, index: usize, slowness: u8) {
        let name = format!("w{index}");
        let listed = self.workers[index].working.clone();
        let answer = self.group.heartbeat(&name, &listed, at(self.now));
        let worker = &mut self.workers[index];
        let Ok(given) = answer else {
            *worker = Worker::default();
            return;
        };
        worker.last_beat = Some(self.now);
        let given: BTreeSet<u32> = given.into_iter().collect();
        for shard in listed.difference(&given) {
            worker.leaving.entry(*shard).or_insert(slowness);
        }
        for shard in &given {
            worker.leaving.remove(shard);
        }
        worker.leaving.retain(|shard, beats| {
            let stays = *beats > 0;
            *beats = beats.saturating_sub(1);
            if !stays {
                worker.working.remove(shard);
            }
            stays
        });
        worker.working.extend(&given);
    }

    fn split(&mut self, shard: u32) {
        if self.parents.contains_key(&shard) && self.split.insert(shard) {
            for _ in 0..2 {
                let child = u32::try_from(self.parents.len()).unwrap();
                self.parents.insert(child, vec![shard]);
                self.group.add_shard(child, &[shard]);
            }
        }
    }

    fn finish(&mut self, index: usize) {
        let name = format!("w{index}");
        let done = self.workers[index].working.intersection(&self.split).next();
        if let Some(shard) = done.copied() {
            let save = Save {
                is_final: true,
                ..save(shard, &name)
            };
            if self.group.save(save, at(self.now)).is_ok() {
                self.over.insert(shard);
            }
        }
    }

    fn check(&self) -> Result<(), TestCaseError> {
        let mut seen = BTreeSet::new();
        for worker in self.workers.iter().filter(|worker| self.alive(worker)) {
            for shard in &worker.working {
                prop_assert!(
                    seen.insert(*shard) || self.over.contains(shard),
                    "two live consumers work on shard {shard}"
                );
                for parent in &self.parents[shard] {
                    prop_assert!(
                        self.over.contains(parent),
                        "shard {shard} was given before {parent} was over"
                    );
                }
            }
        }
        Ok(())
    }
}

proptest! {
    #[test]
    fn no_walk_gives_a_shard_to_two_or_a_child_too_early(
        steps in proptest::collection::vec(step(), 1..120)
    ) {
        let mut walk = Walk::new();
        for step in &steps {
            walk.take(step);
            walk.check()?;
        }
    }

    #[test]
    fn every_walk_ends_in_balance(
        steps in proptest::collection::vec(step(), 1..60)
    ) {
        let mut walk = Walk::new();
        for step in &steps {
            walk.take(step);
        }
        // Everybody is well from here on: a few quick rounds must even things out.
        walk.now += TIMEOUT.as_secs();
        walk.workers.fill(Worker::default());
        for _ in 0..6 {
            for worker in 0..4 {
                walk.beat(worker, 0);
            }
            walk.now += 1;
        }
        walk.check()?;
        let loads: Vec<usize> = walk.workers.iter().map(|w| w.working.len()).collect();
        let most = loads.iter().max().unwrap();
        let least = loads.iter().min().unwrap();
        prop_assert!(most - least <= 1, "{loads:?}");
        let held: usize = loads.iter().sum();
        let open = walk.group.shards().filter(|(_, state, _)| {
            !matches!(state, ShardState::Over | ShardState::Wait)
        });
        prop_assert_eq!(held, open.count());
    }
}
