//! Things that are finished in any order and let go in the order in which they came.

use std::collections::VecDeque;

use crate::mistakes::{Mistake, planted};

/// An ordered window: the head leaves once nothing of it is undecided. What leaves is therefore
/// always a contiguous prefix of what came, which is what a checkpoint may pass over.
#[derive(Debug)]
pub(super) struct Window<T> {
    entries: VecDeque<Entry<T>>,
    /// The number of the head.
    first: u64,
}

#[derive(Debug)]
struct Entry<T> {
    value: T,
    undecided: usize,
}

impl<T> Window<T> {
    pub(super) fn new() -> Self {
        Self {
            entries: VecDeque::new(),
            first: 0,
        }
    }

    /// Appends a value with so many undecided parts; returns its number.
    pub(super) fn push(&mut self, value: T, undecided: usize) -> u64 {
        self.entries.push_back(Entry { value, undecided });
        self.end() - 1
    }

    /// The number that the next value will get.
    pub(super) fn end(&self) -> u64 {
        self.first + u64::try_from(self.entries.len()).unwrap_or(u64::MAX)
    }

    /// The value with this number, while it is held.
    pub(super) fn get(&self, number: u64) -> Option<&T> {
        self.entries
            .get(self.position(number)?)
            .map(|entry| &entry.value)
    }

    /// The value with this number, while it is held.
    pub(super) fn get_mut(&mut self, number: u64) -> Option<&mut T> {
        let position = self.position(number)?;
        self.entries.get_mut(position).map(|entry| &mut entry.value)
    }

    /// One more part of a value is decided.
    pub(super) fn decide(&mut self, number: u64) {
        let entry = self
            .position(number)
            .and_then(|position| self.entries.get_mut(position));
        let entry = entry.expect("a value with undecided parts is held");
        entry.undecided = entry
            .undecided
            .checked_sub(1)
            .expect("each part of a value is decided once");
    }

    /// The head, if all of it is decided.
    pub(super) fn pop_decided(&mut self) -> Option<T> {
        let is_open = self.entries.front()?.undecided > 0;
        if is_open && !planted(Mistake::WindowPassesUndecided) {
            return None;
        }
        self.first += 1;
        self.entries.pop_front().map(|entry| entry.value)
    }

    /// Lets go of everything from this number on, decided or not.
    pub(super) fn truncate(&mut self, number: u64) {
        if let Some(position) = self.position(number) {
            self.entries.truncate(position);
        }
    }

    /// What is held, oldest first.
    pub(super) fn values(&self) -> impl Iterator<Item = &T> {
        self.entries.iter().map(|entry| &entry.value)
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    fn position(&self, number: u64) -> Option<usize> {
        number
            .checked_sub(self.first)
            .and_then(|position| usize::try_from(position).ok())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Whatever the order of completions, what has left is the longest prefix that is decided.
        #[test]
        fn any_interleaving_lets_go_of_the_contiguous_prefix(
            parts in proptest::collection::vec(0usize..4, 1..20),
            picks in proptest::collection::vec(any::<proptest::sample::Index>(), 0..80),
        ) {
            let mut window = Window::new();
            let mut left = parts.clone();
            for (value, parts) in parts.iter().enumerate() {
                window.push(value, *parts);
            }
            let mut gone = 0;
            for pick in picks {
                while let Some(value) = window.pop_decided() {
                    prop_assert_eq!(value, gone);
                    gone += 1;
                }
                let prefix = left.iter().take_while(|parts| **parts == 0).count();
                prop_assert_eq!(gone, prefix);
                let open: Vec<_> = (0..left.len()).filter(|value| left[*value] > 0).collect();
                if open.is_empty() {
                    break;
                }
                let value = open[pick.index(open.len())];
                left[value] -= 1;
                window.decide(value.try_into().unwrap());
            }
        }
    }

    #[test]
    fn what_is_truncated_is_gone_and_numbers_go_on() {
        let mut window = Window::new();
        let (first, second) = (window.push("a", 0), window.push("b", 1));
        assert_eq!(window.pop_decided(), Some("a"));
        window.truncate(second);
        assert!(window.get(first).is_none() && window.get(second).is_none());
        assert_eq!(window.push("c", 0), second);
    }
}
