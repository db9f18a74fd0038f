//! Compressed bodies of pulls, kept for whoever reads the same groups again: another consumer
//! group, a retry, the next round of a benchmark. Groups never change, so the range of their
//! numbers says all.

use std::collections::{HashMap, VecDeque};
use std::ops::Range;

use bytes::Bytes;

use crate::loghub::compression::Compression;

/// Bytes of bodies that are kept.
const MAX_BYTES: usize = 64 << 20;

/// What a body holds.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct BlockKey {
    /// [`super::logstore::Logstore::serial`].
    pub(super) logstore: u64,
    pub(super) shard: u32,
    pub(super) numbers: Range<u64>,
    pub(super) compression: Compression,
}

/// A compressed body with its size before compression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Block {
    pub(super) body: Bytes,
    pub(super) raw_bytes: usize,
}

/// The bodies made last; the oldest go first.
#[derive(Debug, Default)]
pub(super) struct Blocks {
    by_key: HashMap<BlockKey, Block>,
    order: VecDeque<BlockKey>,
    bytes: usize,
}

impl Blocks {
    pub(super) fn get(&self, key: &BlockKey) -> Option<Block> {
        self.by_key.get(key).cloned()
    }

    pub(super) fn insert(&mut self, key: BlockKey, block: &Block) {
        if block.body.len() > MAX_BYTES || self.by_key.contains_key(&key) {
            return;
        }
        self.bytes += block.body.len();
        self.order.push_back(key.clone());
        self.by_key.insert(key, block.clone());
        while self.bytes > MAX_BYTES
            && let Some(oldest) = self.order.pop_front()
        {
            let gone = self.by_key.remove(&oldest);
            self.bytes -= gone.map_or(0, |block| block.body.len());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_go_when_it_is_full() {
        let key = |start: u64| BlockKey {
            logstore: 0,
            shard: 0,
            numbers: start..start + 1,
            compression: Compression::Lz4,
        };
        let block = Block {
            body: Bytes::from(vec![0; MAX_BYTES / 2]),
            raw_bytes: MAX_BYTES,
        };
        let mut blocks = Blocks::default();
        for start in [1, 1, 2, 3] {
            blocks.insert(key(start), &block);
        }
        assert_eq!(blocks.get(&key(1)), None);
        assert_eq!(blocks.get(&key(3)), Some(block));
        assert_eq!(blocks.bytes, MAX_BYTES);
    }
}
