//! The commit window between writes that end in any order and the checkpoint that follows them.

use std::collections::BTreeSet;

use shuttle::sync::{Arc, Mutex};
use shuttle::thread;

use super::{explore, finds};
use crate::mistakes::Mistake;
use crate::shipper::window::Window;

/// Parts of each pull, one write each; a pull may have none.
const PULLS: [usize; 4] = [2, 0, 1, 2];

/// Writes and the saver share the window; whoever takes up the shard after a crash, at any moment,
/// goes on from the checkpoint and must find everything before it in the table.
fn commit() {
    let window = Arc::new(Mutex::new(Window::new()));
    let table = Arc::new(Mutex::new(BTreeSet::new()));
    let saved = Arc::new(Mutex::new(0));
    let mut threads = Vec::new();
    for (pull, parts) in PULLS.into_iter().enumerate() {
        let number = window.lock().unwrap().push(pull, parts);
        for part in 0..parts {
            let (window, table) = (Arc::clone(&window), Arc::clone(&table));
            threads.push(thread::spawn(move || {
                table.lock().unwrap().insert((pull, part));
                window.lock().unwrap().decide(number);
            }));
        }
    }
    let keeper = {
        let saved = Arc::clone(&saved);
        thread::spawn(move || {
            let mut next = 0;
            while next < PULLS.len() {
                while let Some(pull) = window.lock().unwrap().pop_decided() {
                    assert_eq!(pull, next, "pulls leave out of order");
                    next += 1;
                }
                *saved.lock().unwrap() = next;
                thread::yield_now();
            }
        })
    };
    threads.push(keeper);
    let successor = thread::spawn(move || {
        let checkpoint = *saved.lock().unwrap();
        let table = table.lock().unwrap();
        for (pull, parts) in PULLS.into_iter().enumerate().take(checkpoint) {
            for part in 0..parts {
                assert!(
                    table.contains(&(pull, part)),
                    "a checkpoint passes what is not written"
                );
            }
        }
    });
    threads.push(successor);
    for thread in threads {
        thread.join().unwrap();
    }
}

#[test]
fn no_checkpoint_passes_what_is_not_written() {
    explore(commit, 2000);
}

#[test]
fn a_window_that_passes_the_undecided_is_found() {
    // What is decided later is gone by then, unless a successor comes first.
    let words = [
        "a checkpoint passes what is not written",
        "a value with undecided parts is held",
    ];
    finds(Mistake::WindowPassesUndecided, &words, commit, 2000);
}
