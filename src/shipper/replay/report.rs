//! What became of the letters of a replay.

use std::collections::BTreeMap;

use crate::deadletters::{Found, Letter, Reason};

/// Places of unreadable letters that are told.
const PLACES: usize = 10;

/// What became of the letters of a replay.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReplayReport {
    /// Letters tried.
    pub tried: u64,
    /// Letters that went through, or would.
    pub shipped: u64,
    /// Of them, those of which some columns were left as they are, since they are newer.
    pub kept_newer: u64,
    /// Letters that failed again, by code.
    pub failing: BTreeMap<String, Failing>,
    /// Of them, those that were parked under the very configuration of now.
    pub unchanged: u64,
    /// Whether there are letters behind the limit.
    pub has_more: bool,
    /// What cannot be read as a letter: how many, and where the first of them lie, with why.
    pub unreadable: u64,
    /// See there.
    pub unreadable_places: Vec<(String, String)>,
    /// Whether it was asked to stop before the end.
    pub is_cut_short: bool,
}

/// Letters that failed for one code.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Failing {
    /// How many.
    pub letters: u64,
    /// Why the last one did.
    pub message: String,
}

impl ReplayReport {
    /// Whether something is left that was tried.
    pub fn has_failures(&self) -> bool {
        !self.failing.is_empty() || self.unreadable > 0
    }

    /// How many letters failed again.
    pub fn failed(&self) -> u64 {
        self.failing.values().map(|failing| failing.letters).sum()
    }

    /// Keeps the letters apart from what cannot be read.
    pub(super) fn sort(&mut self, found: Vec<Found>) -> Vec<Letter> {
        let mut letters = Vec::with_capacity(found.len());
        for found in found {
            match found {
                Found::Letter(letter) => letters.push(*letter),
                Found::Unreadable { place, fault } => {
                    self.unreadable += 1;
                    if self.unreadable_places.len() < PLACES {
                        self.unreadable_places.push((place, fault));
                    }
                }
            }
        }
        letters
    }

    /// Counts a letter that failed again.
    pub(super) fn fail(&mut self, reason: &Reason, is_unchanged: bool) {
        let failing = self.failing.entry(reason.code.clone()).or_default();
        failing.letters += 1;
        failing.message.clone_from(&reason.message);
        self.unchanged += u64::from(is_unchanged);
    }
}
