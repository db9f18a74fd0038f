//! How long the shards are certainly ours.
//!
//! The group takes a silent consumer's shards away after its timeout, counted from the last
//! heartbeat that it heard. Ours is counted from when that heartbeat was sent, so it ends first. The
//! heartbeats extend it, and the work on every shard looks at it before each write: a process that
//! was stopped for longer than the lease must not go on where it was, not even with what was ready
//! to be sent.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::mistakes::{Mistake, planted};

/// The part of the group's timeout before the end of a lease in which nothing new is written, as a
/// divisor: a request may take a while to arrive, and behind the end others write.
const LAST_PART: u32 = 6;

/// The lease on all shards; clones are the same one.
#[derive(Clone, Debug)]
pub(super) struct Lease {
    timeout: Duration,
    /// When the last heartbeat that got through was sent.
    heard: Arc<Mutex<Option<Instant>>>,
}

impl Lease {
    /// A lease that has not begun; a heartbeat extends it by `timeout`.
    pub(super) fn new(timeout: Duration) -> Self {
        Self {
            timeout,
            heard: Arc::default(),
        }
    }

    /// A heartbeat got through that was sent then. Answers whether it was the first.
    pub(super) fn extend(&self, sent: Instant) -> bool {
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        let first = heard.is_none();
        *heard = (*heard).max(Some(sent));
        first
    }

    /// When it ends if no further heartbeat gets through; `None` before the first did.
    pub(super) fn end(&self) -> Option<Instant> {
        let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        let timeout = if planted(Mistake::LeaseIgnored) {
            Duration::from_hours(1)
        } else {
            self.timeout
        };
        heard.map(|heard| heard + timeout)
    }

    /// Whether it is over, or never began.
    pub(super) fn is_over(&self) -> bool {
        self.end().is_none_or(|end| end <= Instant::now())
    }

    /// Whether it is too short for writing: what is sent now may arrive when it is over.
    pub(super) fn is_ending(&self) -> bool {
        let spare = self.timeout / LAST_PART;
        self.end().is_none_or(|end| end <= Instant::now() + spare)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn it_lasts_from_the_sending_of_the_last_heartbeat_heard() {
        let lease = Lease::new(Duration::from_secs(30));
        assert!(lease.is_over() && lease.is_ending() && lease.end().is_none());
        let sent = Instant::now();
        assert!(lease.extend(sent));
        tokio::time::advance(Duration::from_secs(24)).await;
        assert!(!lease.is_ending());
        tokio::time::advance(Duration::from_secs(2)).await;
        assert!(lease.is_ending() && !lease.is_over());
        assert!(!lease.extend(sent + Duration::from_secs(20)));
        assert!(!lease.extend(sent), "an older one does not shorten it");
        assert!(!lease.is_ending());
        tokio::time::advance(Duration::from_secs(24)).await;
        assert!(lease.is_over());
    }
}
