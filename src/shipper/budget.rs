//! The byte budget: how much may be held between pull and acknowledgement, over all shards.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::mistakes::{Mistake, planted};

/// Bytes that one permit of the semaphore stands for; a semaphore counts no further than 2^29.
const UNIT: usize = 1024;

/// A number of bytes that is handed out in turns: who asked first is served first.
#[derive(Clone, Debug)]
pub(super) struct Budget {
    semaphore: Arc<Semaphore>,
    units: u32,
}

/// Bytes taken from a [`Budget`], given back on drop.
#[derive(Debug)]
pub(super) struct Share(OwnedSemaphorePermit);

impl Budget {
    pub(super) fn new(bytes: usize) -> Self {
        let units = units(bytes);
        let permits = usize::try_from(units)
            .unwrap_or(usize::MAX)
            .min(Semaphore::MAX_PERMITS);
        Self {
            semaphore: Arc::new(Semaphore::new(permits)),
            units,
        }
    }

    /// Takes `bytes`, waiting until they are there. More than the whole budget is the whole budget.
    pub(super) async fn take(&self, bytes: usize) -> Share {
        let semaphore = Arc::clone(&self.semaphore);
        let permit = semaphore
            .acquire_many_owned(units(bytes).min(self.units))
            .await;
        Share(permit.expect("the budget is never closed"))
    }
}

impl Share {
    /// How much of the semaphore it holds.
    #[cfg(test)]
    pub(super) fn units(&self) -> usize {
        self.0.num_permits()
    }

    /// Makes the share `bytes` large, as far as the budget goes right now: what is on hand already
    /// must be kept in any case.
    pub(super) fn resize(&mut self, bytes: usize, budget: &Budget) {
        let (held, wanted) = (self.0.num_permits(), units(bytes).min(budget.units));
        let wanted = usize::try_from(wanted).unwrap_or(usize::MAX);
        if wanted < held {
            let spare = self.0.split(held - wanted);
            if planted(Mistake::ShareLeaks) {
                return spare.into_iter().for_each(OwnedSemaphorePermit::forget);
            }
            drop(spare);
        } else if let Ok(missing) = u32::try_from(wanted - held) {
            let semaphore = Arc::clone(&budget.semaphore);
            if let Ok(more) = semaphore.try_acquire_many_owned(missing) {
                self.0.merge(more);
            }
        }
    }
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
        share.resize(4 * UNIT, &budget);
        let other = budget.take(6 * UNIT).await;
        assert_eq!(budget.semaphore.available_permits(), 0);
        share.resize(9 * UNIT, &budget);
        assert_eq!(share.0.num_permits(), 4, "nothing is left to grow into");
        drop((share, other));
        assert_eq!(budget.semaphore.available_permits(), 10);
    }

    #[tokio::test]
    async fn one_that_wants_more_than_all_gets_all() {
        let budget = Budget::new(2 * UNIT);
        let share = budget.take(50 * UNIT).await;
        assert_eq!(share.0.num_permits(), 2);
    }
}
