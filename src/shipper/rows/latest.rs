//! A map that remembers the latest of many, in bounded memory.

use std::borrow::Borrow;
use std::hash::Hash;

use hashbrown::HashMap;

/// Entries of one generation; two are kept.
const ENTRIES: usize = 10_000;

/// The latest entries; the oldest are forgotten, many at a time.
#[derive(Debug)]
pub(super) struct Latest<K, V> {
    recent: HashMap<K, V>,
    older: HashMap<K, V>,
}

impl<K, V> Default for Latest<K, V> {
    fn default() -> Self {
        Self {
            recent: HashMap::new(),
            older: HashMap::new(),
        }
    }
}

impl<K: Hash + Eq, V> Latest<K, V> {
    pub(super) fn get<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.recent.get(key).or_else(|| self.older.get(key))
    }

    /// Adds an entry; `true` where others were forgotten for it.
    pub(super) fn insert(&mut self, key: K, value: V) -> bool {
        let mut has_forgotten = false;
        if self.recent.len() >= ENTRIES {
            has_forgotten = !self.older.is_empty();
            self.older = std::mem::take(&mut self.recent);
        }
        self.recent.insert(key, value);
        has_forgotten
    }

    pub(super) fn len(&self) -> usize {
        self.recent.len() + self.older.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_are_remembered_and_memory_is_bounded() {
        let mut latest = Latest::default();
        let forgot = (0..25_001).filter(|number| latest.insert(*number, number * 2));
        assert_eq!(forgot.collect::<Vec<_>>(), [20_000]);
        assert!((10_000..25_001).all(|number| latest.get(&number) == Some(&(number * 2))));
        assert_eq!(latest.get(&0), None);
        assert_eq!(latest.len(), 15_001);
    }
}
