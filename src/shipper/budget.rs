//! The byte budget: how much may be held between pull and acknowledgement, over all shards.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::mistakes::{Mistake, planted};

/// Bytes that one permit of the semaphore stands for; a semaphore counts no further than 2^29.
const UNIT: usize = 1024;

/// One part in so many comes on top of the budget, for pulls that are a little larger than
/// expected: else they would be read again for a few bytes whenever the budget is used up. Copies of
/// logs that nobody foresaw take from it as well.
const SPARE: u32 = 8;

/// A number of bytes that is handed out in turns: who asked first is served first.
#[derive(Clone, Debug)]
pub(super) struct Budget {
    semaphore: Arc<Semaphore>,
    spare: Arc<Semaphore>,
    units: u32,
    /// For all shards, and for good: whoever writes such logs mostly goes on.
    has_copies: Arc<AtomicBool>,
}

/// Bytes taken from a [`Budget`], given back on drop.
#[derive(Debug)]
pub(super) struct Share {
    main: OwnedSemaphorePermit,
    spare: Option<OwnedSemaphorePermit>,
    budget: Budget,
    /// Bytes of it that are meant for copies of logs, and what copies there are.
    for_copies: usize,
    copies: usize,
}

impl Budget {
    pub(super) fn new(bytes: usize) -> Self {
        let units = units(bytes);
        Self {
            semaphore: semaphore(units),
            spare: semaphore(units / SPARE),
            units,
            has_copies: Arc::default(),
        }
    }

    /// Whether logs were [copied](Share::grow_for_copy) so far: then more will be.
    pub(super) fn has_copies(&self) -> bool {
        self.has_copies.load(Ordering::Relaxed)
    }

    /// Whether so many bytes are not more than all of it.
    pub(super) fn is_enough_for(&self, bytes: usize) -> bool {
        units(bytes) <= self.units
    }

    /// Takes `bytes`, waiting until they are there. More than the whole budget is the whole budget.
    pub(super) async fn take(&self, bytes: usize) -> Share {
        let semaphore = Arc::clone(&self.semaphore);
        let permit = semaphore
            .acquire_many_owned(units(bytes).min(self.units))
            .await;
        Share {
            main: permit.expect("the budget is never closed"),
            spare: None,
            budget: self.clone(),
            for_copies: 0,
            copies: 0,
        }
    }
}

impl Share {
    /// How much of the semaphores it holds.
    fn held(&self) -> usize {
        let spare = self.spare.as_ref();
        self.main.num_permits() + spare.map_or(0, OwnedSemaphorePermit::num_permits)
    }

    /// The same, for models.
    #[cfg(test)]
    pub(super) fn units(&self) -> usize {
        self.held()
    }

    /// Makes the share `bytes` large; `false`, and nothing changes, where the budget does not have
    /// as much right now.
    pub(super) fn resize(&mut self, bytes: usize) -> bool {
        let (held, wanted) = (self.held(), units(bytes).min(self.budget.units));
        let wanted = usize::try_from(wanted).unwrap_or(usize::MAX);
        match u32::try_from(wanted.saturating_sub(held)) {
            Ok(0) => {
                self.shrink(held - wanted);
                true
            }
            Ok(_) if planted(Mistake::ShareNotGrown) => true,
            Ok(missing) => self.take_more(missing),
            Err(_too_large) => false,
        }
    }

    /// Sets so many bytes of it aside for copies of logs.
    pub(super) fn set_aside_for_copies(&mut self, bytes: usize) {
        self.for_copies = bytes;
    }

    /// Accounts for the copy of a log; where too little is set aside, the share grows. The copy must
    /// be kept in any case: where the budget has no more right now, others are at least told that
    /// there are copies.
    pub(super) fn grow_for_copy(&mut self, bytes: usize) {
        self.copies += bytes;
        let missing = units(self.copies.saturating_sub(self.for_copies));
        if missing > 0 && self.take_more(missing) {
            self.for_copies += usize::try_from(missing).unwrap_or(usize::MAX) * UNIT;
        }
        self.budget.has_copies.store(true, Ordering::Relaxed);
    }

