//! How many batches may be in flight: as many as the table takes.
//!
//! The limit goes up by one for every limit's worth of good answers, and down by a third when the
//! table throttles or fails, at most once per [`COOLDOWN`], so that the many refusals of one bad
//! moment count once.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

#[cfg(test)]
use super::models::step;
use crate::mistakes::{Mistake, planted};
use crate::tablestore::{self, BatchOutcome, RowOutcome, Verdict};
use crate::transport::Retry;

/// Refusals closer together than this are one event: a round trip and the service's own queueing.
const COOLDOWN: Duration = Duration::from_millis(100);

/// The limit at start: fresh tables have one partition and throttle early.
const START: usize = 8;

/// The shared limit of batches in flight.
#[derive(Debug)]
pub(super) struct Limiter {
    semaphore: Arc<Semaphore>,
    state: Mutex<State>,
    max: usize,
}

#[derive(Debug)]
struct State {
    limit: usize,
    /// Good answers since the limit last changed.
    good: usize,
    /// Permits to take out of circulation as they come back.
    surplus: usize,
    lowered: Option<Instant>,
}

/// The right to have one batch in flight, given back on drop.
#[derive(Debug)]
pub(super) struct Slot {
    permit: Option<OwnedSemaphorePermit>,
    limiter: Arc<Limiter>,
}

/// How the table took a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Signal {
    /// Well.
    Good,
    /// It wants less, or is in trouble.
    Pressed,
}

impl Signal {
    /// What an answer says of load; `None` where it says nothing. A refusal for its content is as
    /// good as an acceptance.
    ///
    /// A few rows of one busy partition are no reason to slow down all others. They are tried again
    /// among themselves (`is_rest`): such a batch tells of that partition alone.
    pub(super) fn of(
        answer: &Result<BatchOutcome, tablestore::Error>,
        is_rest: bool,
    ) -> Option<Self> {
        let is_pressed = match answer {
            Ok(_) if is_rest => return None,
            Ok(outcomes) => {
                let throttled = |outcome: &&RowOutcome| {
                    matches!(outcome, RowOutcome::Refused(error)
                        if error.code.verdict() == Verdict::Retry(Retry::Throttled))
                };
                outcomes.iter().filter(throttled).count() * 10 > outcomes.len()
            }
            Err(error) => matches!(error.verdict(), Verdict::Retry(_)),
        };
        Some(if is_pressed {
            Self::Pressed
        } else {
            Self::Good
        })
    }
}

impl Limiter {
    pub(super) fn new(max: usize) -> Arc<Self> {
        let limit = max.clamp(1, START);
        let state = State {
            limit,
            good: 0,
            surplus: 0,
            lowered: None,
        };
        let semaphore = Arc::new(Semaphore::new(limit));
        Arc::new(Self {
            semaphore,
            state: Mutex::new(state),
            max: max.max(1),
        })
    }

    /// Waits for a slot. Cancel safe.
    pub(super) async fn acquire(self: Arc<Self>) -> Slot {
        let permit = Arc::clone(&self.semaphore).acquire_owned().await;
        Slot {
            permit: Some(permit.expect("the limiter is never closed")),
            limiter: self,
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        #[cfg(test)]
        step();
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Permits that are free, the limit, and permits still to be taken back.
    #[cfg(test)]
    pub(super) fn standing(&self) -> (usize, usize, usize) {
        let state = self.state();
        (
            self.semaphore.available_permits(),
            state.limit,
            state.surplus,
        )
    }

    fn adjust(&self, signal: Signal) {
        let mut state = self.state();
        match signal {
            Signal::Good => {
                state.good += 1;
                if state.good >= state.limit && state.limit < self.max {
                    state.good = 0;
                    state.limit += 1;
                    match state.surplus.checked_sub(1) {
                        Some(less) => state.surplus = less,
                        None => self.semaphore.add_permits(1),
                    }
                }
            }
            Signal::Pressed => {
                state.good = 0;
                let is_same_event = state.lowered.is_some_and(|at| at.elapsed() < COOLDOWN);
                if !is_same_event {
                    let lower = (state.limit * 2 / 3).max(1);
                    state.surplus += state.limit - lower;
                    state.limit = lower;
                    state.lowered = Some(Instant::now());
                }
            }
        }
    }
}

impl Slot {
    /// Gives the slot back and tells how the batch went.
    pub(super) fn finish(self, signal: Signal) {
        self.limiter.adjust(signal);
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut state = self.limiter.state();
        if state.surplus > 0
            && let Some(permit) = self.permit.take()
        {
            state.surplus -= 1;
            if planted(Mistake::LimitKeepsSurplus) {
                return;
            }
            permit.forget();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tablestore::{CapacityUnit, ErrorCode, RowError};

    async fn take(limiter: &Arc<Limiter>) -> Slot {
        Arc::clone(limiter).acquire().await
    }

    fn free(limiter: &Limiter) -> usize {
        limiter.semaphore.available_permits()
    }

    /// A batch of a hundred rows, of which `busy` were refused.
    fn answer(busy: usize) -> BatchOutcome {
        let outcome = |row| {
            if row < busy {
                RowOutcome::Refused(RowError {
                    code: ErrorCode::ServerBusy,
                    message: "Server is busy.".to_owned(),
                })
            } else {
                RowOutcome::Written(CapacityUnit { read: 0, write: 1 })
            }
        };
        (0..100).map(outcome).collect()
    }

    #[test]
    fn a_busy_partition_slows_down_nothing_else() {
        assert_eq!(Signal::of(&Ok(answer(10)), false), Some(Signal::Good));
        assert_eq!(Signal::of(&Ok(answer(11)), false), Some(Signal::Pressed));
        for busy in [0, 10, 100] {
            assert_eq!(Signal::of(&Ok(answer(busy)), true), None);
        }
        let away = || {
            Err(tablestore::Error::Answer {
                operation: "batch_write_row to table t".to_owned(),
                status: 502,
                fault: "the body is empty".to_owned(),
                request_id: "none".to_owned(),
            })
        };
        assert_eq!(Signal::of(&away(), false), Some(Signal::Pressed));
        assert_eq!(Signal::of(&away(), true), Some(Signal::Pressed));
    }

    #[tokio::test(start_paused = true)]
    async fn good_answers_raise_the_limit_to_its_maximum() {
        let limiter = Limiter::new(10);
        assert_eq!(free(&limiter), START);
        for _ in 0..100 {
            take(&limiter).await.finish(Signal::Good);
        }
        assert_eq!(free(&limiter), 10);
    }

    #[tokio::test(start_paused = true)]
    async fn one_bad_moment_lowers_it_once_and_never_to_nothing() {
        let limiter = Limiter::new(9);
        let slots = [
            take(&limiter).await,
            take(&limiter).await,
            take(&limiter).await,
        ];
        for slot in slots {
            slot.finish(Signal::Pressed);
        }
        assert_eq!(free(&limiter), 5);
        for _ in 0..20 {
            tokio::time::advance(COOLDOWN).await;
            take(&limiter).await.finish(Signal::Pressed);
        }
        assert_eq!(free(&limiter), 1);
        take(&limiter).await.finish(Signal::Good);
        assert_eq!(free(&limiter), 2);
    }
}
