//! The lease between the heartbeats that extend it and the work that looks at it, of two consumers
//! of one group that both want the one shard.

use std::time::Duration;

use shuttle::sync::{Arc, Mutex};
use shuttle::thread;
use tokio::runtime::Handle;
use tokio::time::Instant;

use super::{explore, finds};
use crate::mistakes::Mistake;
use crate::shipper::lease::Lease;

const SECOND: Duration = Duration::from_secs(1);

/// After this a silent consumer loses its shards.
const TIMEOUT: Duration = Duration::from_secs(12);

/// How long a write is on its way at most: what the lease leaves at its end.
const LONGEST_WAY: Duration = Duration::from_secs(2);

/// Heartbeats and writes of each consumer, and seconds that go by meanwhile.
const BEATS: usize = 4;
const WRITES: usize = 6;
const SECONDS: usize = 40;

/// The group, as the service has it.
#[derive(Default)]
struct Group {
    holder: Option<usize>,
    /// When each consumer was last heard.
    heard: [Option<Instant>; 2],
}

impl Group {
    /// Who has the shard now.
    fn holder(&mut self) -> Option<usize> {
        let heard = self.holder.and_then(|holder| self.heard[holder]);
        self.holder = self
            .holder
            .filter(|_| heard.is_some_and(|heard| Instant::now() < heard + TIMEOUT));
        self.holder
    }

    /// Whether the shard is this consumer's, which was just heard.
    fn beat(&mut self, consumer: usize) -> bool {
        let holder = *self.holder().get_or_insert(consumer);
        self.holder = Some(holder);
        self.heard[consumer] = Some(Instant::now());
        holder == consumer
    }
}

/// However long heartbeats and writes are under way, and whoever is held up where: a write reaches
/// the table only while the group has the shard down as its sender's.
fn hold() {
    let group = Arc::new(Mutex::new(Group::default()));
    let mut threads = Vec::new();
    for consumer in 0..2 {
        let lease = Lease::new(TIMEOUT);
        let is_ours = Arc::new(Mutex::new(false));
        let beats = {
            let (group, lease, is_ours) = (Arc::clone(&group), lease.clone(), Arc::clone(&is_ours));
            move || {
                for _ in 0..BEATS {
                    let sent = Instant::now();
                    thread::yield_now();
                    let is_assigned = group.lock().unwrap().beat(consumer);
                    thread::yield_now();
                    if is_assigned {
                        lease.extend(sent);
                    }
                    *is_ours.lock().unwrap() = is_assigned;
                    thread::yield_now();
                }
            }
        };
        let group = Arc::clone(&group);
        let work = move || {
            for _ in 0..WRITES {
                thread::yield_now();
                if !*is_ours.lock().unwrap() || lease.is_ending() {
                    continue;
                }
                let sent = Instant::now();
                thread::yield_now();
                let mut group = group.lock().unwrap();
                if sent.elapsed() <= LONGEST_WAY {
                    let holder = group.holder();
                    assert_eq!(holder, Some(consumer), "a write behind the lease");
                }
            }
        };
        threads.push(thread::spawn(beats));
        threads.push(thread::spawn(work));
    }
    threads.push(thread::spawn(|| {
        for _ in 0..SECONDS {
            Handle::current().block_on(tokio::time::advance(SECOND));
            thread::yield_now();
        }
    }));
    for thread in threads {
        thread.join().unwrap();
    }
}

#[test]
fn no_write_arrives_behind_the_lease() {
    explore(hold, 2000);
}

#[test]
fn work_that_ignores_its_lease_is_found() {
    let words = ["a write behind the lease"];
    finds(Mistake::LeaseIgnored, &words, hold, 2000);
}
