//! How many bytes of logs and rows are held right now, and the most there ever were.
//!
//! The [budget](super::budget) is promised beforehand, from sizes that are guessed; this is counted
//! afterwards, from what is really there. Counted are the pulls with the index of their logs, from
//! the moment in which they are decompressed, copies of logs whose text was repaired, the request
//! bodies of batches until they are answered, and dead letters while they are stored. Not counted
//! are answers that are still being received, connections, and the bookkeeping of rows and keys.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Bytes held over all shards.
#[derive(Debug, Default)]
pub struct Memory {
    held: AtomicUsize,
    most: AtomicUsize,
}

/// What one holder has of it.
#[derive(Debug)]
pub(super) struct Holding {
    memory: Arc<Memory>,
    bytes: usize,
}

impl Memory {
    /// Bytes held right now.
    pub fn held_bytes(&self) -> usize {
        self.held.load(Ordering::Relaxed)
    }

    /// The most that were held at any moment since the start.
    pub fn most_held_bytes(&self) -> usize {
        self.most.load(Ordering::Relaxed)
    }
}

impl Holding {
    /// Nothing yet.
    pub(super) fn new(memory: &Arc<Memory>) -> Self {
        Self {
            memory: Arc::clone(memory),
            bytes: 0,
        }
    }

    /// From now on it is so much.
    pub(super) fn set(&mut self, bytes: usize) {
        let memory = &self.memory;
        let more = bytes.saturating_sub(self.bytes);
        let held = memory.held.fetch_add(more, Ordering::Relaxed) + more;
        memory.most.fetch_max(held, Ordering::Relaxed);
        let less = self.bytes.saturating_sub(bytes);
        memory.held.fetch_sub(less, Ordering::Relaxed);
        self.bytes = bytes;
    }
}

impl Drop for Holding {
    fn drop(&mut self) {
        self.set(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_let_go_of_is_held_no_more_and_the_most_stays() {
        let memory = Arc::default();
        let (mut one, mut other) = (Holding::new(&memory), Holding::new(&memory));
        one.set(5);
        other.set(7);
        one.set(2);
        assert_eq!((memory.held_bytes(), memory.most_held_bytes()), (9, 12));
        drop(other);
        one.set(4);
        assert_eq!((memory.held_bytes(), memory.most_held_bytes()), (4, 12));
    }
}
