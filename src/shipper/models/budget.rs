//! The byte budget between shards that pull, learn how large a pull really is, and let it go.

use futures_util::FutureExt as _;
use shuttle::future;
use shuttle::sync::{Arc, Mutex};

use super::{explore, finds};
use crate::mistakes::Mistake;
use crate::shipper::budget::{Budget, Share};

const UNIT: usize = 1024;
const ALL: usize = 8;

/// Each shard guesses, then corrects up or down, in units; the second asks for more than there is.
const SHARDS: [(usize, usize); 4] = [(5, 2), (20, 8), (3, 6), (1, 1)];

/// What all shards hold together is never more than there is and an eighth; a share grows wholly or
/// not at all; each is served, also after one that gave up waiting; at the end everything is back.
fn share() {
    let budget = Budget::new(ALL * UNIT);
    let held = Arc::new(Mutex::new([0; SHARDS.len()]));
    let mut tasks = Vec::new();
    for (shard, (guess, size)) in SHARDS.into_iter().enumerate() {
        let (budget, held) = (budget.clone(), Arc::clone(&held));
        tasks.push(future::spawn(async move {
            let note = |share: Option<&Share>| {
                let mut held = held.lock().unwrap();
                held[shard] = share.map_or(0, Share::units);
                let sum: usize = held.iter().sum();
                assert!(sum <= ALL + ALL / 8, "more is held than there is");
            };
            // A pull that is given up while it waits, or at once.
            drop(budget.take(guess * UNIT).now_or_never());
            for _ in 0..2 {
                let mut share = budget.take(guess * UNIT).await;
                note(Some(&share));
                future::yield_now().await;
                // Less is noted before others can have it, more after it was taken.
                if size < guess {
                    held.lock().unwrap()[shard] = size.min(ALL);
                }
                let is_enough = share.resize(size * UNIT);
                let wanted = if is_enough { size } else { guess };
                assert_eq!(share.units(), wanted.min(ALL), "neither grown nor left");
                note(Some(&share));
                future::yield_now().await;
                note(None);
                drop(share);
            }
        }));
    }
    future::block_on(async {
        for task in tasks {
            task.await.unwrap();
        }
        // Waits for ever if something leaked.
        let all = budget.take(ALL * UNIT).await;
        assert_eq!(all.units(), ALL);
    });
}

#[test]
fn never_more_than_there_is_and_everybody_is_served() {
    explore(share, 2000);
}

#[test]
fn a_share_that_leaks_is_found() {
    finds(Mistake::ShareLeaks, &["deadlock"], share, 2000);
}