    fn take_more(&mut self, missing: u32) -> bool {
        let budget = &self.budget;
        if let Ok(more) = Arc::clone(&budget.semaphore).try_acquire_many_owned(missing) {
            self.main.merge(more);
            return true;
        }
        let Ok(more) = Arc::clone(&budget.spare).try_acquire_many_owned(missing) else {
            return false;
        };
        match &mut self.spare {
            Some(spare) => spare.merge(more),
            none => *none = Some(more),
        }
        true
    }

    /// Gives back so much, first of what is on top.
    fn shrink(&mut self, surplus: usize) {
        let mut surplus = surplus;
        if let Some(mut spare) = self.spare.take() {
            let back = spare.num_permits().min(surplus);
            surplus -= back;
            drop(spare.split(back));
            self.spare = Some(spare);
        }
        let back = self.main.split(surplus);
        if planted(Mistake::ShareLeaks) {
            return back.into_iter().for_each(OwnedSemaphorePermit::forget);
        }
        drop(back);
    }
}

fn semaphore(units: u32) -> Arc<Semaphore> {
    let permits = usize::try_from(units).unwrap_or(usize::MAX);
    Arc::new(Semaphore::new(permits.min(Semaphore::MAX_PERMITS)))
}

fn units(bytes: usize) -> u32 {
    u32::try_from(bytes.div_ceil(UNIT))
        .unwrap_or(u32::MAX >> 3)
        .min(u32::MAX >> 3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_taken_must_come_back_first() {
        let budget = Budget::new(10 * UNIT);
        let mut share = budget.take(8 * UNIT).await;
        assert!(share.resize(4 * UNIT));
        let other = budget.take(6 * UNIT).await;
        assert_eq!(budget.semaphore.available_permits(), 0);
        assert!(!share.resize(9 * UNIT));
        assert_eq!(share.units(), 4, "nothing is left to grow into");
        drop((share, other));
        assert_eq!(budget.semaphore.available_permits(), 10);
    }

    #[tokio::test]
    async fn a_little_more_than_expected_is_no_reason_to_wait() {
        let budget = Budget::new(32 * UNIT);
        let mut share = budget.take(32 * UNIT).await;
        assert!(share.resize(20 * UNIT));
        let mut other = budget.take(12 * UNIT).await;
        assert!(other.resize(15 * UNIT));
        assert!(!share.resize(22 * UNIT), "an eighth, not more");
        assert!(share.resize(21 * UNIT));
        assert!(other.resize(2 * UNIT));
        assert_eq!((share.units(), other.units()), (21, 2));
        assert_eq!(budget.spare.available_permits(), 3);
        drop((share, other));
        assert_eq!(budget.semaphore.available_permits(), 32);
        assert_eq!(budget.spare.available_permits(), 4);
    }

    #[tokio::test]
    async fn a_copy_is_kept_in_any_case_and_others_are_told() {
        let budget = Budget::new(16 * UNIT);
        let mut share = budget.take(16 * UNIT).await;
        assert!(!budget.has_copies());
        share.grow_for_copy(UNIT);
        assert_eq!(share.units(), 17);
        share.grow_for_copy(9 * UNIT);
        assert_eq!(share.units(), 17, "there is no more");
        assert!(budget.has_copies());
    }

    #[tokio::test]
    async fn copies_take_what_was_set_aside_first_and_are_rounded_up_together() {
        let budget = Budget::new(16 * UNIT);
        let mut share = budget.take(4 * UNIT).await;
        share.set_aside_for_copies(UNIT);
        for _ in 0..8 {
            share.grow_for_copy(UNIT / 4);
        }
        assert_eq!(
            share.units(),
            5,
            "two units of copies, one of them set aside"
        );
    }

    #[tokio::test]
    async fn one_that_wants_more_than_all_gets_all() {
        let budget = Budget::new(2 * UNIT);
        let share = budget.take(50 * UNIT).await;
        assert_eq!(share.units(), 2);
    }
}
