//! The keys of letters that are in the file: of the latest at least.

use std::collections::HashSet;

/// Keys of one generation; two are kept.
const KEYS: usize = 100_000;

/// Fingerprints of keys. The oldest are forgotten, so that a file that grows for years takes up no
/// more memory than any other.
#[derive(Debug, Default)]
pub(super) struct Known {
    recent: HashSet<[u8; 16]>,
    older: HashSet<[u8; 16]>,
}

impl Known {
    pub(super) fn add(&mut self, key: [u8; 16]) {
        if self.recent.len() >= KEYS {
            self.older = std::mem::take(&mut self.recent);
        }
        self.recent.insert(key);
    }

    pub(super) fn has(&self, key: &[u8; 16]) -> bool {
        self.recent.contains(key) || self.older.contains(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_keys_are_known_and_memory_is_bounded() {
        let mut known = Known::default();
        let key = |number: u64| {
            let mut key = [0; 16];
            key[..8].copy_from_slice(&number.to_be_bytes());
            key
        };
        (0..250_001).for_each(|number| known.add(key(number)));
        assert!((150_001..250_001).all(|number| known.has(&key(number))));
        assert!(!known.has(&key(0)));
        assert!(known.recent.len() + known.older.len() <= 2 * KEYS);
    }
}
