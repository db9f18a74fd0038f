//! Batches of one shard in flight at once: what order they reach the table in, and what becomes of
//! them there, is open.

use std::collections::{BTreeMap, BTreeSet};

use shuttle::future;
use shuttle::rand::{Rng as _, thread_rng};
use shuttle::sync::{Arc, Mutex};

use super::{explore, finds};
use crate::loghub::Cursor;
use crate::mistakes::Mistake;
use crate::shipper::batcher::tests::{
    Contents, Table, apply, batcher, contents, decode, key, list, naive_fold, refused,
    request_error, row_key, rules, written,
};
use crate::shipper::batcher::{Batcher, Sealed};
use crate::shipper::budget::Budget;
use crate::shipper::limiter::{Limiter, Signal};
use crate::shipper::settings::ColumnNames;
use crate::status::Tally;
use crate::tablestore::{ErrorCode, PrimaryKeyType};

/// Keys of the logs, pull by pull; every pull becomes a batch of its own, and waits where it must.
const PULLS: [&[&str]; 4] = [&["a", "b"], &["a"], &["b", "c", "a"], &["a", "c"]];

/// More tries than this of one batch end well, so that every model ends.
const MAX_FAULTS: u32 = 2;

/// What the tasks share; in the product, one task owns the batcher.
struct Shard {
    batcher: Mutex<Batcher>,
    table: Mutex<Table>,
    /// Keys of the rows that are on their way.
    in_flight: Mutex<BTreeSet<String>>,
}

/// The logs of a pull: each leaves its number in a column that all share, and in one of its own.
fn logs(pull: usize) -> Vec<Contents> {
    let before: usize = PULLS[..pull].iter().map(|keys| keys.len()).sum();
    let log = |(number, id): (usize, &&str)| {
        let number = number.to_string();
        contents(&[("id", id), ("last", &number), (&format!("c{number}"), "x")])
    };
    (before..).zip(PULLS[pull]).map(log).collect()
}

fn ship() {
    let schema = key(&[("id", PrimaryKeyType::String)]);
    let shard = Arc::new(Shard {
        batcher: Mutex::new(batcher(rules(&[], ColumnNames::Repair), schema)),
        table: Mutex::default(),
        in_flight: Mutex::default(),
    });
    let limiter = Limiter::new(2);
    future::block_on(async {
        let mut sends = Vec::new();
        let mut pulled = 0;
        loop {
            let slot = std::sync::Arc::clone(&limiter).acquire().await;
            if pulled < PULLS.len() {
                let held = Budget::new(1 << 20).take(1).await;
                let next = Cursor::new(&(pulled + 1).to_string());
                let list = list(&logs(pulled));
                let mut batcher = shard.batcher.lock().unwrap();
                let from = batcher.backlog.settle().clone();
                batcher.backlog.push(list, from, next, held);
                pulled += 1;
            }
            let sealed = shard.batcher.lock().unwrap().fill(&mut Tally::default());
            if let Some(sealed) = sealed {
                let shard = Arc::clone(&shard);
                sends.push(future::spawn(async move {
                    send(&shard, sealed).await;
                    slot.finish(Signal::Good);
                }));
            } else {
                drop(slot);
            }
            check_commit(&shard);
            if pulled == PULLS.len() && shard.batcher.lock().unwrap().backlog.is_empty() {
                break;
            }
            future::yield_now().await;
        }
        for send in sends {
            send.await.unwrap();
        }
    });
    let everything: Vec<_> = (0..PULLS.len()).flat_map(logs).collect();
    let table = shard.table.lock().unwrap();
    assert_eq!(
        *table,
        naive_fold(&everything),
        "not the table of a naive fold"
    );
}

/// Sends a batch until nothing of it is left.
async fn send(shard: &Shard, sealed: Sealed) {
    let mut queue = vec![sealed];
    while let Some(sealed) = queue.pop() {
        let rows = decode(&sealed);
        {
            let mut in_flight = shard.in_flight.lock().unwrap();
            let fresh = rows.iter().all(|row| in_flight.insert(row_key(row)));
            assert!(fresh, "a key is in two batches");
        }
        future::yield_now().await;
        let may_fail = sealed.attempt < MAX_FAULTS;
        let fate = if may_fail {
            thread_rng().gen_range(0..4)
        } else {
            0
        };
        // 0 and 1: all, or some of the rows; 2: the answer is lost; 3: the request is.
        let mut outcomes = Vec::new();
        for (place, row) in rows.iter().enumerate() {
            if fate == 3 || (fate == 1 && place % 2 == 0) {
                outcomes.push(refused(ErrorCode::ServerBusy, "busy"));
            } else {
                apply(&mut shard.table.lock().unwrap(), row);
                outcomes.push(written());
            }
        }
        future::yield_now().await;
        let answer = if fate < 2 {
            Ok(outcomes)
        } else {
            Err(request_error(ErrorCode::Timeout, "Operation timeout."))
        };
        let mut batcher = shard.batcher.lock().unwrap();
        let mut in_flight = shard.in_flight.lock().unwrap();
        for row in &rows {
            in_flight.remove(&row_key(row));
        }
        drop(in_flight);
        let settled = batcher.settle(sealed, answer, &mut Tally::default());
        queue.extend(settled.now);
        queue.extend(settled.later.map(|(sealed, _)| sealed));
    }
}

/// Every log before the cursor that may be saved now is in the table.
fn check_commit(shard: &Shard) {
    let cursor = shard.batcher.lock().unwrap().backlog.settle().clone();
    let passed: usize = cursor.as_str().parse().unwrap_or(0);
    let table = shard.table.lock().unwrap();
    let columns: BTreeSet<_> = table.values().flat_map(BTreeMap::keys).collect();
    for (name, _) in (0..passed).flat_map(logs).flatten() {
        let is_there = name == "id" || columns.contains(&name);
        assert!(is_there, "a checkpoint passes what is not written");
    }
}

#[test]
fn batches_in_any_order_are_as_if_one_after_the_other() {
    explore(ship, 600);
}

#[test]
fn a_key_that_is_freed_early_is_found() {
    let words = ["a key is in two batches"];
    finds(Mistake::KeyFreedEarly, &words, ship, 600);
}
