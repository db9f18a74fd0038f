//! The limit of batches in flight between shards that send, while the table presses and recovers.

use std::time::Duration;

use futures_util::FutureExt as _;
use shuttle::future;
use shuttle::sync::{Arc, Mutex};
use tokio::runtime::Handle;

use super::{explore, finds};
use crate::mistakes::Mistake;
use crate::shipper::limiter::{Limiter, Signal};

const MAX: usize = 4;

/// How the batches of each shard go.
const SHARDS: [[Signal; 3]; 4] = {
    use Signal::{Good, Pressed};
    [
        [Pressed, Good, Good],
        [Good, Pressed, Good],
        [Good, Good, Pressed],
        [Good, Good, Good],
    ]
};

/// Never more batches in flight than the limit's maximum; every shard gets its slots, however often
/// the limit falls, and whoever gives up waiting; and at the end the semaphore has just what the limit
/// says, and what is still to be taken back.
fn limit() {
    let limiter = Limiter::new(MAX);
    let in_flight = Arc::new(Mutex::new(0));
    let mut tasks = Vec::new();
    for signals in SHARDS {
        let (limiter, in_flight) = (std::sync::Arc::clone(&limiter), Arc::clone(&in_flight));
        tasks.push(future::spawn(async move {
            for signal in signals {
                let queue = || std::sync::Arc::clone(&limiter).acquire();
                drop(queue().now_or_never());
                let slot = queue().await;
                {
                    let mut in_flight = in_flight.lock().unwrap();
                    *in_flight += 1;
                    assert!(*in_flight <= MAX, "more in flight than allowed");
                }
                future::yield_now().await;
                // Far enough apart to be an event of its own.
                Handle::current().block_on(tokio::time::advance(Duration::from_secs(1)));
                *in_flight.lock().unwrap() -= 1;
                slot.finish(signal);
            }
        }));
    }
    future::block_on(async {
        for task in tasks {
            task.await.unwrap();
        }
    });
    let (free, limit, surplus) = limiter.standing();
    assert_eq!(free, limit + surplus, "permits and the limit part");
    assert!((1..=MAX).contains(&limit));
}

#[test]
fn the_limit_and_its_permits_stay_together() {
    explore(limit, 2000);
}

#[test]
fn a_limit_that_keeps_its_surplus_is_found() {
    let words = ["permits and the limit part", "more in flight than allowed"];
    finds(Mistake::LimitKeepsSurplus, &words, limit, 2000);
}
